"""A real identity provider pushes through an integration that an administrator created on the command line."""

from collections.abc import Iterator

import httpx2
import pytest
from django.test import Client

from kestra_iam.models import AccessSource, AuditEvent, Group, Membership, User
from provisioning.models import Integration, ProvisionedUser
from tests.e2e.canaille.process import Canaille
from tests.e2e.installation import Installation, session_cookie

ALICE = {
    "user_name": "alice",
    "given_name": "Alice",
    "family_name": "Doe",
    "formatted_name": "Alice Doe",
    "display_name": "Alice",
    "emails": ["alice@example.org"],
    "password": "what Canaille calls a hash",
    "employee_number": "4711",
}
BOB = {"user_name": "bob", "given_name": "Bob", "family_name": "Roe", "formatted_name": "Bob Roe", "emails": []}


@pytest.fixture
def integration(installation: Installation) -> dict:
    """What ``manage.py integration create`` printed."""
    installation.manage("tenant", "create", "acme")
    return installation.manage("integration", "create", "Canaille", "--tenant", "acme")


@pytest.fixture
def canaille(integration: dict) -> Iterator[Canaille]:
    canaille = Canaille(integration["endpoint"], integration["token"])
    yield canaille
    canaille.close()


def test_canaille_creates_changes_locks_and_deletes_people_and_a_group_and_the_console_shows_it(
    installation: Installation, integration: dict, canaille: Canaille
):
    assert integration["endpoint"] == f"{installation.url}/api/v1/acme/integrations/{integration['id']}/scim/v2"

    assert canaille.do("save_user", ALICE) == []
    assert canaille.do("save_user", BOB) == []
    alice, bob = (ProvisionedUser.objects.get(user_name=name) for name in ("alice", "bob"))
    assert alice.integration_id == integration["id"]
    assert alice.external_id
    assert '"employeeNumber":"4711"' in alice.document
    assert "password" not in alice.document
    account = alice.account
    assert (account.home.slug, account.email, account.full_name) == ("acme", "alice@example.org", "Alice Doe")
    assert not account.has_usable_password()
    assert not account.email_verified
    assert AccessSource.objects.get(pk=bob.pk).active

    assert canaille.do("save_group", {"display_name": "staff", "members": ["alice", "bob"]}) == []
    assert members("staff") == {"alice", "bob"}
    assert Group.objects.get().owner_key == integration["id"]

    assert (
        canaille.do("save_user", {"user_name": "alice", "family_name": "Smith", "emails": ["smith@example.org"]}) == []
    )
    account.refresh_from_db()
    assert (account.email, account.full_name) == ("smith@example.org", "Alice Smith")

    assert canaille.do("save_group", {"display_name": "staff", "members": ["alice"]}) == []
    assert members("staff") == {"alice"}

    assert canaille.do("lock_user", "alice") == []
    alice.refresh_from_db()
    assert not alice.active
    assert not AccessSource.objects.get(pk=alice.pk).active
    assert members("staff") == {"alice"}
    check_console(installation, integration)

    assert canaille.do("unlock_user", "alice") == []
    assert AccessSource.objects.get(pk=alice.pk).active

    assert canaille.do("delete_user", "alice") == []
    assert not ProvisionedUser.objects.filter(user_name="alice").exists()
    assert not AccessSource.objects.filter(user=account).exists()
    assert User.objects.filter(pk=account.pk).exists()
    assert members("staff") == set()

    # Canaille tells nobody of a group that has no members.
    assert canaille.do("save_group", {"display_name": "staff", "members": ["bob"]}) == []
    assert members("staff") == {"bob"}
    assert canaille.do("delete_group", "staff") == []
    assert not Group.objects.exists()
    assert told_by(integration) == [
        "account.create alice",
        "access.grant alice",
        "user.create alice",
        "account.create bob",
        "access.grant bob",
        "user.create bob",
        "group.create staff",
        "membership.add staff",
        "user.update alice",
        "membership.remove staff",
        "access.suspend alice",
        "user.update alice",
        "access.resume alice",
        "user.update alice",
        "membership.remove staff",
        "access.end alice",
        "user.delete alice",
        "membership.add staff",
        "membership.remove staff",
        "group.delete staff",
    ]


def test_a_disabled_integration_refuses_canaille_from_the_next_request_on(
    installation: Installation, integration: dict, canaille: Canaille
):
    assert canaille.do("save_user", ALICE) == []
    installation.manage("integration", "disable", integration["id"])
    assert canaille.do("save_user", BOB) == ["SCIM protocol not supported by client IAM"]
    assert set(ProvisionedUser.objects.values_list("user_name", flat=True)) == {"alice"}
    refused = Integration.objects.get(pk=integration["id"]).activity
    assert refused.refused_while_disabled >= 1
    assert refused.refused_from == "127.0.0.1"

    installation.manage("integration", "enable", integration["id"])
    assert canaille.do("save_user", BOB) == []
    assert set(ProvisionedUser.objects.values_list("user_name", flat=True)) == {"alice", "bob"}


def members(group: str) -> set[str]:
    return set(Membership.objects.filter(group__name=group).values_list("user__username", flat=True))


def told_by(integration: dict) -> list[str]:
    """Return what the audit log tells of the integration's service account, oldest first."""
    account = Integration.objects.get(pk=integration["id"]).service_account
    events = AuditEvent.objects.filter(actor_id=account.pk).order_by("at")
    assert {event.tenant_slug for event in events} == {"acme"}
    assert all(event.token_id and event.request_id and event.source_address == "127.0.0.1" for event in events)
    return [f"{event.verb} {event.resource_name}" for event in events]


def check_console(installation: Installation, integration: dict) -> None:
    """Check what the running server's pages show an administrator of all this."""
    made = installation.manage("user", "create", "admin", "--tenant", "acme", "--role", "Admin")
    session = Client()
    session.force_login(User.objects.get(pk=made["id"]))
    cookie = session_cookie(session.session.session_key)
    shown = {
        "users/": ["alice", "bob", "Canaille", "smith@example.org"],
        "groups/": ["staff", "Canaille"],
        f"provisioning/{integration['id']}/change/": ["Canaille", integration["endpoint"]],
        "audit-logs/": ["Access suspended", "alice", "Membership removed", "bob"],
    }
    with httpx2.Client(base_url=f"{installation.url}/ui/acme/administration/iam", cookies=cookie) as browser:
        for place, parts in shown.items():
            page = browser.get(place)
            assert page.status_code == 200, place
            assert all(part in page.text for part in parts), (place, parts)
            assert integration["token"] not in page.text
