"""Authorisations and their challenges (RFC 8555 sections 7.1.4, 7.5 and 8)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from adapters.sandbox.acme import limits
from adapters.sandbox.acme.authority import Authority
from adapters.sandbox.acme.calendar import written
from adapters.sandbox.acme.call import Answer, Call
from adapters.sandbox.acme.names import identifier
from adapters.sandbox.acme.problems import Problem, malformed, not_found
from adapters.sandbox.acme.records import Account, Authorization, Challenge, Method, authorized

_METHODS: Final[Mapping[bool, tuple[Method, ...]]] = {False: ("http-01", "dns-01"), True: ("dns-01",)}


@dataclass(frozen=True, slots=True)
class Proofs:
    """Hands out authorisations, and takes what validation has found. `examine` starts a validation."""

    authority: Authority
    examine: Callable[[str], None]

    def granted(self, account: Account, ordered: str) -> Authorization:
        """An authorisation for a name as it was ordered: one that is still good, or a new one."""
        name, wildcard = ordered.removeprefix("*."), ordered.startswith("*.")
        mark = authorized(account.key, name, wildcard=wildcard)
        for known in self.authority.authorizations.marked(mark) if self.authority.settings.reuse_authorizations else ():
            if self.settled(known).status == "valid":
                return known
        return self.authority.authorizations.save(self._new(account, name, wildcard=wildcard))

    def settled(self, authorization: Authorization) -> Authorization:
        """The authorisation as it stands now: it may have expired."""
        is_open = authorization.status in ("pending", "valid")
        if is_open and authorization.expires <= self.authority.clock.now():
            return self.authority.authorizations.save(replace(authorization, status="expired"))
        return authorization

    def page(self, call: Call) -> Answer:
        """An authorisation's own page: read it, or deactivate it."""
        found = self.settled(self.authority.authorization(call.parts[0], call.owner))
        if not call.is_reading:
            if call.payload() != {"status": "deactivated"}:
                raise malformed("an authorization can only be deactivated")
            found = self.authority.authorizations.save(replace(found, status="deactivated"))
            self._record("authorization:deactivate", found)
        return Answer(_shown(call, found))

    def challenge(self, call: Call) -> Answer:
        """A challenge's own page: read it, or ask for validation."""
        found = self.settled(self.authority.authorization(call.parts[0], call.owner))
        if found.status == "expired":
            raise not_found("authorization that has not expired")
        method = _method(found, call.parts[1])
        if not call.is_reading:
            call.payload()
            found = self._ask(found, method)
        up = (call.url("authorization", found.key), "up")
        return Answer(_challenge(call, found, _of(found, method)), links=(up,))

    def close(self, key: str, method: Method, problem: Problem | None) -> None:
        """Validation has ended: without a problem, or with one."""
        found = self.authority.authorizations.get(key)
        if found is None or self.settled(found).status != "pending":
            return
        now, error = self.authority.clock.now(), None if problem is None else problem.document()
        outcome = replace(_of(found, method), status="invalid" if problem else "valid", looked_at=now, error=error)
        closed = replace(found, challenges=(outcome,))
        if problem is not None:
            self.authority.tallies.add(limits.FAILURES, f"{found.account}/{found.name}", now)
            self.authority.authorizations.save(replace(closed, status="invalid"))
            self._record("validation:fail", found, method=method, problem=str(problem.kind))
        else:
            expires = now + timedelta(days=self.authority.settings.authorization_days)
            self.authority.authorizations.save(replace(closed, status="valid", expires=expires))

    def _ask(self, found: Authorization, method: Method) -> Authorization:
        if found.status != "pending" or any(each.status != "pending" for each in found.challenges):
            return found
        asked = self.authority.authorizations.save(_with(found, replace(_of(found, method), status="processing")))
        self.examine(asked.key)
        return self.authority.authorizations.get(asked.key) or asked

    def _new(self, account: Account, name: str, *, wildcard: bool) -> Authorization:
        now = self.authority.clock.now()
        return Authorization(
            key=self.authority.new_key(),
            account=account.key,
            name=name,
            wildcard=wildcard,
            created=now,
            expires=now + timedelta(hours=self.authority.settings.order_hours),
            challenges=tuple(Challenge(method=each, token=self.authority.new_token()) for each in _METHODS[wildcard]),
        )

    def _record(self, operation: str, authorization: Authorization, **details: str) -> None:
        self.authority.ledger.record(
            operation,
            account=authorization.account,
            reference=authorization.name,
            object_id=authorization.key,
            details=details,
        )


def waiting(authorization: Authorization) -> Challenge | None:
    """The challenge that is to be looked at."""
    return next((each for each in authorization.challenges if each.status == "processing"), None)


def _method(authorization: Authorization, text: str) -> Method:
    for challenge in authorization.challenges:
        if challenge.method == text:
            return challenge.method
    raise not_found("challenge")


def _of(authorization: Authorization, method: Method) -> Challenge:
    return next(each for each in authorization.challenges if each.method == method)


def _with(authorization: Authorization, challenge: Challenge) -> Authorization:
    kept = tuple(challenge if each.method == challenge.method else each for each in authorization.challenges)
    return replace(authorization, challenges=kept)


def _shown(call: Call, found: Authorization) -> dict[str, Any]:
    document = {
        "status": found.status,
        "identifier": identifier(found.name),
        "expires": written(found.expires),
        "challenges": [_challenge(call, found, each) for each in found.challenges],
    }
    return document | ({"wildcard": True} if found.wildcard else {})


def _challenge(call: Call, found: Authorization, challenge: Challenge) -> dict[str, Any]:
    document: dict[str, Any] = {
        "type": challenge.method,
        "url": call.url("challenge", found.key, challenge.method),
        "status": challenge.status,
        "token": challenge.token,
    }
    if challenge.status == "valid" and challenge.looked_at is not None:
        document["validated"] = written(challenge.looked_at)
    return document | ({"error": dict(challenge.error)} if challenge.error else {})
