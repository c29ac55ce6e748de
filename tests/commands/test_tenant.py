import pytest
from django.core.management import CommandError

from kestra_iam.models import AuditEvent, Role
from tenants.models import Tenant


def test_create_prints_the_tenant_and_makes_its_managed_roles(run):
    made = run("tenant", "create", "acme", "--name", "Acme Corporation")
    tenant = Tenant.objects.get()
    assert made == {"id": tenant.pk, "slug": "acme", "name": "Acme Corporation"}
    assert set(Role.objects.filter(tenant=tenant, managed=True).values_list("name", flat=True)) == {"Admin", "Viewer"}


def test_the_name_is_the_slug_where_none_is_given(run):
    assert run("tenant", "create", "acme")["name"] == "acme"


def test_list_prints_every_tenant(run, acme, globex):
    assert [tenant["slug"] for tenant in run("tenant", "list")] == ["acme", "globex"]


def test_an_empty_list_is_an_empty_document_or_a_word(run, read):
    assert run("tenant", "list") == []
    assert read("tenant", "list") == "None.\n"


@pytest.mark.parametrize("slug", ["users", "../acme", "Acme", "", "a" * 64])
def test_what_is_no_address_is_refused_and_nothing_is_written(run, slug):
    with pytest.raises(CommandError):
        run("tenant", "create", slug)
    assert not Tenant.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_slug_is_taken_once(run, acme):
    with pytest.raises(CommandError, match="There is a tenant 'acme' already"):
        run("tenant", "create", "acme")


def test_the_operator_stands_in_the_audit_log(run):
    run("tenant", "create", "acme")
    assert set(AuditEvent.objects.values_list("actor_kind", "actor_name")) == {("operator", "operator")}
