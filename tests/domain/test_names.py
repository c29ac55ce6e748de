"""Any name is stored as it was given, or refused with a sentence; letters that grow when folded included."""

from collections.abc import Callable
from typing import Any

import pytest

from kestra_iam.actions.groups import create_group
from kestra_iam.actions.people import create_account
from kestra_iam.actions.roles import create_role
from kestra_iam.actions.service_accounts import create_service_account
from kestra_iam.actions.tenants import create_tenant
from kestra_iam.errors import Conflict, Invalid
from kestra_iam.principals import operator
from provisioning.actions.integrations import create_integration, update_integration
from tenants.models import RESERVED_SLUGS, Tenant

Create = Callable[[Tenant, str], Any]
CREATE: dict[str, Create] = {
    "account": lambda tenant, name: create_account(by=operator, username=name),
    "group": lambda tenant, name: create_group(by=operator, tenant=tenant, name=name),
    "role": lambda tenant, name: create_role(by=operator, tenant=tenant, name=name, permissions={}),
    "integration": lambda tenant, name: create_integration(by=operator, tenant=tenant, name=name),
    "renamed integration": lambda tenant, name: update_integration(
        by=operator,
        integration=create_integration(by=operator, tenant=tenant, name="before"),
        name=name,
        description="",
    ),
}
create_each = pytest.mark.parametrize("create", CREATE.values(), ids=CREATE)


@create_each
@pytest.mark.parametrize(
    "name",
    [
        "x" * 255,
        "ﬃ" * 255,
        "İ" * 255,
        "שלום عليكم",
        "株式会社",
        "<b onclick=alert(1)>",
        "{{ 7 * 7 }}",
        "a\u202eb",
        "%s%(x)s",
    ],
)
def test_a_name_is_kept_unharmed(create: Create, name: str, acme: Tenant):
    made = create(acme, name)
    made.refresh_from_db()
    assert getattr(made, "username", getattr(made, "name", "")) == name


@create_each
@pytest.mark.parametrize("name", ["", " \t\n", "x" * 256, "nul\0", "half\ud800", "\udfff"])
def test_a_name_that_cannot_be_kept_is_refused_by_its_field(create: Create, name: str, acme: Tenant):
    with pytest.raises(Invalid) as refusal:
        create(acme, name)
    assert refusal.value.field in ("name", "username")
    assert "\0" not in refusal.value.message


@create_each
@pytest.mark.parametrize(("first", "second"), [("Straße", "STRASSE"), ("é", "e\u0301"), ("ΣΑΣ", "σας")])
def test_a_name_is_the_same_in_other_letter_cases_and_compositions(
    create: Create, first: str, second: str, acme: Tenant
):
    create(acme, first)
    with pytest.raises(Conflict):
        create(acme, second)


@pytest.mark.parametrize("name", ["", "A", "a_b", "a b", "-a", "a-", "a--b", "ä", "a" * 64, "a\n", "a\0"])
def test_a_service_account_is_named_by_a_dns_label(name: str, acme: Tenant):
    with pytest.raises(Invalid):
        create_service_account(by=operator, tenant=acme, name=name)
    create_service_account(by=operator, tenant=acme, name="a1-b2")
    with pytest.raises(Conflict):
        create_service_account(by=operator, tenant=acme, name="a1-b2")


@pytest.mark.parametrize(
    "slug", ["", "A", "../x", "a/b", ".", "-a", "_a", "a" * 64, "ä", "a\n", "a b", *sorted(RESERVED_SLUGS)]
)
def test_a_slug_that_is_no_address_of_a_tenant_is_refused(slug: str, db: None):
    with pytest.raises(Invalid) as refusal:
        create_tenant(by=operator, slug=slug)
    assert refusal.value.field == "slug"
    assert not Tenant.objects.exists()


def test_a_tenant_has_its_managed_roles_from_the_beginning(db: None):
    tenant = create_tenant(by=operator, slug="new-tenant_1")
    assert tenant.name == "new-tenant_1"
    assert dict(tenant.roles.values_list("name", "managed")) == {"Admin": True, "Viewer": True}
    with pytest.raises(Conflict):
        create_tenant(by=operator, slug="new-tenant_1")
