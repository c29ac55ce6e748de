"""The console's Provisioning page; importing this registers it."""

from provisioning.admin import integrations

__all__ = ["integrations"]
