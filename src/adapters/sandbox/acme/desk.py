"""From an HTTP request to its answer: signatures, nonces (RFC 8555 section 6), and the fault plan in between."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from adapters.sandbox.acme import damage, jws
from adapters.sandbox.acme.access_log import AccessLog
from adapters.sandbox.acme.accounts import usable
from adapters.sandbox.acme.authority import Authority
from adapters.sandbox.acme.call import Answer, Call
from adapters.sandbox.acme.jws import Envelope
from adapters.sandbox.acme.limits import Turnstile
from adapters.sandbox.acme.nonces import Nonces
from adapters.sandbox.acme.orders import Counter
from adapters.sandbox.acme.problems import CONTENT_TYPE, Kind, Problem, malformed, not_found, planned
from adapters.sandbox.acme.records import Account
from adapters.sandbox.acme.routes import Route, Signed
from adapters.sandbox.faults import Fault, FaultPlan, Rule
from adapters.sandbox.serving import Connection, HttpRequest, Reply

JOSE: Final = "application/jose+json"
_NOTHING_DONE: Final = Answer({"status": "pending"})
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?")


class Desk:
    """Answers requests."""

    def __init__(
        self, authority: Authority, routes: Sequence[Route], counter: Counter, faults: FaultPlan, log: AccessLog
    ) -> None:
        self.log = log
        self._authority = authority
        self.routes = routes
        self._counter = counter
        self._faults = faults
        self._nonces = Nonces()
        self._refusals_due = 0  # of bad_nonce_percent, in hundredths
        self._turnstile = Turnstile()

    def answer(self, request: HttpRequest, connection: Connection) -> Reply:
        """The answer to one HTTP request."""
        path = request.path.partition("?")[0]
        for route in self.routes:
            if found := route.path.fullmatch(path):
                parts = tuple(part or "" for part in found.groups())
                return self._through(route, request, Call(request.method, _base(request), path, parts), connection)
        return self._refused(Call(request.method, _base(request), path), not_found("page"), "unknown")

    def _through(self, route: Route, request: HttpRequest, call: Call, connection: Connection) -> Reply:
        try:
            with self._authority.busy():
                _check_method(route, request)
                self._turnstile.check(self._authority.settings.requests_per_second, self._authority.clock.monotonic())
                call = self._let_in(route, request, call)
                rule = self._faults.take(route.name(call), self._marks(call))
            return self._serve(route, call, rule, connection)
        except Problem as problem:
            return self._refused(call, problem, route.name(call))

    def _serve(self, route: Route, call: Call, rule: Rule | None, connection: Connection) -> Reply:
        """The answer, with what the fault plan makes of it. Raises Problem."""
        if rule is None:
            return self._perform(route, call)
        if rule.fault is Fault.REFUSE:
            raise planned(rule.code, rule.text, rule.seconds)
        if rule.fault in damage.BEFORE_EFFECT:
            return self._damaged(route, call, _NOTHING_DONE, rule)
        if rule.fault is Fault.LATE_SUCCESS:
            connection.wait_until_gone()
        if rule.fault in (Fault.DELAY, Fault.LATE_SUCCESS):
            connection.wait(rule.seconds)
            return self._perform(route, call)
        with self._authority.busy():
            self._counter.settle()
            answer = route.handler(call)
        if rule.fault is Fault.FAIL_AFTER_EFFECT:
            raise planned(rule.code, rule.text, rule.seconds, HTTPStatus.INTERNAL_SERVER_ERROR)
        return self._damaged(route, call, answer, rule)

    def _perform(self, route: Route, call: Call) -> Reply:
        with self._authority.busy():
            self._counter.settle()
            answer = route.handler(call)
            self._note(route.name(call), answer.status, call)
        return self._written(call, answer)

    def _damaged(self, route: Route, call: Call, answer: Answer, rule: Rule) -> Reply:
        self._note(route.name(call), 0, call)
        return damage.damaged(rule, self._written(call, answer))

    # who asks

    def _let_in(self, route: Route, request: HttpRequest, call: Call) -> Call:
        """The request, its signature checked. Raises Problem."""
        if route.signed is Signed.NOT:
            return call
        if request.headers.get_content_type() != JOSE:
            raise malformed(f"the content type is {JOSE}", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        envelope = jws.opened_body(request.body)
        call = replace(call, envelope=envelope)
        call = self._identified(route, call, envelope)
        jws.verify(envelope, call.jwk or call.owner.jwk)
        self._check_header(call, envelope)
        if call.account is not None:
            usable(call.account)
        return call

    def _identified(self, route: Route, call: Call, envelope: Envelope) -> Call:
        header = envelope.header
        if ("jwk" in header) == ("kid" in header):
            raise malformed("a request has either jwk or kid")
        if ("jwk" if "jwk" in header else "kid") not in route.signed.split(" or "):
            raise malformed(f"this resource takes requests signed by {route.signed}")
        if "jwk" in header:
            return replace(call, jwk=jws.public_jwk(header["jwk"]))
        return replace(call, account=self._account(call, header["kid"]))

    def _account(self, call: Call, kid: object) -> Account:
        prefix = call.url("account", "")
        if not isinstance(kid, str) or not kid.startswith(prefix):
            raise malformed("kid is no account of this authority")
        found = self._authority.accounts.get(kid.removeprefix(prefix))
        if found is None:
            raise Problem(Kind.ACCOUNT_DOES_NOT_EXIST, f"there is no account {kid}")
        return found

    def _check_header(self, call: Call, envelope: Envelope) -> None:
        """Nonce and URL. Raises Problem (badNonce, malformed, unauthorized)."""
        nonce = envelope.header.get("nonce")
        if not isinstance(nonce, str):
            raise malformed("a request has a nonce")
        if not self._nonces.use(nonce) or self._is_due_for_refusal():
            raise Problem(Kind.BAD_NONCE, f"JWS has an invalid anti-replay nonce: {nonce[:64]}")
        if envelope.header.get("url") != call.base + call.path:
            raise Problem(Kind.UNAUTHORIZED, f"JWS header url is not {call.base + call.path}")

    def _is_due_for_refusal(self) -> bool:
        """Spread evenly, so that how often one request can be refused in a row follows from the percentage."""
        whole, self._refusals_due = divmod(self._refusals_due + self._authority.settings.bad_nonce_percent, 100)
        return whole > 0

    def _marks(self, call: Call) -> Iterable[str]:
        """What a fault rule may match: names, identifiers, the account."""
        names = [name for part in call.parts for name in self._authority.names_of(part)]
        asked = {} if call.envelope is None or call.is_reading else call.payload()
        identifiers = asked.get("identifiers") or []
        ordered = [str(each.get("value")) for each in identifiers if isinstance(each, dict)]
        return [*names, *ordered, *call.parts, call.account.key if call.account else ""]

    # answers

    def _refused(self, call: Call, problem: Problem, operation: str) -> Reply:
        self._note(operation, problem.status, call, problem.kind)
        allowed = {"Allow": "POST"} if problem.status == HTTPStatus.METHOD_NOT_ALLOWED else {}
        headers = {**problem.headers(), **allowed}
        return self._written(
            call, Answer(status=problem.status, headers=headers, content=problem.body(), content_type=CONTENT_TYPE)
        )

    def _written(self, call: Call, answer: Answer) -> Reply:
        links = (*answer.links, (call.url("directory"), "index"))
        headers = {
            **answer.headers,
            "Replay-Nonce": self._nonces.new(),
            "Cache-Control": "no-store",
            "Link": ", ".join(f'<{url}>;rel="{relation}"' for url, relation in links),
        }
        return Reply(answer.body(), answer.status, answer.content_type, headers)

    def _note(self, operation: str, status: int, call: Call, problem: str = "") -> None:
        account = call.account.key if call.account is not None else ""
        names = [name for part in call.parts for name in self._authority.names_of(part)]
        self.log.write(operation, status, account=account, subject=",".join(names or call.parts), problem=problem)


def _check_method(route: Route, request: HttpRequest) -> None:
    methods = ("GET", "HEAD") if route.signed is Signed.NOT else ("POST",)
    if request.method not in methods:
        raise malformed(f"use {' or '.join(methods)}", HTTPStatus.METHOD_NOT_ALLOWED)


def _base(request: HttpRequest) -> str:
    """Where the client sees this authority."""
    host = str(request.headers.get("Host", ""))
    return f"https://{host if _HOST.fullmatch(host) else 'localhost'}"
