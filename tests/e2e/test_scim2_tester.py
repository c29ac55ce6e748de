"""scim2-tester against the running server over HTTP: everything that /Schemas advertises is created, replaced,
patched and read back."""

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.e2e.installation import Installation

# It runs 135 against a server that lets everything be removed. Two attributes are required here, active of a
# user and displayName of a group, so their removal is not tried; fewer would mean that it skips something.
CHECKS = 133


def test_every_check_of_scim2_tester_passes(installation: Installation):
    installation.manage("tenant", "create", "acme")
    integration = installation.manage("integration", "create", "scim2-tester", "--tenant", "acme")
    with httpx2.Client(
        base_url=integration["endpoint"], headers={"Authorization": f"Bearer {integration['token']}"}
    ) as http:
        results = check_server(SyncSCIMClient(http))
    failed = [f"{each.status.name}: {each.title}: {each.reason}" for each in results if each.status != Status.SUCCESS]
    assert not failed, "\n".join(failed)
    assert len(results) == CHECKS
