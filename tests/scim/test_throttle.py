"""An integration that asks too much is told when to come back."""

import pytest

from provisioning.models import Integration
from provisioning.scim import throttle
from tests.clients import ScimClient


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings):
    """A clock that stands still until it is set, and a limit of two requests a second."""
    now = [100.0]
    monkeypatch.setattr(throttle, "clock", lambda: now[0])
    settings.SCIM_REQUESTS_PER_SECOND = 2
    return now


def test_the_third_request_of_a_second_is_429_with_retry_after(scim: ScimClient, clock: list[float]):
    assert [scim.get("/Users").status_code for _ in range(2)] == [200, 200]
    refused = scim.post("/Users", {"userName": "alice"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.headers["Content-Type"] == "application/scim+json"
    clock[0] += 1
    assert scim.get("/Users").json()["totalResults"] == 0


def test_one_integration_does_not_use_up_what_another_may_ask(
    scim: ScimClient, other_scim: ScimClient, clock: list[float]
):
    assert [scim.get("/Users").status_code for _ in range(3)] == [200, 200, 429]
    assert other_scim.get("/Users").status_code == 200


def test_requests_that_come_too_fast_are_not_kept_one_by_one(
    scim: ScimClient, integration: Integration, clock: list[float]
):
    assert [scim.get("/Users").status_code for _ in range(3)] == [200, 200, 429]
    assert not integration.refused_requests.exists()


def test_without_a_limit_nobody_waits(scim: ScimClient, settings):
    assert settings.SCIM_REQUESTS_PER_SECOND == 0
    assert {scim.get("/Users").status_code for _ in range(20)} == {200}
