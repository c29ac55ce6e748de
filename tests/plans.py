"""Query plans of compiled statements."""

from django.db import connection

from kestra_iam.models import AccessSource, Group, Membership, User
from provisioning.models import ProvisionedEmail, ProvisionedUser
from tenants.compiled import CompiledQuery
from tenants.statements import _numbered

# What a directory is made of.
MODELS = (ProvisionedUser, ProvisionedEmail, Group, Membership, AccessSource, User)


def plan_for_any_values(query: CompiledQuery) -> str:
    """Return the plan that PostgreSQL keeps for a prepared statement; SQLite's never depend on values."""
    if connection.vendor == "sqlite":
        return query.build(**dict.fromkeys(query.names, "x")).explain()
    sql, order, *_ = query._compile()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(b"PREPARE probe AS " + _numbered(sql))
        cursor.execute(f"EXPLAIN EXECUTE probe({', '.join(['NULL'] * len(order))})")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("DEALLOCATE probe")
    return plan
