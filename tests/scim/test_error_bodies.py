"""SCIM errors (RFC 7644 §3.12)."""

import pytest
from django_scim.exceptions import SCIMException

from kestra_iam.errors import Conflict, Forbidden, IamError, Invalid, NotFound
from provisioning.errors import Refused, shown
from provisioning.scim.errors import ScimError, from_refusal

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def test_an_error_is_a_body_with_its_status_as_text():
    error = ScimError(405, "Use GET here.", headers={"Allow": "GET"})
    assert isinstance(error, SCIMException)
    assert error.to_dict() == {"schemas": [ERROR], "detail": "Use GET here.", "status": "405"}
    assert error.headers == {"Allow": "GET"}


@pytest.mark.parametrize(
    ("refusal", "status", "scim_type"),
    [
        (Refused("noTarget", "Nothing there.", field="emails"), "400", "noTarget"),
        (Invalid("Not acceptable.", field="userName"), "400", "invalidValue"),
        (Conflict("Taken."), "409", "uniqueness"),
        (NotFound("Gone."), "404", None),
        (Forbidden("Not held."), "403", None),
        (IamError("Refused."), "400", "invalidValue"),
    ],
)
def test_what_an_action_refuses_becomes_its_error(refusal: IamError, status: str, scim_type: str | None):
    body = from_refusal(refusal).to_dict()
    assert (body["status"], body.get("scimType"), body["detail"]) == (status, scim_type, refusal.message)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("it's", '"it\'s"'),
        ("a\x00\ud800", r"'a\x00\ud800'"),
        ("x" * 61, f"'{'x' * 60}'…"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        pytest.param(10**5000, "a huge number", id="huge"),
        (float("nan"), "a huge number"),
        ([1], "an array"),
        ({"a": 1}, "an object"),
    ],
)
def test_a_value_is_shown_short_and_safe(value: object, text: str):
    assert shown(value) == text
