"""Users and Groups over HTTP (RFC 7644 §3.3 to §3.6)."""

from django.http import HttpRequest, HttpResponse
from django_scim.utils import get_group_adapter, get_user_adapter

from kestra_iam.permissions import CREATE, DELETE, READ, UPDATE, Permission
from provisioning.scim import bodies, operations, responses
from provisioning.scim.adapters import Adapter
from provisioning.scim.projection import Projection, projection_of
from provisioning.scim.searching import search


class View:
    """Answers the methods of one address; ``permissions`` says what each of them needs.

    A method that is not named there does not exist; None needs nothing but a valid token. Permissions are
    a tuple since the root search needs two.
    """

    permissions: dict[str, tuple[Permission, ...]] = {}

    def __init__(self, request: HttpRequest):
        self.request = request

    def projection(self) -> Projection | None:
        return projection_of(self.adapter_class().type, self.request.GET)

    def adapter_class(self) -> type[Adapter]:
        raise NotImplementedError

    def adapter(self) -> Adapter:
        return self.adapter_class()(None, request=self.request)

    @property
    def if_match(self) -> str:
        return self.request.META.get("HTTP_IF_MATCH", "")


class Collection(View):
    """``/Users`` or ``/Groups``: list and create."""

    def get(self) -> HttpResponse:
        return search(self.request, [self.adapter_class()], self.request.GET)

    def post(self) -> HttpResponse:
        projection = self.projection()
        made = operations.create(self.adapter(), bodies.json_object(self.request)).adapter
        return _resource(made, projection, status=201)


class Search(View):
    """``/Users/.search`` or ``/Groups/.search``: a list asked for by POST (RFC 7644 §3.4.3)."""

    def post(self) -> HttpResponse:
        return search(self.request, [self.adapter_class()], bodies.json_object(self.request))


class Resource(View):
    """One user or group: read, replace, patch and delete."""

    def get(self, id: str) -> HttpResponse:
        projection = self.projection()
        adapter = self.adapter().find(id)
        if responses.not_modified(self.request, adapter.etag):
            return responses.of_resource(None, location=adapter.location, etag=adapter.etag, status=304)
        return _resource(adapter, projection)

    def put(self, id: str) -> HttpResponse:
        projection = self.projection()
        body = bodies.json_object(self.request)
        return _resource(operations.replace(self.adapter(), id, body, if_match=self.if_match).adapter, projection)

    def patch(self, id: str) -> HttpResponse:
        projection = self.projection()
        body = bodies.json_object(self.request)
        adapter = operations.patch(self.adapter(), id, body, if_match=self.if_match).adapter
        content = adapter.render_patched() if projection is None else adapter.render(projection)
        status = 200 if content is not None else 204
        return responses.of_resource(content, location=adapter.location, etag=adapter.etag, status=status)

    def delete(self, id: str) -> HttpResponse:
        operations.delete(self.adapter(), id, if_match=self.if_match)
        return responses.answer(None, status=204)


class Users:
    """Names the adapter that django-scim2's settings register for users."""

    def adapter_class(self) -> type[Adapter]:
        return get_user_adapter()


class Groups:
    """Names the adapter that django-scim2's settings register for groups."""

    def adapter_class(self) -> type[Adapter]:
        return get_group_adapter()


class UserCollection(Users, Collection):
    permissions = {"GET": (("USERS", READ),), "POST": (("USERS", CREATE),)}


class UserSearch(Users, Search):
    permissions = {"POST": (("USERS", READ),)}


class UserResource(Users, Resource):
    # Deleting a user takes access away and keeps the account, hence BINDINGS.
    permissions = {
        "GET": (("USERS", READ),),
        "PUT": (("USERS", UPDATE),),
        "PATCH": (("USERS", UPDATE),),
        "DELETE": (("BINDINGS", DELETE),),
    }


class GroupCollection(Groups, Collection):
    permissions = {"GET": (("GROUPS", READ),), "POST": (("GROUPS", CREATE),)}


class GroupSearch(Groups, Search):
    permissions = {"POST": (("GROUPS", READ),)}


class GroupResource(Groups, Resource):
    permissions = {
        "GET": (("GROUPS", READ),),
        "PUT": (("GROUPS", UPDATE),),
        "PATCH": (("GROUPS", UPDATE),),
        "DELETE": (("GROUPS", DELETE),),
    }


class RootSearch(View):
    """``/.search``: one list of users and groups, which needs to read both."""

    permissions = {"POST": (("USERS", READ), ("GROUPS", READ))}

    def post(self) -> HttpResponse:
        both = [get_user_adapter(), get_group_adapter()]
        return search(self.request, both, bodies.json_object(self.request))


def _resource(adapter: Adapter, projection: Projection | None, *, status: int = 200) -> HttpResponse:
    content = adapter.render(projection)
    return responses.of_resource(content, location=adapter.location, etag=adapter.etag, status=status)
