"""Who acts in a console or REST request: ``request.principal`` for every door behind it."""

from kestra_iam import access, origin
from kestra_iam.principals import nobody


class WhoActs:
    """Give the request its principal; a signed-in person's circumstances are known to every action."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        circumstances = {
            "source_address": origin.source_address(request),
            "request_id": origin.request_id(request),
        }
        principal = nobody
        if request.user.is_authenticated:
            principal = access.principal_of(request.user)
            request.user.acting_in = request.tenant
        request.principal = principal.seen_from(**circumstances)
        if request.user.is_authenticated:
            request.user.principal = request.principal
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id
        return response
