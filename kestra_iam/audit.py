"""Audit events: written by actions in the transaction of what they tell, changed by nothing.

Verbs are ``noun.verb``. These are complete enough to rebuild who held what at any past moment:

=============================  =======================  ====================================================
verb                           resource_id / _name      details
=============================  =======================  ====================================================
role.create, role.update       the role                 ``permissions`` (the whole matrix from then on)
role.delete                    the role                 ``permissions`` (what it had)
binding.create, binding.delete the binding              ``subject`` {kind, id, name}, ``role`` {id, name}
membership.add                 the group                ``people`` [[id, username, id of the source if pushed], …]
membership.remove              the group                ``people`` [[id, username], …]
access.grant, access.resume    the person               ``source`` {id, owner, owner_name}
access.suspend, access.end     the person               ``source``; ``into``: the source its memberships go on with
access.take-over               the person               ``source`` (its owner from then on)
person.suspend, person.resume  the person               (over all sources)
=============================  =======================  ====================================================

A thing that goes writes one event for each row that goes with it. A membership that an integration pushed
counts while its source is active.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from kestra_iam.models import AccessSource, AuditEvent, Binding, Group, Role
from kestra_iam.principals import Principal
from tenants.compiled import CompiledWrites
from tenants.fields import new_id
from tenants.models import Tenant

_rows = CompiledWrites(AuditEvent)
# One event names at most so many people; more are told in several events.
PEOPLE_PER_EVENT = 1000


@dataclass(slots=True)
class Event:
    """An ``AuditEvent`` that is not written yet: each change has some, and an instance takes five times as long."""

    tenant_id: str | None
    tenant_slug: str
    verb: str
    resource: str
    resource_id: str
    resource_name: str
    actor_kind: str
    actor_id: str
    actor_name: str
    token_id: str
    source_address: str
    request_id: str
    details: dict[str, Any]
    id: str = field(default_factory=new_id)
    at: datetime = field(default_factory=timezone.now)


def record(
    *,
    by: Principal,
    tenant: Tenant | None,
    verb: str,
    resource: str,
    id: str = "",
    name: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Write one event; call it inside the transaction of the change."""
    write([event(by, tenant, verb, resource, id, name, details)])


def event(
    by: Principal,
    tenant: Tenant | None,
    verb: str,
    resource: str,
    id: str = "",
    name: str = "",
    details: dict[str, Any] | None = None,
) -> Event:
    """Return an event that is not written yet, for actions that write several at once."""
    return Event(
        tenant_id=tenant.id if tenant else None,
        tenant_slug=tenant.slug if tenant else "",
        verb=verb,
        resource=resource,
        resource_id=id,
        resource_name=name[:1024],
        actor_kind=by.kind,
        actor_id=by.id,
        actor_name=by.name[:255],
        token_id=by.token_id,
        source_address=by.source_address,
        request_id=by.request_id,
        details=details or {},
    )


def people(by: Principal, verb: str, group: Group, tenant: Tenant, named: Sequence[tuple[str, ...]]) -> list[Event]:
    """Return ``membership.add`` or ``.remove`` events for people given as in the table above."""
    return [
        event(
            by,
            tenant,
            f"membership.{verb}",
            "GROUPS",
            group.pk,
            group.name,
            {"people": [list(person) for person in named[start : start + PEOPLE_PER_EVENT]]},
        )
        for start in range(0, len(named), PEOPLE_PER_EVENT)
    ]


def of_binding(by: Principal, verb: str, tenant: Tenant, binding: Binding) -> Event:
    """Return ``binding.create`` or ``.delete`` for a binding whose role and subject are loaded."""
    subject = binding.subject
    return event(
        by,
        tenant,
        f"binding.{verb}",
        "BINDINGS",
        binding.pk,
        str(binding),
        {
            "subject": {"kind": subject._meta.verbose_name, "id": subject.pk, "name": str(subject)},
            "role": {"id": binding.role_id, "name": binding.role.name},
        },
    )


def of_role(by: Principal, verb: str, tenant: Tenant, role: Role) -> Event:
    """Return ``role.create``, ``.update`` or ``.delete``."""
    details = {"permissions": role.permissions, "description": role.description}
    return event(by, tenant, f"role.{verb}", "ROLES", role.pk, role.name, details)


def of_access(by: Principal, verb: str, tenant: Tenant, source: AccessSource, username: str) -> Event:
    """Return ``access.grant``, ``.suspend``, ``.resume`` or ``.end`` for one source of a person's access."""
    return event(
        by,
        tenant,
        f"access.{verb}",
        "USERS",
        source.user_id,
        username,
        {"source": {"id": source.pk, "owner": source.owner_key, "owner_name": source.owner_name}},
    )


def write(events: list[Event]) -> None:
    """Write the events of one action."""
    _rows.insert(events)
