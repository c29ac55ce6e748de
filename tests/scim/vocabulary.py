"""Everything that the schemas advertise as writable, each with a value; random users and random operations."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

from provisioning.attributes import USER, Attribute
from provisioning.definitions import ENTERPRISE_SCHEMA, USER_SCHEMA

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SAMPLES = {"string": "Sample", "reference": "https://example.com/a", "boolean": True, "binary": "QUJD"}


class Leaf(NamedTuple):
    """One simple attribute that can be written: its path, the names that lead there, and a value."""

    path: str
    keys: tuple[str, ...]
    multi_valued: bool
    value: Any

    def inside(self, value: Any) -> dict[str, Any]:
        """The attributes of a resource that has only this one."""
        *outer, last = self.keys
        found: Any = {last: value}
        for name in reversed(outer):
            within_array = self.multi_valued and name == self.keys[-2]
            found = {name: [found] if within_array else found}
        return found

    def read(self, attributes: dict[str, Any]) -> Any:
        """This attribute of a resource, of the first element of an array; None if it is unassigned."""
        found: Any = attributes
        for name in self.keys:
            found = found[0] if isinstance(found, list) else found
            if name not in found:
                return None
            found = found[name]
        return found


def _leaves() -> Iterator[Leaf]:
    """Walk the schemas of users down to what is simple and can be written."""
    for urn, attributes in USER.attributes.items():
        for attribute in attributes.values():
            if attribute.mutability != "readWrite":
                continue
            yield from _below(urn, attribute)


def _below(urn: str, attribute: Attribute) -> Iterator[Leaf]:
    prefix = "" if urn == USER_SCHEMA else f"{urn}:"
    within = () if urn == USER_SCHEMA else (urn,)
    if not attribute.sub_attributes:
        yield Leaf(prefix + attribute.name, (*within, attribute.name), False, SAMPLES[attribute.type])
    for each in attribute.sub_attributes.values():
        keys = (*within, attribute.name, each.name)
        yield Leaf(f"{prefix}{attribute.name}.{each.name}", keys, attribute.multi_valued, SAMPLES[each.type])


LEAVES = tuple(_leaves())

words = st.sampled_from(["a", "b", "Alice", "ALICE", "Émile", "x@example.com", "X@example.com"])
types = st.sampled_from(["work", "home", "other", "Work"])
booleans = st.booleans()
references = st.sampled_from(["https://example.com/a", "https://example.com/B", "/photos/1"])


def _some(**members: st.SearchStrategy) -> st.SearchStrategy:
    return st.fixed_dictionaries({}, optional=members).filter(bool)


names = _some(givenName=words, familyName=words, formatted=words)
elements = {
    "emails": _some(value=words, type=types, primary=booleans, display=words),
    "phoneNumbers": _some(value=words, type=types, primary=booleans),
    "roles": _some(value=words, primary=booleans, display=words),
    "photos": _some(value=references, type=types, primary=booleans),
    "addresses": _some(streetAddress=words, locality=words, type=types, primary=booleans),
}
simple = {"displayName": words, "nickName": words, "title": words, "externalId": words, "active": booleans}
enterprise = _some(
    department=words,
    employeeNumber=words,
    manager=_some(value=words, displayName=words),
)
bodies = st.fixed_dictionaries(
    {"userName": words},
    optional={
        **simple,
        "name": names,
        **{name: st.lists(each, max_size=3) for name, each in elements.items()},
        ENTERPRISE_SCHEMA: enterprise,
    },
)

value_filters = st.one_of(
    types.map('type eq "{}"'.format),
    words.map('value eq "{}"'.format),
    words.map('value sw "{}"'.format),
    st.sampled_from(["primary eq true", "primary eq false", "value pr", "type pr", "not (type pr)"]),
    st.tuples(types, booleans).map(lambda each: f'type eq "{each[0]}" and primary eq {str(each[1]).lower()}'),
    st.tuples(types, words).map(lambda each: f'type eq "{each[0]}" or value co "{each[1]}"'),
)
_arrays_with_value = st.sampled_from(["emails", "phoneNumbers"])


def _written(path: st.SearchStrategy[str], value: st.SearchStrategy) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"op": st.sampled_from(["add", "replace"]), "path": path, "value": value})


def _array_writes(name: str, element: st.SearchStrategy) -> st.SearchStrategy[dict[str, Any]]:
    return _written(st.just(name), st.lists(element, min_size=1, max_size=2))


paths = st.one_of(
    st.sampled_from(
        ["displayName", "title", "externalId", "name", "name.givenName", "emails", "roles", "emails.type", "photos"]
    ),
    st.sampled_from([f"{ENTERPRISE_SCHEMA}:{name}" for name in ("department", "manager", "manager.value")]),
    st.builds("{}[{}]".format, _arrays_with_value, value_filters),
    st.builds("{}[{}].{}".format, _arrays_with_value, value_filters, st.sampled_from(["type", "value", "primary"])),
)
operations = st.one_of(
    *[_written(st.just(name), value) for name, value in simple.items()],
    _written(st.just("userName"), words),
    _written(st.sampled_from(["name.givenName", "name.familyName"]), words),
    _written(st.just("name"), names),
    *[_array_writes(name, element) for name, element in elements.items()],
    _written(st.builds("{}[{}].value".format, _arrays_with_value, value_filters), words),
    _written(st.builds("{}[{}].primary".format, _arrays_with_value, value_filters), booleans),
    _written(st.builds("{}[{}]".format, _arrays_with_value, value_filters), _some(value=words, type=types)),
    _written(st.sampled_from(["emails.value", "roles.display"]), words),
    _written(st.sampled_from([f"{ENTERPRISE_SCHEMA}:department", f"{ENTERPRISE_SCHEMA}:manager.value"]), words),
    _written(st.just(ENTERPRISE_SCHEMA), enterprise),
    st.fixed_dictionaries({"op": st.just("replace"), "value": bodies}),
    st.fixed_dictionaries({"op": st.just("add"), "value": bodies}),
    st.fixed_dictionaries({"op": st.just("remove"), "path": paths}),
)


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    """The body of a PATCH request with these operations."""
    return {"schemas": [PATCH_OP], "Operations": list(operations)}
