"""The keys of CSRs that were made here: none is lost while a certificate for it may still come.

The key of the newest CSR is its service's. Before another key takes its place there, it is put aside with its CSR.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.kernel.private_keys import is_key_of
from provisioner.kernel.secret import Secret
from provisioner.store import credentials
from provisioner.store.new_services import Sealing
from provisioner.store.tables_certificates import certificate_requests
from provisioner.store.writing import Writing

SEALED_KEY = certificate_requests.c.sealed_key


def put_aside(writing: Writing, sealing: Sealing, service: Mapping[str, Any], successor: Secret | None) -> None:
    """Keep the service's key if it is that of its CSR, and not its own successor. Raises KeyRingError."""
    csr, key = service["attributes"].get("csr"), sealing.open_key(service)
    if not csr or key is None or key == successor or not is_key_of(key, csr):
        return
    request_id = hashlib.sha256(csr.encode()).hexdigest()
    row = {
        "id": request_id,
        "service_id": service["id"],
        "csr": csr,
        "sealed_key": credentials.seal(sealing.box, SEALED_KEY, request_id, key.reveal().encode()),
        "kept_at": writing.now(),
    }
    dialect = postgresql if writing.database.is_postgres else sqlite
    insert: postgresql.Insert = dialect.insert(certificate_requests).values(**row)
    writing.execute(insert.on_conflict_do_nothing(index_elements=[certificate_requests.c.id]))


def keys_of(writing: Writing, sealing: Sealing, service: Mapping[str, Any]) -> Iterator[tuple[Secret | None, str]]:
    """The keys that a certificate for the service may have, each with its CSR if it has one; the service's own first.

    Raises KeyRingError.
    """
    csr, key = service["attributes"].get("csr") or "", sealing.open_key(service)
    yield key, csr if key is not None and csr and is_key_of(key, csr) else ""
    here = certificate_requests.c.service_id == service["id"]
    query = sa.select(certificate_requests).where(here).order_by(certificate_requests.c.kept_at.desc())
    for row in writing.connection.execute(query).mappings().all():
        kept = credentials.unseal_password(sealing.box, SEALED_KEY, row["id"], row["sealed_key"])
        yield kept, row["csr"]
