import pytest

from provisioning.models import Integration
from tests.conversations import Peer


@pytest.fixture
def peer(integration: Integration) -> Peer:
    """A client of the integration that sends exactly the headers it is told to."""
    return Peer(integration)
