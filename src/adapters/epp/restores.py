"""Restoring domains from redemption (RFC 3915): a request, and at most registries a report."""

from dataclasses import dataclass

from adapters.epp import commands, errors, statuses
from adapters.epp.errors import Act
from adapters.epp.prices import Prices
from adapters.epp.registry import Registry, Seen
from adapters.epp.replies import DomainData
from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.ports.registrar import Price, RestoreReport


@dataclass(frozen=True, slots=True)
class Restores:
    """Asks for domains back, and reports why."""

    registry: Registry
    prices: Prices

    def request(self, domain: str, max_price: Price | None) -> Done | Pending:
        """Ask, unless it was asked for already."""
        data = self._ours(domain)
        found = self._found(data)
        if found is not None:
            return found
        if statuses.PENDING_DELETE in data.rgp_statuses:
            raise Rejected("not_restorable", f"the redemption of {domain} is over, and the registry is to purge it")
        price = self.prices.agreed(domain, "restore", 1, max_price)
        try:
            reply = self.registry.ask(commands.domain_restore_request(domain, price), priced=price is not None)
        except Rejected as refused:
            return self._after_refusal(domain, refused)
        if reply.pending:
            return self._restoring(domain, shown=False)
        with errors.after_effect():
            return self._found(self._ours(domain)) or self._asked(domain)

    def find(self, domain: str) -> Done | Pending | None:
        """Done when the report is due or nothing is left to do, None while the domain is in redemption."""
        return self._found(self._ours(domain))

    def report(self, report: RestoreReport) -> Done:
        """Send the report, where one is wanted. `data`: decides_later, where the registry does (1001)."""
        data = self._ours(report.domain)
        if not _waits(data):
            return Done(report.domain)
        if _is_undecided(data):
            return _decided_later(report.domain)
        if statuses.PENDING_RESTORE not in data.rgp_statuses and statuses.REDEMPTION in data.rgp_statuses:
            raise Rejected("not_restorable", f"{report.domain} is in redemption, and no restore was asked for")
        try:
            reply = self.registry.ask(commands.domain_restore_report(report))
        except Rejected as refused:
            if errors.wants_a_look(refused, Act.REPORT) and not _waits(self._ours(report.domain)):
                return Done(report.domain)
            raise
        return _decided_later(report.domain) if reply.pending else Done(report.domain)

    def _ours(self, domain: str) -> DomainData:
        """The domain. What is gone, or someone else's, cannot be restored."""
        seen: Seen = self.registry.seen(domain)
        if not seen.exists or not seen.ours:
            why = "is not ours" if seen.exists else "is purged, or was never registered"
            raise Rejected("not_restorable", f"{domain} {why}")
        return seen.data

    def _found(self, data: DomainData) -> Done | Pending | None:
        if _waits(data) and _is_undecided(data):
            return self._restoring(data.name, shown=True)
        if statuses.PENDING_RESTORE in data.rgp_statuses:
            if self.registry.settings.restore_report:
                return self._asked(data.name)
            return self._restoring(data.name, shown=True)
        if _waits(data):
            return None
        return Done(data.name, {"report_due": False})

    def _asked(self, domain: str) -> Done:
        return Done(domain, {"report_due": self.registry.settings.restore_report})

    def _restoring(self, domain: str, *, shown: bool) -> Pending:
        return self.registry.pending(f"the registry has yet to restore {domain}", domain, shown=shown)

    def _after_refusal(self, domain: str, refused: Rejected) -> Done | Pending:
        """2304 also means that it was asked for already, at registries that do not show it: the report is due."""
        if not errors.wants_a_look(refused, Act.RESTORE):
            raise refused
        data = self._ours(domain)
        found = self._found(data)
        if found is not None:
            return found
        if refused.vendor_code == "2304" and not data.rgp_statuses:
            return self._asked(domain)
        raise refused


def _is_undecided(data: DomainData) -> bool:
    """Whether a request or a report is there: both are updates, and a waiting one is shown as such (RFC 5731 §2.3)."""
    return statuses.PENDING_UPDATE in data.statuses


def _decided_later(domain: str) -> Done:
    return Done(domain, {"decides_later": True})


def _waits(data: DomainData) -> bool:
    """Whether the domain is on its way out, as far as the registry shows it."""
    leaving = {statuses.REDEMPTION, statuses.PENDING_RESTORE, statuses.PENDING_DELETE}
    return not leaving.isdisjoint((*data.statuses, *data.rgp_statuses))
