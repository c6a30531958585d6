"""Secrets at rest: sealed with the key ring, each bound to its own row."""

from typing import Final

import sqlalchemy as sa

from provisioner.kernel.errors import NotFoundError, RefusedError
from provisioner.kernel.sealing import SecretBox
from provisioner.kernel.secret import Secret
from provisioner.store.audit import note_action
from provisioner.store.database import Database
from provisioner.store.tables import customers, operations, quarantine, services, vendor_accounts
from provisioner.store.tables_certificates import certificate_requests, certificates
from provisioner.store.tables_domains import bulks

BATCH: Final = 100
Place = tuple[sa.Table, sa.Column[str], sa.Column[bytes]]
SEALED: Final[tuple[Place, ...]] = (
    (customers, customers.c.customer_id, customers.c.sealed_password),
    (services, services.c.id, services.c.sealed_password),
    (vendor_accounts, vendor_accounts.c.name, vendor_accounts.c.sealed_credentials),
    (quarantine, quarantine.c.id, quarantine.c.body),
    (operations, operations.c.id, operations.c.sealed_secret),
    (bulks, bulks.c.id, bulks.c.sealed_csv),
    (certificates, certificates.c.id, certificates.c.sealed_key),
    (certificate_requests, certificate_requests.c.id, certificate_requests.c.sealed_key),
)


def row_of(column: sa.Column[bytes], key: str) -> str:
    """The place that a sealed value is bound to: `services/ID/sealed_password`."""
    return f"{column.table.name}/{key}/{column.name}"


def seal(box: SecretBox, column: sa.Column[bytes], key: str, plain: bytes) -> bytes:
    """A value, sealed for one column of one row."""
    return box.seal(plain, row_of(column, key))


def unseal(box: SecretBox, column: sa.Column[bytes], key: str, sealed: bytes) -> bytes:
    """The value. Raises KeyRingError when the key is not in the ring or the value belongs elsewhere."""
    return box.open(sealed, row_of(column, key))


def unseal_password(box: SecretBox, column: sa.Column[bytes], key: str, sealed: bytes | None) -> Secret | None:
    """A sealed password, or None where none is kept."""
    return None if sealed is None else Secret(unseal(box, column, key, sealed).decode())


class Credentials:
    """Re-sealing after a rotation, and the one-time reveal."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    def reseal_all(self) -> int:
        """Seal with the active key whatever another key had sealed; the number of values that changed."""
        return sum(self._reseal(place) for place in SEALED)

    def _reseal(self, place: Place) -> int:
        """One transaction for each batch, so that nobody waits long; by key, so that new rows do no harm."""
        changed, last = self._reseal_batch(place, "")
        while last is not None:
            more, last = self._reseal_batch(place, last)
            changed += more
        return changed

    def _reseal_batch(self, place: Place, last: str) -> tuple[int, str | None]:
        """How many values of the batch after the key `last` changed, and the batch's last key, None at the end."""
        table, key, column = place
        query = sa.select(key, column).where(column.is_not(None), key > last).order_by(key).limit(BATCH)
        changed = 0
        with self._database.begin() as connection:
            rows = connection.execute(query.with_for_update()).all()
            for row_key, sealed in rows:
                if self._box.needs_rotation(sealed):
                    renewed = self._box.reseal(sealed, row_of(column, row_key))
                    connection.execute(sa.update(table).where(key == row_key).values({column: renewed}))
                    changed += 1
        return changed, rows[-1][0] if rows else None

    def reveal_password(self, service_id: str, actor: str) -> Secret:
        """The system password of a service, once; written to the audit in the same transaction."""
        with self._database.begin() as connection:
            query = sa.select(services).where(services.c.id == service_id).with_for_update()
            row = connection.execute(query).mappings().first()
            if row is not None and row["product"] == "certificate":
                raise NotFoundError(f"service {service_id} is a certificate: it has a key and no password")
            if row is None or row["sealed_password"] is None:
                raise NotFoundError(f"service {service_id} has no password to reveal")
            if row["revealed_at"] is not None:
                raise RefusedError(f"the password of service {service_id} was revealed before; it is shown once")
            now = self._database.now()
            connection.execute(sa.update(services).where(services.c.id == service_id).values(revealed_at=now))
            note_action(connection, self._database, actor, "password.reveal", of=("service", service_id))
            password = unseal_password(self._box, services.c.sealed_password, service_id, row["sealed_password"])
        return password or Secret("")

    def reveal_key(self, certificate_id: str, actor: str) -> Secret:
        """The private key of a service's newest certificate, once for each certificate; written to the audit with it.

        Raises NotFoundError where no key is kept here, and RefusedError when it was revealed before.
        """
        with self._database.begin() as connection:
            row = self._newest(connection, certificate_id)
            if row is None or row["sealed_key"] is None:
                raise NotFoundError(f"certificate {certificate_id} has no private key here")
            if row["key_revealed_at"] is not None:
                raise RefusedError(f"the key of certificate {certificate_id} was revealed before; it is shown once")
            revealed = sa.update(certificates).where(certificates.c.id == row["id"])
            connection.execute(revealed.values(key_revealed_at=self._database.now()))
            detail = {"certificate": row["id"], "fingerprint": row["fingerprint"]}
            note_action(connection, self._database, actor, "key.reveal", of=("service", certificate_id), detail=detail)
            key = unseal_password(self._box, certificates.c.sealed_key, row["id"], row["sealed_key"])
        return key or Secret("")

    def _newest(self, connection: sa.Connection, certificate_id: str) -> sa.RowMapping | None:
        """The row of a service's newest certificate, locked."""
        query = sa.select(certificates).where(certificates.c.service_id == certificate_id)
        newest = query.order_by(certificates.c.obtained_at.desc(), certificates.c.id).limit(1)
        return connection.execute(newest.with_for_update()).mappings().first()
