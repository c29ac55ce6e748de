"""PATCH of random users compared with what scim2-models makes of the same operations.

Where both define a result it is the same. The differences are deliberate and named here:

- *Several primary values*: an operation that marks more than one element is refused there, or the last one
  wins; here the first of them is the primary one, each time: clients must not fail over a flag.
- *Nothing but a type*: an element that says no more than its type and that it is primary is kept there; here it
  goes, and takes nothing from the others.
- *No target*: there any ``eq`` filter makes an element; here only one on ``type`` or ``primary`` does, so that
  a filter on ``value`` that finds nobody is still told (RFC 7644 §3.5.2.3).
- *A sub-attribute of an empty array*: there nothing happens; here the element is made, for the value would be
  lost without a word.
- *A pair twice*: there an element may repeat the type and value of another one; here they merge
  (RFC 7643 §2.4).
"""

from collections import Counter
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
from scim2_models import Context, PatchOp, ResourceType, Schema, ScimPolicy, ScimProvider
from scim2_models.exceptions import SCIMException

from provisioning.definitions import USER_SCHEMA
from provisioning.documents import user_attributes
from provisioning.errors import Refused
from provisioning.scim import schemas
from provisioning.scim.patch import parse_operations, patch_user
from tests.scim.vocabulary import bodies, operations, patch

BASE = "https://example.com/scim/v2"
PROVIDER = ScimProvider.from_discovery(
    [Schema.model_validate(each) for each in schemas.schemas(BASE)["Resources"]],
    [ResourceType.model_validate(each) for each in schemas.resource_types(BASE)["Resources"]],
)
User = PROVIDER.model_for_endpoint("/Users")
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


def theirs(user: dict[str, Any], body: dict[str, Any]) -> dict[str, Any] | str:
    """The attributes that scim2-models makes of a user, or the scimType under which it refuses."""
    with POLICY:
        try:
            resource = User.model_validate({"schemas": [USER_SCHEMA], **user})
            PatchOp[User].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST).patch(resource)
        except SCIMException as error:
            return error.scim_type
        except ValidationError as error:
            return str(error.errors()[0]["type"])
        return resource.model_dump()


def ours(user: dict[str, Any], body: dict[str, Any]) -> dict[str, Any] | str:
    try:
        return patch_user(user, parse_operations(body))
    except Refused as refusal:
        return refusal.scim_type


def arrays_in(operation: dict[str, Any]) -> list[list[dict[str, Any]]]:
    value = operation.get("value")
    return [each for each in (value.values() if isinstance(value, dict) else [value]) if isinstance(each, list)]


def marks_nothing(operation: dict[str, Any]) -> bool:
    return any(item.keys() <= {"type", "primary"} for each in arrays_in(operation) for item in each)


def marks_several(operation: dict[str, Any]) -> bool:
    several = any(sum(bool(item.get("primary")) for item in each) > 1 for each in arrays_in(operation))
    return several or (operation.get("path", "").endswith("].primary") and operation.get("value") is True)


def selects_by_value(operation: dict[str, Any]) -> bool:
    return "[" in operation.get("path", "")


def writes_into_an_empty_array(operation: dict[str, Any]) -> bool:
    return operation.get("path") in ("emails.value", "roles.display") and operation["op"] != "remove"


def holds_a_pair_twice(attributes: dict[str, Any]) -> bool:
    arrays = [each for each in attributes.values() if isinstance(each, list)]
    pairs = [
        [
            (item.get("type", "").lower(), item["value"].lower())
            for item in each
            if isinstance(item, dict) and "value" in item
        ]
        for each in arrays
    ]
    return any(count > 1 for each in pairs for count in Counter(each).values())


@given(bodies, st.lists(operations, min_size=1, max_size=3))
def test_a_patch_makes_what_the_oracle_makes(body: dict[str, Any], asked: list[dict[str, Any]]):
    user = user_attributes(body)
    expected, actual = theirs(user, patch(*asked)), ours(user, patch(*asked))
    if actual == "noTarget" != expected:
        assume(not any(map(selects_by_value, asked)))
    assume(not any(map(marks_several, asked)) and not any(map(marks_nothing, asked)))
    assume(not any(map(writes_into_an_empty_array, asked)))
    if isinstance(expected, dict):
        assume(not holds_a_pair_twice(expected))
        expected = user_attributes(expected, user)
    assert actual == expected
