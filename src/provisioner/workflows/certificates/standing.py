"""What becomes of a certificate service, and when it is looked after next."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from provisioner.orders.certificates import (
    AUTHORITY,
    CUSTOMER,
    OTHER_IN_USE,
    PANEL,
    CertificateFacts,
    facts_of,
    renew_at,
    urgent_at,
)
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Done
from provisioner.workflows.certificates.order import Issued
from provisioner.workflows.certificates.problems import NO_PROBLEM
from provisioner.workflows.journal import NewCertificate, ServiceChange, Upkeep
from provisioner.workflows.operation import Operation

UPKEEP: Final = "certificate.upkeep"
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
WARNING_DAYS: Final = (30, 14, 7, 1)


def issued_by_authority(op: Operation, status: ServiceStatus | None, issued: Issued, csr: str) -> ServiceChange:
    """The service with a new certificate from the authority; it is installed next.

    Whether a renewed one is to be installed stays as it is: its predecessor may have been removed meanwhile.
    """
    facts = facts_of(issued.chain)
    planned = renew_at(facts, op.service.service_id)
    told = {"renew_at": planned.isoformat(), "order_url": issued.order_url}
    kept = told if status is None else {**told, "install": True}
    return op.service_is(
        status,
        _made(op, facts, issued.chain, AUTHORITY, kept),
        certificate=NewCertificate(issued.chain, AUTHORITY, csr, op.service.vendor_account, issued.order_url),
        upkeep=Upkeep(max(op.now, min(planned, op.now + DAY)), UPKEEP),
    )


def brought_by_customer(
    op: Operation, chain: str, csr: str, *, install: bool, warnings: Sequence[str]
) -> ServiceChange:
    """The service with a certificate that its owner has brought. The first upkeep sees whether it was installed."""
    facts = facts_of(chain)
    kept = {"install": install, "warnings": list(warnings), "renew_at": None, "order_url": None}
    warned = next_warning(op, facts)
    return op.service_is(
        ServiceStatus.ACTIVE,
        _made(op, facts, chain, CUSTOMER, kept),
        certificate=NewCertificate(chain, CUSTOMER, csr),
        upkeep=earliest((tomorrow(op), warned)) if install else warned,
    )


def found_on_panel(op: Operation, status: ServiceStatus | None, served: Mapping[str, Any]) -> ServiceChange:
    """The service with the certificate that the panel has obtained by itself, and serves."""
    chain = str(served["chain"])
    facts = facts_of(chain)
    there = {"installed": True, "install": True, OTHER_IN_USE: False}
    kept = {**there, "renew_at": None, "order_url": None}
    return op.service_is(
        status,
        _made(op, facts, chain, PANEL, kept),
        certificate=NewCertificate(chain, PANEL),
        upkeep=next_look(op, facts),
    )


def _made(op: Operation, facts: CertificateFacts, chain: str, source: str, also: Mapping[str, Any]) -> Done:
    data = {
        **facts.as_json(),
        **NO_PROBLEM,
        "chain": chain,
        "source": source,
        "certificate_id": op.id,
        "installed": False,
        "revoked": False,
        "window": None,
        "warnings": [],
        **also,
    }
    return Done(facts.fingerprint, data)


def install_next(op: Operation, *, automatic: bool) -> None:
    """Have it installed by an operation of its own, which may take as long as the panel likes."""
    resource = f"site:{op.parent.service_id}"
    op.follow_up("certificate.install", resource=resource, account=op.parent.vendor_account, automatic=automatic)


# -- times


def tomorrow(op: Operation) -> Upkeep:
    """Look after it again in a day."""
    return Upkeep(op.now + DAY, UPKEEP)


def next_week(op: Operation) -> Upkeep:
    """Look after it again in a week."""
    return Upkeep(op.now + WEEK, UPKEEP)


def next_try(op: Operation, facts: CertificateFacts) -> Upkeep:
    """When to try again to renew it: each day, and each week when it has expired a week ago."""
    return Upkeep(op.now + (WEEK if facts.not_after + WEEK <= op.now else DAY), UPKEEP)


def next_warning(op: Operation, facts: CertificateFacts) -> Upkeep:
    """When its owner is to be warned next that it expires; told once more when it has expired."""
    times = [facts.not_after - timedelta(days=days) for days in (*WARNING_DAYS, 0)]
    return Upkeep(next((at for at in times if at > op.now), None), UPKEEP)


def next_look(op: Operation, facts: CertificateFacts) -> Upkeep:
    """When to look again what a panel serves that renews by itself: each week, and each day near the end."""
    return Upkeep(op.now + (WEEK if facts.not_after - op.now > 2 * WEEK else DAY), UPKEEP)


def is_urgent(facts: CertificateFacts, now: datetime) -> bool:
    """Whether so little of its lifetime is left that operators are to be told."""
    return now > urgent_at(facts.not_before, facts.not_after)


def earliest(upkeeps: Sequence[Upkeep]) -> Upkeep:
    """The one that comes first; one without a time never comes."""
    return Upkeep(min((upkeep.at for upkeep in upkeeps if upkeep.at is not None), default=None), UPKEEP)
