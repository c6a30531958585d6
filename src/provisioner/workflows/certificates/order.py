"""One order at the authority: what it wants to see is shown, and taken away again whatever comes of it.

The names of steps bear the order's number: `order-1`, `show-1-dns-2` (the second challenge of the first order).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from provisioner.ports.certificates import AuthorityOrder, CertificateRequest, Challenge, Method
from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.workflows.certificates import parties
from provisioner.workflows.certificates.looking import ever_more_slowly
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
LEAVES_TIME: Final = timedelta(minutes=10)
"""So long before an order expires it is given up, if the DNS does not show what it is to show."""
AT_LEAST: Final = timedelta(hours=3)
"""What name servers need to take a record over, and more."""
LEFT_BEHIND: Final = "left_behind"
"""In a service's data: what was shown and could not be taken away."""
MOST_LEFT: Final = 20


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate from the authority."""

    chain: str
    order_url: str


@dataclass(frozen=True, slots=True)
class _Exhibit:
    """A challenge, and by what its steps are known."""

    mark: str
    challenge: Challenge


@dataclass(frozen=True, slots=True)
class _Showing:
    """Since when challenges are shown, and until when it is worth waiting that they are seen."""

    began: datetime
    until: datetime

    @classmethod
    def begun(cls, op: Operation, step: str, expires: str | None, patient_until: datetime) -> "_Showing":
        """Kept by the first run that comes to it."""
        until = max(patient_until, op.now + AT_LEAST)
        if expires:
            end = datetime.fromisoformat(expires)
            until = min(until, end - min(LEAVES_TIME, (end - op.now) / 10))
        kept = op.write_down(step, {"began": op.now.isoformat(), "until": until.isoformat()})
        return cls(datetime.fromisoformat(kept["began"]), datetime.fromisoformat(kept["until"]))

    def goes_on(self, found: Done | Pending, now: datetime, unseen: str) -> Done | Pending:
        """The look, to be repeated ever more slowly. Raises Rejected when it is not worth waiting any longer."""
        if isinstance(found, Pending) and now >= self.until:
            raise Rejected(VALIDATION_FAILED, f"{unseen}: {found.reason}")
        return ever_more_slowly(found, since=self.began, now=now, until=self.until)


class Order:
    """Leads to a certificate, or raises Rejected: then this order is dead, and another may be opened."""

    def __init__(
        self,
        op: Operation,
        request: CertificateRequest,
        methods: Sequence[Method],
        number: int,
        patient_until: datetime,
    ) -> None:
        self._op = op
        self._request = request
        self._methods = methods
        self._number = number
        self._patient_until = patient_until
        self._tried: list[_Exhibit] = []
        self._shown: set[str] = set()

    def certificate(self) -> Issued:
        """Bring it about. After the authority has issued it, nothing fails any more."""
        try:
            order, issued = self._issued()
        except Rejected:
            self._hide_all()
            raise
        self._hide_all()
        return Issued(str(issued.data["chain"]), order.url)

    def _issued(self) -> tuple[AuthorityOrder, Done]:
        opened = self._opened()
        order = AuthorityOrder(opened.ref, self._request)
        self._prove(order, [_challenge(kept) for kept in opened.data["challenges"]], opened.data.get("expires"))
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

    def _prove(self, order: AuthorityOrder, challenges: Sequence[Challenge], expires: str | None) -> None:
        authority = parties.authority(self._op)
        exhibits = self._show_all(challenges)
        showing = _Showing.begun(self._op, f"shown-{self._number}", expires, self._patient_until)
        for exhibit in exhibits:
            self._await_seen(exhibit, showing)
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
        return [self._exhibit(challenge, place) for place, challenge in enumerate(chosen, start=1)]

    def _exhibit(self, challenge: Challenge, place: int) -> _Exhibit:
        return _Exhibit(f"{self._number}-{challenge.method.partition('-')[0]}-{place}", challenge)

    def _show(self, exhibit: _Exhibit) -> None:
        """Show one. Also a refused one may have been shown before, by a call whose answer was lost."""
        host, site = parties.host(self._op), parties.site(self._op)
        self._tried.append(exhibit)
        self._op.step(f"show-{exhibit.mark}", host.show_challenge, site, exhibit.challenge)
        self._shown.add(exhibit.mark)

    def _await_seen(self, exhibit: _Exhibit, showing: _Showing) -> None:
        """Wait as long as the order and the hosting are there: what was shown goes with it."""
        checks = parties.name_checks(self._op)
        unseen = f"the DNS of {exhibit.challenge.name} does not show our record"

        def look() -> Done | Pending:
            if parties.hosting_is_gone(self._op):
                raise Rejected(HOSTING_GONE, WORDS[HOSTING_GONE])
            return showing.goes_on(checks.shows(exhibit.challenge), self._op.now, unseen)

        try:
            self._op.wait_until(
                f"seen-{exhibit.mark}",
                look,
                every=SEEN_EVERY,
                reason=f"{unseen} yet",
                foreseen=max((showing.until - self._op.now).total_seconds(), 0.0),
            )
        except Rejected as refused:
            raise problem(refused, late=VALIDATION_FAILED) from refused

    # -- tidying up

    def _hide_all(self) -> None:
        """Take everything away; what was shown and the panel refuses to take away stays, and is told."""
        kept = [exhibit for exhibit in self._tried if not self._is_hidden(exhibit)]
        mine = [_kept(exhibit.challenge) for exhibit in kept if exhibit.mark in self._shown]
        before = [each for each in self._op.kept.get(LEFT_BEHIND) or () if each not in mine]
        if before or mine:
            self._op.keep(left_behind=[*self._still_there(before), *mine][-MOST_LEFT:])

    def _still_there(self, before: Sequence[Any]) -> list[Any]:
        """What earlier orders have left: that of methods by which this one has shown something goes now."""
        usable = {exhibit.challenge.method for exhibit in self._tried if exhibit.mark in self._shown}
        return [
            each
            for place, each in enumerate(before, start=len(self._tried) + 1)
            if isinstance(each, str)  # by earlier versions, without its content
            or each["method"] not in usable
            or not self._is_hidden(self._exhibit(_challenge(each), place), added=True)
        ]

    def _is_hidden(self, exhibit: _Exhibit, *, added: bool = False) -> bool:
        host, site = parties.host(self._op), parties.site(self._op)
        step, challenge = f"hide-{exhibit.mark}", exhibit.challenge
        try:
            self._op.step(step, host.hide_challenge, site, challenge, in_any_case=True, added=added)
        except Rejected:
            return False
        return True


def _challenge(kept: Mapping[str, Any]) -> Challenge:
    return Challenge(kept["name"], Method(kept["method"]), kept["place"], kept["content"], kept["url"])


def _kept(challenge: Challenge) -> dict[str, str]:
    facts = {"name": challenge.name, "method": challenge.method.value, "place": challenge.place}
    return {**facts, "content": challenge.content, "url": challenge.url}
