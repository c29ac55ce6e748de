"""PATCH of a group: names as new values, members as steps, so that members are never loaded (RFC 7644 §3.5.2)."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from provisioning.actions.groups import MemberStep
from provisioning.attributes import GROUP
from provisioning.definitions import GROUP_SCHEMA
from provisioning.documents import member_ids
from provisioning.errors import Refused
from provisioning.scim.patch.operations import Operation, decoded_json
from provisioning.scim.patch.paths import Target, WholeSchema, known_target, target_of
from provisioning.validation import GROUP_RULES
from provisioning.values import invalid

# What most clients send, read without the grammar: a group of thousands is emptied member by member.
_ONE_MEMBER = re.compile(r'\s*members\s*\[\s*value\s+eq\s+"([^"\\\x00-\x1f]+)"\s*\]\s*', re.IGNORECASE)


class GroupFields(NamedTuple):
    """What a group is called; ``external_id`` is None for none."""

    display_name: str
    external_id: str | None


class GroupChange(NamedTuple):
    """A group's new names and the steps that make its new members, at most a ``replace`` or a removal and an
    addition of different ids; no step leaves the members alone."""

    display_name: str
    external_id: str | None
    member_steps: tuple[MemberStep, ...]


def patch_group(current: GroupFields, operations: Iterable[Operation]) -> GroupChange:
    """Return what the operations make of a group.

    Raises ``Refused``: ``invalidPath`` for a path that names nothing, ``invalidFilter`` for a filter on
    members other than ``value eq`` terms joined by ``or``, ``mutability`` for a path that names something
    read-only or immutable and for removing ``displayName``, ``invalidValue`` for a value (a member that is a
    group, too). Without a path, unknown and read-only attributes are ignored.
    """
    patch = _Patch(current)
    for operation in operations:
        if operation.path is None:
            patch.apply_members(operation.op, operation.value)
        elif operation.op == "remove" and (one := _ONE_MEMBER.fullmatch(operation.path)):
            patch.members.remove((one[1],))
        else:
            patch.apply(operation.op, target_of(GROUP, operation.path), operation.value, named=True)
    return GroupChange(patch.names["displayName"], patch.names["externalId"], patch.members.steps())


class _Members:
    """The members as the operations so far leave them, told without knowing who was there before."""

    def __init__(self) -> None:
        self.replaced = False
        self.added: dict[str, bool] = {}

    def replace(self, ids: Iterable[str]) -> None:
        self.replaced = True
        self.added = dict.fromkeys(ids, True)

    def add(self, ids: Iterable[str]) -> None:
        self.added.update(dict.fromkeys(ids, True))

    def remove(self, ids: Iterable[str]) -> None:
        self.added.update(dict.fromkeys(ids, False))

    def steps(self) -> tuple[MemberStep, ...]:
        there = tuple(id for id, added in self.added.items() if added)
        gone = tuple(id for id, added in self.added.items() if not added)
        if self.replaced:
            return (MemberStep("replace", there),)
        return tuple(MemberStep(kind, ids) for kind, ids in (("remove", gone), ("add", there)) if ids)


class _Patch:
    def __init__(self, current: GroupFields):
        self.names: dict[str, Any] = {"displayName": current.display_name, "externalId": current.external_id}
        self.members = _Members()

    def apply_members(self, op: str, values: dict[str, Any], prefix: str = "") -> None:
        """Write what an object of paths and values names; what is unknown or read-only is ignored."""
        for name, value in values.items():
            if target := known_target(GROUP, prefix + name):
                self.apply(op, target, value, named=False)

    def apply(self, op: str, target: Target | WholeSchema, value: Any, *, named: bool) -> None:
        if isinstance(target, WholeSchema):
            self.write_schema(op, decoded_json(value))
            return
        attribute = target.attribute
        if attribute.name == "schemas" and op != "remove":
            return
        if attribute.read_only or target.sub_attribute:
            # Who a member is cannot change: remove this one and add another (RFC 7643 §4.2).
            if named:
                kind = "read-only" if target.read_only else "immutable: remove the member and add another"
                name = f"{attribute.name}.{target.sub_attribute.name}" if target.sub_attribute else attribute.name
                raise Refused("mutability", f"{name} is {kind}.", field=attribute.name)
        elif attribute.name == "members":
            self.write_members(op, target, decoded_json(value))
        else:
            self.write_name(op, attribute.name, attribute.required, value)

    def write_schema(self, op: str, value: Any) -> None:
        if op == "remove" or value is None or value == "":
            raise Refused("mutability", "The attributes of a group cannot be removed all at once.", field="schemas")
        if not isinstance(value, dict):
            raise invalid(GROUP_SCHEMA, value, "an object of its attributes and values")
        self.apply_members(op, value, f"{GROUP_SCHEMA}:")

    def write_name(self, op: str, name: str, required: bool, value: Any) -> None:
        value = None if op == "remove" else GROUP_RULES[GROUP_SCHEMA][name].validate(value)
        if value is None and required:
            raise Refused("mutability", f"{name} is required: it stays.", field=name)
        self.names[name] = value

    def write_members(self, op: str, target: Target, value: Any) -> None:
        if target.selection:
            ids = _selected_ids(target.selection.node)
            if op != "remove":
                raise Refused("mutability", "A member cannot be changed: remove it and add another.", field="members")
            self.members.remove(ids)
        elif op == "replace" or (op == "remove" and value is None):
            self.members.replace(member_ids(value) or ())
        elif op == "add":
            self.members.add(member_ids(value) or ())
        else:
            self.members.remove(member_ids(value) or ())


def _selected_ids(node: FilterNode) -> tuple[str, ...]:
    """Return the ids that ``value eq`` terms joined by ``or`` name."""
    terms = node.terms if isinstance(node, LogicalExpr) and node.op == LogicalOperator.or_ else (node,)
    return tuple(_id_in(term) for term in terms)


def _id_in(term: FilterNode) -> str:
    if (
        isinstance(term, Comparison)
        and term.op == CompareOperator.eq
        and term.attr_path.attr.lower() == "value"
        and isinstance(term.value, str)
    ):
        return term.value
    raise Refused("invalidFilter", 'Members are selected by id: members[value eq "ID of a user"].', field="path")
