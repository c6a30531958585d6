"""Certificates that operations obtained, each kept with its key for good, and what became of them."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.kernel.sealing import SecretBox
from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import facts_of, urgent_at
from provisioner.store import credentials
from provisioner.store.tables import services
from provisioner.store.tables_certificates import certificates
from provisioner.store.writing import Writing
from provisioner.workflows.journal import CertificateUse, Claim, NewCertificate, ServiceChange


def keep_certificates(writing: Writing, box: SecretBox, claim: Claim, change: ServiceChange) -> None:
    """Write what an operation says of its service's certificates. Raises CertificateUnparseable."""
    if claim.service is None:
        return
    service_id = claim.service.service_id
    if change.certificate is not None:
        key = claim.key_of(change.certificate)
        row = _row(change.certificate) | {"id": claim.operation_id, "service_id": service_id}
        _keep(writing, row, None if key is None else _sealed(box, certificates.c.sealed_key, claim.operation_id, key))
        if key is not None:
            _adopt_key(writing, box, service_id, key)
    for use in change.uses:
        _note_use(writing, service_id, use)


def _row(certificate: NewCertificate) -> dict[str, Any]:
    facts = facts_of(certificate.chain)
    return {
        "source": certificate.source,
        "names": list(facts.names),
        "issuer": facts.issuer,
        "serial": facts.serial,
        "fingerprint": facts.fingerprint,
        "not_before": facts.not_before,
        "not_after": facts.not_after,
        "chain": certificate.chain,
        "csr": certificate.csr or None,
        "vendor_account": certificate.vendor_account,
        "order_url": certificate.order_url or None,
        "watch_at": urgent_at(facts.not_before, facts.not_after),
    }


def _keep(writing: Writing, row: dict[str, Any], sealed_key: bytes | None) -> None:
    dialect = postgresql if writing.database.is_postgres else sqlite
    insert: postgresql.Insert = dialect.insert(certificates).values(
        **row, sealed_key=sealed_key, obtained_at=writing.now()
    )
    writing.execute(insert.on_conflict_do_nothing(index_elements=[certificates.c.id]))


def _adopt_key(writing: Writing, box: SecretBox, service_id: str, key: Secret) -> None:
    """The service's own secret is the key of its newest certificate."""
    sealed = _sealed(box, services.c.sealed_password, service_id, key)
    values = {"sealed_password": sealed, "revealed_at": None}
    writing.execute(sa.update(services).where(services.c.id == service_id).values(**values))


def _note_use(writing: Writing, service_id: str, use: CertificateUse) -> None:
    now = writing.now()
    values: dict[str, Any] = {}
    if use.installed_as is not None:
        values |= {"installed_at": now, "installed_as": use.installed_as, "removed_at": None}
    if use.removed:
        values["removed_at"] = now
    if use.revoked:
        values["revoked_at"] = now
    if values:
        here = (certificates.c.service_id == service_id, certificates.c.fingerprint == use.fingerprint)
        writing.execute(sa.update(certificates).where(*here).values(**values))


def _sealed(box: SecretBox, column: sa.Column[bytes], key: str, secret: Secret) -> bytes:
    return credentials.seal(box, column, key, secret.reveal().encode())
