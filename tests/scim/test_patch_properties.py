"""What holds for every PATCH of every user."""

from copy import deepcopy
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from provisioning.documents import user_attributes, user_document
from provisioning.errors import Refused
from provisioning.scim.patch import parse_operations, patch_user
from tests.scim.vocabulary import LEAVES, bodies, elements, operations, patch, paths, value_filters


def applied(user: dict[str, Any], *asked: dict[str, Any]) -> dict[str, Any] | str:
    """What the operations make of a user, or the scimType under which they are refused."""
    try:
        return patch_user(user, parse_operations(patch(*asked)))
    except Refused as refusal:
        return refusal.scim_type


@given(bodies, st.lists(operations, max_size=5))
def test_the_result_is_valid_and_the_input_untouched(body: dict[str, Any], asked: list[dict[str, Any]]):
    user = user_attributes(body)
    before = deepcopy((user, asked))
    after = applied(user, *asked)
    assert (user, asked) == before
    if isinstance(after, dict):
        assert user_attributes(after, user) == after
        assert user_attributes(orjson.loads(user_document(after).document)) == after


@given(bodies, operations)
def test_the_same_operation_twice_is_as_good_as_once(body: dict[str, Any], operation: dict[str, Any]):
    once = applied(user_attributes(body), operation)
    if isinstance(once, dict) and not _moves_what_it_selects(operation):
        twice = applied(once, operation)
        assert twice == once
        assert user_document(twice) == user_document(once)


def _moves_what_it_selects(operation: dict[str, Any]) -> bool:
    """Whether the filter of the path says something else after the value is written."""
    return "[" in operation.get("path", "") and operation["op"] != "remove"


@given(bodies, st.sampled_from(sorted(elements)), st.data())
def test_what_is_added_and_removed_again_leaves_no_trace(body: dict[str, Any], name: str, data: st.DataObject):
    user = user_attributes({key: value for key, value in body.items() if key != name})
    element = data.draw(elements[name])
    added = applied(user, {"op": "add", "path": name, "value": [element]})
    assert applied(added, {"op": "remove", "path": name, "value": [element]}) == user
    assert applied(added, {"op": "remove", "path": name}) == user


@given(bodies, paths)
def test_a_remove_removes_for_good(body: dict[str, Any], path: str):
    once = applied(user_attributes(body), {"op": "remove", "path": path})
    assert once == applied(once, {"op": "remove", "path": path})


@given(bodies, value_filters)
def test_a_value_filter_splits_an_array_in_two(body: dict[str, Any], value_filter: str):
    user = user_attributes(body)
    left = applied(user, {"op": "remove", "path": f"emails[{value_filter}]"}).get("emails", [])
    rest = applied(user, {"op": "remove", "path": f"emails[not ({value_filter})]"}).get("emails", [])
    assert all(element in user.get("emails", []) for element in [*left, *rest])
    assert len(left) + len(rest) == len(user.get("emails", []))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
any_path = (
    st.sampled_from([leaf.path for leaf in LEAVES]) | st.text('emails.type[]"eqprworknot() ', max_size=20) | paths
)


@given(bodies, st.sampled_from(["add", "replace", "remove"]), any_path, anything)
def test_whatever_is_asked_for_is_done_or_refused(body: dict[str, Any], op: str, path: str, value: Any):
    user = user_attributes(body)
    for operation in ({"op": op, "path": path, "value": value}, {"op": op, "value": {path: value}}):
        after = applied(user, operation)
        if isinstance(after, dict):
            assert user_attributes(after, user) == after
