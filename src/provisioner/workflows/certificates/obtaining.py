"""Obtaining a certificate: the names must lead here, and a dead order is followed by another, ever more slowly."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from provisioner.kernel.private_keys import make_csr
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.certificates import CertificateRequest, Method
from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.workflows.certificates import parties
from provisioner.workflows.certificates.looking import ever_more_slowly
from provisioner.workflows.certificates.order import Issued, Order
from provisioner.workflows.certificates.ordered import Ordered
from provisioner.workflows.certificates.problems import (
    ANOTHER_ORDER,
    DNS_ELSEWHERE,
    HOSTING_GONE,
    NO_METHOD,
    WORDS,
    is_problem,
    problem,
)
from provisioner.workflows.operation import AFTER_A_SLEEP, Operation

LOOK_EVERY: Final = 600.0
"""In seconds."""
PAUSES: Final = (timedelta(minutes=1), timedelta(minutes=10), timedelta(minutes=100))
WORKER: Final = "worker"
DAY: Final = timedelta(days=1)
PATIENT_ORDERS: Final = 2
SECOND_LOOKS: Final = timedelta(hours=1)

SUSPENDED: Final = "the web hosting is suspended, and the DNS of this server cannot be used instead of its pages"


@dataclass(frozen=True, slots=True)
class Terms:
    """How the hosting's server handles certificates; for the words see the port's `certificate_terms`."""

    source: str
    methods: tuple[Method, ...]
    addresses: tuple[str, ...]
    asked_at: datetime

    @classmethod
    def asked(cls, op: Operation, patience: timedelta, number: int = 1) -> "Terms":
        """Ask the server, once for each number; waited for while it is away or the hosting is being made."""
        host = parties.host(op)

        def look() -> Done | Pending:
            return parties.not_made_yet(op) or _usable(op, host.certificate_terms(parties.site(op)), patience)

        reason = "asking the server how it handles certificates"
        step, foreseen = _numbered("terms", number), _foreseen(op, patience, number)
        try:
            data = op.wait_until(step, look, every=LOOK_EVERY, reason=reason, foreseen=foreseen).data
        except Rejected as refused:
            raise problem(refused, late=parties.late(op)) from refused
        asked_at = datetime.fromisoformat(data["asked_at"]) if "asked_at" in data else op.accepted_at
        return cls(str(data["source"]), tuple(map(Method, data["methods"])), tuple(data["addresses"]), asked_at)

    @classmethod
    def when_names_lead_here(cls, op: Operation, patience: timedelta) -> "Terms":
        """Those by which the required names lead here, which is waited for; where we do not issue, what they are.

        A site may get other addresses: the server is asked anew each day. Raises Rejected with a problem.
        """
        for number in count(1):
            terms = cls.asked(op, patience, number)
            if terms.source != WORKER or _await_names(op, terms, patience, number):
                return terms
        raise AssertionError("counting has no end")


def source_now(op: Operation) -> str:
    """Who obtains the site's certificates by now; empty when its server does not say."""
    host, site = parties.host(op), parties.site(op)
    reason = "asking the server who obtains its certificates"
    try:
        return str(op.wait_until("terms", host.certificate_terms, site, every=LOOK_EVERY, reason=reason).data["source"])
    except Rejected as refused:
        if not is_problem(refused):
            raise
        return ""


def _numbered(step: str, number: int) -> str:
    return step if number == 1 else f"{step}-{number}"


def _foreseen(op: Operation, patience: timedelta, number: int) -> float:
    """Seconds that a wait may take; asking anew gives it no more time."""
    left = patience if number == 1 else op.accepted_at + patience - op.now
    return max(left.total_seconds(), 0.0)


def _usable(op: Operation, terms: Done, patience: timedelta) -> Done | Pending:
    """The pages of a suspended site show nothing: without the DNS it is waited for, and nothing is ordered."""
    told = {**terms.data, "asked_at": op.now.isoformat()}
    if op.parent.status is not ServiceStatus.SUSPENDED or terms.data["source"] != WORKER:
        return Done(data=told)
    methods = [method for method in Ordered.of(op).methods if method is Method.DNS and method in terms.data["methods"]]
    found = _while_suspended(op, methods, patience) or Done(data={**told, "methods": [*methods]})
    return ever_more_slowly(found, since=op.accepted_at, now=op.now)


def _while_suspended(op: Operation, methods: Sequence[Method], patience: timedelta) -> Pending | None:
    """What a wait is to say while these methods show nothing of a suspended site. Raises Rejected in the end."""
    if op.parent.status is not ServiceStatus.SUSPENDED or Method.DNS in methods:
        return None
    if op.now >= op.accepted_at + patience:
        raise Rejected(NO_METHOD, SUSPENDED)
    return Pending(LOOK_EVERY, SUSPENDED)


def obtain(op: Operation, terms: Terms, patience: timedelta, *, replaces: str = "") -> tuple[Issued, str]:
    """A certificate from the authority, and its CSR. Raises Rejected with a problem that is told to the customer.

    The required names lead here. Up to `patience` after the operation was accepted it is tried again, with one key for
    all orders, none of which is opened while the hosting is suspended and only its pages could show anything.
    """
    methods = _methods(op, terms)
    request = _request(op, "request", _names(op, terms), replaces)
    for number in count(1):
        try:
            return Order(op, request, methods, number, op.accepted_at + patience).certificate(), request.csr
        except Rejected as refused:
            if refused.code not in ANOTHER_ORDER:
                raise problem(refused) from refused
            _await_next(op, number, refused, methods, patience)
            request = _without_unproven(op, request, refused, number)
    raise AssertionError("counting has no end")


def _methods(op: Operation, terms: Terms) -> Sequence[Method]:
    """What both we may use and the server can do, in our order."""
    methods = _common(op, terms)
    if not methods:
        raise Rejected(NO_METHOD, WORDS[NO_METHOD])
    return methods


def _common(op: Operation, terms: Terms) -> Sequence[Method]:
    return [method for method in Ordered.of(op).methods if method in terms.methods]


# -- the names


def _names(op: Operation, terms: Terms) -> tuple[str, ...]:
    """The required names, and optional ones unless they lead elsewhere."""
    ordered = Ordered.of(op)
    here = [
        name
        for number, name in enumerate(ordered.optional, start=1)
        if _leads_here(op, f"leads-here-{number}", name, terms.addresses)
    ]
    return (*ordered.required, *here)


def _await_names(op: Operation, terms: Terms, patience: timedelta, number: int) -> bool:
    """Wait as long as the hosting is there; false when the terms have become old meanwhile.

    Of a wildcard, which is proven in the DNS, only what CAA records say matters. Raises Rejected `hosting_gone`,
    `dns_elsewhere`, `caa_forbids`, and `no_method` where the first terms have none.
    """
    checks, methods = parties.name_checks(op), _methods(op, terms) if number == 1 else _common(op, terms)
    names = Ordered.of(op).required

    def look() -> Done | Pending:
        if parties.hosting_is_gone(op):
            raise Rejected(HOSTING_GONE, WORDS[HOSTING_GONE])
        found = _while_suspended(op, methods, patience) or checks.points_to(names, terms.addresses)
        if isinstance(found, Pending) and op.now >= terms.asked_at + DAY:
            return Done(data={"here": False})
        return ever_more_slowly(found, since=op.accepted_at, now=op.now)

    step, foreseen = _numbered("names-lead-here", number), _foreseen(op, patience, number)
    reason = f"waiting until {', '.join(names)} leads to this website"
    try:
        found = op.wait_until(step, look, every=LOOK_EVERY, reason=reason, foreseen=foreseen)
    except Rejected as refused:
        raise problem(refused, late=DNS_ELSEWHERE) from refused
    return bool(found.data.get("here", True))


def _leads_here(op: Operation, step: str, name: str, addresses: Sequence[str]) -> bool:
    """One look, whose answer counts for the whole operation.

    A name that the last certificate has is not left out for one bad look: it is looked at for an hour.
    """
    checks = parties.name_checks(op)
    had = name in (op.service.data.get("names") or ())

    def look() -> Done | Pending:
        found = checks.points_to((name,), addresses)
        if isinstance(found, Pending) and had and op.now < op.accepted_at + SECOND_LOOKS:
            return replace(found, check_after=min(found.check_after, LOOK_EVERY))
        told = {"reason": found.reason} if isinstance(found, Pending) else {}
        return Done(data={"here": isinstance(found, Done), **told})

    return bool(op.wait_until(step, look, every=LOOK_EVERY, reason=f"looking where {name} leads").data["here"])


# -- the key, and one order after the other


def _request(op: Operation, step: str, names: Sequence[str], replaces: str) -> CertificateRequest:
    """The names, and the CSR for the operation's key, kept before anything is ordered with them."""
    if op.secret is None:
        raise TypeError("an operation that obtains a certificate has a key as its secret")
    kept = op.write_down(step, {"csr": make_csr(op.secret, names), "names": list(names)})
    return CertificateRequest(tuple(kept["names"]), str(kept["csr"]), Ordered.of(op).profile, replaces)


def _without_unproven(op: Operation, request: CertificateRequest, refused: Rejected, number: int) -> CertificateRequest:
    """After the second dead order: without optional names, if the refusal names such ones only.

    A name that the last certificate has is kept for an hour.
    """
    named = [name for name in request.names if _names_it(refused.message, name)]
    if number < PATIENT_ORDERS or not named or not set(named) <= set(Ordered.of(op).optional):
        return request
    had = set(op.service.data.get("names") or ()) if op.now < op.accepted_at + SECOND_LOOKS else set()
    kept = [name for name in request.names if name not in named or name in had]
    return _request(op, f"request-{number}", kept, request.replaces)


def _names_it(message: str, name: str) -> bool:
    """Whether these words are about a name, and not one within it or around it."""
    return re.search(rf"(?<![\w.*-]){re.escape(name)}(?![\w-]|\.\w)", message) is not None


def _await_next(op: Operation, number: int, refused: Rejected, methods: Sequence[Method], patience: timedelta) -> None:
    """Wait before the next order, as long as the hosting is there. Raises Rejected when it would come too late."""
    told = problem(refused)
    pause = PAUSES[number - 1] if number <= len(PAUSES) else DAY
    at = datetime.fromisoformat(op.write_down(f"dead-{number}", {"next": (op.now + pause).isoformat()})["next"])
    if at > op.accepted_at + patience:
        raise told from refused
    reason = f"{told.message}; it is tried again"

    def look() -> Done | Pending:
        if parties.hosting_is_gone(op):
            raise Rejected(HOSTING_GONE, WORDS[HOSTING_GONE])
        if (suspended := _while_suspended(op, methods, patience)) is not None:
            return ever_more_slowly(suspended, since=op.accepted_at, now=op.now)
        left = (at - op.now).total_seconds()
        return Done() if left <= 0 else Pending(left, reason)

    foreseen = max(pause, op.accepted_at + patience - op.now).total_seconds() + AFTER_A_SLEEP
    op.wait_until(f"again-{number}", look, every=LOOK_EVERY, reason=reason, foreseen=foreseen)
