"""The course of one run: read, plan, guard, apply, and say how it ended."""

import logging
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings

from kestra_iam import access, permissions
from kestra_iam.errors import Forbidden, IamError, Invalid
from kestra_iam.permissions import CREATE, DELETE, UPDATE, Permission
from kestra_iam.principals import SERVICE_ACCOUNT, Principal
from provisioning.actions import pull_runs
from provisioning.actions.pull_runs import Superseded
from provisioning.endpoints import TENANTS_DISABLED
from provisioning.keycloak.mapping import group_paths
from provisioning.keycloak.realm import Realm
from provisioning.models import Integration, PullRun, PullSource
from provisioning.provisioner import Provisioner
from provisioning.pulling import applying, telling
from provisioning.pulling.groups import read_groups
from provisioning.pulling.losses import Limit, confirm
from provisioning.pulling.people import read_people
from provisioning.pulling.plan import Plan
from provisioning.pulling.progress import Progress
from provisioning.sealing import unseal

log = logging.getLogger(__name__)
State = PullRun.State


def pull(run: PullRun, *, on_progress: Callable[[PullRun], None] | None = None) -> PullRun:
    """Carry out a run that ``pull_runs.begin_run`` has begun; return it as it ended.

    Whatever Keycloak or its data do wrong ends the run with a sentence (``message``) and raises nothing. A run that
    is on elsewhere or over is left alone. ``on_progress`` is called each time the run's row has been written.
    """
    progress = Progress(run, on_progress)
    try:
        pull_runs.take_up(run=run)
        try:
            state, message = _carry_out(progress)
        except Superseded:
            raise
        except IamError as refusal:
            state, message = State.FAILED, _broken_off(refusal.message, progress)
        except BaseException as error:
            _give_up(progress, error)
            raise
        pull_runs.end_run(run=run, state=state, message=message)
    except Superseded:
        _look_again(run)
    progress.tell()
    return run


def _look_again(run: PullRun) -> None:
    """Read how somebody else has ended a run, or taken it up."""
    try:
        run.refresh_from_db()
    except PullRun.DoesNotExist:
        run.state, run.message = State.INTERRUPTED, "The integration was removed."


def _carry_out(progress: Progress) -> tuple[str, str]:
    run = progress.run
    integration = Integration.objects.select_related("tenant", "service_account").get(pk=run.integration_id)
    source, by = _source(integration), _provisioner(integration, run)
    with Realm(
        base_url=source.base_url,
        realm=source.realm,
        client_id=source.client_id,
        client_secret=unseal(source.sealed_secret),
    ) as realm:
        limit = Limit(run, source.loss_limit)
        people = read_people(realm, integration.pk, progress)
        groups = read_groups(realm, integration.pk, group_paths(source.group_filter), people, progress)
        plan = Plan(people, groups)
        confirm(realm, plan, limit, integration.pk, progress)
    for who, detail in people.refused + groups.refused:
        progress.problem(who, detail)
    remarks = list(groups.remarks)
    if not people.complete:
        remarks.append(telling.incomplete(len(people.seen), people.counted))
    run.losses = len(plan.losers)
    _must_be_allowed(by, plan)
    if run.dry_run:
        telling.foresee(run, plan)
    elif limit.is_passed(run.losses):
        return State.STOPPED, telling.stopped(run, limit)
    else:
        applying.carry_out(by, plan, progress)
    return State.SUCCEEDED, telling.outcome(run, remarks, limit, problems=progress.problems)


def _source(integration: Integration) -> PullSource:
    """Return where to pull from; raises ``IamError`` if it may not be done now."""
    if not settings.KESTRA_EE_TENANTS_ENABLED:
        raise Forbidden(TENANTS_DISABLED)
    if not integration.enabled:
        raise Forbidden("The integration is disabled.")
    source = PullSource.objects.filter(pk=integration.pk).first()
    if source is None:
        raise Invalid("The integration has no source to pull from any more.")
    return source


def _provisioner(integration: Integration, run: PullRun) -> Provisioner:
    """Return the integration as the one who acts; the run's id ties its audit events together."""
    account = integration.service_account
    if account is None:
        raise Forbidden("The integration has no service account any more.")
    principal = Principal(SERVICE_ACCOUNT, account.pk, account.name, request_id=run.pk)
    return Provisioner(principal, integration.tenant, integration.pk, integration.name)


def _must_be_allowed(by: Provisioner, plan: Plan) -> None:
    """Refuse a plan that needs more than the integration's role gives, as its SCIM requests would be.

    Raises ``Forbidden`` naming what is missing.
    """
    people, groups = plan.people, plan.groups
    members = groups.joining or groups.leaving
    needed: dict[Permission, object] = {
        ("USERS", CREATE): people.created,
        ("USERS", UPDATE): people.changed,
        # Deleting a user takes access away and keeps the account.
        ("BINDINGS", DELETE): people.leavers,
        ("GROUPS", CREATE): groups.created,
        ("GROUPS", UPDATE): groups.changed or members,
        ("GROUPS", DELETE): groups.removed,
    }
    lacking = frozenset(
        permission
        for permission, things in needed.items()
        if things and not access.can(by.principal, by.tenant, *permission)
    )
    if lacking:
        raise Forbidden(f"The integration's role does not give what this needs: {permissions.sentence(lacking)}.")


def _broken_off(message: str, progress: Progress) -> str:
    """Return why a run failed, how far it came, and whether anything was written."""
    run = progress.run
    written = any(getattr(run, name) for name in telling.WRITTEN)
    kept = "What it has written stays; the next run goes on from there." if written else "Nothing was written."
    return " ".join(filter(None, [message, telling.place(run), kept]))


def _give_up(progress: Progress, error: BaseException) -> None:
    """End a run that is left by an error in the program or by whoever ends the program."""
    run = progress.run
    if isinstance(error, Exception):
        log.error("The pull run %s failed", run.pk, exc_info=error)
        state, why = State.FAILED, "Something went wrong in the program; its log has the details."
    else:
        state, why = State.INTERRUPTED, "It was interrupted."
    with suppress(Exception):
        pull_runs.end_run(run=run, state=state, message=_broken_off(why, progress))
