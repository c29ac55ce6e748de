import pytest
from django.core.checks import run_checks

from kestra_iam.checks import TAG


def found() -> list[str]:
    return [message.id for message in run_checks(tags=[TAG], include_deployment_checks=True)]


@pytest.fixture(autouse=True)
def _on_this_machine(settings) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    settings.LISTEN_ADDRESS = "127.0.0.1"
    settings.ALLOWED_HOSTS = ["127.0.0.1", "iam.example.org", "[::1]"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://[::1]:8000", "https://iam.example.org"])
def test_a_sound_configuration_is_told_nothing(settings, url):
    settings.PUBLIC_URL = url
    assert found() == []


def test_w001_the_server_listens_to_the_network_under_a_loopback_address(settings):
    settings.LISTEN_ADDRESS = "0.0.0.0"  # noqa: S104
    assert found() == ["kestra_iam.W001"]


def test_w002_secrets_would_travel_unencrypted(settings):
    settings.PUBLIC_URL = "http://iam.example.org"
    assert found() == ["kestra_iam.W002"]


def test_w003_the_public_address_would_be_refused(settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    assert found() == ["kestra_iam.W003"]
