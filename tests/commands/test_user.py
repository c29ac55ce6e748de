import io
import sys

import pytest
from django.core.management import CommandError

from kestra_iam import access
from kestra_iam.models import User
from tests.factories import PASSWORD


def signs_in(username: str, password: str) -> bool:
    return User.objects.get(username_key=username, home_key="").check_password(password)


def test_create_makes_an_instance_account_that_enters_the_tenant_with_the_role(run, acme, globex):
    made = run("user", "create", "ada", "--tenant", "acme", "--email", "ada@acme.example", "--role", "viewer")
    user = User.objects.get()
    assert made == {
        "id": user.pk,
        "username": "ada",
        "tenant": "acme",
        "role": "Viewer",
        "password": made["password"],
    }
    assert user.home is None
    assert user.email == "ada@acme.example"
    ada = access.principal_of(user)
    assert access.can(ada, acme, "USERS", "READ")
    assert not access.can(ada, acme, "USERS", "CREATE")
    assert not access.enters(ada, globex)


def test_a_password_is_made_up_where_none_is_given(run, acme):
    made = run("user", "create", "ada", "--tenant", "acme")
    assert made["role"] is None
    assert len(made["password"]) >= 16
    assert signs_in("ada", made["password"])


def test_a_password_that_was_given_is_not_printed(run, acme, monkeypatch):
    monkeypatch.setenv("USER_PASSWORD", PASSWORD)
    assert run("user", "create", "ada", "--tenant", "acme")["password"] is None
    assert signs_in("ada", PASSWORD)


def test_standard_input_gives_the_password_before_the_environment_does(run, acme, monkeypatch):
    monkeypatch.setenv("USER_PASSWORD", "another long password")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
    run("user", "create", "ada", "--tenant", "acme", "--password-stdin")
    assert signs_in("ada", PASSWORD)


def test_an_instance_owner_may_do_everything(run, acme, globex):
    run("user", "create", "ada", "--tenant", "acme", "--instance-owner")
    assert access.can(access.principal_of(User.objects.get()), globex, "USERS", "UPDATE")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--tenant", "nowhere"], "There is no tenant 'nowhere'"),
        (["--tenant", "acme", "--role", "Chief"], "There is no role 'Chief' in the tenant acme: it has Admin, Viewer"),
        (["--tenant", "acme", "--password-stdin"], "no password on standard input"),
    ],
)
def test_what_is_wrong_is_said_and_no_account_is_made(run, acme, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        run("user", "create", "ada", *arguments)
    assert not User.objects.exists()


def test_a_weak_password_is_refused(run, acme, monkeypatch):
    monkeypatch.setenv("USER_PASSWORD", "12345678")
    with pytest.raises(CommandError, match="too common"):
        run("user", "create", "ada", "--tenant", "acme")
    assert not User.objects.exists()


def test_createsuperuser_makes_an_instance_owner(run):
    made = run("createsuperuser", "--username", "root", "--email", "root@acme.example", "--no-input")
    user = User.objects.get()
    assert (user.pk, user.instance_owner, user.home) == (made["id"], True, None)
    assert signs_in("root", made["password"])


def test_createsuperuser_takes_what_django_takes(run, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_USERNAME", "root")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    assert run("createsuperuser", "--noinput")["password"] is None
    assert signs_in("root", PASSWORD)


def test_createsuperuser_asks_nobody_when_nobody_is_there(run):
    with pytest.raises(CommandError, match="--username"):
        run("createsuperuser")


def test_changepassword_ends_sessions_and_makes_a_password_up(run, owner, client_for):
    client = client_for(owner)
    made = run("changepassword", "OWNER")
    assert signs_in("owner", made["password"])
    assert "_auth_user_id" in client.session
    assert client.get("/").headers["Location"].endswith("/sign-in/")


def test_changepassword_finds_an_account_at_home_in_a_tenant(run, acme, scim):
    scim.user("grace")
    with pytest.raises(CommandError, match="no account 'grace' at home in the instance"):
        run("changepassword", "grace")
    made = run("changepassword", "grace", "--tenant", "acme")
    assert User.objects.get(home=acme).check_password(made["password"])
