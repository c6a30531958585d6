"""A certificate, as sections of text and as a line of a list. Pure; times are UTC."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from provisioner.console.output import Row, Section, moment
from provisioner.store.query_certificates import CertificateDetails, CertificateRecord, LeftBehind, ObtainedCertificate

_SHOWN_NAMES: Final = 3
_SOURCES: Final[Mapping[str, str]] = {
    "authority": "issued by a certificate authority for us",
    "customer": "brought by the customer",
    "panel": "obtained by the panel itself",
}


def list_headers() -> Row:
    """The columns of a list."""
    return (
        "certificate",
        "hosting",
        "status",
        "names",
        "issuer",
        "expires",
        "source",
        "installed",
        "renewal",
        "problem",
    )


def list_row(certificate: CertificateRecord) -> Row:
    """One line of a list."""
    return (
        certificate.id,
        certificate.parent_id,
        certificate.status,
        _names(certificate.names),
        certificate.issuer or "",
        _day(certificate.not_after),
        certificate.source or "",
        _yes(certificate.installed),
        _day(certificate.renew_at),
        certificate.problem_code or "",
    )


def certificate_sections(details: CertificateDetails) -> list[Section]:
    """What it is now, and every certificate that was ever obtained for it."""
    newest = current(details)
    return [_facts(details.certificate, newest.revoked_at if newest else None), _history(details.history)]


def waits_for_upload(details: CertificateDetails, *, at_work: bool) -> bool:
    """Whether nothing goes on before the customer brings what an authority has made of the CSR."""
    return bool(details.csr) and not details.history and not at_work


def current(details: CertificateDetails) -> ObtainedCertificate | None:
    """The certificate that the service has now."""
    fingerprint = details.certificate.fingerprint
    return next((each for each in details.history if each.fingerprint == fingerprint), None)


def _facts(certificate: CertificateRecord, revoked_at: datetime | None) -> Section:
    facts: Mapping[str, str | None] = {
        "names": ", ".join(certificate.names),
        "issuer": certificate.issuer,
        "valid from": moment(certificate.not_before),
        "valid until": moment(certificate.not_after),
        "revoked": moment(revoked_at),
        "source": _SOURCES.get(certificate.source or "", certificate.source),
        "shown by": certificate.method,
        "vendor account": certificate.vendor_account,
        "installed": f"as {certificate.installed_as}" if certificate.installed else "no",
        "renewed here": _yes(certificate.auto_renew),
        "next renewal": moment(certificate.renew_at),
        "last problem": _problem(certificate),
        "still shown": "; ".join(map(_left, certificate.left_behind)),
        "serial number": certificate.serial,
        "fingerprint": certificate.fingerprint,
    }
    return Section("What it is", ("", ""), [(name, value) for name, value in facts.items() if value])


def _history(obtained: Sequence[ObtainedCertificate]) -> Section:
    headers = ("obtained", "source", "names", "issuer", "valid until", "installed", "removed", "revoked", "key shown")
    rows = [
        (
            moment(each.obtained_at),
            each.source,
            _names(each.names),
            each.issuer,
            moment(each.not_after),
            moment(each.installed_at),
            moment(each.removed_at),
            moment(each.revoked_at),
            moment(each.key_revealed_at),
        )
        for each in obtained
    ]
    return Section("All that were ever obtained", headers, rows)


def _problem(certificate: CertificateRecord) -> str:
    if certificate.problem_code is None:
        return ""
    return f"{certificate.problem_code}: {certificate.problem or ''}"


def _left(left: LeftBehind) -> str:
    """What the panel would not take away; the next order tries it again."""
    if left.name is None:
        return left.place
    return f"file {left.place} of {left.name}" if left.method == "http-01" else f"record {left.place}"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(names[:_SHOWN_NAMES]) + more


def _day(at: datetime | None) -> str:
    return moment(at).partition(" ")[0]


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
