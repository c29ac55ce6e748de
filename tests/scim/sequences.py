"""Random sequences of requests, and the two servers that answer them in a form that can be compared."""

import json
from operator import itemgetter
from typing import Any, NamedTuple

from hypothesis import strategies as st

from provisioning.definitions import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from provisioning.models import Integration
from tests.clients import ScimClient
from tests.scim.reference_server import ReferenceServer
from tests.scim.vocabulary import patch

NOBODY = "7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01"


class Step(NamedTuple):
    """One request; ``{}`` in its path stands for the id of the ``number``-th resource of that kind, or of nobody."""

    method: str
    path: str
    number: int = 0
    body: Any = None
    filter: str = ""

    @property
    def kind(self) -> str:
        return self.path.split("/")[1]


words = st.sampled_from(["a", "b", "Alice", "ALICE", "Émile", "x@example.com", "X@example.com"])
types = st.sampled_from(["work", "home", "other"])
urls = st.sampled_from(["https://example.com/a", "https://example.com/B"])


def objects(**members: st.SearchStrategy) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members).filter(bool)


def elements(value: st.SearchStrategy, **members: st.SearchStrategy) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Elements of different types, the first of which may be the primary one."""
    one = st.fixed_dictionaries({"value": value, "type": types}, optional=members)
    several = st.lists(one, min_size=1, max_size=3, unique_by=lambda each: each["type"])
    return st.tuples(several, st.booleans()).map(
        lambda drawn: [{**drawn[0][0], "primary": True}, *drawn[0][1:]] if drawn[1] else drawn[0]
    )


names = objects(givenName=words, familyName=words, formatted=words)
manager = objects(value=words, displayName=words)
enterprise = objects(department=words, employeeNumber=words, manager=manager)
emails, photos = elements(words, display=words), elements(urls)
user_bodies = st.fixed_dictionaries(
    {"schemas": st.just([USER_SCHEMA, ENTERPRISE_SCHEMA]), "userName": words, "active": st.booleans()},
    optional={
        **dict.fromkeys(("displayName", "title", "externalId", "nickName", "locale"), words),
        "name": names,
        "emails": emails,
        "photos": photos,
        "profileUrl": urls,
        ENTERPRISE_SCHEMA: enterprise,
        "nobodyKnowsThis": words,
    },
)
group_bodies = st.fixed_dictionaries(
    {"schemas": st.just([GROUP_SCHEMA]), "displayName": st.uuids().map(str)}, optional={"externalId": words}
)


def writes(path: str, value: st.SearchStrategy) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"op": st.sampled_from(["add", "replace"]), "path": st.just(path), "value": value})


def removals(*paths: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"op": st.just("remove"), "path": st.sampled_from(paths)})


user_operations = st.one_of(
    *[writes(name, words) for name in ("userName", "displayName", "title", "externalId", "name.givenName")],
    writes("active", st.booleans()),
    writes("name", names),
    writes(f"{USER_SCHEMA}:nickName", words),
    writes(f"{ENTERPRISE_SCHEMA}:department", words),
    writes(f"{ENTERPRISE_SCHEMA}:manager.value", words),
    writes('emails[type eq "work"].value', words),
    writes('emails[type eq "home"].display', words),
    st.fixed_dictionaries({"op": st.just("replace"), "path": st.just("emails"), "value": emails}),
    st.fixed_dictionaries({"op": st.sampled_from(["add", "replace"]), "value": objects(title=words, name=names)}),
    removals(
        *(
            "userName",
            "displayName",
            "title",
            "externalId",
            "name",
            "name.givenName",
            "emails",
            "photos",
            "profileUrl",
            "locale",
        ),
        *('emails[type eq "work"]', 'emails[value sw "a"]', 'emails[type eq "home"].display'),
        *(f"{ENTERPRISE_SCHEMA}:{name}" for name in ("department", "manager")),
    ),
)
group_operations = st.one_of(
    writes("displayName", st.uuids().map(str)),
    writes("externalId", words),
    removals("externalId", "members", "displayName"),
)
filters = st.one_of(
    st.builds(
        '{} {} "{}"'.format, st.sampled_from(["displayName", "externalId"]), st.sampled_from(["eq", "co"]), words
    ),
    st.just('displayName pr and not (externalId eq "a")'),
)
user_filters = st.one_of(
    filters,
    st.builds('userName {} "{}"'.format, st.sampled_from(["eq", "ne", "sw", "gt"]), words),
    st.builds('emails[type eq "{}" and value co "{}"]'.format, types, words),
    st.builds('{}:department eq "{}"'.format, st.just(ENTERPRISE_SCHEMA), words),
    st.sampled_from(["active eq true", "active eq false or title pr", "nobody eq 1", "userName", "name.familyName pr"]),
)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    users = draw(st.integers(0, 3)) > 0
    kind, number = "Users" if users else "Groups", draw(st.integers(0, 2))
    match draw(st.sampled_from(["patch"] * 4 + ["replace", "replace", "create", "list", "list", "read", "delete"])):
        case "create":
            return Step("POST", f"/{kind}", body=draw(user_bodies if users else group_bodies))
        case "replace":
            return Step("PUT", f"/{kind}/{{}}", number, draw(user_bodies if users else group_bodies))
        case "patch":
            operations = draw(st.lists(user_operations if users else group_operations, min_size=1, max_size=3))
            return Step("PATCH", f"/{kind}/{{}}", number, patch(*operations))
        case "delete":
            return Step("DELETE", f"/{kind}/{{}}", number)
        case "list":
            return Step("GET", f"/{kind}", filter=draw(user_filters if users else filters))
    return Step("GET", f"/{kind}/{{}}", number)


class Side:
    """One of the two servers, with the ids and versions that it has given, and its last status."""

    def __init__(self, send: Any):
        self._send = send
        self.ids: dict[str, list[str]] = {"Users": [], "Groups": []}
        self.versions: dict[str, str] = {}
        self.status = 0

    def take(self, step: Step) -> tuple[int, Any]:
        """Send a request; return status and answer without what every server chooses for itself."""
        given = self.ids[step.kind]
        path = step.path.format(given[step.number] if step.number < len(given) else NOBODY)
        status, body = self._send(step.method, path, step.body, {"filter": step.filter} if step.filter else {})
        self.status = status
        if status == 201:
            given.append(body["id"])
        if step.method == "PATCH" and status in (200, 204):
            status, body = self._send("GET", path, None, {})
        if status >= 400:
            return status, body.get("scimType")
        if body and "Resources" in body:
            found = sorted((self._told(each, step.kind) for each in body["Resources"]), key=itemgetter("id"))
            return status, (body["totalResults"], found)
        told = body and self._told(body, step.kind)
        if step.method == "PATCH" and len(step.body["Operations"]) > 1:
            del told["changed"]
        return status, told

    def _told(self, resource: dict[str, Any], kind: str) -> dict[str, Any]:
        """Return a resource with its number for its id, and whether its version is another one than before."""
        id, meta = resource["id"], resource["meta"]
        changed = self.versions.get(id) != meta["version"]
        self.versions[id] = meta["version"]
        own = {"id": self.ids[kind].index(id), "changed": changed, "schemas": sorted(resource["schemas"])}
        return {**resource, **own, "meta": meta["resourceType"]}


def here(integration: Integration) -> Side:
    client = ScimClient(integration)

    def send(method: str, path: str, body: Any, query: dict[str, str]) -> tuple[int, Any]:
        match method:
            case "GET":
                response = client.get(path, query)
            case "DELETE":
                response = client.delete(path)
            case _:
                response = getattr(client, method.lower())(path, body)
        return response.status_code, json.loads(response.content or "null")

    return Side(send)


def there() -> Side:
    return Side(ReferenceServer().send)
