"""Health probes: answered by the mount itself, without a session, a tenant or a right to ask."""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

LIVE = "/health/live"
READY = "/health/ready"
PROBES = (LIVE, READY)

# Code does not change while it runs: once every migration was applied, only the database can go away.
_migrated = False


def answer(request: HttpRequest) -> HttpResponse:
    """Return 200 if this process answers (``live``) and its database can serve (``ready``), else 503.

    Raises ``DisallowedHost`` like every other address.
    """
    request.get_host()
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    reason = _not_ready() if request.path_info == READY else ""
    response = JsonResponse(
        {"status": "down", "reason": reason} if reason else {"status": "up"}, status=503 if reason else 200
    )
    response["Cache-Control"] = "no-store"
    return response


def _not_ready() -> str:
    global _migrated
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _migrated:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        return "The database does not answer."
    return "" if _migrated else "Migrations have not been applied."
