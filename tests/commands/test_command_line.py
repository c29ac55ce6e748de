"""What a shell sees: exit status, one line of standard error, nothing else on standard output."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def shell(tmp_path: Path):
    """Run ``manage.py`` in a process of its own on an empty database file."""

    def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, ROOT / "manage.py", *arguments],
            env={
                "PATH": os.environ["PATH"],
                "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}",
                "PYTHONPATH": "",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )

    return manage


def test_setup_makes_everything_once_and_the_rest_then_works(shell, tmp_path):
    first = shell("setup", ADMIN_USERNAME="ada", PUBLIC_URL="https://iam.example.org/")
    assert (first.returncode, first.stderr) == (0, "")
    for said in ("https://iam.example.org/\n", "ada", "Password", "Administration → IAM → Provisioning"):
        assert said in first.stdout
    key = (tmp_path / "secret-key").read_text()
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600

    second = shell("setup", ADMIN_USERNAME="somebody-else")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert (tmp_path / "secret-key").read_text() == key

    listed = shell("tenant", "list", "--json")
    assert listed.stdout.count("\n") == 1
    assert '"slug": "main"' in listed.stdout

    refused = shell("integration", "create", "Corporate Keycloak", "--tenant", "nowhere", "--json")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "Error: There is no tenant 'nowhere'.\n"


def test_a_password_that_setup_was_given_is_not_printed(shell):
    done = shell("setup", ADMIN_PASSWORD="correct horse battery")
    assert done.returncode == 0
    assert "correct horse battery" not in done.stdout
    assert "ADMIN_PASSWORD" in done.stdout


def test_a_weak_password_stops_setup_and_names_the_variable(shell):
    refused = shell("setup", ADMIN_PASSWORD="admin")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: ADMIN_PASSWORD cannot be used: ")
    assert refused.stderr.count("\n") == 1


def test_without_tables_commands_say_what_to_do(shell):
    refused = shell("tenant", "list")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "Error: The database cannot be used: check DATABASE_URL, then run 'manage.py migrate'.\n"


@pytest.mark.parametrize(
    "arguments", [["tenant"], ["tenant", "remove"], ["integration", "create", "Corporate Keycloak"]]
)
def test_wrong_usage_is_status_2(shell, arguments):
    refused = shell(*arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "error:" in refused.stderr


def test_a_bad_variable_stops_the_start_with_one_line(shell):
    refused = shell("tenant", "list", PORT="eighty")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "PORT is 'eighty': use a whole number from 1 to 65535.\n"
