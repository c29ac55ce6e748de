"""Runs of a pull at the command line: one, or one after the other, until somebody ends it."""

import re
import signal
import threading
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections

from kestra_iam.errors import IamError, NotFound
from kestra_iam.management.operator_command import DATABASE_UNUSABLE, Error
from kestra_iam.principals import operator
from provisioning.actions.pull_runs import begin_run
from provisioning.models import Integration, PullRun
from provisioning.pulling import pull

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST = 10


class Interrupted(Error):
    """Somebody ended the command while a run was on."""


def interval(text: str) -> int:
    """Return the seconds of ``30s``, ``15m``, ``1h`` or ``1d``; raises ``ArgumentTypeError``."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if seconds < _SHORTEST:
        raise ArgumentTypeError(f"{text!r} is no interval: use 30s, 15m, 1h or 1d, and {_SHORTEST}s at least")
    return seconds


def run_once(
    integration: Integration, *, dry_run: bool, allowed_losses: int, on_progress: Callable[[PullRun], None] | None
) -> PullRun:
    """Carry out one run and return it as it ended; Ctrl-C and SIGTERM raise ``Error`` after it has been marked so.

    Raises as ``begin_run``.
    """
    run = begin_run(by=operator, integration=integration, dry_run=dry_run, allowed_losses=allowed_losses)
    with _sigterm_interrupts():
        try:
            return pull(run, on_progress=on_progress)
        except KeyboardInterrupt:
            run.refresh_from_db()
            raise Interrupted(run.message) from None


def repeat(each: int, once: Callable[[], Any], say: Callable[[str], None]) -> None:
    """Call ``once`` every so many seconds until Ctrl-C or SIGTERM. What fails is told, and the next one comes.

    Raises ``NotFound`` once the integration has been removed.
    """
    with _sigterm_interrupts():
        try:
            while True:
                began = monotonic()
                close_old_connections()
                try:
                    once()
                except Interrupted as ended:
                    say(str(ended))
                    return
                except NotFound:
                    raise
                except IamError as error:
                    say(error.message)
                except Error as error:
                    say(str(error))
                except (OperationalError, InterfaceError):
                    say(DATABASE_UNUSABLE)
                sleep(max(0.0, began + each - monotonic()))
        except KeyboardInterrupt:
            return


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, so that a run is never left as if it went on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
