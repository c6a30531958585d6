"""What a command to a certificate has besides one to any service: a key, its site, which certificate is meant."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.private_keys import generate_private_key
from provisioner.orders.certificates import installed_name
from provisioner.orders.commands import NewCommand
from provisioner.orders.statuses import ServiceStatus
from provisioner.store.events import Row
from provisioner.store.new_services import Sealing
from provisioner.store.tables import services
from provisioner.store.tables_certificates import certificates
from provisioner.store.writing import Writing

CERTIFICATE: Final = "certificate"
MOST_LEFT_BEHIND: Final = 10
OF_AUTHORITY: Final = frozenset({"renew", "revoke"})


class NotIssuedHere(RefusedError):
    """The customer brought this certificate; only its own authority can renew or revoke it."""

    code: ClassVar[str] = "certificate_not_issued_here"


class NoCertificateYet(RefusedError):
    """There is none yet that could be renewed or revoked; the first one is obtained by `certificate.issue`."""

    code: ClassVar[str] = "no_certificate_yet"


class NotItsCertificate(RefusedError):
    """This service has never had a certificate of this fingerprint."""

    code: ClassVar[str] = "certificate_not_its_own"


def at_its_place(connection: sa.Connection, command: NewCommand) -> NewCommand:
    """The command with the resource that it waits for; of what is done at a site, that is the site."""
    if not command.at_site:
        return command
    parent = connection.scalar(sa.select(services.c.parent_id).where(services.c.id == command.service_id))
    return replace(command, resource=command.resource_under(parent))


def certificate_columns(
    writing: Writing, service: Mapping[str, Any], command: NewCommand, operation_id: str, sealing: Sealing
) -> Row:
    """What the command's operation is given: a renewal a new private key, others what they need to know.

    Raises NotIssuedHere, NoCertificateYet and NotItsCertificate.
    """
    attributes = service["attributes"]
    if command.verb in OF_AUTHORITY and "method" not in attributes:
        raise NotIssuedHere
    key = generate_private_key(attributes["key"]) if command.verb == "renew" else None
    inputs = {**command.inputs, **_known(writing, service, command)}
    return {"inputs": inputs, "sealed_secret": sealing.operation(operation_id, key)}


def _known(writing: Writing, service: Mapping[str, Any], command: NewCommand) -> Row:
    """What an operation of this command has to know of how things stand now."""
    if command.verb == "renew":
        return _to_replace(service)
    if command.verb == "revoke":
        return _to_revoke(writing, service, command)
    return _around(writing, service) if command.verb == "remove" else {}


# -- renewed


def _to_replace(service: Mapping[str, Any]) -> Row:
    """The certificate that is to be followed by another: when its turn comes, that may have happened already."""
    fingerprint = service["data"].get("fingerprint")
    if fingerprint is None:
        raise NoCertificateYet
    return {"fingerprint": fingerprint}


# -- revoked


def _to_revoke(writing: Writing, service: Mapping[str, Any], command: NewCommand) -> Row:
    """The certificate that is meant, with the account that issued it: another may follow before its turn comes.

    Nothing of one that was not kept. Raises NoCertificateYet and NotItsCertificate.
    """
    asked_for = command.inputs.get("fingerprint")
    fingerprint = asked_for or service["data"].get("fingerprint")
    if fingerprint is None:
        raise NoCertificateYet
    own = (certificates.c.service_id == service["id"], certificates.c.fingerprint == fingerprint)
    query = sa.select(certificates).where(*own).order_by(certificates.c.obtained_at.desc()).limit(1)
    row = writing.connection.execute(query).mappings().first()
    if row is None and asked_for:
        raise NotItsCertificate
    pinned = {"fingerprint": "fingerprint", "chain": "chain", "source": "source", "account": "vendor_account"}
    return {} if row is None else {name: row[column] for name, column in pinned.items()}


# -- taken off the site


def _around(writing: Writing, service: Mapping[str, Any]) -> Row:
    """What the site is to use instead, and which of the service's own certificates may be there without our knowing."""
    return {**_kept(writing, service), **_replacement(writing, service)}


def _kept(writing: Writing, service: Mapping[str, Any]) -> Row:
    """The newest that were obtained with a key, and are not known to be removed."""
    own = (certificates.c.service_id == service["id"], certificates.c.sealed_key.is_not(None))
    columns = (certificates.c.fingerprint, certificates.c.installed_as, certificates.c.chain)
    query = sa.select(*columns).where(*own, certificates.c.removed_at.is_(None))
    newest = query.order_by(certificates.c.obtained_at.desc(), certificates.c.id).limit(MOST_LEFT_BEHIND)
    found = writing.connection.execute(newest).all()
    kept = [{"name": name or installed_name(chain), "fingerprint": leaf} for leaf, name, chain in found]
    return {"kept": kept} if kept else {}


def _replacement(writing: Writing, service: Mapping[str, Any]) -> Row:
    """The name on the panel of another certificate of the same site that is valid, the longest one."""
    others = (services.c.parent_id == service["parent_id"], services.c.id != service["id"])
    query = sa.select(services.c.data).where(*others, services.c.status == ServiceStatus.ACTIVE.value)
    now = writing.database.moment(writing.connection)
    own = service["data"].get("installed_as")
    fitting = [
        data
        for data in writing.connection.scalars(query)
        if data.get("installed_as") not in (None, own) and not data.get("revoked") and _end(data) > now
    ]
    return {"replacement": max(fitting, key=_end)["installed_as"]} if fitting else {}


def _end(data: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(data["not_after"])
