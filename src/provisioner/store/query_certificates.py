"""Read-only queries about certificates, as records. Nothing that is sealed is in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from provisioner.kernel.errors import NotFoundError
from provisioner.orders.statuses import ServiceStatus
from provisioner.store.certificate_commands import CERTIFICATE
from provisioner.store.database import Database
from provisioner.store.tables import services
from provisioner.store.tables_certificates import certificates

MOST: Final = 10_000
_OF_SERVICE: Final = ("id", "parent_id", "customer_id", "environment", "status", "vendor_account", "created_at")
_OF_CURRENT: Final = ("source", "issuer", "serial", "fingerprint", "not_before", "not_after")


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A file (`place` is its name) or a TXT record for the authority that could not be taken away again.

    Of what earlier versions left there is only the place.
    """

    place: str
    method: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A certificate service and the certificate that it has now; what there is none of yet is None.

    `parent_id` is the hosting service; `names` are those wanted until there is a certificate. `renew_at` is when it is
    renewed next, if it is renewed here. `problem` is the last one, in words for customers.
    """

    id: str
    parent_id: str
    customer_id: str
    environment: str
    status: str
    vendor_account: str | None
    created_at: datetime
    names: tuple[str, ...]
    method: str | None
    auto_renew: bool
    source: str | None
    issuer: str | None
    serial: str | None
    fingerprint: str | None
    not_before: datetime | None
    not_after: datetime | None
    installed: bool
    installed_as: str | None
    renew_at: datetime | None
    problem_code: str | None
    problem: str | None
    left_behind: tuple[LeftBehind, ...]


@dataclass(frozen=True, slots=True)
class ObtainedCertificate:
    """A certificate that was once obtained. `chain` and `csr` are PEM; `has_key`: its private key is kept here."""

    id: str
    source: str
    names: tuple[str, ...]
    issuer: str
    serial: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    chain: str
    csr: str | None
    vendor_account: str | None
    order_url: str | None
    obtained_at: datetime
    installed_at: datetime | None
    installed_as: str | None
    removed_at: datetime | None
    revoked_at: datetime | None
    key_revealed_at: datetime | None
    has_key: bool


@dataclass(frozen=True, slots=True)
class CertificateDetails:
    """A certificate service with every certificate that it ever had, newest first, and the CSR that it waits with."""

    certificate: CertificateRecord
    csr: str | None
    history: tuple[ObtainedCertificate, ...]


class CertificateQueries:
    """Asks the database. All methods raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def certificates(
        self, *, service_id: str | None = None, expires_before: datetime | None = None, limit: int = 50
    ) -> list[CertificateRecord]:
        """Certificates, those made last first; of one hosting service if it is named.

        With `expires_before` only those in use that expire until then, the next first.
        """
        query = _all().order_by(services.c.created_at.desc(), services.c.id)
        if expires_before is not None:
            ended = services.c.status == ServiceStatus.CANCELLED.value
            query = query.where(certificates.c.not_after < expires_before, ~ended)
            query = query.order_by(None).order_by(certificates.c.not_after, services.c.id)
        if service_id is not None:
            query = query.where(services.c.parent_id == service_id)
        with self._database.read() as connection:
            return [_record(dict(row)) for row in connection.execute(query.limit(min(limit, MOST))).mappings()]

    def certificate(self, certificate_id: str) -> CertificateDetails:
        """One certificate with its history. Raises NotFoundError."""
        with self._database.read() as connection:
            row = connection.execute(_all().where(services.c.id == certificate_id)).mappings().first()
            if row is None:
                raise NotFoundError(f"there is no certificate {certificate_id}")
            csr = row["attributes"].get("csr")
            return CertificateDetails(_record(dict(row)), csr, _history(connection, certificate_id))


def _all() -> sa.Select[Any]:
    """Each certificate service, beside the certificate that it has now."""
    columns = [services.c[name] for name in (*_OF_SERVICE, "attributes", "data")]
    current = [certificates.c[name] for name in _OF_CURRENT]
    its_own = sa.and_(
        certificates.c.service_id == services.c.id,
        certificates.c.id == services.c.data["certificate_id"].as_string(),
    )
    source = services.outerjoin(certificates, its_own)
    return sa.select(*columns, *current).select_from(source).where(services.c.product == CERTIFICATE)


def _record(row: Mapping[str, Any]) -> CertificateRecord:
    attributes, data = row["attributes"], row["data"]
    auto_renew = bool(attributes.get("auto_renew"))
    return CertificateRecord(
        **{name: row[name] for name in (*_OF_SERVICE, *_OF_CURRENT)},
        names=tuple(data.get("names") or attributes.get("names") or ()),
        method=attributes.get("method"),
        auto_renew=auto_renew,
        installed=bool(data.get("installed")),
        installed_as=data.get("installed_as"),
        renew_at=_time(data.get("renew_at")) if auto_renew else None,
        problem_code=data.get("problem_code"),
        problem=data.get("problem"),
        left_behind=tuple(map(_left, data.get("left_behind") or ())),
    )


def _left(kept: Mapping[str, str] | str) -> LeftBehind:
    return LeftBehind(kept) if isinstance(kept, str) else LeftBehind(kept["place"], kept["method"], kept["name"])


def _history(connection: sa.Connection, certificate_id: str) -> tuple[ObtainedCertificate, ...]:
    names = [name for name in ObtainedCertificate.__dataclass_fields__ if name != "has_key"]
    columns = [certificates.c[name] for name in names]
    has_key = certificates.c.sealed_key.is_not(None).label("has_key")
    query = sa.select(*columns, has_key).where(certificates.c.service_id == certificate_id)
    newest = query.order_by(certificates.c.obtained_at.desc(), certificates.c.id)
    found = connection.execute(newest).mappings()
    return tuple(ObtainedCertificate(**{**row, "names": tuple(row["names"])}) for row in found)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
