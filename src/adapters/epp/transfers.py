"""Transfers (RFC 5730 §2.9.3.4, RFC 5731 §3.2.4): asked for, withdrawn, answered.

What became of a request is read from the domain (whose it is) and from the registry's transfer (how it stands); a
registry need not tell the gaining registrar anything by itself.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from adapters.epp import commands, errors, statuses
from adapters.epp.commands import Command
from adapters.epp.dates import moment
from adapters.epp.errors import Act
from adapters.epp.prices import Prices
from adapters.epp.registry import Registry, told
from adapters.epp.replies import TransferData
from adapters.epp.statuses import Change
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done, Failure, Pending, Rejected, Unavailable
from provisioner.ports.registrar import TransferRequest

SOON: Final = 300.0
"""Seconds until the registry has carried out a transfer that is decided."""
CLOCK_SKEW: Final = timedelta(minutes=5)
"""By how much the registry's clock may be behind ours."""

PENDING: Final = "pending"
APPROVED: Final = frozenset({"clientApproved", "serverApproved"})
REJECTED: Final = "clientRejected"
_NOT_TOLD: Final = frozenset({2201, 2202})


@dataclass(frozen=True, slots=True)
class Transfers:
    """Transfers to us and from us."""

    registry: Registry
    prices: Prices

    def request(self, request: TransferRequest) -> Done | Pending:
        """Ask once; a request of ours that stands already is the same one."""
        price = self.prices.agreed(request.domain, "transfer", request.years, request.max_price)
        command = commands.domain_transfer_request(replace(request, max_price=price))
        values = {request.domain: "/domain", str(request.years): "/years"}
        try:
            reply = self.registry.ask(command, request.domain, priced=price is not None, values=values)
        except Rejected as refused:
            return self._after_refusal(request, refused)
        if isinstance(reply.data, TransferData) and reply.data.status == PENDING:
            return self._waiting(reply.data)
        if reply.pending:
            return self._asked(request.domain, f"the transfer of {request.domain} is asked for and not decided")
        return self._read_back(request)

    def find(self, request: TransferRequest) -> Done | Pending | None:
        """Ours already, still asked for, ended otherwise (Rejected), or not asked for."""
        seen = self.registry.seen(request.domain)
        if seen.ours:
            return Done(request.domain, {"expires_at": seen.data.expires_at})
        transfer = self._transfer(request.domain, request.auth_code)
        if transfer is None or not self.registry.is_us(transfer.requested_by):
            return None
        if transfer.status == PENDING:
            return self._waiting(transfer)
        if transfer.requested_at and moment(transfer.requested_at) < moment(request.since) - CLOCK_SKEW:
            return None
        if transfer.status in APPROVED:
            return Pending(SOON, f"the transfer of {request.domain} is approved; the registry carries it out")
        raise _ended(transfer)

    def cancel(self, domain: str) -> Done:
        """Withdraw our request, if it stands."""
        reply = self.registry.ask(commands.domain_transfer_query(domain), domain)
        if reply.code not in _NOT_TOLD and not self._stands(reply.data, ours=True):
            return Done(domain, {"cancelled": False})
        cancelled = self._answered(domain, commands.domain_transfer_cancel(domain), ours=True)
        return Done(domain, {"cancelled": cancelled})

    def answer(self, domain: str, answer: str) -> Done:
        """Approve or reject another registrar's request, if it stands."""
        command = {"approve": commands.domain_transfer_approve, "reject": commands.domain_transfer_reject}.get(answer)
        if command is None:
            raise Rejected("invalid_request", f"{answer!a} is neither approve nor reject")
        if self._stands(self._transfer(domain), ours=False):
            self._answered(domain, command(domain), ours=False)
        return Done(domain)

    def _transfer(self, domain: str, auth_code: Secret | None = None) -> TransferData | None:
        """How the last transfer stands, or None when there is none, or none that we may know of.

        The code may have been changed since; who has asked for the domain needs none (RFC 5730 §2.9.2.4).
        """
        reply = self.registry.ask(commands.domain_transfer_query(domain, auth_code), domain)
        if reply.code == errors.ANOTHER_CODE and auth_code is not None:
            reply = self.registry.ask(commands.domain_transfer_query(domain), domain)
        return told(reply, TransferData) if reply.succeeded else None

    def _stands(self, data: object, *, ours: bool) -> bool:
        if not isinstance(data, TransferData) or data.status != PENDING:
            return False
        return self.registry.is_us(data.requested_by) is ours

    def _answered(self, domain: str, command: Command, *, ours: bool) -> bool:
        """False when the request no longer stood. Raises what the registry refused for another reason."""
        try:
            return self.registry.ask(command, domain).succeeded
        except Rejected as refused:
            if not errors.wants_a_look(refused, Act.ANSWER) or self._stands(self._transfer(domain), ours=ours):
                raise
            return False

    def _after_refusal(self, request: TransferRequest, refused: Rejected) -> Done | Pending:
        """Adopt what stands already; else name the lock, which the losing registrar or time lifts."""
        if not errors.wants_a_look(refused, Act.TRANSFER):
            raise refused
        found = self._standing(request)
        if found is not None:
            return found
        raise self._explained(request, refused) from refused

    def _standing(self, request: TransferRequest) -> Done | Pending | None:
        """A request that ended is no reason to fail the new one with its end."""
        try:
            return self.find(request)
        except Rejected:
            return None

    def _explained(self, request: TransferRequest, refused: Rejected) -> Failure:
        """The refusal with its reason; Unavailable when what stands in the way will end."""
        seen = self.registry.seen(request.domain, request.auth_code)
        locks = [each for each in seen.data.statuses if each.endswith("TransferProhibited")]
        if locks:
            words = f"{', '.join(locks)} is set on {request.domain}; its present registrar has to lift that"
            return errors.with_words(refused, "transfer_locked", words)
        if statuses.PENDING_TRANSFER in seen.data.statuses:
            return errors.with_words(refused, "transfer_locked", f"another transfer of {request.domain} is under way")
        obstacle = statuses.obstacle(seen.data, Change.TRANSFER)
        return obstacle if isinstance(obstacle, Unavailable) else refused

    def _waiting(self, transfer: TransferData) -> Pending:
        """Who must act, and until when."""
        who = f"registrar {transfer.acting}" if transfer.acting else "the losing registrar"
        until = f"; the registry decides by itself at {transfer.acts_at}" if transfer.acts_at else ""
        return self._asked(transfer.name, f"{who} has to approve the transfer of {transfer.name}{until}")

    def _asked(self, domain: str, reason: str) -> Pending:
        """The registry's message comes sooner than the next look, if it comes."""
        return Pending(self.registry.settings.look_again_seconds, reason, domain)

    def _read_back(self, request: TransferRequest) -> Done | Pending:
        """What a look shows; else it is waited for, as the request was accepted, and is not made again."""
        unseen = f"the registry has accepted the transfer of {request.domain} and does not show it yet"
        try:
            found = self.find(request)
        except Failure:
            found = None
        return found or Pending(SOON, unseen, request.domain)


def _ended(transfer: TransferData) -> Rejected:
    if transfer.status == REJECTED:
        return Rejected("transfer_refused", f"registrar {transfer.acting} rejected the transfer of {transfer.name}")
    whose = "by the registry" if transfer.status == "serverCancelled" else "by us"
    return Rejected("transfer_cancelled", f"the transfer of {transfer.name} was cancelled {whose} ({transfer.status})")
