"""Orders, from newOrder to the certificate (RFC 8555 sections 7.1.3 and 7.4; RFC 9773 section 5; profiles)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from adapters.sandbox.acme import caa, csr, jws, limits, names
from adapters.sandbox.acme.authority import Authority
from adapters.sandbox.acme.authorizations import Proofs
from adapters.sandbox.acme.calendar import written
from adapters.sandbox.acme.call import Answer, Call
from adapters.sandbox.acme.issuing import issue
from adapters.sandbox.acme.problems import Kind, Problem, malformed, not_found
from adapters.sandbox.acme.records import Account, Order, OrderStatus, opened
from adapters.sandbox.acme.settings import AuthoritySettings


@dataclass(frozen=True, slots=True)
class Counter:
    """Takes orders and hands out what was ordered."""

    authority: Authority
    proofs: Proofs

    def create(self, call: Call) -> Answer:
        """newOrder: a new order, or the open one for the same names."""
        account, asked = call.owner, call.payload()
        wanted = _wanted(asked, self.authority.settings)
        replaced = self._replaced(account, asked.get("replaces"), wanted)
        profile = str(asked.get("profile", ""))
        found = self._open_already(account, wanted, profile, replaced)
        if found is None:
            self._stay_within_limits(account, wanted, replaced)
            found = self._new(account, wanted, profile, replaced)
        return self._shown(call, found, HTTPStatus.CREATED)

    def page(self, call: Call) -> Answer:
        """An order's own page."""
        call.must_only_read()
        return self._shown(call, self._settled(self.authority.order(call.parts[0], call.owner)))

    def finalize(self, call: Call) -> Answer:
        """Have the certificate issued for a CSR; at once, or when `issuing_seconds` are over."""
        order = self._settled(self.authority.order(call.parts[0], call.owner))
        if order.status != "ready":
            detail = f'Order\'s status ("{order.status}") is not acceptable for finalization'
            raise Problem(Kind.ORDER_NOT_READY, detail)
        given = call.payload().get("csr")
        csr.key_for(given, order.names, jws.key_of(call.owner.jwk))
        caa.check_told(order.names, self.authority.settings)
        seconds = self.authority.settings.issuing_seconds
        done_at = self.authority.clock.now() + timedelta(seconds=seconds)
        processing = replace(order, status="processing", csr=str(given), issue_at=done_at)
        self.authority.orders.save(processing)
        return self._shown(call, processing if seconds else issue(self.authority, processing))

    def settle(self) -> None:
        """Issue what has been processed by now."""
        now = self.authority.clock.now()
        for key in [key for key, moment in self.authority.processing.items() if moment <= now]:
            order = self.authority.orders.get(key)
            if order is not None:
                issue(self.authority, order)

    def _settled(self, order: Order) -> Order:
        """The order as it stands now. Raises Problem (404) when it has expired and such orders are gone."""
        if order.status not in ("pending", "ready"):
            return order
        status = self._status(order)
        if order.expires <= self.authority.clock.now():
            if self.authority.settings.expired_orders == "gone":
                raise not_found("order")
            error = malformed("order has expired").document()
            return self.authority.orders.save(replace(order, status="invalid", error=error))
        return order if status == order.status else self.authority.orders.save(replace(order, status=status))

    def _status(self, order: Order) -> OrderStatus:
        found = [self.authority.authorizations.get(key) for key in order.authorizations]
        statuses = {self.proofs.settled(each).status for each in found if each is not None}
        if statuses <= {"valid"}:
            return "ready"
        return "pending" if statuses <= {"pending", "valid"} else "invalid"

    def _open_already(self, account: Account, wanted: tuple[str, ...], profile: str, replaced: str) -> Order | None:
        """The order for the same that is pending or ready, as Let's Encrypt gives it out again."""
        if not self.authority.settings.reuse_orders:
            return None
        now = self.authority.clock.now()
        known = [each for each in self.authority.orders.marked(opened(account.key, wanted)) if each.expires > now]
        for order in map(self._settled, known):
            if order.status in ("pending", "ready") and (order.asked_profile, order.replaces) == (profile, replaced):
                return order
        return None

    def _stay_within_limits(self, account: Account, wanted: tuple[str, ...], replaced: str) -> None:
        """Raises Problem (rateLimited). What replaces a certificate is free."""
        if replaced:
            return
        settings, tallies, now = self.authority.settings, self.authority.tallies, self.authority.clock.now()
        tallies.check(limits.ORDERS, account.key, settings.orders_per_3_hours, now)
        most = settings.certificates_per_week_for_a_name_set
        tallies.check(limits.NAME_SETS, limits.name_set(wanted), most, now)
        for name in wanted:
            subject = f"{account.key}/{name.removeprefix('*.')}"
            tallies.check(limits.FAILURES, subject, settings.failed_validations_per_hour_for_a_name, now)
        tallies.add(limits.ORDERS, account.key, now)

    def _new(self, account: Account, wanted: tuple[str, ...], profile: str, replaced: str) -> Order:
        now, settings = self.authority.clock.now(), self.authority.settings
        proofs = [self.proofs.granted(account, name) for name in wanted]
        order = Order(
            key=self.authority.new_key(),
            account=account.key,
            names=wanted,
            profile=profile or settings.default_profile,
            asked_profile=profile,
            created=now,
            expires=min([now + timedelta(hours=settings.order_hours), *(each.expires for each in proofs)]),
            authorizations=tuple(each.key for each in proofs),
            status="ready" if all(each.status == "valid" for each in proofs) else "pending",
            replaces=replaced,
        )
        self._record(order)
        return self.authority.orders.save(order)

    def _record(self, order: Order) -> None:
        details = {"names": ",".join(order.names), "profile": order.profile, "replaces": order.replaces}
        self.authority.ledger.record(
            "order:create",
            account=order.account,
            reference=",".join(order.names),
            object_id=order.key,
            details={name: value for name, value in details.items() if value},
        )

    def _replaced(self, account: Account, identifier: Any, wanted: tuple[str, ...]) -> str:
        """The certificate that is to be replaced. Raises Problem (malformed, unauthorized, alreadyReplaced)."""
        if identifier is None:
            return ""
        found = self.authority.certificate_for_renewal(identifier)
        if found.account != account.key:
            raise Problem(Kind.UNAUTHORIZED, "requester account did not request the certificate being replaced")
        if not set(found.names) & set(wanted):
            raise malformed("the order shares no name with the certificate being replaced")
        if found.replaced_by:
            raise Problem(Kind.ALREADY_REPLACED, f"certificate {found.key} has already been replaced")
        return found.key

    def _shown(self, call: Call, order: Order, status: int = HTTPStatus.OK) -> Answer:
        url = call.url("order", order.key)
        headers = {"Location": url, **self._retry_after(order.issue_at if order.status == "processing" else None)}
        return Answer(_document(call, order), status, headers)

    def _retry_after(self, moment: datetime | None) -> Mapping[str, str]:
        if moment is None:
            return {}
        return {"Retry-After": str(max(int((moment - self.authority.clock.now()).total_seconds()), 1))}


def _wanted(asked: Mapping[str, Any], settings: AuthoritySettings) -> tuple[str, ...]:
    """The names of a new order. Raises Problem."""
    if {"notBefore", "notAfter"} & set(asked):
        raise malformed("NotBefore and NotAfter are not supported")
    wanted = names.of_identifiers(asked.get("identifiers"))
    refused = [name for name in wanted if name in settings.rejected_names]
    if refused:
        raise names.rejected(refused, "is forbidden by policy")
    profile = asked.get("profile", settings.default_profile)
    if not isinstance(profile, str) or profile not in settings.profiles:
        raise Problem(Kind.INVALID_PROFILE, f"there is no profile {profile}")
    if len(wanted) > settings.profiles[profile].most_names:
        raise malformed(f"an order of profile {profile} has {settings.profiles[profile].most_names} names at most")
    return wanted


def _document(call: Call, order: Order) -> dict[str, Any]:
    url = call.url("order", order.key)
    document: dict[str, Any] = {
        "status": order.status,
        "expires": written(order.expires),
        "identifiers": [names.identifier(name) for name in order.names],
        "authorizations": [call.url("authorization", key) for key in order.authorizations],
        "finalize": f"{url}/finalize",
        "profile": order.profile,
    }
    if order.certificate:
        document["certificate"] = call.url("certificate", order.certificate)
    return document | ({"error": dict(order.error)} if order.error else {})
