"""Examples of `data` for the messages and the event about certificates, as in `examples`."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any, Final

from provisioner.messages import events_certificates
from provisioner.messages.events import Event

_SEALED: Final = {
    "key_id": "worker-1",
    "box": b64encode(b"a sealed box is made with the worker's public key; this is none").decode(),
}
_CHAIN: Final = "-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----\n"

EVENTS: Final[tuple[Event, ...]] = (
    events_certificates.certificate_changed(
        "hosting-77-certificate",
        service_id="hosting-77",
        change="issued",
        names=["example.com", "www.example.com"],
        issuer="CN=R11,O=Let's Encrypt,C=US",
        not_after=datetime(2026, 5, 1, 12, 0, tzinfo=UTC),
        fingerprint="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
)

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "certificate.issue.v1": {
        "certificate_id": "certificate-5",
        "service_id": "hosting-77",
        "names": ["example.com", "*.example.com"],
        "method": "dns-01",
        "key_kind": "ec",
        "profile": "tlsserver",
        "account": "authority-1",
        "auto_renew": True,
    },
    "certificate.renew.v1": {"certificate_id": "certificate-5"},
    "certificate.generate-csr.v1": {
        "certificate_id": "certificate-6",
        "service_id": "hosting-77",
        "names": ["shop.example.com"],
        "key_kind": "rsa",
        "subject": {"organisation": "Example Ltd", "unit": "Web", "city": "Berlin", "state": "BE", "country": "DE"},
    },
    "certificate.upload.v1": {
        "certificate_id": "certificate-6",
        "service_id": "hosting-77",
        "certificate": _CHAIN,
        "key": _SEALED,
        "install": True,
    },
    "certificate.install.v1": {"certificate_id": "certificate-6"},
    "certificate.remove.v1": {"certificate_id": "certificate-6", "force": False},
    "certificate.revoke.v1": {"certificate_id": "certificate-5", "reason": "superseded"},
    **{event.type: event.data for event in EVENTS},
}
