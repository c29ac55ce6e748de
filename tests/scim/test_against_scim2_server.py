"""The same random sequences of requests make the same resources here and in scim2-server.

Members, ``groups`` and the tolerances for clients stay out. ``DIFFERENCES`` names every other difference with its
reason in the RFCs; the sequences keep clear of those, and a test shows each of them.
"""

from typing import Any, NamedTuple

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.definitions import GROUP_SCHEMA, USER_SCHEMA
from provisioning.models import Integration
from tests.scim.sequences import Step, group_bodies, here, steps, there, user_bodies
from tests.scim.vocabulary import patch


class Difference(NamedTuple):
    """What both answer to one request about a user, alice, or a group, Staff: a status and an error's ``scimType``, or
    an attribute's value."""

    reason: str
    step: Step
    ours: Any
    theirs: Any
    attribute: str = ""


PAIR = [{"value": "a@example.org", "type": "work"}, {"value": "A@example.org", "type": "work"}]
PRIMARY = [{"value": "a", "type": "work", "primary": True}, {"value": "b", "type": "home", "primary": True}]


def patched(*operations: dict[str, Any], number: int = 0, path: str = "/Users/{}") -> Step:
    return Step("PATCH", path, number, patch(*operations))


WRONG_TWICE = ((404, None), (400, "mutability"))
DIFFERENCES = {
    "active may be left out": Difference(
        "RFC 7643 §7: a required attribute is always there; here the server itself sees to it, at first with true.",
        Step("POST", "/Users", body={"schemas": [USER_SCHEMA], "userName": "bob"}),
        (201, None),
        (400, "invalidValue"),
    ),
    "active stays where PUT leaves it out": Difference(
        "RFC 7644 §3.5.1: the server MAY assume a default for what is left out; nobody is let in again by omission.",
        Step("PUT", "/Users/{}", body={"schemas": [USER_SCHEMA], "userName": "alice"}),
        (200, None),
        (400, "invalidValue"),
    ),
    "a group's name is taken": Difference(
        "RFC 7643 §4.2 asks for no unique displayName, RFC 7644 §3.3 allows it: clients find groups by their name.",
        Step("POST", "/Groups", body={"schemas": [GROUP_SCHEMA], "displayName": "STAFF"}),
        (409, "uniqueness"),
        (201, None),
    ),
    "a pair once": Difference(
        "RFC 7643 §2.4: the same pair of type and value SHOULD NOT be returned twice.",
        patched({"op": "replace", "path": "emails", "value": PAIR}),
        PAIR[:1],
        PAIR,
        "emails",
    ),
    "one primary": Difference(
        "RFC 7643 §2.4: true MUST appear no more than once. There the request fails, here the first one counts.",
        Step(
            "PUT", "/Users/{}", body={"schemas": [USER_SCHEMA], "userName": "alice", "active": True, "emails": PRIMARY}
        ),
        (200, None),
        (400, "invalidValue"),
    ),
    "no target": Difference(
        "RFC 7644 §3.5.2.3: noTarget where a value path matches nothing; only type and primary make an element.",
        patched({"op": "replace", "path": 'emails[value eq "nobody"].display', "value": "x"}),
        (400, "noTarget"),
        (200, None),
    ),
    "an element that says nothing": Difference(
        "RFC 7643 §2.5: without a value an attribute is unassigned; a type describes a value and is none.",
        patched({"op": "replace", "path": "emails", "value": [{"type": "work"}]}),
        None,
        [{"type": "work"}],
        "emails",
    ),
    "a path that names nothing": Difference(
        "RFC 7644 §3.12: invalidPath. There, whoever ignores unknown attributes ignores unknown paths too.",
        patched({"op": "remove", "path": "nobody"}),
        (400, "invalidPath"),
        (200, None),
    ),
    "what is wrong twice": Difference(
        "No RFC says which error comes first: there the body is read, here the resource is looked for.",
        patched({"op": "remove", "path": "id"}, number=9),
        *WRONG_TWICE,
    ),
    "nothing in the end": Difference(
        "RFC 7644 §3.14: a version tells states apart; operations that undo each other lead to the same one.",
        patched(*[{"op": "replace", "path": "userName", "value": name} for name in ("bob", "alice")]),
        'W/"1"',
        'W/"3"',
        "version",
    ),
    "the answer to PATCH": Difference(
        "RFC 7644 §3.5.2: 200 with the resource or 204 without; test suites and clients want the resource.",
        patched({"op": "replace", "path": "title", "value": "x"}),
        200,
        204,
        "status",
    ),
}


@pytest.mark.parametrize("difference", DIFFERENCES.values(), ids=DIFFERENCES)
def test_every_other_difference_is_one_of_these(integration: Integration, difference: Difference):
    for side, expected in ((here(integration), difference.ours), (there(), difference.theirs)):
        side.take(Step("POST", "/Users", body={"schemas": [USER_SCHEMA], "userName": "alice", "active": True}))
        side.take(Step("POST", "/Groups", body={"schemas": [GROUP_SCHEMA], "displayName": "Staff"}))
        status, answer = side.take(difference.step)
        match difference.attribute:
            case "":
                assert (status, answer if status >= 400 else None) == expected
            case "status":
                assert side.status == expected
            case "version":
                assert next(iter(side.versions.values())) == expected
            case name:
                assert answer.get(name) == expected


@pytest.mark.django_db
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(beginning=st.tuples(user_bodies, user_bodies, group_bodies), sequence=st.lists(steps(), min_size=4, max_size=12))
def test_the_same_requests_make_the_same_resources(
    integration: Integration, beginning: tuple[dict[str, Any], ...], sequence: list[Step]
):
    with transaction.atomic():
        ours, theirs = here(integration), there()
        created = [Step("POST", "/Users" if "userName" in body else "/Groups", body=body) for body in beginning]
        for step in [*created, *sequence]:
            told = ours.take(step), theirs.take(step)
            assert told[0] == told[1] or told == WRONG_TWICE, step
        transaction.set_rollback(True)
