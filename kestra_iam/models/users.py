"""People: their accounts and what lets them into a tenant."""

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import _user_has_module_perms, _user_has_perm  # type: ignore[attr-defined]
from django.db import models
from django.utils import timezone

from kestra_iam.models.service_accounts import ServiceAccount
from tenants.fields import IdField, KeyField, fold
from tenants.models import Tenant


class UserManager(BaseUserManager):
    def get_by_natural_key(self, username):
        """Return the instance account of that name: the one that signs in without naming a tenant."""
        return self.get(home_key="", username_key=fold(username))


class User(AbstractBaseUser):
    """A person's account.

    Its home is the instance (``home`` is none: made by people, may be let into many tenants) or one
    tenant (brought there by an integration). Usernames are unique within a home.
    """

    id = IdField()
    username = models.CharField(max_length=255)
    username_key = KeyField()
    home = models.ForeignKey(
        Tenant, models.CASCADE, null=True, blank=True, related_name="accounts_at_home", db_index=False
    )
    home_key = KeyField(max_length=36, default="")
    email = models.CharField(max_length=320, blank=True)
    email_verified = models.BooleanField(default=False)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    instance_owner = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    # The admin asks for it; what somebody may do there is decided by kestra_iam.access alone.
    is_staff = True

    class Meta:
        ordering = ["username_key", "id"]
        constraints = [
            models.UniqueConstraint(fields=["home_key", "username_key"], name="username_once_per_home"),
            models.CheckConstraint(
                condition=models.Q(home__isnull=True, home_key="") | models.Q(home_id=models.F("home_key")),
                name="home_key_names_the_home",
            ),
            models.CheckConstraint(
                condition=models.Q(instance_owner=False) | models.Q(home__isnull=True),
                name="instance_owner_is_at_home_in_the_instance",
            ),
        ]

    def __str__(self):
        return self.username

    def has_perm(self, perm, obj=None):
        """Ask ``kestra_iam.access`` through the authentication backend."""
        return _user_has_perm(self, perm, obj)

    def has_perms(self, perm_list, obj=None):
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label):
        return _user_has_module_perms(self, app_label)

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class AccessSource(models.Model):
    """One reason why a person has access to a tenant: an integration, or a grant by hand.

    A person is let in while one source is active. ``owner_key`` is the integration's id, ``''`` for the
    grant by hand; a removed integration's sources stay without ``managed_by``.
    """

    id = IdField()
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="access_sources", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="access_sources", db_index=False)
    managed_by = models.ForeignKey(
        ServiceAccount, models.SET_NULL, null=True, editable=False, related_name="managed_sources", db_index=False
    )
    owner_key = KeyField(max_length=36, default="")
    owner_name = models.CharField(max_length=255, default="", editable=False)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "tenant", "owner_key"], name="access_source_once_per_owner")
        ]
        indexes = [models.Index(fields=["owner_key", "tenant"], name="access_source_by_owner")]

    def __str__(self):
        return self.owner_name or "Granted by hand"


class Suspension(models.Model):
    """An administrator's stop over all of a person's sources of access to a tenant."""

    id = IdField()
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="suspensions", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="suspensions")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "user"], name="suspension_once")]

    def __str__(self):
        return f"{self.user} suspended in {self.tenant}"


class SignInLink(models.Model):
    """A one-use link with which a person sets a password; only its digest is kept."""

    id = IdField()
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="sign_in_links")
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sign_in_link")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField()

    def __str__(self):
        return f"Sign-in link of {self.user}"
