import sys
from typing import Any

from django.conf import settings

from kestra_iam.errors import Invalid, NotFound
from kestra_iam.management.operator_command import Document, Error, VerbCommand
from kestra_iam.management.passwords import given_secret
from kestra_iam.principals import operator
from provisioning.actions.pull_sources import remove_source
from provisioning.endpoints import TENANTS_DISABLED
from provisioning.keycloak.administration import Administration, Administrator
from provisioning.management import runs, source, sync
from provisioning.management.connect import connect, told
from provisioning.management.integrations import integration_of
from provisioning.management.progress import ProgressBar
from provisioning.models import PullRun
from provisioning.outbound import check_address

ADMIN_PASSWORD = "KEYCLOAK_ADMIN_PASSWORD"
CLIENT_SECRET = "KEYCLOAK_CLIENT_SECRET"
SHOWN_RUNS = 20


class Command(VerbCommand):
    help = "Let a Keycloak push people and groups (connect), or pull them from it (source, sync, runs)."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        connecting = self._add("connect", "Set up the extension keycloak-scim in a Keycloak to push to an integration.")
        connecting.add_argument("--url", required=True, help="Where Keycloak is, as in https://keycloak.example.org.")
        connecting.add_argument("--realm", required=True, help="The realm whose people and groups are pushed.")
        connecting.add_argument("--admin-user", default="admin", help="Who signs in to Keycloak (admin).")
        connecting.add_argument("--admin-realm", default="master", help="The realm that knows them (master).")
        _add_secret(connecting, "--password-stdin", "their password", ADMIN_PASSWORD)
        connecting.add_argument("--rotate", action="store_true", help="Make a new Secret Token in any case.")
        connecting.add_argument("--dry-run", action="store_true", help="Say what would change, and change nothing.")
        connecting.add_argument("--no-sync", action="store_true", help="Start no full sync afterwards.")
        saving = self._add("source", "Say or show where an integration pulls from; what is left out stays as it is.")
        saving.add_argument("--url", dest="base_url", help="Where Keycloak is, as in https://keycloak.example.org.")
        saving.add_argument("--realm", help="The realm that is pulled.")
        saving.add_argument("--client-id", help="The client of that realm whose service account may read it.")
        _add_secret(saving, "--secret-stdin", "the client's secret", CLIENT_SECRET)
        which = saving.add_mutually_exclusive_group()
        which.add_argument("--group", action="append", metavar="PATH", help="This group and those below; repeatable.")
        which.add_argument("--all-groups", action="store_true", help="Every group, as at first.")
        saving.add_argument("--loss-limit", type=int, metavar="N", help="Per cent who may lose access unasked (20).")
        saving.add_argument("--remove", action="store_true", help="Pull no more; what was pulled stays.")
        syncing = self._add("sync", "Pull people and groups now.")
        syncing.add_argument("--dry-run", action="store_true", help="Say what would change, and change nothing.")
        syncing.add_argument("--allow-losses", type=int, metavar="N", help="So many people may lose access.")
        syncing.add_argument("--every", type=sync.interval, metavar="15m", help="Again and again: 30s, 15m, 1h, 1d.")
        self._add("runs", f"List the last {SHOWN_RUNS} runs.")

    def _add(self, verb: str, help: str):
        parser = self.add_verb(verb, help)
        parser.add_argument("id", metavar="INTEGRATION_ID", help="The integration's id.")
        return parser

    def do_connect(
        self, *, id: str, url: str, realm: str, admin_user: str, admin_realm: str, password_stdin: bool, **options: Any
    ) -> dict[str, Any]:
        integration = integration_of(id)
        if not settings.KESTRA_EE_TENANTS_ENABLED:
            raise Error(TENANTS_DISABLED)
        try:
            check_address(url)
        except Invalid as error:
            raise Error(f"--url: {error.message}") from error
        password = given_secret(ADMIN_PASSWORD, from_stdin=password_stdin, prompt=f"Password of {admin_user}")
        if password is None:
            raise Error(f"The password of '{admin_user}' is missing: set {ADMIN_PASSWORD} or use --password-stdin.")
        by = Administrator(admin_user, password, admin_realm)
        with Administration(base_url=url, realm=realm, by=by) as keycloak:
            keycloak.sign_in()
            return connect(
                integration,
                keycloak,
                rotate=options["rotate"],
                dry_run=options["dry_run"],
                sync=not options["no_sync"],
                say=(lambda _: None) if options["json"] else self.tell,
            )

    def do_source(self, *, id: str, remove: bool, secret_stdin: bool, **options: Any) -> dict[str, Any]:
        integration = integration_of(id)
        there = source.source_of(integration)
        given = {name: options[name] for name in ("base_url", "realm", "client_id", "loss_limit")}
        given["group_filter"] = "" if options["all_groups"] else options["group"] and "\n".join(options["group"])
        if remove:
            document = source.document(integration, there) if there else {}
            remove_source(by=operator, integration=integration)
            return document
        if all(value is None for value in given.values()) and not secret_stdin:
            if there is None:
                raise NotFound(
                    f"The integration {integration.name} has no source: give --url, --realm and --client-id."
                )
            return source.document(integration, there)
        secret = None
        if secret_stdin or source.needs_secret(there, given):
            secret = given_secret(CLIENT_SECRET, from_stdin=secret_stdin, prompt="Client secret")
        return source.document(integration, source.save(integration, there, given, secret))

    def do_sync(self, *, id: str, dry_run: bool, allow_losses: int | None, every: int | None, **options: Any) -> None:
        integration = integration_of(id)

        def once(allowed_losses: int = 0) -> PullRun:
            progress = None if options["json"] else ProgressBar(self.stderr)
            return sync.run_once(integration, dry_run=dry_run, allowed_losses=allowed_losses, on_progress=progress)

        if every:
            if allow_losses is not None:
                raise Error("--allow-losses is for one run: give it without --every.")
            return sync.repeat(every, lambda: self._succeeded(once(), **options), self.tell)
        run = once(allow_losses or 0)
        if run.state == PullRun.State.STOPPED and not options["json"] and self._agreed(run):
            run = once(run.losses)
        return self._succeeded(run, **options)

    def do_runs(self, *, id: str, **_: Any) -> list[dict[str, Any]]:
        found = PullRun.objects.filter(integration=integration_of(id))[:SHOWN_RUNS]
        return [runs.document(run) for run in found]

    def _succeeded(self, run: PullRun, **options: Any) -> None:
        """Print how a run ended; raises ``Error`` unless it succeeded."""
        self.print(runs.document(run), **options)
        self.stdout.flush()
        if run.state != PullRun.State.SUCCEEDED:
            raise Error(run.message)

    def _agreed(self, run: PullRun) -> bool:
        """Ask whoever sits at the terminal whether a run that stopped shall go on."""
        if not (sys.stdin.isatty() and self.stderr.isatty()):
            return False
        self.tell(run.message)
        self.stderr.write("Go on? [y/N] ", str, ending="")
        self.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def tell(self, line: str) -> None:
        self.stderr.write(line, str)

    def lines(self, document: Document) -> list[str]:
        if isinstance(document, list):
            return super().lines([runs.row(run) for run in document])
        if "changes" in document:
            return told(document)
        return runs.lines(document) if "state" in document else super().lines(document)


def _add_secret(parser: Any, option: str, what: str, variable: str) -> None:
    parser.add_argument(
        option, action="store_true", help=f"Read {what} from standard input (else {variable}, or a prompt)."
    )
