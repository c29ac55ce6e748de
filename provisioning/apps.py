from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    name = "provisioning"

    def ready(self):
        from provisioning import signals  # noqa: F401 - connects the doorbell
