"""The product's settings, with what makes tests quick and their files their own."""

import os
import tempfile
from pathlib import Path

from kestra_iam.settings import *  # noqa: F403
from kestra_iam.settings import _EMBEDDED, DATABASES

SECRET_KEY = "not-secret-" * 5
# Whether statements are compiled: everything must behave the same without.
FAST_PATH = os.environ.get("FAST_PATH", "on") == "on"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if _EMBEDDED:
    # A file, as in production: connections of several threads wait for each other instead of failing at once.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(tempfile.gettempdir()) / f"kestra-iam-test-{os.getpid()}.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += "; PRAGMA synchronous = OFF"

# Every SCIM answer is checked on its way out, whoever asked.
SCIM_HANDLER = "tests.answers.handle"

# Tasks run at once, where they are enqueued.
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}

# Static files straight from their apps, under their own names.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
