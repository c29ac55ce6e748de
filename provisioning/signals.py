"""The doorbell: saving a new integration opens it."""

from django.db.models.signals import post_save
from django.dispatch import receiver

from provisioning.actions.opening import open_integration
from provisioning.models import Integration


@receiver(post_save, sender=Integration)
def ring(sender, instance, created, raw, **_):
    """Open an integration when it is first saved; editing it and loading fixtures open nothing."""
    if created and not raw:
        open_integration(integration=instance)
