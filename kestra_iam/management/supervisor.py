"""Runs the web server and a task worker beside it, as one: neither outlives this process, nor the web server the other.

``python -P supervisor.py WEB_SERVER_ARGUMENTS -- WORKER_ARGUMENTS``, both for this Python. It imports nothing but the
standard library, because all it does is wait. It ends with the web server's exit status, on SIGTERM, SIGINT and SIGHUP
after both have ended.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# The web server lets requests finish for 30 seconds; longer than that nothing is waited for.
SECONDS_TO_FINISH = 35
# After these a task that goes on is interrupted: it is made so that it can be run again.
SECONDS_FOR_A_TASK = 5
# A worker that ends sooner than this failed; the next one waits twice as long each time, up to a minute.
SECONDS_TO_PROVE_ITSELF = 60
LONGEST_PAUSE = 60
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class Supervisor:
    """Waits for signals, which are blocked meanwhile: none comes at a bad moment, and nothing is polled."""

    def __init__(self, web_server: list[str], worker: list[str]):
        # What was started with a signal ignored (nohup, a job in the background) goes on ignoring it.
        self._signals = {signal.SIGCHLD, *(each for each in ENDING if signal.getsignal(each) is not signal.SIG_IGN)}
        self._mask_before = signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        self._worker_arguments = worker
        self._pause = 0.0
        self._start_at: float | None = None
        self._web_server = self._start(web_server, dies_with_us=signal.SIGTERM)
        self._start_worker()

    def run(self) -> int:
        """Return the exit status of the whole, after everything has ended."""
        while self._web_server.poll() is None:
            received = signal.sigtimedwait(self._signals, self._tend_worker())
            if received is not None and received.si_signo in ENDING:
                break
        self._end()
        status = self._web_server.wait()
        return 128 - status if status < 0 else status

    def _start(self, arguments: list[str], *, dies_with_us: signal.Signals) -> subprocess.Popen[bytes]:
        parent = os.getpid()

        def prepare() -> None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask_before)
            _libc.prctl(_PR_SET_PDEATHSIG, int(dies_with_us))
            if os.getppid() != parent:
                os._exit(1)

        # A group of its own: Ctrl-C reaches it once, from here, and what a killed web server leaves can be found.
        return subprocess.Popen(  # noqa: S603
            [sys.executable, *arguments], stdin=subprocess.DEVNULL, process_group=0, preexec_fn=prepare
        )

    def _start_worker(self) -> None:
        self._worker = self._start(self._worker_arguments, dies_with_us=signal.SIGKILL)
        self._started_at, self._start_at = time.monotonic(), None

    def _tend_worker(self) -> float:
        """Start the worker again if it has ended and its pause is over; return how long nothing has to be done."""
        status, now = self._worker.poll(), time.monotonic()
        if status is None:
            return 3600.0
        if self._start_at is None:
            lived = now - self._started_at
            self._pause = 0.0 if lived > SECONDS_TO_PROVE_ITSELF else min(self._pause * 2 or 1.0, LONGEST_PAUSE)
            self._start_at = now + self._pause
            if status:
                _say(f"The task worker ended (exit status {status}); it is started again in {self._pause:.0f} s.")
        if now >= self._start_at:
            self._start_worker()
            return 3600.0
        return self._start_at - now

    def _end(self) -> None:
        for process in (self._web_server, self._worker):
            process.terminate()
        end = time.monotonic() + SECONDS_TO_FINISH
        if not _ends(self._worker, SECONDS_FOR_A_TASK):
            self._worker.terminate()
        for process in (self._web_server, self._worker):
            if not _ends(process, end - time.monotonic()):
                process.kill()
            # What is left of its group: workers of a web server that was killed.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _ends(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(max(seconds, 0.1))
    except subprocess.TimeoutExpired:
        return False
    return True


def _say(line: str) -> None:
    sys.stderr.write(f"Warning: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    separator = sys.argv.index("--")
    sys.exit(Supervisor(sys.argv[1:separator], sys.argv[separator + 1 :]).run())
