"""Sign-in by home, username and password; Django's ``has_perm`` asks ``kestra_iam.access``."""

from django.contrib.auth.backends import BaseBackend

from kestra_iam import access
from kestra_iam.models import User
from tenants.fields import fold
from tenants.models import Tenant


class HomeBackend(BaseBackend):
    """Signing in names a tenant, or none for the instance."""

    def authenticate(self, request, username=None, password=None, home=None, **_):
        """Return the account of that username and password: at home in ``home``, else an instance account
        that may enter there.

        Every failure takes as long as every other, so that time tells nobody which usernames exist.
        """
        if not username or password is None:
            return None
        for home_key in [home.pk, ""] if home else [""]:
            user = User.objects.filter(home_key=home_key, username_key=fold(username)).first()
            if user is None:
                User().set_password(password)
            elif user.check_password(password) and _opens(user, home):
                return user
        return None

    def get_user(self, user_id):
        return User.objects.filter(pk=user_id).first()

    def has_perm(self, user_obj, perm, obj=None):
        """Answer Django's question for the tenant of ``obj``, else for the one the request is in."""
        tenant = getattr(obj, "tenant", None) or getattr(user_obj, "acting_in", None)
        wanted = access.permission_of(perm)
        principal = getattr(user_obj, "principal", None) or access.principal_of(user_obj)
        return wanted is not None and access.can(principal, tenant, *wanted)

    def has_module_perms(self, user_obj, app_label):
        principal = getattr(user_obj, "principal", None) or access.principal_of(user_obj)
        tenant = getattr(user_obj, "acting_in", None)
        return tenant is not None and bool(access.held(principal, tenant))


def _opens(user: User, home: Tenant | None) -> bool:
    return home is None or user.home_id == home.pk or access.enters(access.principal_of(user), home)
