from django.apps import AppConfig


class KestraIamConfig(AppConfig):
    name = "kestra_iam"
    verbose_name = "IAM"
