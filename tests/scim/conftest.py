from collections.abc import Iterator

import pytest

from provisioning.models import Integration
from tests.conversations import Peer
from tests.scim.refusals import rows


@pytest.fixture
def peer(integration: Integration) -> Peer:
    """A client of the integration that sends exactly the headers it is told to."""
    return Peer(integration)


@pytest.fixture
def nothing_written(integration: Integration) -> Iterator[None]:
    """Fail if the test leaves a row behind that was not there before it."""
    before = rows()
    yield
    assert rows() == before
