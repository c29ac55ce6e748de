from django.apps import AppConfig


class KestraIamConfig(AppConfig):
    name = "kestra_iam"
    verbose_name = "IAM"

    def ready(self):
        from kestra_iam import checks, task_results  # noqa: F401 - registers them
