"""One order at the authority: what it wants to see is shown, and taken away again whatever comes of it.

The names of steps bear the order's number: `order-1`, `show-1-dns-2` (the second challenge of the first order).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from provisioner.ports.certificates import AuthorityOrder, CertificateRequest, Challenge, Method
from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.workflows.certificates import parties
from provisioner.workflows.certificates.problems import (
    ALREADY_REPLACED,
    CHALLENGE_NOT_POSSIBLE,
    HOSTING_GONE,
    NO_METHOD,
    VALIDATION_FAILED,
    WORDS,
    problem,
)
from provisioner.workflows.operation import Operation

SEEN_EVERY: Final = 15.0
VALIDATED_EVERY: Final = 5.0
"""In seconds; where the port does not say."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate from the authority. `left_behind`: what could not be taken away, as it was shown."""

    chain: str
    order_url: str
    left_behind: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Exhibit:
    """A challenge, and by what its steps are known."""

    mark: str
    challenge: Challenge


class Order:
    """Leads to a certificate, or raises Rejected: then this order is dead, and another may be opened."""

    def __init__(self, op: Operation, request: CertificateRequest, methods: Sequence[Method], number: int) -> None:
        self._op = op
        self._request = request
        self._methods = methods
        self._number = number
        self._tried: list[_Exhibit] = []
        self._shown: set[str] = set()

    def certificate(self) -> Issued:
        """Bring it about. After the authority has issued it, nothing fails any more."""
        try:
            order, issued = self._issued()
        except Rejected:
            self._hide_all()
            raise
        return Issued(str(issued.data["chain"]), order.url, self._hide_all())

    def _issued(self) -> tuple[AuthorityOrder, Done]:
        opened = self._opened()
        order = AuthorityOrder(opened.ref, self._request)
        self._prove(order, [_challenge(kept) for kept in opened.data["challenges"]])
        return order, self._op.step(f"issue-{self._number}", parties.authority(self._op).issue, order)

    def _opened(self) -> Done:
        """What the authority has seen replaced already is followed by an order like any other."""
        authority = parties.authority(self._op)
        try:
            return self._op.step(f"order-{self._number}", authority.open_order, self._request)
        except Rejected as refused:
            if refused.code != ALREADY_REPLACED:
                raise
        self._request = replace(self._request, replaces="")
        return self._op.step(f"order-{self._number}-anew", authority.open_order, self._request)

    # -- the proof

    def _prove(self, order: AuthorityOrder, challenges: Sequence[Challenge]) -> None:
        authority = parties.authority(self._op)
        exhibits = self._show_all(challenges)
        for exhibit in exhibits:
            self._await_seen(exhibit)
        for exhibit in exhibits:
            self._op.step(f"answer-{exhibit.mark}", authority.answer, order, exhibit.challenge)
        self._op.wait_until(
            f"validated-{self._number}",
            authority.validated,
            order,
            every=VALIDATED_EVERY,
            reason="the certificate authority is checking the names",
        )

    def _show_all(self, challenges: Sequence[Challenge]) -> list[_Exhibit]:
        """Show them by the first method that works out. What another has shown until then is taken away at the end."""
        refused = Rejected(NO_METHOD, WORDS[NO_METHOD])
        for method in self._methods:
            exhibits = self._exhibits(challenges, method)
            if exhibits is None:
                continue
            try:
                for exhibit in exhibits:
                    self._show(exhibit)
            except Rejected as impossible:
                if impossible.code != CHALLENGE_NOT_POSSIBLE:
                    raise
                refused = impossible
            else:
                return exhibits
        raise problem(refused)

    def _exhibits(self, challenges: Sequence[Challenge], method: Method) -> list[_Exhibit] | None:
        """The challenges by one method; None when a name is not to be proven by it."""
        chosen = [challenge for challenge in challenges if challenge.method is method]
        if {challenge.name for challenge in chosen} != {challenge.name for challenge in challenges}:
            return None
        short = method.partition("-")[0]
        return [
            _Exhibit(f"{self._number}-{short}-{place}", challenge) for place, challenge in enumerate(chosen, start=1)
        ]

    def _show(self, exhibit: _Exhibit) -> None:
        """Show one. Also a refused one may have been shown before, by a call whose answer was lost."""
        host, site = parties.host(self._op), parties.site(self._op)
        self._tried.append(exhibit)
        self._op.step(f"show-{exhibit.mark}", host.show_challenge, site, exhibit.challenge)
        self._shown.add(exhibit.mark)

    def _await_seen(self, exhibit: _Exhibit) -> None:
        """Wait as long as the hosting is there: what was shown goes with it."""
        checks = parties.name_checks(self._op)

        def look() -> Done | Pending:
            if parties.hosting_is_going(self._op):
                raise Rejected(HOSTING_GONE, WORDS[HOSTING_GONE])
            return checks.shows(exhibit.challenge)

        try:
            self._op.wait_until(
                f"seen-{exhibit.mark}",
                look,
                every=SEEN_EVERY,
                reason=f"the DNS of {exhibit.challenge.name} does not show our record yet",
            )
        except Rejected as refused:
            raise problem(refused, late=VALIDATION_FAILED) from refused

    # -- tidying up

    def _hide_all(self) -> tuple[str, ...]:
        """Take everything away; what was shown and the panel refuses to take away stays, and is told."""
        kept = [exhibit for exhibit in self._tried if not self._is_hidden(exhibit)]
        return tuple(exhibit.challenge.place for exhibit in kept if exhibit.mark in self._shown)

    def _is_hidden(self, exhibit: _Exhibit) -> bool:
        host, site = parties.host(self._op), parties.site(self._op)
        try:
            self._op.step(f"hide-{exhibit.mark}", host.hide_challenge, site, exhibit.challenge, in_any_case=True)
        except Rejected:
            return False
        return True


def _challenge(kept: Mapping[str, Any]) -> Challenge:
    return Challenge(kept["name"], Method(kept["method"]), kept["place"], kept["content"], kept["url"])
