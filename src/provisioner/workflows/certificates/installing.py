"""Installing a certificate on its website. One that is there is kept for as long as it takes.

A certificate in a site's repository is not in use by that; so it is installed, used, and then seen in a handshake.
While this goes on, the service may get a newer certificate. Then that has an installation of its own, which comes
after this one; what is called is always given the service's certificate together with its own key.
"""

from collections.abc import Mapping
from typing import Any

from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import AUTHORITY, CUSTOMER, OTHER_IN_USE, PANEL, former_name, installed_name
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.certificates import InstalledCertificate
from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.workflows.certificates import parties, serving, sparing
from provisioner.workflows.certificates.ordered import Current, Ordered, csr_of
from provisioner.workflows.certificates.problems import (
    EXPIRED,
    HOSTING_GONE,
    HOSTING_NOT_MADE,
    NO_PROBLEM,
    NOT_SERVED,
    WORDS,
    as_data,
    problem,
)
from provisioner.workflows.certificates.standing import earliest, next_warning, tomorrow
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import NEVER, CertificateUse, ServiceChange, Upkeep
from provisioner.workflows.operation import Operation


@workflow("certificate.install")
def install(op: Operation) -> ServiceChange:
    """Install the service's certificate, have the site use it, and take away the one that it follows.

    What was asked for by a message is done. What follows by itself is not done after a removal, and leaves some other
    certificates in use (see `sparing`) while they are valid. Raises Rejected `hosting_gone`,
    `hosting_not_made`, `nothing_there`, `expired` and `revoked`.
    """
    current = Current.of(op)
    began = _begun(op, current)
    if not began.get("is_wanted", True):
        return ServiceChange(None, upkeep=NEVER if op.service.data.get("source") == AUTHORITY else None)
    current, pinned = _installable(current, began)
    if op.inputs.get("automatic") and (spared := sparing.spared(op, current)) is not None:
        told = {"installed": False, OTHER_IN_USE: True, "problem": spared.reason, "problem_code": OTHER_IN_USE}
        return ServiceChange(None, data=told, upkeep=_if_looked_after(op, earliest((tomorrow(op), spared.after))))
    use = CertificateUse(pinned, str(began.get("name") or former_name(pinned)))
    try:
        _put(op, current, str(use.installed_as))
    except Rejected as refused:
        raise problem(refused) from refused
    unseen = serving.await_ours(op, {pinned, current.facts.fingerprint})
    return _installed(op, current, use, unseen)


# -- whether to


def _is_wanted(op: Operation) -> bool:
    """Whether it was asked for by a message, or was not removed while that from which this follows was at work."""
    return "automatic" not in op.inputs or bool(op.service.data.get("install", True))


def _begun(op: Operation, current: Current | None) -> Mapping[str, Any]:
    """What is found when the website has been made, which is waited for; it holds for every later run."""

    def look() -> Done | Pending:
        return parties.not_made_yet(op) or Done(data=_found(op, current))

    reason = WORDS[HOSTING_NOT_MADE]
    try:
        return op.wait_until("certificate", look, every=parties.LOOK_EVERY, reason=reason).data
    except Rejected as refused:
        raise problem(refused, late=HOSTING_NOT_MADE) from refused


def _found(op: Operation, current: Current | None) -> dict[str, Any]:
    """What the first run that comes to a website finds."""
    ours = None if current is None or current.source == PANEL else current
    return {
        "fingerprint": None if ours is None else ours.facts.fingerprint,
        "name": None if ours is None else installed_name(ours.chain),
        "is_over": current is not None and current.facts.not_after <= op.now,
        "is_revoked": bool(op.service.data.get("revoked")),
        "hosting_is_going": parties.hosting_is_gone(op),
        "is_wanted": _is_wanted(op),
    }


def _installable(current: Current | None, began: Mapping[str, Any]) -> tuple[Current, str]:
    """The service's certificate, and the fingerprint of the one that this operation began with."""
    if current is None or began["fingerprint"] is None:
        raise Rejected("nothing_there", "there is no certificate here that could be installed")
    if began["is_over"]:
        raise Rejected(EXPIRED, "this certificate has expired, so it is not installed")
    if began.get("is_revoked"):
        raise Rejected("revoked", "this certificate was revoked, so it is not installed")
    if began["hosting_is_going"]:
        raise Rejected(HOSTING_GONE, WORDS[HOSTING_GONE])
    return current, str(began["fingerprint"])


# -- doing it


def _put(op: Operation, current: Current, name: str) -> None:
    """Neither a newer command nor the deadline ends this: the certificate is there, and the website needs it."""
    host, site = parties.host(op), parties.site(op)
    material = InstalledCertificate(name, current.chain, op.service.password or Secret(""), csr_of(op, current.chain))
    op.step("install", host.install_certificate, site, material, in_any_case=True)
    op.step("use", host.use_certificate, site, name, in_any_case=True)
    _remove_predecessor(op, name)


def _remove_predecessor(op: Operation, name: str) -> None:
    """The one that this service had there before. A panel that keeps it does no harm."""
    before = str(op.write_down("predecessor", {"name": op.service.data.get("installed_as")})["name"] or "")
    if before in ("", name):
        return
    try:
        op.step("remove-predecessor", parties.host(op).remove_certificate, parties.site(op), before, in_any_case=True)
    except Rejected:
        return


def _installed(op: Operation, current: Current, use: CertificateUse, unseen: str | None) -> ServiceChange:
    """That it could not be seen is told, and undoes nothing."""
    there = {"installed_as": use.installed_as, "installed_fingerprint": use.fingerprint, OTHER_IN_USE: False}
    uses = (use, *_gone(op, use.fingerprint))
    if _is_another(current, use):  # the newer one is installed by an operation of its own
        return ServiceChange(None, data=there, uses=uses)
    told: dict[str, Any] = {**NO_PROBLEM}
    if unseen is not None:
        told = as_data(Rejected(NOT_SERVED, f"the certificate is installed, and could not be seen: {unseen}"))
    facts = {"installed": True, "install": True, **there}
    return ServiceChange(None, data={**facts, **told}, uses=uses, upkeep=_if_looked_after(op, _upkeep(op, current)))


def _is_another(current: Current, use: CertificateUse) -> bool:
    """Whether the service has another one by now, or the same with other intermediates."""
    names = (installed_name(current.chain), former_name(use.fingerprint))
    return current.facts.fingerprint != use.fingerprint or use.installed_as not in names


def _gone(op: Operation, pinned: str) -> tuple[CertificateUse, ...]:
    before = op.service.data.get("installed_fingerprint")
    return () if before in (None, pinned) else (CertificateUse(str(before), removed=True),)


def _upkeep(op: Operation, current: Current) -> Upkeep:
    warning = next_warning(op, current.facts)
    renewed_here = current.source != CUSTOMER and Ordered.of(op).auto_renew
    return earliest((tomorrow(op), warning)) if renewed_here else warning


def _if_looked_after(op: Operation, upkeep: Upkeep) -> Upkeep | None:
    """What has ended, or was revoked while this went on, is left as its end or the revocation has planned it."""
    is_over = op.service.status is ServiceStatus.CANCELLED or op.service.data.get("revoked")
    return None if is_over else upkeep
