"""What a command to a certificate has besides one to any service: a new key, and the site at which it is done."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.private_keys import generate_private_key
from provisioner.orders.commands import NewCommand
from provisioner.store.events import Row
from provisioner.store.new_services import Sealing
from provisioner.store.tables import services

CERTIFICATE: Final = "certificate"
OF_AUTHORITY: Final = frozenset({"renew", "revoke"})


class NotIssuedHere(RefusedError):
    """The customer brought this certificate; only its own authority can renew or revoke it."""

    code: ClassVar[str] = "certificate_not_issued_here"


def at_its_place(connection: sa.Connection, command: NewCommand) -> NewCommand:
    """The command with the resource that it waits for; of what is done at a site, that is the site."""
    if not command.at_site:
        return command
    parent = connection.scalar(sa.select(services.c.parent_id).where(services.c.id == command.service_id))
    return replace(command, resource=command.resource_under(parent))


def certificate_columns(service: Mapping[str, Any], command: NewCommand, operation_id: str, sealing: Sealing) -> Row:
    """What the command's operation is given; a renewal has a new private key. Raises NotIssuedHere."""
    attributes = service["attributes"]
    if command.verb in OF_AUTHORITY and "method" not in attributes:
        raise NotIssuedHere
    key = generate_private_key(attributes["key"]) if command.verb == "renew" else None
    return {"inputs": dict(command.inputs), "sealed_secret": sealing.operation(operation_id, key)}
