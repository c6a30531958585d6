"""What a certificate says, when it is to be renewed, and which names it is good for. Pure: no clock, no trust."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from provisioner.kernel.spread import share
from provisioner.orders.certificate_refusals import CertificateUnparseable

AUTHORITY: Final = "authority"
CUSTOMER: Final = "customer"
PANEL: Final = "panel"
"""With AUTHORITY and CUSTOMER: where a certificate comes from."""
OTHER_IN_USE: Final = "other_in_use"
"""The website uses another certificate: the problem's code, and kept beside it."""

_AUTOMATIC: Final = "-certificate"
_LONGEST_READABLE: Final = 100 - len(_AUTOMATIC)
_DIGEST: Final = 16
SHORT_LIVED: Final = timedelta(days=10)
SPREAD: Final = 0.05
URGENT: Final = 6
"""The last sixth of its lifetime, in which operators are told of a certificate that was not replaced."""
LONGEST_SERIAL: Final = 20
"""Octets; RFC 5280 section 4.1.2.2."""

REVOCATION_REASONS: Final[Mapping[str, int]] = {
    "unspecified": 0,
    "keyCompromise": 1,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
}
"""What the owner of a certificate may give as the reason; RFC 5280 section 5.3.1."""

MALFORMED: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What reading a certificate or a field of it may raise when its DER is odd."""

_HOST_NAME: Final = re.compile(
    r"(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_LONGEST_NAME: Final = 253


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What the leaf of a chain says. `serial` and `fingerprint` (SHA-256 of the leaf) are in small hex digits."""

    names: tuple[str, ...]
    issuer: str
    serial: str
    fingerprint: str
    not_before: datetime
    not_after: datetime

    @property
    def lifetime(self) -> timedelta:
        """For how long it is valid in all."""
        return self.not_after - self.not_before

    def as_json(self) -> dict[str, Any]:
        """As a service's data and events have it; times as ISO 8601 texts."""
        return {
            "names": list(self.names),
            "issuer": self.issuer,
            "serial": self.serial,
            "fingerprint": self.fingerprint,
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "CertificateFacts":
        """The facts that `as_json` wrote, among other things perhaps. Raises KeyError when one is missing."""
        return cls(
            names=tuple(facts["names"]),
            issuer=facts["issuer"],
            serial=facts["serial"],
            fingerprint=facts["fingerprint"],
            not_before=datetime.fromisoformat(facts["not_before"]),
            not_after=datetime.fromisoformat(facts["not_after"]),
        )


def facts_of(chain: str) -> CertificateFacts:
    """What the first certificate of this PEM text says. Raises CertificateUnparseable."""
    try:
        return read_facts(x509.load_pem_x509_certificates(chain.encode())[0])
    except MALFORMED:
        raise CertificateUnparseable from None


def read_facts(leaf: x509.Certificate) -> CertificateFacts:
    """What this certificate says. Raises one of `MALFORMED`."""
    return CertificateFacts(
        names=names_of(leaf),
        issuer=_printable(leaf.issuer.rfc4514_string()),
        serial=_serial(leaf.serial_number),
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
        not_before=leaf.not_valid_before_utc.astimezone(UTC),
        not_after=leaf.not_valid_after_utc.astimezone(UTC),
    )


def names_of(leaf: x509.Certificate) -> tuple[str, ...]:
    """The host names of its subjectAltName, in small letters, each once; a common name is none (RFC 9525 section 2)."""
    try:
        alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    names = (name.lower() for name in alternative.get_values_for_type(x509.DNSName))
    return tuple(dict.fromkeys(name for name in names if _is_host_name(name)))


def covers(san: str, name: str) -> bool:
    """Whether a name of a certificate is good for this one: a wildcard stands for one label (RFC 9525 section 6.3)."""
    if san.lower() == name.lower():
        return True
    first, _, rest = name.lower().partition(".")
    return bool(first) and first != "*" and san.lower() == f"*.{rest}"


def missing_names(sans: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `names` that none of the certificate's names is good for."""
    return tuple(name for name in names if not any(covers(san, name) for san in sans))


def renew_at(facts: CertificateFacts, spread_key: str) -> datetime:
    """When to renew it, where its authority does not say: with a third of its lifetime left, half if under ten days.

    Up to 5 % of the lifetime earlier, by the hash of `spread_key`, so that what was issued together is not renewed so.
    """
    left = facts.lifetime / (2 if facts.lifetime < SHORT_LIVED else 3)
    return facts.not_after - left - facts.lifetime * SPREAD * share(spread_key)


def urgent_at(not_before: datetime, not_after: datetime) -> datetime:
    """When so little of its lifetime is left that operators are to be told."""
    return not_after - (not_after - not_before) / URGENT


def automatic_id(hosting_id: str) -> str:
    """The service id of the certificate that a site gets by itself: at most 100 characters, as storefronts name it."""
    if len(hosting_id) > _LONGEST_READABLE:
        digest = hashlib.sha256(hosting_id.encode()).hexdigest()[:_DIGEST]
        hosting_id = f"{hosting_id[: _LONGEST_READABLE - _DIGEST - 1]}-{digest}"
    return f"{hosting_id}{_AUTOMATIC}"


def automatic(domain: str) -> dict[str, Any]:
    """The attributes of the certificate that a site of this domain gets by itself.

    Names that are `optional` are left out of it when they do not lead to the site.
    """
    more = [] if domain.startswith("www.") else [f"www.{domain}"]
    return {"names": [domain, *more], "optional": more, "method": "auto", "key": "ec", "auto_renew": True}


def settle(attributes: Mapping[str, Any], domain: str) -> dict[str, Any]:
    """Complete attributes, where a message left the names to us."""
    return dict(attributes) if "names" in attributes else {**automatic(domain), **attributes}


def installed_name(chain: str) -> str:
    """The name of a PEM chain in a panel's repository: made of all of it, for there a name stands for one content."""
    digest = hashlib.sha256("".join(chain.split()).encode()).hexdigest()
    return f"provisioner-{digest[:_DIGEST]}"


def former_name(fingerprint: str) -> str:
    """What former versions called it there: by its leaf alone."""
    return f"provisioner-{fingerprint[:_DIGEST]}"


def _serial(number: int) -> str:
    if number.bit_length() > 8 * LONGEST_SERIAL:
        raise ValueError("the serial number is longer than RFC 5280 allows")
    return f"{number:x}"


def _is_host_name(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and _HOST_NAME.fullmatch(name) is not None


def _printable(text: str) -> str:
    """What a stranger wrote into a certificate, without what a database or a terminal would stumble over."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
