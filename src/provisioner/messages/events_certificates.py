"""What the worker tells about certificates: a builder as in `events`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from provisioner.messages.events import LONGEST_WORDS, MOST_ENTRIES, Event

CertificateChange = Literal["csr_made", "issued", "renewed", "uploaded", "installed", "removed", "revoked", "problem"]


def certificate_changed(
    certificate_id: str,
    *,
    service_id: str,
    change: CertificateChange,
    names: Iterable[str],
    issuer: str | None = None,
    not_after: datetime | None = None,
    fingerprint: str | None = None,
    csr: str | None = None,
    code: str | None = None,
    message: str | None = None,
) -> Event:
    """Something became of a certificate. `service_id` is the hosting service; `not_after` is aware."""
    data = {
        "certificate_id": certificate_id,
        "service_id": service_id,
        "change": change,
        "names": list(names)[:MOST_ENTRIES],
        "issuer": issuer[:LONGEST_WORDS] if issuer else None,
        "not_after": not_after.astimezone(UTC).isoformat().replace("+00:00", "Z") if not_after else None,
        "fingerprint": fingerprint,
        "csr": csr,
        "code": code,
        "message": message[:LONGEST_WORDS] if message else None,
    }
    return Event("certificate.changed.v1", certificate_id, data)
