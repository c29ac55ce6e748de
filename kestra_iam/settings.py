"""Settings; every deployment choice is an environment variable (docs/operate.md)."""

import os
from pathlib import Path

import dj_database_url

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)

SECRET_KEY = os.environ.get("SECRET_KEY", "provisional")
DEBUG = False
PORT = os.environ.get("PORT", "8000")
PUBLIC_URL = os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{PORT}")
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
TRUSTED_PROXIES: list[str] = []
KESTRA_EE_TENANTS_ENABLED = True

INSTALLED_APPS = [
    "tenants",
    "kestra_iam",
    "provisioning",
    "unfold",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_scim",
]
MIDDLEWARE = [
    "tenants.middleware.TenantMount",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "kestra_iam.middleware.WhoActs",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
# The mount (tenants.middleware) gives each area of addresses its own URLconf.
ROOT_URLCONF = "kestra_iam.urls.instance"
AREA_URLCONFS = {
    "console": "kestra_iam.urls.console",
    "rest": "kestra_iam.urls.rest",
    "scim": "provisioning.scim.urls",
}
SCIM_HANDLER = "provisioning.scim.views.handle"
WSGI_APPLICATION = "kestra_iam.wsgi.application"

AUTH_USER_MODEL = "kestra_iam.User"
AUTHENTICATION_BACKENDS = ["kestra_iam.authentication.HomeBackend"]
# Usernames are unique within a home, not over all of them: signing in always names the home.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{VAR_DIR / 'kestra-iam.sqlite3'}")}
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
