"""The certificate: asked for once for an order, and fetched as often as need be (RFC 8555 sections 7.4 and 7.4.2)."""

from collections.abc import Sequence
from typing import Final

from acme import messages

from adapters.acme import chains, errors, resources
from adapters.acme.client import Client, read, wait_of
from adapters.acme.errors import Call
from adapters.acme.guards import Guards
from adapters.acme.network import Answer
from adapters.acme.orders import LOOK_AGAIN, Orders
from adapters.acme.resources import Order
from adapters.acme.settings import Settings
from provisioner.ports.certificates import AuthorityOrder
from provisioner.ports.outcomes import Done, Failure, Pending, Rejected, Unavailable

MOST_ALTERNATES: Final = 5
_NOTHING_ISSUED: Final = (resources.PENDING, resources.READY, resources.INVALID)
FETCH_AGAIN: Final = 10.0
"""Seconds until a certificate that was issued and could not be fetched is fetched again."""


class Issuance:
    """Finalizes orders. An order has one certificate at most, however often it is asked for."""

    def __init__(self, client: Client, settings: Settings, orders: Orders, guards: Guards) -> None:
        self._client = client
        self._preferred = settings.preferred_chain
        self._orders = orders
        self._guards = guards

    def issue(self, order: AuthorityOrder) -> Done | Pending:
        """Have it issued, unless it is or is being issued already."""
        found, answer = self._orders.look(order)
        if found.status == resources.READY:
            found, answer = self._finalize(order, found)
        return self._fetched_or_pending(order, found, answer)

    def find(self, order: AuthorityOrder) -> Done | Pending | None:
        """What has become of it; None when nobody has asked for the certificate yet."""
        found, answer = self._orders.look(order)
        if found.status in (resources.PENDING, resources.READY):
            return None
        return self._outcome(order, found, answer)

    def _finalize(self, order: AuthorityOrder, found: Order) -> tuple[Order, Answer]:
        message = messages.CertificateRequest(csr=chains.csr_of(order.request))
        if not found.replaces:
            self._guards.certificate(order.request)
        try:
            answer = self._client.post(Call.FINALIZE, found.finalize, message)
        except Unavailable as failed:
            if failed.vendor_code != errors.NOT_READY:
                raise
            return self._orders.look(order)  # another attempt of ours was quicker
        except Rejected:
            self._give_back(order)
            raise
        return read(Call.FINALIZE, lambda: resources.read_order(answer.body)), answer

    def _give_back(self, order: AuthorityOrder) -> None:
        """What the order, refused, has reserved; an order that cannot be seen may have its certificate after all."""
        try:
            found, _ = self._orders.look(order)
        except Failure:
            return
        if found.status in _NOTHING_ISSUED:
            self._guards.not_issued(order.request)

    def _fetched_or_pending(self, order: AuthorityOrder, found: Order, answer: Answer) -> Done | Pending:
        """A certificate that exists and could not be fetched now is waited for, never given up."""
        if found.status in (resources.PENDING, resources.READY):
            raise Unavailable("order_not_ready", "not every name of the order is validated yet")
        try:
            return self._outcome(order, found, answer)
        except Unavailable as failed:
            reason = f"the certificate is issued, and fetching it failed: {failed.message}"
            return Pending(wait_of(failed, FETCH_AGAIN), reason, order.url)

    def _outcome(self, order: AuthorityOrder, found: Order, answer: Answer) -> Done | Pending:
        if found.status == resources.PROCESSING:
            return Pending(answer.retry_after or LOOK_AGAIN, "the authority is issuing the certificate", order.url)
        if found.status != resources.VALID or not found.certificate:
            raise self._orders.dead(order, found)
        return self._fetch(order, found.certificate)

    def _fetch(self, order: AuthorityOrder, url: str) -> Done:
        first = self._first_chain(url)
        chain, warnings = self._preferred_of(_chain(first), first.alternates[:MOST_ALTERNATES])
        return Done(order.url, {"chain": chain}, warnings)

    def _preferred_of(self, default: str, others: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """The first chain that leads to the preferred issuer, else the default one and why."""
        if not self._preferred or chains.is_issued_by(default, self._preferred):
            return default, ()
        warnings = [f"no other chain leads to {self._preferred!a}; this is the authority's default"]
        for url in others:
            try:
                chain = _chain(self._client.read(url))
            except (Unavailable, Rejected) as failed:  # a chain that is there is worth more than all of them
                warnings.append(f"another chain could not be fetched: {failed.message}")
                continue
            if chains.is_issued_by(chain, self._preferred):
                return chain, ()
        return default, tuple(warnings)

    def _first_chain(self, url: str) -> Answer:
        """A certificate that an order names is issued: one that is not found is not there yet, and not lost."""
        try:
            return self._client.read(url)
        except Rejected as refused:
            raise Unavailable("authority_unavailable", refused.message, vendor_code=refused.vendor_code) from refused


def _chain(answer: Answer) -> str:
    if chains.leaf_of(answer.text) is None:
        failed: Failure = errors.unreadable("there is no certificate in it", Call.READ)
        raise failed
    return chains.tidy(answer.text)
