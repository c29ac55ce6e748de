"""PATCH of a user: operations in order on plain dicts (RFC 7644 §3.5.2)."""

from collections.abc import Iterable
from typing import Any

from provisioning.attributes import USER
from provisioning.definitions import USER_SCHEMA
from provisioning.errors import Refused
from provisioning.scim.patch.arrays import patched_array
from provisioning.scim.patch.operations import Operation, decoded_json
from provisioning.scim.patch.paths import Target, WholeSchema, known_target, target_of
from provisioning.validation import USER_ARRAYS, USER_RULES
from provisioning.values import invalid, only

Attributes = dict[str, Any]

_ORDER = (*USER_RULES[USER_SCHEMA], *USER.extensions)


def patch_user(attributes: Attributes, operations: Iterable[Operation]) -> Attributes:
    """Return the canonical attributes that the operations make of ``attributes``, which stay untouched.

    An equal dict comes back where nothing changed. Values pass the validators of POST and PUT. ``active`` is
    never unassigned; ``password`` is discarded; ``schemas`` follows from the attributes. Raises ``Refused``:
    ``invalidPath`` and ``invalidFilter`` for a path, ``noTarget`` where a value filter selects nothing to write
    to, ``mutability`` for a path that names a read-only attribute and for unassigning a required one,
    ``invalidValue`` for a value. Without a path, unknown and read-only attributes are ignored.
    """
    patch = _Patch(attributes)
    for operation in operations:
        if operation.path is None:
            patch.apply_members(operation.op, operation.value)
        else:
            patch.apply(operation.op, target_of(USER, operation.path), operation.value, named=True)
    return patch.result()


class _Patch:
    """A user being patched: what is written to is copied first, arrays are put in order at the end."""

    def __init__(self, attributes: Attributes):
        self.attributes = {name: attributes[name] for name in _ORDER if name in attributes}
        self.copied: set[str] = set()
        self.arrays: dict[str, str] = {}

    def apply_members(self, op: str, values: dict[str, Any], prefix: str = "") -> None:
        """Write what an object of paths and values names; what is unknown or read-only is ignored."""
        for name, value in values.items():
            if target := known_target(USER, prefix + name):
                self.apply(op, target, value, named=False)

    def apply(self, op: str, target: Target | WholeSchema, value: Any, *, named: bool) -> None:
        if isinstance(target, WholeSchema):
            self.write_schema(op, target.schema, decoded_json(value))
            return
        attribute = target.attribute
        if attribute.mutability == "writeOnly" or (attribute.name == "schemas" and op != "remove"):
            return
        if target.read_only:
            if named:
                raise Refused("mutability", f"{attribute.name} is read-only.", field=attribute.name)
        elif attribute.multi_valued:
            self.write_array(op, target, decoded_json(value))
        elif attribute.sub_attributes:
            self.write_object(op, target, decoded_json(value))
        else:
            rule = USER_RULES[target.schema][attribute.name]
            self.assign(target, None if op == "remove" else rule.validate(value))

    def write_schema(self, op: str, schema: str, value: Any) -> None:
        """Write the members of a schema that is named as a whole, or remove an extension."""
        if op == "remove" or value is None or value == "":
            if schema == USER_SCHEMA:
                raise Refused("mutability", "The attributes of a user cannot be removed all at once.", field="schemas")
            self.attributes.pop(schema, None)
        elif isinstance(value, dict):
            self.apply_members(op, value, f"{schema}:")
        else:
            raise invalid(schema, value, "an object of its attributes and values")

    def write_object(self, op: str, target: Target, value: Any) -> None:
        """Write a single complex attribute: what an object leaves out stays (RFC 7644 §3.5.2.1, §3.5.2.3)."""
        rule = USER_RULES[target.schema][target.attribute.name]
        current = self.container(target.schema).get(target.attribute.name, {})
        if target.sub_attribute:
            value = {target.sub_attribute.name: None if op == "remove" else value}
        elif op == "remove":
            value = None
        else:
            value = only(value, rule.label)
        if isinstance(value, dict):
            value = {**current, **rule.named(value)}
        self.assign(target, rule.validate(value))

    def write_array(self, op: str, target: Target, value: Any) -> None:
        container, name = self.container(target.schema), target.attribute.name
        elements = container.get(name, [])
        if name not in self.arrays:
            self.arrays[name] = target.schema
            elements = [dict(element) for element in elements]
        container[name] = patched_array(elements, op, target, value, USER_ARRAYS[target.schema][name])

    def assign(self, target: Target, value: Any) -> None:
        container, attribute = self.container(target.schema), target.attribute
        if value is not None:
            container[attribute.name] = value
        elif attribute.name == "active":
            return
        elif attribute.required:
            raise Refused("mutability", f"{attribute.name} is required: it stays.", field=attribute.name)
        else:
            container.pop(attribute.name, None)

    def container(self, schema: str) -> Attributes:
        """Return the dict that holds the attributes of a schema, ready to be written to."""
        if schema == USER_SCHEMA:
            return self.attributes
        if schema not in self.copied:
            self.copied.add(schema)
            self.attributes[schema] = dict(self.attributes.get(schema, {}))
        return self.attributes.setdefault(schema, {})

    def result(self) -> Attributes:
        for name, schema in self.arrays.items():
            container = self.container(schema)
            if (elements := USER_RULES[schema][name].validate(container.get(name))) is None:
                container.pop(name, None)
            else:
                container[name] = elements
        for schema in self.copied & self.attributes.keys():
            extension = self.attributes.pop(schema)
            if extension:
                self.attributes[schema] = {name: extension[name] for name in USER_RULES[schema] if name in extension}
        return {name: self.attributes[name] for name in _ORDER if name in self.attributes}
