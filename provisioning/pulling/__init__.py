"""Pulling people and groups from a Keycloak: reading, comparing, and applying what differs."""

from provisioning.pulling.course import pull

__all__ = ["pull"]
