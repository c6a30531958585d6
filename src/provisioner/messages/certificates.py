"""Messages about certificates of hosting services: issued here, brought by the customer, installed and taken away."""

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from provisioner.messages.fields import (
    CERTIFICATE_NAME,
    HEX,
    Contract,
    Country,
    Identifier,
    Line,
    Name,
    PemText,
    SealedKey,
    broken,
    domain_name,
)

Method = Literal["auto", "http-01", "dns-01"]
KeyKind = Literal["ec", "rsa"]
Reason = Literal["unspecified", "keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation"]

_WILDCARD: Final = "*."


def _name(text: str) -> str:
    wildcard = _WILDCARD if text.startswith(_WILDCARD) else ""
    return wildcard + domain_name(text.removeprefix(_WILDCARD))


# A domain name in A-labels, or a wildcard for one label in front of it.
CertificateName = Annotated[str, Field(min_length=1, max_length=253, pattern=CERTIFICATE_NAME), AfterValidator(_name)]


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


CertificateNames = Annotated[
    tuple[CertificateName, ...], Field(strict=False, min_length=1, max_length=100), AfterValidator(_each_once)
]

# SHA-256 of a certificate in hex digits.
Fingerprint = Annotated[str, Field(min_length=64, max_length=64, pattern=HEX), AfterValidator(str.lower)]


class IssueCertificate(Contract):
    """Have a certificate issued for a hosting service and keep it renewed; or try again what has failed.

    `names` are by default the site's domain and, where it leads there too, the same with `www.` in front. A wildcard
    can only be shown by DNS. `account` is a vendor account's name, `profile` one that this authority offers.
    """

    certificate_id: Identifier
    service_id: Identifier
    names: CertificateNames | None = None
    method: Method = "auto"
    key_kind: KeyKind = "ec"
    profile: Name | None = None
    account: Identifier | None = None
    auto_renew: bool = True

    @model_validator(mode="after")
    def _wildcards_by_dns(self) -> Self:
        if self.method == "http-01" and any(name.startswith(_WILDCARD) for name in self.names or ()):
            raise broken('must be "auto" or "dns-01" for a wildcard', "/method")
        return self


class RenewCertificate(Contract):
    """Renew a certificate now, with a new private key: the one that there is when the message is accepted.

    Where another has taken its place before its turn comes, nothing is ordered.
    """

    certificate_id: Identifier


class Subject(Contract):
    """Who asks for a certificate, where an authority wants to know it."""

    organisation: Annotated[Line, Field(max_length=64)]
    unit: Annotated[Line, Field(max_length=64)] | None = None
    city: Annotated[Line, Field(max_length=128)] | None = None
    state: Annotated[Line, Field(max_length=128)] | None = None
    country: Country | None = None


class GenerateCsr(Contract):
    """Make a private key and a certificate signing request, for an authority of the customer's own choice.

    The key stays here. The CSR is told by `certificate.changed.v1`; what the authority makes of it is uploaded under
    the same `certificate_id`.
    """

    certificate_id: Identifier
    service_id: Identifier
    names: CertificateNames
    key_kind: KeyKind = "ec"
    subject: Subject | None = None


class UploadCertificate(Contract):
    """Take a certificate that the customer brings: PEM, the site's own and its chain in any order.

    `key` is the private key as PEM, sealed; without it the certificate must belong to the CSR that was made under this
    `certificate_id`.
    """

    certificate_id: Identifier
    service_id: Identifier
    certificate: PemText
    key: SealedKey | None = None
    install: bool = True


class InstallCertificate(Contract):
    """Install a certificate on its site once more and have the site use it."""

    certificate_id: Identifier


class RemoveCertificate(Contract):
    """Take a certificate off the panel. The one that the site uses only with `force`: its visitors are warned then."""

    certificate_id: Identifier
    force: bool = False


class RevokeCertificate(Contract):
    """Have a certificate revoked by its authority, for good. `reason` as in RFC 5280 section 5.3.1.

    It is the newest one that there is when the message is accepted; or an older one, by its `fingerprint` (SHA-256, as
    in `certificate.changed.v1`).
    """

    certificate_id: Identifier
    reason: Reason = "unspecified"
    fingerprint: Fingerprint | None = None
