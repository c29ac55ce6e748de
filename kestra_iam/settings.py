"""Settings; every deployment choice is an environment variable (docs/operate.md)."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kestra_iam import environment

BASE_DIR = Path(__file__).resolve().parent.parent
# Everything that is made while running: the embedded database, its key, the static files gathered.
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(mode=0o700, exist_ok=True)

# --- Where the product is reached ---------------------------------------------------------------------------
PORT = environment.integer("PORT", 8000, low=1, high=65535)
LISTEN_ADDRESS = environment.address("LISTEN_ADDRESS", "127.0.0.1")
WEB_CONCURRENCY = environment.integer("WEB_CONCURRENCY", os.cpu_count() or 1, low=1, high=1024)
PUBLIC_URL = environment.public_url("PUBLIC_URL", f"http://127.0.0.1:{PORT}")
_PUBLIC = urlsplit(PUBLIC_URL)
_HTTPS = _PUBLIC.scheme == "https"
_PUBLIC_HOST = _PUBLIC.netloc.removesuffix(f":{_PUBLIC.port}")
ALLOWED_HOSTS = environment.listed("ALLOWED_HOSTS", list(dict.fromkeys([_PUBLIC_HOST, "localhost", "127.0.0.1"])))
TRUSTED_PROXIES = environment.networks("TRUSTED_PROXIES")

# --- What is switched on ------------------------------------------------------------------------------------
KESTRA_EE_TENANTS_ENABLED = environment.tenants_enabled("KESTRA_CONFIG")
# Where the server may send requests, beside https and public addresses.
OUTBOUND_ALLOW = environment.allowed_hosts("OUTBOUND_ALLOW")
# What one integration may send to one worker process; 0 is no limit.
SCIM_REQUESTS_PER_SECOND = environment.integer("SCIM_REQUESTS_PER_SECOND", 0, low=0, high=1_000_000)

# --- Database -----------------------------------------------------------------------------------------------
_DATABASE = environment.database("DATABASE_URL", VAR_DIR / "kestra-iam.sqlite3")
_EMBEDDED = _DATABASE["ENGINE"] == "django.db.backends.sqlite3"
_OPTIONS: dict[str, Any] = (
    {
        # Readers never wait for a writer, and a transaction takes its write lock when it begins: a lock that
        # is taken only at the first write fails at once where another writer came in between.
        "init_command": "PRAGMA journal_mode = WAL",
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
    }
    if _EMBEDDED
    # Compiled statements are prepared, by ``tenants.statements``. The driver itself prepares none: it would let go of
    # all of them, the compiled ones too, with every rollback.
    else {"server_side_binding": True, "prepare_threshold": None, "connect_timeout": 10}
)
DATABASES = {
    "default": {
        **_DATABASE,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": not _EMBEDDED,
        "OPTIONS": {**_OPTIONS, **_DATABASE.get("OPTIONS", {})},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Secrets, sessions, transport ---------------------------------------------------------------------------
SECRET_KEY = environment.secret_key(
    "SECRET_KEY", kept=(Path(_DATABASE["NAME"]).parent if _EMBEDDED else VAR_DIR) / "secret-key"
)
DEBUG = False
SESSION_COOKIE_NAME = "kestra_iam_session"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_NAME = "kestra_iam_csrf"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _HTTPS else 0
# TLS ends at the proxy in front, which says so in this header and drops what clients send in it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _HTTPS else None
SECURE_SSL_HOST = _PUBLIC.netloc
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A full sync sends large bodies (SCIM allows 16 MiB); forms of the console stay far below.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024

SILENCED_SYSTEM_CHECKS = [
    # Usernames are unique within a home, not over all of them: signing in always names the home.
    "auth.W004",
    # Whether HSTS covers subdomains and is preloaded is for the owner of the domain to say, at the proxy.
    "security.W005",
    "security.W021",
]
if not _HTTPS:
    # HSTS, redirect and secure cookies need TLS; kestra_iam.W002 says so once, where PUBLIC_URL is no loopback address.
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W008", "security.W012", "security.W016"]

# --- Applications -------------------------------------------------------------------------------------------
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
    "django_tasks",
    "django_tasks_db",
]
MIDDLEWARE = [
    "tenants.middleware.TenantMount",
    "django.middleware.security.SecurityMiddleware",
    "kestra_iam.console.headers.BrowserRules",
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
SCIM_HANDLER = "provisioning.scim.handler.handle"
WSGI_APPLICATION = "kestra_iam.wsgi.application"

# --- People and passwords -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "kestra_iam.User"
AUTHENTICATION_BACKENDS = ["kestra_iam.authentication.HomeBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- Doors --------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "kestra_iam.rest.problem",
}
SCIM_SERVICE_PROVIDER = {
    "SCHEME": _PUBLIC.scheme,
    "NETLOC": _PUBLIC.netloc,
    "GROUP_MODEL": "kestra_iam.models.Group",
    "USER_ADAPTER": "provisioning.scim.adapters.UserAdapter",
    "GROUP_ADAPTER": "provisioning.scim.adapters.GroupAdapter",
    "USER_FILTER_PARSER": "provisioning.scim.filter_hooks.UserFilterQuery",
    "GROUP_FILTER_PARSER": "provisioning.scim.filter_hooks.GroupFilterQuery",
    "SERVICE_PROVIDER_CONFIG_MODEL": "provisioning.scim.schemas.ServiceProviderConfig",
    "SCHEMAS_GETTER": "provisioning.scim.schemas.definitions",
    "AUTHENTICATION_SCHEMES": [
        {
            "type": "oauthbearertoken",
            "name": "Secret Token",
            "description": "The Secret Token of the integration, sent as 'Authorization: Bearer'.",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": True,
        }
    ],
    "WWW_AUTHENTICATE_HEADER": "Bearer",
}

# --- Work that outlives a request ---------------------------------------------------------------------------
# Tasks wait in the database; `manage.py serve` starts the worker that runs them.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# --- Language, static files, logs ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "kestra_iam.logs.OneLine"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # What clients do wrong is in their answers; their addresses stay out of the log.
        "django.request": {"level": "ERROR"},
        # Each request out of the server, a line.
        "httpx2": {"level": "WARNING"},
    },
}
