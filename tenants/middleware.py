"""The first middleware: the tenant is a mount, not a parameter."""

from django.conf import settings
from django.http import Http404
from django.urls import get_script_prefix, set_script_prefix, set_urlconf
from django.utils.module_loading import import_string

from tenants import health, mount
from tenants.models import Tenant


class TenantMount:
    """Move ``/ui/TENANT`` and ``/api/v1/TENANT`` from the path into the script prefix.

    Sets ``request.tenant`` (none for the instance) and ``request.urlconf``; unknown tenants are 404. SCIM
    and health requests are answered here, without the middleware that only the console needs.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self.handle_scim = import_string(settings.SCIM_HANDLER)

    def __call__(self, request):
        if request.path_info in health.PROBES:
            return health.answer(request)
        found = mount.find(request.path_info)
        request.mount = found
        request.tenant = None
        if found.area == mount.INSTANCE:
            return self.get_response(request)
        if found.area == mount.SCIM:
            return self.handle_scim(request)
        outer = get_script_prefix()
        set_script_prefix(outer.rstrip("/") + found.prefix + "/")
        request.path_info = found.path
        request.urlconf = settings.AREA_URLCONFS[found.area]
        # An unknown tenant is refused before any view, in the way of its area.
        set_urlconf(request.urlconf)
        try:
            request.tenant = Tenant.objects.filter(slug=found.slug).first()
            if request.tenant is None:
                raise Http404
            return self.get_response(request)
        finally:
            set_script_prefix(outer)
