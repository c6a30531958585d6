"""Certificates of web hosting, from the first order to the last renewal. Importing this registers all workflows."""

from provisioner.workflows.certificates import (
    ending,
    installing,
    issuing,
    own,
    removal,
    renewing,
    revocation,
    upkeep,
)

__all__ = ["ending", "installing", "issuing", "own", "removal", "renewing", "revocation", "upkeep"]
