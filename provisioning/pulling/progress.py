"""How far a run is, written where everybody sees it."""

import time
from collections.abc import Callable

from provisioning.actions import pull_runs
from provisioning.models import PullRun

# Seconds between two signs of life of something that goes fast.
_PAUSE = 1.0


class Progress:
    """Writes the progress of one run and tells whoever waits beside it (``on_progress``)."""

    def __init__(self, run: PullRun, on_progress: Callable[[PullRun], None] | None = None):
        self.run = run
        self.on_progress = on_progress
        self.problems = 0
        self._written = 0.0

    def step(self, name: str, total: int = 0) -> None:
        """Begin another step; ``total`` is 0 while nobody knows how much it is."""
        self.run.step, self.run.done, self.run.total = name, 0, total
        self.write()

    def advance(self, done: int = 1) -> None:
        """Count what is done of this step; it is written about once a second."""
        self.run.done += done
        if time.monotonic() - self._written >= _PAUSE:
            self.write()

    def write(self) -> None:
        """Write the run's row; raises as ``pull_runs.proceed``."""
        pull_runs.proceed(run=self.run)
        self.tell()

    def problem(self, who: str, detail: str) -> None:
        """Count somebody or something that could not be carried out, and keep the first of them in the run."""
        self.problems += 1
        pull_runs.add_problem(self.run, who, detail)

    def tell(self) -> None:
        """Tell of what has been written."""
        self._written = time.monotonic()
        if self.on_progress is not None:
            self.on_progress(self.run)
