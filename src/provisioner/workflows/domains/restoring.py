"""Restoring a deleted domain from redemption: the request, then the report where the registry wants one (RFC 3915)."""

from typing import Final

from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Done, Rejected
from provisioner.ports.registrar import Registrar, RestoreReport
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains import prices
from provisioner.workflows.domains.dates import moment
from provisioner.workflows.domains.decisions import REGISTRY_DECIDES, RESTORE
from provisioner.workflows.domains.hosts import ensure_hosts, is_within
from provisioner.workflows.domains.ordered import Ordered
from provisioner.workflows.domains.protection import unprotected
from provisioner.workflows.domains.registration import LOOK_EVERY
from provisioner.workflows.domains.seen import (
    DELETED,
    HOLD,
    REDEMPTION,
    TRANSFERRED_AWAY,
    Seen,
    known_roid,
    look,
)
from provisioner.workflows.domains.standing import RESTORED_AT, as_seen
from provisioner.workflows.journal import ServiceChange
from provisioner.workflows.operation import Operation

STATEMENTS: Final = (
    "This registrar has not restored the name in order to assume the rights to use or sell it.",
    "The information in this report is true to the best of this registrar's knowledge.",
)


@workflow("domain.restore", port=Registrar)
def restore_domain(op: Operation, registrar: Registrar) -> ServiceChange:
    """Bring the domain back. Its expiry is read anew: what the registry has renewed is not renewed again."""
    seen = look(op, registrar)
    status = seen.status(known_roid(op))
    if status in (DELETED, TRANSFERRED_AWAY):
        raise Rejected("not_restorable", f"{seen.domain} cannot be restored any more: {status.replace('_', ' ')}")
    if seen.is_to_be_purged:
        told = "its redemption is over, and the registry is about to delete it for good"
        raise Rejected("not_restorable", f"{seen.domain} cannot be restored any more: {told}")
    hosts = seen.nameservers
    if status == REDEMPTION:
        patience = _restore(op, registrar, seen)
        seen = _verified(op, registrar, seen, patience)
        hosts = _give_hosts_back(op, registrar, seen)
    on_hold = HOLD in seen.statuses
    suspended_by = (op.service.suspended_by or "system") if on_hold else None
    back = ServiceStatus.SUSPENDED if on_hold else ServiceStatus.ACTIVE
    paid = status == REDEMPTION
    restored = {RESTORED_AT: seen.looked_at.isoformat()} if paid else {}
    also = {"deleted_at": None, "nameservers": list(hosts), **restored}
    return as_seen(op, seen, back, paid=paid, also=also, suspended_by=suspended_by)


def _restore(op: Operation, registrar: Registrar, seen: Seen) -> float | None:
    """Ask and report; the seconds for which a registry that decides about the report by hand is waited for."""
    rules = Ordered.of(op).rules
    quoted = prices.quote(op, registrar, seen.domain, "restore", 1)
    cap = prices.agreed(quoted, prices.cap_of(op, quoted, None))
    asked = op.step(
        "request",
        registrar.request_restore,
        seen.domain,
        cap,
        foreseen=REGISTRY_DECIDES,
        unless=RESTORE.refusal(op),
        lapsed=RESTORE.lapsed(op),
    )
    restored_at = str(op.write_down("requested", {"at": op.now.isoformat()})["at"])
    if not (rules.restore_report or asked.data.get("report_due")):
        return None
    told = op.step("report", registrar.report_restore, _report(op, seen, restored_at))
    return REGISTRY_DECIDES if told.data.get("decides_later") else None


def _give_hosts_back(op: Operation, registrar: Registrar, seen: Seen) -> tuple[str, ...]:
    """Name servers within the domain went with it; they are made again, and named. The domain's name servers."""
    hosts = Ordered.of(op).hosts
    if all(host.name in seen.nameservers for host in hosts if is_within(host, seen.domain)):
        return seen.nameservers

    def change() -> None:
        op.step("nameservers", registrar.change_nameservers, seen.domain, hosts)

    ensure_hosts(op, registrar, hosts)
    unprotected(op, registrar, seen, change)
    return tuple(host.name for host in hosts)


def _report(op: Operation, seen: Seen, restored_at: str) -> RestoreReport:
    deleted_at = op.service.data.get("deleted_at") or seen.looked_at.isoformat()
    reason = op.inputs.get("reason") or "Registrant error."
    return RestoreReport(seen.domain, moment(deleted_at).isoformat(), restored_at, reason, STATEMENTS)


def _verified(op: Operation, registrar: Registrar, before: Seen, patience: float | None) -> Seen:
    """The domain, back. A refusal that came after the report leaves it to an operator, as money was spent."""

    def check(domain: str) -> Done | None:
        shown = registrar.look(domain)
        if not Seen.from_look(domain, shown.data).is_leaving:
            return shown
        if refused is not None:
            raise refused
        return None

    refused = RESTORE.refusal(op)
    reason = f"the registry has not brought {before.domain} back yet"
    shown = op.wait_until("verify", check, before.domain, every=LOOK_EVERY, reason=reason, foreseen=patience)
    return Seen.from_look(before.domain, shown.data)
