"""What named clients do with HTTP, discovery, authentication and status codes: a test for each quirk."""

import pytest

from provisioning.models import Integration
from provisioning.scim.views import UserCollection
from tests.conversations import Peer
from tests.wire import Answer, check_essentials

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
MEDIA_TYPES = (
    "application/json",
    "application/json; charset=utf-8",
    "application/scim+json",
    "application/scim+json; charset=utf-8",
    "application/scim+json;charset=UTF-8",
)


def user(user_name: str, **attributes: object) -> dict:
    return {"schemas": [USER], "userName": user_name, **attributes}


def check_scim_error(answer: Answer) -> None:
    """Check what Okta reads of an error: JSON of the right type, the schema, the status as text, a sentence."""
    assert answer.headers["content-type"] == "application/scim+json"
    assert answer.body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert answer.body["status"] == str(answer.status)
    assert answer.body["detail"]


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_okta_canaille_google_keycloak_send_either_media_type_with_any_accept(peer: Peer, media_type: str):
    for accept in (None, "*/*", "application/json", "application/scim+json", "application/xml"):
        headers = {"Content-Type": media_type, "Accept": accept}
        made = peer.send("POST", "/Users", body=user("alice"), headers=headers)
        read = peer.send("GET", f"/Users/{made.body['id']}", headers=headers)
        listed = peer.send("GET", "/Users", headers=headers)
        gone = peer.send("DELETE", f"/Users/{made.body['id']}", headers=headers)
        assert [each.status for each in (made, read, listed, gone)] == [201, 200, 200, 204]
        for answer in (made, read, listed):
            check_essentials(answer.body, peer.base)
            assert answer.headers["content-type"] == "application/scim+json"


@pytest.mark.parametrize("path", ["//Users", "/Users/", "//Users/", "///Users"])
def test_scim_for_keycloak_joins_a_base_that_ends_in_a_slash(peer: Peer, path: str):
    assert peer.send("GET", path).status == 200
    made = peer.send("POST", path, body=user("alice"))
    assert made.status == 201
    assert made.headers["location"] == f"{peer.base}/Users/{made.body['id']}"
    assert peer.send("GET", f"{path.rstrip('/')}/{made.body['id']}/").status == 200


def test_entra_appends_its_flag_to_the_endpoint(peer: Peer):
    made = peer.send("POST", "/Users?aadOptscim062020", body=user("alice"))
    assert made.status == 201
    assert made.headers["location"] == f"{peer.base}/Users/{made.body['id']}"
    for path in ("/Users", f"/Users/{made.body['id']}", "/Schemas", "/ServiceProviderConfig", "/ResourceTypes"):
        assert peer.send("GET", f"{path}?aadOptscim062020").status == 200


def test_scim_sdk_plugins_need_201_for_post_200_for_put_and_204_for_delete(peer: Peer):
    made = peer.send("POST", "/Users", body=user("alice"))
    assert made.status == 201
    replaced = peer.send("PUT", f"/Users/{made.body['id']}", body=user("alice", title="Engineer"))
    assert replaced.status == 200
    assert replaced.body["title"] == "Engineer"
    gone = peer.send("DELETE", f"/Users/{made.body['id']}")
    assert (gone.status, gone.text) == (204, "")
    assert "content-type" not in gone.headers


def test_authentik_little_auth_read_every_block_and_number_of_the_configuration(peer: Peer):
    config = peer.send("GET", "/ServiceProviderConfig").body
    assert config["bulk"] == {"supported": True, "maxOperations": 1000, "maxPayloadSize": 10485760}
    assert config["filter"] == {"supported": True, "maxResults": 1000}
    assert config["patch"] == config["sort"] == config["etag"] == {"supported": True}
    assert config["changePassword"] == {"supported": False}
    assert config["authenticationSchemes"]


def test_entra_finds_every_attribute_it_can_map_in_the_schemas(peer: Peer):
    found = peer.send("GET", "/Schemas").body
    names = {schema["id"]: {each["name"] for each in schema["attributes"]} for schema in found["Resources"]}
    assert {"userName", "name", "displayName", "active", "emails", "phoneNumbers", "roles", "title"} <= names[USER]
    assert names["urn:ietf:params:scim:schemas:core:2.0:Group"] == {"displayName", "members"}
    assert {"employeeNumber", "department", "manager"} <= names[
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    ]
    for urn in names:
        assert peer.send("GET", f"/Schemas/{urn}").body["id"] == urn


def test_canaille_refuses_a_configuration_with_what_rfc_9865_adds_and_everybody_else_reads_it(peer: Peer):
    def config(**headers: str) -> dict:
        return peer.send("GET", "/ServiceProviderConfig", headers=headers).body

    canaille = {"Accept": "*/*", "User-Agent": "python-httpx/0.28.1"}
    assert "pagination" not in config(**canaille)
    for headers in ({}, canaille | {"Accept": "application/scim+json"}, canaille | {"User-Agent": "curl/7.88.1"}):
        assert config(**headers)["pagination"]["cursor"] is True


def test_canaille_builds_members_from_the_schema_and_gives_them_a_display(peer: Peer):
    group = peer.send("GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group").body
    [members] = [each for each in group["attributes"] if each["name"] == "members"]
    assert {"value", "$ref", "type", "display"} == {each["name"] for each in members["subAttributes"]}


@pytest.mark.parametrize("kind", ["Users", "Groups"])
def test_okta_entra_ask_for_ids_of_any_shape_and_get_404(peer: Peer, kind: str):
    body = user("alice") if kind == "Users" else {"displayName": "staff"}
    patch = {"Operations": [{"op": "replace", "path": "externalId", "value": "1"}]}
    for id in ("010101001010101011001010101011", "x", "%00", "0", "a/b", "%F0%9F%90%8D", "x" * 3000, "%27%20OR%201"):
        for method, sent in (("GET", None), ("DELETE", None), ("PUT", body), ("PATCH", patch)):
            answer = peer.send(method, f"/{kind}/{id}", body=sent)
            assert answer.status == 404
            check_scim_error(answer)


@pytest.mark.parametrize("kind", ["Users", "Groups"])
def test_okta_entra_delete_twice_and_get_404(peer: Peer, kind: str):
    body = user("alice") if kind == "Users" else {"displayName": "staff"}
    path = f"/{kind}/{peer.send('POST', f'/{kind}', body=body).body['id']}"
    assert peer.send("DELETE", path).status == 204
    for method in ("DELETE", "GET"):
        again = peer.send(method, path)
        assert again.status == 404
        check_scim_error(again)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/Nothing", 404), ("DELETE", "/Users", 405), ("PUT", "/Schemas", 405), ("GET", "/Me", 501)],
)
def test_okta_needs_a_scim_error_with_a_text_status_everywhere(peer: Peer, method: str, path: str, status: int):
    answer = peer.send(method, path)
    assert answer.status == status
    check_scim_error(answer)
    if status == 405:
        assert method not in answer.headers["allow"]


def test_okta_needs_a_scim_error_when_the_server_itself_fails(peer: Peer, monkeypatch: pytest.MonkeyPatch):
    def broken(self: UserCollection) -> None:
        raise RuntimeError("relation kestra_iam_user does not exist")

    monkeypatch.setattr(UserCollection, "get", broken)
    answer = peer.send("GET", "/Users")
    assert answer.status == 500
    check_scim_error(answer)
    assert "relation" not in answer.text
    assert answer.headers["x-request-id"] in answer.body["detail"]


@pytest.mark.parametrize("scheme", ["", "Basic ", "Token ", "bearer", "SSWS "])
def test_okta_sends_authorization_without_the_bearer_scheme_and_gets_401(
    peer: Peer, integration: Integration, scheme: str
):
    answer = peer.send("GET", "/Users", headers={"Authorization": f"{scheme}{integration.secret_token}"})
    assert answer.status == 401
    check_scim_error(answer)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert integration.secret_token not in answer.text


def test_okta_sends_no_authorization_and_gets_401(peer: Peer):
    answer = peer.send("GET", "/Users", headers={"Authorization": None})
    assert answer.status == 401
    check_scim_error(answer)


def test_pelotech_authentik_create_again_what_is_gone_and_get_a_new_id(peer: Peer):
    lost = peer.send("POST", "/Users", body=user("alice")).body["id"]
    assert peer.send("DELETE", f"/Users/{lost}").status == 204
    assert peer.send("PUT", f"/Users/{lost}", body=user("alice", id=lost)).status == 404
    again = peer.send("POST", "/Users", body=user("alice", id=lost))
    assert again.status == 201
    assert again.body["id"] != lost
    assert peer.send("PUT", f"/Users/{lost}", body=user("alice", id=lost)).status == 404


def test_pelotech_creates_again_on_400_so_a_user_that_is_there_never_gets_it_for_omissions(peer: Peer):
    path = f"/Users/{peer.send('POST', '/Users', body=user('alice', displayName='Alice')).body['id']}"
    for body in (user("alice", name={}), user("alice", emails=[]), user("alice", emails=[{"value": ""}])):
        assert peer.send("PUT", path, body=body).status == 200


def test_little_auth_sends_if_match_and_gets_412_for_an_old_version(peer: Peer):
    made = peer.send("POST", "/Users", body=user("alice")).body
    path, first = f"/Users/{made['id']}", made["meta"]["version"]
    assert first.startswith('W/"')
    changed = peer.send("PUT", path, body=user("alice", title="Engineer"), headers={"If-Match": first})
    assert changed.status == 200
    for method, body in (("PUT", user("alice")), ("PATCH", {"Operations": []}), ("DELETE", None)):
        late = peer.send(method, path, body=body, headers={"If-Match": first})
        assert late.status == 412
        check_scim_error(late)
    assert peer.send("GET", path).body["title"] == "Engineer"


def test_entra_gallery_and_pelotech_client_credentials_are_not_offered_but_the_static_token_is_named(peer: Peer):
    schemes = peer.send("GET", "/ServiceProviderConfig").body["authenticationSchemes"]
    assert [scheme["type"] for scheme in schemes] == ["oauthbearertoken"]
    assert schemes[0]["primary"] is True
