"""Certificates that messages ask for: a service for a hosting service, and its operation, in one transaction.

The hosting is locked first. So it cannot be cancelled without this certificate being ended with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.ids import Ids
from provisioner.kernel.private_keys import generate_private_key, make_csr, open_private_key
from provisioner.kernel.secret import Secret
from provisioner.messages.envelope import Message
from provisioner.orders.certificate_refusals import KeyMismatch
from provisioner.orders.certificates import settle
from provisioner.orders.commands import NewCertificateService
from provisioner.orders.statuses import ServiceStatus, next_service_status
from provisioner.orders.uploads import Upload, check_upload
from provisioner.store.acceptance import ServiceExists
from provisioner.store.certificate_commands import CERTIFICATE
from provisioner.store.commands import WrongEnvironment
from provisioner.store.csr_keys import keys_of, put_aside
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context
from provisioner.store.inbox import inbox_row, take_in
from provisioner.store.new_services import Sealing, first_period, service_row
from provisioner.store.placement import account_for
from provisioner.store.queueing import queue_operation
from provisioner.store.services import UnknownService, intend_service, lock_service, move_service
from provisioner.store.tables import operations, service_periods, services
from provisioner.store.writing import Writing
from provisioner.store.yielding import lock_operations
from provisioner.workflows.journal import ServiceChange

GENERATE_CSR: Final = "certificate.generate-csr"
UPLOAD: Final = "certificate.upload"
GONE: Final = (ServiceStatus.CANCELLING.value, ServiceStatus.CANCELLED.value)

Row = Mapping[str, Any]


class HostingGone(RefusedError):
    """The hosting is cancelled; it needs no certificate."""

    code: ClassVar[str] = "hosting_gone"


class CertificateExists(RefusedError):
    """There is a certificate with this id already."""

    code: ClassVar[str] = "certificate_exists"


class IssuedHere(RefusedError):
    """An authority issues this certificate and it is renewed by itself; give the customer's own another id."""

    code: ClassVar[str] = "certificate_issued_here"


@dataclass(frozen=True, slots=True)
class Terms:
    """What becomes of a request. `account` is the service's; `key` the service's, `secret` the operation's alone."""

    attributes: Mapping[str, Any]
    account: str | None
    inputs: Mapping[str, Any]
    key: Secret | None = None
    secret: Secret | None = None


class CertificateIntake:
    """Writes certificates that are asked for. `deadline` is how many seconds an operation has."""

    def __init__(
        self, database: Database, *, announcer: Announcer, ids: Ids, sealing: Sealing, deadline: float
    ) -> None:
        self._database = database
        self._announcer = announcer
        self._ids = ids
        self._sealing = sealing
        self._deadline = deadline

    def ask(self, message: Message, wanted: NewCertificateService) -> list[str]:
        """Take one message in; the ids of the operations.

        Raises Duplicate, IdReused, UnknownService, WrongEnvironment, HostingGone, CertificateExists, ServiceExists,
        IssuedHere, UnknownServer, CertificateRefused (what is uploaded), IllegalTransition, KeyRingError and
        StoreUnavailable; nothing is written then.
        """
        new_key = generate_private_key(wanted.key_kind) if wanted.key_kind else None
        try:
            with self._database.begin() as connection:
                take_in(connection, self._database, inbox_row(message, "accepted"), message)
                context = Context(message.environment, message.correlation_id)
                writing = Writing(connection, self._database, self._announcer, context)
                return [_Request(writing, message, wanted, self._ids, self._sealing, self._deadline).write(new_key)]
        except sa.exc.IntegrityError as error:
            raise _taken(wanted) from error


@dataclass(frozen=True, slots=True)
class _Request:
    """One request being written."""

    writing: Writing
    message: Message
    wanted: NewCertificateService
    ids: Ids
    sealing: Sealing
    deadline: float

    def write(self, new_key: Secret | None) -> str:
        """Write the service, or what it becomes, and its operation; the operation's id."""
        hosting = self._lock_hosting()
        lock_operations(self.writing.connection, self.wanted.resource)
        known = self._lock_known(hosting)
        terms = self._terms(hosting, known, new_key)
        generation = self._open(hosting, terms) if known is None else self._go_on(known, terms)
        return self._queue(hosting, terms, generation)

    def _lock_hosting(self) -> Row:
        hosting = lock_service(self.writing.connection, self.wanted.hosting_id)
        if hosting["product"] != "hosting":
            raise UnknownService(f"there is no hosting service {hosting['id']}; it is a {hosting['product']} service")
        if hosting["environment"] != self.message.environment:
            raise WrongEnvironment(f"{hosting['id']} is {hosting['environment']}")
        if hosting["intended_status"] in GONE:
            raise HostingGone(f"hosting {hosting['id']} is cancelled; it needs no certificate")
        return hosting

    def _lock_known(self, hosting: Row) -> Row | None:
        """The service of this id, if there is one. Raises ServiceExists when it is something else."""
        here = services.c.id == self.wanted.certificate_id
        query = sa.select(services).where(here).with_for_update()
        known = self.writing.connection.execute(query).mappings().first()
        if known is not None and (known["product"], known["parent_id"]) != (CERTIFICATE, hosting["id"]):
            raise _taken(self.wanted)
        return None if known is None else dict(known)

    # -- terms

    def _terms(self, hosting: Row, known: Row | None, new_key: Secret | None) -> Terms:
        if self.wanted.workflow == UPLOAD:
            return self._upload(hosting, known)
        self._check_begins_anew(known)
        if self.wanted.workflow == GENERATE_CSR:
            return self._csr(hosting, new_key or Secret(""))
        connection, account = self.writing.connection, self.wanted.account
        account = account_for(connection, CERTIFICATE, hosting["environment"], hosting["customer_id"], account)
        attributes = settle(self.wanted.attributes, hosting["attributes"]["domain"])
        return Terms(attributes, account, {}, secret=new_key)

    def _check_begins_anew(self, known: Row | None) -> None:
        """What has failed is tried again; of what has no certificate yet, another CSR can be made."""
        if known is None or known["status"] == ServiceStatus.FAILED.value:
            return
        waits = known["status"] == ServiceStatus.PROVISIONING.value and bool(known["attributes"].get("csr"))
        if not (waits and self.wanted.workflow == GENERATE_CSR) or self._is_being_uploaded(known):
            raise CertificateExists(
                f"there is a certificate {known['id']} already, which is {known['status']}; give a new one its own id"
            )

    def _is_being_uploaded(self, known: Row) -> bool:
        uploads = (operations.c.service_id == known["id"], operations.c.workflow == UPLOAD)
        query = sa.select(sa.exists().where(*uploads, operations.c.ended_at.is_(None)))
        return bool(self.writing.connection.scalar(query))

    def _csr(self, hosting: Row, key: Secret) -> Terms:
        names = self.wanted.attributes["names"]
        csr = make_csr(key, names, self.wanted.inputs.get("subject", {}))
        told = {"csr": csr, "names": names}
        return Terms({**self.wanted.attributes, "csr": csr}, hosting["vendor_account"], told, key=key)

    def _upload(self, hosting: Row, known: Row | None) -> Terms:
        if known is not None and "method" in known["attributes"]:
            raise IssuedHere
        upload, key, csr = self._checked(hosting, known)
        is_other_key = self.wanted.sealed_key is not None
        kept = {} if known is None or is_other_key else known["attributes"]
        kept = {name: value for name, value in kept.items() if name != "csr"}  # a CSR goes with its key
        own = {"csr": csr} if csr else {}
        attributes = {**kept, **own, **self.wanted.attributes, "names": list(upload.facts.names)}
        inputs = {"chain": upload.chain, "warnings": list(upload.warnings), "install": self.wanted.inputs["install"]}
        return Terms(attributes, hosting["vendor_account"], {**inputs, **own}, secret=key and _as_pkcs8(key))

    def _checked(self, hosting: Row, known: Row | None) -> tuple[Upload, Secret | None, str]:
        """What is uploaded, with its key, and the CSR that it was made from. Raises CertificateRefused."""
        names, now = (hosting["attributes"]["domain"],), self.writing.database.moment(self.writing.connection)
        refused: KeyMismatch | None = None
        for key, csr in self._keys(known):
            try:
                return check_upload(self.wanted.inputs["certificate"], key, names, now), key, csr
            except KeyMismatch as mismatch:
                refused = refused or mismatch
        raise refused or KeyMismatch

    def _keys(self, known: Row | None) -> Iterable[tuple[Secret | None, str]]:
        """The customer's key, else those of the CSRs which were made here. Bytes that are no text make no key."""
        if self.wanted.sealed_key is not None:
            given = self.sealing.ring.unseal_bytes(*self.wanted.sealed_key).decode("utf-8", "replace")
            return [(Secret(given), "")]
        return [(None, "")] if known is None else keys_of(self.writing, self.sealing, known)

    # -- rows

    def _open(self, hosting: Row, terms: Terms) -> int:
        now, service_id = self.writing.now(), self.wanted.certificate_id
        row = service_row(
            service_id,
            customer_id=hosting["customer_id"],
            order_id=None,
            environment=hosting["environment"],
            product=CERTIFICATE,
            account=terms.account,
            attributes=terms.attributes,
            sealed_password=self._sealed(terms),
            parent_id=hosting["id"],
        )
        self.writing.execute(sa.insert(services).values(**row, created_at=now, updated_at=now))
        self.writing.execute(sa.insert(service_periods).values(**first_period(service_id), started_at=now))
        generation: int = row["generation"]
        return generation

    def _go_on(self, known: Row, terms: Terms) -> int:
        """What is there gets new terms, and begins anew if it had failed; its new generation."""
        put_aside(self.writing, self.sealing, known, terms.secret)
        failed = known["intended_status"] == ServiceStatus.FAILED.value
        event = "provision" if failed else "change"
        status = next_service_status(ServiceStatus(known["intended_status"]), event)
        values: dict[str, Any] = {"attributes": terms.attributes, "vendor_account": terms.account}
        if terms.key is not None:
            values["sealed_password"] = self._sealed(terms)
        self.writing.execute(sa.update(services).where(services.c.id == known["id"]).values(**values))
        generation: int = known["generation"] + 1
        intend_service(self.writing.connection, known, ServiceStatus.ACTIVE if failed else status, generation)
        if failed:
            move_service(self.writing, known, ServiceChange(status), "tried again")
        return generation

    def _queue(self, hosting: Row, terms: Terms, generation: int) -> str:
        operation_id = self.ids.new()
        return queue_operation(
            self.writing,
            self.message,
            operation_id,
            deadline=self.deadline,
            resource=self.wanted.resource,
            workflow=self.wanted.workflow,
            service_id=self.wanted.certificate_id,
            customer_id=hosting["customer_id"],
            vendor_account=None if self.wanted.workflow == GENERATE_CSR else terms.account,  # it asks no vendor
            generation=generation,
            inputs=dict(terms.inputs),
            sealed_secret=self.sealing.operation(operation_id, terms.secret),
        )

    def _sealed(self, terms: Terms) -> bytes | None:
        return None if terms.key is None else self.sealing.key(self.wanted.certificate_id, terms.key)


def _as_pkcs8(key: Secret) -> Secret:
    """The one form in which keys are kept, of those that PEM texts come in."""
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Secret(open_private_key(key).private_bytes(*form).decode())


def _taken(wanted: NewCertificateService) -> ServiceExists:
    return ServiceExists(f"there is a service {wanted.certificate_id} already; give each certificate an id of its own")
