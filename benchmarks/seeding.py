"""Fills the product's database with rows directly, where pushing them would take too long; runs in the product's
environment and prints JSON.

Rows are what SCIM would have written, made by the same document code; only audit events are left out.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 - settings come first
from django.utils import timezone  # noqa: E402

from benchmarks import bodies  # noqa: E402
from kestra_iam.actions.tenants import create_tenant  # noqa: E402
from kestra_iam.models import AccessSource, Group, Membership, User  # noqa: E402
from kestra_iam.principals import operator  # noqa: E402
from provisioning.actions.integrations import create_integration  # noqa: E402
from provisioning.documents import user_attributes, user_document  # noqa: E402
from provisioning.endpoints import scim_endpoint  # noqa: E402
from provisioning.models import Integration, ProvisionedEmail, ProvisionedUser  # noqa: E402
from tenants.fields import fold, new_id  # noqa: E402

CHUNK = 5000


def tenants(count: int, people: int) -> list[dict[str, Any]]:
    """Create tenants with one integration each, its people and a group of a fifth of them."""
    made: list[dict[str, Any]] = []
    for _ in range(count):
        with transaction.atomic():
            tenant = create_tenant(by=operator, slug=f"t{new_id()[:8]}")
            integration = create_integration(by=operator, tenant=tenant, name="Bench", description="", enabled=True)
        found = users(integration, people)
        group_id = group(integration, [id for id, _ in found[: people // 5]])
        endpoint = {"base": scim_endpoint(integration), "token": integration.secret_token}
        made.append({**endpoint, "users": found, "group": group_id})
    return made


def users(integration: Integration, count: int) -> list[list[str]]:
    """Give an integration that many users more; return their ids and userNames."""
    made: list[list[str]] = []
    run = new_id()[:8]
    for first in range(0, count, CHUNK):
        chunk = [_user(integration, run, number) for number in range(first, min(first + CHUNK, count))]
        made += [[source.pk, user.user_name] for _, source, user, _ in chunk]
        for model, rows in zip(MODELS, zip(*chunk, strict=True), strict=True):
            _copy(model, rows)
    return made


MODELS = (User, AccessSource, ProvisionedUser, ProvisionedEmail)


def _user(integration: Integration, run: str, number: int) -> tuple[User, AccessSource, ProvisionedUser, Any]:
    name = f"seed-{run}-{number}@example.com"
    document = user_document(user_attributes(bodies.user(name, bodies.external_id(name), number)))
    tenant = integration.tenant
    account = User(username=name, username_key=fold(name), home=tenant, home_key=tenant.pk)
    source = AccessSource(
        tenant=tenant,
        user_id=account.pk,
        managed_by_id=integration.service_account_id,
        owner_key=integration.pk,
        owner_name=integration.name,
    )
    user = ProvisionedUser(
        source_id=source.pk,
        integration=integration,
        account_id=account.pk,
        user_name=document.user_name,
        user_name_key=document.user_name_key,
        external_id=document.external_id,
        display_name_key=document.display_name_key,
        active=document.active,
        updated_at=timezone.now() - timedelta(days=1) + timedelta(milliseconds=number),
        document=document.document,
        folded=document.folded,
    )
    email = ProvisionedEmail(user_id=source.pk, integration=integration, value_key=document.email_keys[0])
    return account, source, user, email


def group(integration: Integration, ids: list[str]) -> str:
    """Give an integration a group of these users; return its id."""
    name = f"seed-{new_id()[:8]}"
    made = Group(
        tenant=integration.tenant,
        name=name,
        name_key=fold(name),
        external_id=name,
        external_id_key=name,
        managed_by_id=integration.service_account_id,
        owner_key=integration.pk,
        owner_name=integration.name,
    )
    made.save()
    accounts = dict(ProvisionedUser.objects.filter(integration=integration).values_list("pk", "account_id"))
    _copy(Membership, (Membership(group=made, user_id=accounts[id], source_id=id) for id in ids))
    return made.pk


def _copy(model: type[Any], rows: Iterable[Any]) -> None:
    fields = [field for field in model._meta.concrete_fields if field.get_internal_type() != "BigAutoField"]
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("tenants", "users", "group"))
    parser.add_argument("--integration", default="")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--users", type=int, default=0, help="People of each new tenant.")
    options = parser.parse_args()
    if options.what == "tenants":
        made: Any = tenants(options.count, options.users)
    else:
        integration = Integration.objects.select_related("tenant").get(pk=options.integration)
        if options.what == "users":
            made = users(integration, options.count)
        else:
            made = group(integration, json.load(sys.stdin))
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    main()
