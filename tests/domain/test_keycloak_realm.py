"""Reading a realm over HTTP: everything that is there, once, and a clear sentence for what goes wrong."""

import time
from typing import Any

import pytest

from kestra_iam.errors import IamError
from provisioning.keycloak.errors import Gone, KeycloakError
from provisioning.keycloak.realm import KeycloakUser, Realm
from tests.keycloak_double import KeycloakDouble


@pytest.fixture
def realm(keycloak: KeycloakDouble) -> Realm:
    return connect(keycloak)


def connect(keycloak: KeycloakDouble, **other: str) -> Realm:
    values = {"base_url": keycloak.url, "realm": "app", "client_id": "puller", "client_secret": "puller-secret"}
    return Realm(**{**values, **other})


def failure(realm: Realm) -> str:
    with realm, pytest.raises(IamError) as failed:
        realm.users_page(0)
    assert "puller-secret" not in failed.value.message
    return failed.value.message


def test_users_come_in_pages_and_are_counted(keycloak: KeycloakDouble, realm: Realm):
    ids = [keycloak.add_user(f"user{number:03}") for number in range(105)]
    with realm:
        assert realm.count_users() == 105
        assert [user.id for user in realm.users_page(0)] == ids[:100]
        assert [user.id for user in realm.users_page(100)] == ids[100:]
        assert realm.users_page(200) == []


def test_a_user_without_names_and_address_has_empty_ones(keycloak: KeycloakDouble, realm: Realm):
    id = keycloak.add_user("alice", enabled=False)
    other = keycloak.add_user("bob", email="bob@example.org", firstName="Bob", lastName="Ross")
    with realm:
        assert realm.users_page(0) == [
            KeycloakUser(id, "alice", "", "", "", False),
            KeycloakUser(other, "bob", "Bob", "Ross", "bob@example.org", True),
        ]
        assert (realm.user_exists(id), realm.user_exists("gone")) == (True, False)


def test_every_group_of_a_deep_and_wide_tree_comes_once_with_its_path(keycloak: KeycloakDouble, realm: Realm):
    top = [keycloak.add_group(f"top{number:03}") for number in range(101)]
    parent = top[7]
    for depth in range(5):
        parent = keycloak.add_group(f"level{depth}", parent=parent)
    for number in range(101):
        keycloak.add_group(f"leaf{number:03}", parent=parent)
    with realm:
        groups = list(realm.group_tree())
    assert len(groups) == len({group.id for group in groups}) == 207
    assert {group.path for group in groups} == {keycloak.path_of(id) for id in keycloak.groups}


def test_members_come_in_pages_and_are_those_of_the_group_itself(keycloak: KeycloakDouble, realm: Realm):
    ids = [keycloak.add_user(f"user{number:03}") for number in range(101)]
    staff = keycloak.add_group("staff", *ids)
    keycloak.add_group("developers", ids[0], parent=staff)
    with realm:
        assert realm.members_page(staff, 0) == ids[:100]
        assert realm.members_page(staff, 100) == ids[100:]
        assert realm.groups_of(ids[1]) == {staff}
        assert len(realm.groups_of(ids[0])) == 2
        assert realm.groups_of("gone") == set()
        with pytest.raises(Gone):
            realm.members_page("gone", 0)


def test_a_group_that_goes_while_the_tree_is_read_takes_nothing_else_along(keycloak: KeycloakDouble, realm: Realm):
    staff, other = keycloak.add_group("staff"), keycloak.add_group("other")
    child = keycloak.add_group("developers", parent=staff)
    keycloak.before[2] = lambda: [keycloak.groups.pop(id) for id in (child, staff)]
    with realm:
        assert {group.id for group in realm.group_tree()} == {staff, other}


def test_a_wrong_realm_client_or_secret_and_missing_roles_are_told_apart(keycloak: KeycloakDouble, realm: Realm):
    assert "no realm 'nope'" in failure(connect(keycloak, realm="nope"))
    assert "check Client ID and Client secret" in failure(connect(keycloak, client_id="other"))
    assert "check Client ID and Client secret" in failure(connect(keycloak, client_secret="wrong"))
    keycloak.roles = {"groups"}
    assert "may not read users: give its service account the realm-management roles view-users" in failure(realm)
    keycloak.roles = {"users"}
    with connect(keycloak) as other, pytest.raises(KeycloakError, match="may not read groups"):
        list(other.group_tree())


@pytest.mark.parametrize(
    ("status", "description", "sentence"),
    [
        (401, "Client not enabled to retrieve service account", "switch on Client authentication and Service accounts"),
        (401, "Public client not allowed to retrieve service account", "switch on Client authentication"),
        (401, "Invalid client or Invalid client credentials", "check Client ID and Client secret"),
        (403, "HTTPS required", "Keycloak wants https for the realm 'app'"),
        (403, "Realm not enabled", "check that the realm 'app' and the client are enabled"),
    ],
)
def test_each_refusal_of_a_sign_in_says_what_to_check(
    keycloak: KeycloakDouble, realm: Realm, status: int, description: str, sentence: str
):
    keycloak.refusal = status, {"error": "unauthorized_client", "error_description": description}
    assert sentence in failure(realm)


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": "", "expires_in": 300},
        {"access_token": "two\nlines", "expires_in": 300},
        {"access_token": "t\u00f6ken", "expires_in": 300},
        {"access_token": 5, "expires_in": 300},
        {"access_token": "token", "expires_in": None},
        {"access_token": "token", "expires_in": 10**400},
        {"access_token": "token"},
        ["token"],
        "<html>",
    ],
)
def test_a_token_that_is_none_is_an_answer_that_is_not_keycloaks(keycloak: KeycloakDouble, realm: Realm, answer: Any):
    keycloak.refusal = 200, answer
    assert "to the token endpoint is not Keycloak's: check Base URL" in failure(realm)


def test_an_address_below_the_admin_api_is_no_matter_of_the_secret(keycloak: KeycloakDouble, realm: Realm):
    keycloak.refusal = 401, {"error": "HTTP 401 Unauthorized"}
    assert "is not Keycloak's: check Base URL" in failure(realm)


def test_a_token_that_is_never_taken_ends_with_a_sentence(keycloak: KeycloakDouble, realm: Realm):
    keycloak.before = dict.fromkeys((1, 2), lambda: 401)
    assert "does not take the token" in failure(realm)
    assert len(keycloak.requests) == 2


def test_a_clock_that_is_set_anew_changes_nothing(keycloak: KeycloakDouble, realm: Realm, monkeypatch):
    with realm:
        realm.count_users()
        monkeypatch.setattr(time, "time", lambda: 0.0)
        realm.count_users()
    assert len(keycloak.tokens) == 1


def test_a_token_is_renewed_half_a_minute_before_it_ends(keycloak: KeycloakDouble, realm: Realm, monkeypatch):
    begun = time.monotonic()
    with realm:
        realm.count_users()
        monkeypatch.setattr("provisioning.keycloak.connection.time.monotonic", lambda: begun + 265)
        realm.count_users()
        assert len(keycloak.tokens) == 1
        monkeypatch.setattr("provisioning.keycloak.connection.time.monotonic", lambda: begun + 275)
        realm.count_users()
        assert len(keycloak.tokens) == 2


def test_a_list_that_changes_between_two_pages_shifts_as_offsets_do(keycloak: KeycloakDouble, realm: Realm):
    ids = [keycloak.add_user(f"user{number:03}") for number in range(150)]
    keycloak.before[2] = lambda: keycloak.delete_user(ids[0])
    with realm:
        read = [user.id for user in [*realm.users_page(0), *realm.users_page(100)]]
        assert set(ids) - set(read) == {ids[100]}, "there all the time, and on no page"
        assert realm.user_exists(ids[100])
        assert not realm.user_exists(ids[0])
        assert realm.count_users() == 149


@pytest.mark.parametrize(
    "answer",
    [
        (404, {"Content-Type": "text/plain"}, b"404 page not found"),
        (404, {"Content-Type": "application/json"}, b'{"error": "Realm not found."}'),
        (404, {"Content-Type": "application/json"}, b'{"message": "no route"}'),
        (200, {"Content-Type": "application/json"}, b'{"message": "sign in"}'),
        (200, {"Content-Type": "application/json"}, b"[1]"),
        (200, {"Content-Type": "text/html"}, b"<html>sign in</html>"),
        (200, {}, b""),
        (204, {}, b""),
    ],
)
def test_only_keycloaks_own_word_says_that_a_user_is_gone(keycloak: KeycloakDouble, realm: Realm, answer: Any):
    id = keycloak.add_user("alice")
    keycloak.before = dict.fromkeys((1, 2), lambda: answer)
    with realm:
        with pytest.raises(KeycloakError) as first:
            realm.user_exists(id)
        with pytest.raises(KeycloakError) as second:
            realm.groups_of(id)
        assert not {type(first.value), type(second.value)} & {Gone}
        assert realm.user_exists(id)


@pytest.mark.parametrize("id", ["", ".", "..", "count", "profile", "a/b", "a?b=c", "\u00fc", "../users"])
def test_an_external_id_that_keycloak_never_gave_is_no_user(keycloak: KeycloakDouble, realm: Realm, id: str):
    with realm:
        assert not realm.user_exists(id)


def test_a_redirect_is_told_once_with_the_address_it_leads_to(keycloak: KeycloakDouble, realm: Realm):
    answer = (302, {"Location": "https://sso.example.org/admin?state=secret"}, b"")
    keycloak.before = dict.fromkeys(range(1, 9), lambda: answer)
    assert "redirect to https://sso.example.org/admin: enter the address it leads to" in failure(realm)
    assert len(keycloak.requests) == 1


def test_a_token_is_asked_for_again_before_it_ends_and_when_it_is_refused(keycloak: KeycloakDouble, realm: Realm):
    with realm:
        realm.count_users()
        realm.count_users()
        assert len(keycloak.tokens) == 1
        keycloak.tokens.clear()
        realm.count_users()
        assert len(keycloak.tokens) == 1
    keycloak.token_seconds = 30
    with connect(keycloak) as brief:
        keycloak.tokens.clear()
        brief.count_users()
        brief.count_users()
        assert len(keycloak.tokens) == 2


def test_what_passes_by_itself_is_tried_again(keycloak: KeycloakDouble, realm: Realm):
    keycloak.before = {1: lambda: 503, 2: lambda: "drop"}
    with realm:
        assert realm.count_users() == 0
    assert len(keycloak.requests) == 3


@pytest.mark.parametrize("outcome", [503, 500, 429, "drop"])
def test_what_does_not_pass_ends_with_a_sentence(keycloak: KeycloakDouble, realm: Realm, outcome: object):
    keycloak.before = dict.fromkeys(range(1, 9), lambda: outcome)
    told = failure(realm)
    assert "answers" in told if isinstance(outcome, int) else "cannot be reached" in told


def test_an_answer_that_is_not_keycloaks_is_named(keycloak: KeycloakDouble, monkeypatch):
    for answer in (
        {"users": []},
        [{"id": 5}],
        [{"id": "", "username": "x"}],
        [{"id": "x"}],
        "<html>",
        [None],
        ["x"],
        5,
    ):
        monkeypatch.setattr(keycloak, "answer", lambda path, query, answer=answer: answer)
        assert "is not Keycloak's: check Base URL" in failure(connect(keycloak))


@pytest.mark.parametrize(
    "answer", [b"<html>sign in</html>", b"[" * 100_000, b'[{"id": "\\ud800", "name": "x"}]', b"9" * 5000]
)
def test_an_answer_that_is_no_sound_json_is_named(keycloak: KeycloakDouble, realm: Realm, answer: bytes):
    keycloak.before = dict.fromkeys(range(1, 4), lambda: (200, {}, answer))
    with realm:
        for ask in (realm.count_users, lambda: realm.users_page(0), lambda: list(realm.group_tree())):
            with pytest.raises(KeycloakError, match="is not Keycloak's: check Base URL"):
                ask()


def test_a_server_that_is_not_there_or_not_allowed_is_named(keycloak: KeycloakDouble, settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1:9"]
    assert "cannot be reached" in failure(connect(keycloak, base_url="http://127.0.0.1:9"))
    settings.OUTBOUND_ALLOW = []
    assert "OUTBOUND_ALLOW" in failure(connect(keycloak))
