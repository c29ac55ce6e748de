import io
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is there to answer, and the environment gives no passwords."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    for name in [name for name in os.environ if "PASSWORD" in name or name.startswith("DJANGO_SUPERUSER")]:
        monkeypatch.delenv(name)


@pytest.fixture
def run(db: None) -> Callable[..., Any]:
    """Run a command with ``--json`` and return the document that it prints."""

    def command(*arguments: str) -> Any:
        out = io.StringIO()
        call_command(*arguments, "--json", stdout=out)
        return json.loads(out.getvalue())

    return command


@pytest.fixture
def read(db: None) -> Callable[..., str]:
    """Run a command and return what people read."""

    def command(*arguments: str) -> str:
        out = io.StringIO()
        call_command(*arguments, stdout=out)
        return out.getvalue()

    return command
