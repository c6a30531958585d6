"""Domains at a registrar, from registration to deletion. Importing this package registers all their workflows."""

from provisioner.workflows.domains import (
    auth_codes,
    changes,
    contacts,
    deletion,
    registration,
    renewal,
    restoring,
    transfer,
    transfer_out,
    upkeep,
)

__all__ = [
    "auth_codes",
    "changes",
    "contacts",
    "deletion",
    "registration",
    "renewal",
    "restoring",
    "transfer",
    "transfer_out",
    "upkeep",
]
