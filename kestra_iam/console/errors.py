"""The error pages: own words, no database, and the same rules for browsers as every page."""

from django.views import defaults

from kestra_iam.console.headers import protect


def bad_request(request, exception):
    return protect(defaults.bad_request(request, exception))


def forbidden(request, exception):
    return protect(defaults.permission_denied(request, exception))


def not_found(request, exception):
    return protect(defaults.page_not_found(request, exception))


def server_error(request):
    return protect(defaults.server_error(request))
