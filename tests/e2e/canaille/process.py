"""Canaille as a process in its own virtual environment, which is made once and kept below var/."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
ENVIRONMENT = HERE.parent.parent.parent / "var" / "canaille"


class Canaille:
    """A running provider: ``canaille.do("save_user", {...})`` (commands: provider.py)."""

    def __init__(self, endpoint: str, token: str):
        self._process = subprocess.Popen(
            [interpreter(), HERE / "provider.py"],
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say({"endpoint": endpoint, "token": token})

    def do(self, command: str, argument: Any) -> list[str]:
        """Let Canaille change something and push it; return what it logged, nothing where all went well."""
        self._say({command: argument})
        answer = self._process.stdout.readline()
        assert answer, "Canaille broke down: see its output."
        return json.loads(answer)["told"]

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)

    def _say(self, line: dict[str, Any]) -> None:
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()


def interpreter() -> Path:
    """Return the interpreter of Canaille's environment, made if the pins are not those of the last time.

    Where that fails (no network) the test is skipped, in CI it fails.
    """
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "stamp"
    wanted = hashlib.sha256(f"{sys.version}\n{REQUIREMENTS.read_text()}".encode()).hexdigest()
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    with ENVIRONMENT.with_name("canaille.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != wanted:
            _make(python)
            stamp.write_text(wanted)
    return python


def _make(python: Path) -> None:
    venv.EnvBuilder(clear=True, with_pip=True).create(ENVIRONMENT)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run([*install, "-r", REQUIREMENTS], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = f"Canaille's environment cannot be made: {done.stderr.strip()[-500:]}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
