"""The progress of a run for whoever waits at the command line."""

import shutil
from typing import Any

from provisioning.models import PullRun

_BAR = 30


class ProgressBar:
    """Called with a run each time it has gone on: redraws one line of a terminal, else writes a line for each step."""

    def __init__(self, stream: Any):
        self._stream = stream
        self._step = ""

    def __call__(self, run: PullRun) -> None:
        if self._stream.isatty():
            columns = shutil.get_terminal_size().columns - 1
            self._write(f"\r{_bar(run)[:columns].ljust(columns)}\r")
        elif run.step and run.step != self._step:
            self._write(f"{run.step}: {run.total:,}\n" if run.total else f"{run.step}\n")
        self._step = run.step

    def _write(self, text: str) -> None:
        self._stream.write(text, str, ending="")
        self._stream.flush()


def _bar(run: PullRun) -> str:
    """Return one line; nothing once the run has ended, so that it wipes the last one away."""
    if not run.step:
        return ""
    if not run.total:
        return f"{run.step}  {run.done:,}" if run.done else run.step
    filled = _BAR * min(run.done, run.total) // run.total
    return f"{run.step}  [{'#' * filled}{'.' * (_BAR - filled)}]  {run.done:,} of {run.total:,}"
