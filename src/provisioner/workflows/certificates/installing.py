"""Installing a certificate on its website. One that is there is kept for as long as it takes.

A certificate in a site's repository is not in use by that; so it is installed, used, and then seen in a handshake.
While this goes on, the service may get a newer certificate. Then that has an installation of its own, which comes
after this one; what is called is always given the service's certificate together with its own key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import CertificateFacts, covers, facts_of, installed_name
from provisioner.ports.certificates import InstalledCertificate
from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.workflows.certificates import parties
from provisioner.workflows.certificates.ordered import CUSTOMER, PANEL, Current, Ordered
from provisioner.workflows.certificates.problems import (
    EXPIRED,
    HOSTING_GONE,
    NO_PROBLEM,
    NOT_SERVED,
    OTHER_IN_USE,
    WORDS,
    as_data,
    problem,
)
from provisioner.workflows.certificates.standing import earliest, next_warning, tomorrow
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import CertificateUse, ServiceChange, Upkeep
from provisioner.workflows.operation import Operation

SEEN_WITHIN: Final = timedelta(minutes=10)
"""A web server that takes a new certificate up does so sooner."""
LOOK_EVERY: Final = 30.0


@workflow("certificate.install")
def install(op: Operation) -> ServiceChange:
    """Install the service's certificate, have the site use it, and take away the one that it follows.

    What was asked for by a message is done. What follows by itself spares a newer certificate, and one that the
    customer has uploaded, while they are valid. Raises Rejected `hosting_gone`, `nothing_there` and `expired`.
    """
    current = _installable(op)
    pinned = str(op.write_down("certificate", {"fingerprint": current.facts.fingerprint})["fingerprint"])
    if op.inputs.get("automatic") and (spared := _spared(op, current)) is not None:
        told = {"installed": False, "problem": spared, "problem_code": OTHER_IN_USE}
        return ServiceChange(None, data=told, upkeep=tomorrow(op))
    name = installed_name(pinned)
    try:
        _put(op, current, name)
    except Rejected as refused:
        raise problem(refused) from refused
    seen = _seen(op, {pinned, current.facts.fingerprint})
    return _installed(op, current, pinned, seen)


# -- whether to


def _installable(op: Operation) -> Current:
    current = Current.of(op)
    if current is None or current.source == PANEL:
        raise Rejected("nothing_there", "there is no certificate here that could be installed")
    if op.write_down("validity", {"is_over": current.facts.not_after <= op.now})["is_over"]:
        raise Rejected(EXPIRED, "this certificate has expired, so it is not installed")
    if op.write_down("hosting", {"is_going": parties.hosting_is_going(op)})["is_going"]:
        raise Rejected(HOSTING_GONE, WORDS[HOSTING_GONE])
    return current


def _spared(op: Operation, current: Current) -> str | None:
    """Why what the site serves is left in use; None when it is not. One that cannot be seen is not."""
    host, site = parties.host(op), parties.site(op)

    def look() -> Done:
        found = host.served_certificate(site, op.now)
        return Done(data={"chain": found.data["chain"] if isinstance(found, Done) else None})

    served = op.wait_until("served-before", look, every=LOOK_EVERY, reason="looking what the website serves")
    chain = served.data["chain"]
    return None if chain is None else _reason_to_spare(op, current.facts, facts_of(chain), site.domain)


def _reason_to_spare(op: Operation, ours: CertificateFacts, served: CertificateFacts, domain: str) -> str | None:
    """Ours are known by their fingerprints; another authority's is the customer's own, or the panel's."""
    if served.fingerprint in (ours.fingerprint, op.service.data.get("installed_fingerprint")):
        return None
    if not any(covers(name, domain) for name in served.names):
        return None
    if served.issuer != ours.issuer:
        return f"the website serves a certificate of {served.issuer}, which is valid; it was left in use"
    return "the website serves a newer certificate; it was left in use" if served.not_before > ours.not_before else None


# -- doing it


def _put(op: Operation, current: Current, name: str) -> None:
    """Neither a newer command nor the deadline ends this: the certificate is there, and the website needs it."""
    host, site = parties.host(op), parties.site(op)
    material = InstalledCertificate(name, current.chain, op.service.password or Secret(""), _csr(op))
    op.step("install", host.install_certificate, site, material, in_any_case=True)
    op.step("use", host.use_certificate, site, name, in_any_case=True)
    _remove_predecessor(op, name)


def _csr(op: Operation) -> str:
    return str(op.service.attributes.get("csr") or "")


def _remove_predecessor(op: Operation, name: str) -> None:
    """The one that this service had there before. A panel that keeps it does no harm."""
    before = str(op.write_down("predecessor", {"name": op.service.data.get("installed_as")})["name"] or "")
    if before in ("", name):
        return
    try:
        op.step("remove-predecessor", parties.host(op).remove_certificate, parties.site(op), before, in_any_case=True)
    except Rejected:
        return


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a handshake showed; `reason` when it was not our certificate."""

    reason: str | None


def _seen(op: Operation, ours: set[str]) -> _Seen:
    """Look for a while whether the site serves it. That it cannot be seen is told and undoes nothing."""
    host, site = parties.host(op), parties.site(op)
    until = datetime.fromisoformat(op.write_down("used", {"until": (op.now + SEEN_WITHIN).isoformat()})["until"])

    def look() -> Done | Pending:
        found = host.served_certificate(site, op.now)
        if isinstance(found, Done) and found.data["fingerprint"] in ours:
            return Done(data={"reason": None})
        reason = found.reason if isinstance(found, Pending) else "the website serves another certificate"
        return Done(data={"reason": reason}) if op.now >= until else Pending(LOOK_EVERY, reason)

    try:
        found = op.wait_until("seen", look, every=LOOK_EVERY, reason="looking whether the website serves it")
    except Rejected as refused:
        return _Seen(refused.message)
    return _Seen(found.data["reason"])


def _installed(op: Operation, current: Current, pinned: str, seen: _Seen) -> ServiceChange:
    use = CertificateUse(pinned, installed_name(pinned))
    if current.facts.fingerprint != pinned:  # the newer one is installed by an operation of its own
        return ServiceChange(None, uses=(use, *_gone(op, pinned)))
    told: dict[str, Any] = {**NO_PROBLEM}
    if seen.reason is not None:
        told = as_data(Rejected(NOT_SERVED, f"the certificate is installed, and could not be seen: {seen.reason}"))
    facts = {"installed": True, "install": True, "installed_as": use.installed_as, "installed_fingerprint": pinned}
    uses = (use, *_gone(op, pinned))
    return ServiceChange(None, data={**facts, **told}, uses=uses, upkeep=_upkeep(op, current))


def _gone(op: Operation, pinned: str) -> tuple[CertificateUse, ...]:
    before = op.service.data.get("installed_fingerprint")
    return () if before in (None, pinned) else (CertificateUse(str(before), removed=True),)


def _upkeep(op: Operation, current: Current) -> Upkeep:
    warning = next_warning(op, current.facts)
    renewed_here = current.source != CUSTOMER and Ordered.of(op).auto_renew
    return earliest((tomorrow(op), warning)) if renewed_here else warning
