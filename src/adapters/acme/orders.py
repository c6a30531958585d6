"""Orders: opened, answered, looked at; resumed from their URL alone (RFC 8555 sections 7.4 and 7.5)."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from acme import messages

from adapters.acme import chains, errors, resources
from adapters.acme.client import Client, read
from adapters.acme.errors import Call
from adapters.acme.guards import Guards
from adapters.acme.keys import AccountKey
from adapters.acme.network import Answer, Look, NewOrder, renewal_path
from adapters.acme.problems import ProblemDocument
from adapters.acme.resources import Authorization, Directory, Order
from adapters.acme.settings import Settings
from provisioner.ports.certificates import AuthorityOrder, CertificateRequest, Challenge
from provisioner.ports.outcomes import Done, Failure, Misconfigured, Pending, Rejected

LOOK_AGAIN: Final = 2.0
"""Seconds between looks at an order, where the authority names none."""

_REPLACING_REFUSED: Final = frozenset({"malformed", "unauthorized", "notFound", "conflict", "404", "409"})
_SETTLED: Final = (resources.READY, resources.PROCESSING, resources.VALID)
_UNSUCCESSFUL: Final = ("invalid", "expired", "deactivated", "revoked")


class Orders:
    """What leads to a certificate."""

    def __init__(self, client: Client, settings: Settings, guards: Guards) -> None:
        self._client = client
        self._key: AccountKey = settings.key
        self._profile = settings.profile
        self._guards = guards

    def open(self, request: CertificateRequest) -> Done:
        """A new order. `data`: expires, challenges of the names that are not validated yet."""
        chains.csr_of(request)
        answer = self._new_order(request, self._client.directory())
        order = read(Call.OPEN, lambda: resources.read_order(answer.body))
        if not answer.location:
            raise errors.unreadable("the order has no URL", Call.OPEN)
        if request.replaces and not order.replaces:
            self._guards.unplanned_order(request)
            self._guards.room(request)
        expires = order.expires.isoformat() if order.expires else None
        shown = [as_json(challenge) for challenge in self._open_challenges(order)]
        return Done(answer.location, {"expires": expires, "challenges": shown})

    def answer(self, order: AuthorityOrder, challenge: Challenge) -> Done:
        """Tell the authority to look. A challenge that it has looked at, or looks at, is left alone."""
        if self._was_told(challenge):
            return Done(challenge.url)
        if not (order.request.replaces and self.look(order)[0].replaces):
            self._guards.validation(order, challenge)
        try:
            self._tell(challenge)
        except Rejected:
            if not self._was_told(challenge):  # by another attempt of ours, meanwhile
                raise
        return Done(challenge.url)

    def validated(self, order: AuthorityOrder) -> Done | Pending:
        """Whether every name is validated."""
        found, answer = self.look(order)
        if found.status in _SETTLED:
            return Done(order.url)
        if found.status != resources.PENDING:
            raise self.dead(order, found)
        waiting = [one for one in self._authorizations(found) if one.status != resources.VALID]
        failed = [one for one in waiting if one.status in _UNSUCCESSFUL]
        if failed:
            self._guards.not_issued(order.request)
            raise _failed(failed, found)
        names = ", ".join(one.name for one in waiting) or "the order"
        return Pending(answer.retry_after or LOOK_AGAIN, f"the authority is still looking at {names}", order.url)

    def _tell(self, challenge: Challenge) -> None:
        """Only a challenge is an answer: a proxy's page does not say that the authority looks."""
        answer = self._client.post(Call.ANSWER, challenge.url, Look())
        read(Call.ANSWER, lambda: resources.challenge_status(answer.body))

    def _was_told(self, challenge: Challenge) -> bool:
        answer = self._client.post(Call.ANSWER, challenge.url)
        return read(Call.ANSWER, lambda: resources.challenge_status(answer.body)) != resources.PENDING

    def look(self, order: AuthorityOrder) -> tuple[Order, Answer]:
        """The order as it stands, and the answer that told it. Raises Rejected `order_gone`."""
        answer = self._client.read(order.url)
        return read(Call.READ, lambda: resources.read_order(answer.body)), answer

    def dead(self, order: AuthorityOrder, found: Order) -> Rejected:
        """Why an order came to nothing, as far as its authorizations tell, which name names, or it itself.

        One that is invalid has no certificate, and never gets one.
        """
        if found.status == resources.INVALID:
            self._guards.not_issued(order.request)
        return _failed(self._authorizations(found), found)

    def _new_order(self, request: CertificateRequest, directory: Directory) -> Answer:
        profile, replaces = self._profile_for(request, directory), _replaced(request, directory)
        if replaces:
            try:
                return self._post_order(request, directory, profile, replaces)
            except (Rejected, Misconfigured) as refused:
                if refused.vendor_code not in _REPLACING_REFUSED:
                    raise
        # The certificate that is replaced may be another authority's, or unknown here: then this is an order like any.
        self._guards.room(request)
        self._guards.new_order(request)
        return self._post_order(request, directory, profile, "")

    def _post_order(self, request: CertificateRequest, directory: Directory, profile: str, replaces: str) -> Answer:
        names = [messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=name) for name in request.names]
        message = NewOrder(identifiers=names, profile=profile, replaces=replaces)
        return self._client.post(Call.OPEN, directory.new_order, message)

    def _profile_for(self, request: CertificateRequest, directory: Directory) -> str:
        """The order's own profile, or the account's. Raises before anything is sent when it is not offered."""
        profile = request.profile or self._profile
        if profile and profile not in directory.profiles:
            offered = ", ".join(directory.profiles) or "none"
            kind: type[Failure] = Rejected if request.profile else Misconfigured
            raise kind("profile_unknown", f"the authority does not offer the profile {profile!a}; it offers {offered}")
        return profile

    def _open_challenges(self, order: Order) -> Iterator[Challenge]:
        for one in self._authorizations(order):
            if one.status == resources.PENDING:
                yield from one.challenges

    def _authorizations(self, order: Order) -> list[Authorization]:
        return [self._authorization(url) for url in order.authorizations]

    def _authorization(self, url: str) -> Authorization:
        answer = self._client.read(url)
        return read(Call.READ, lambda: resources.read_authorization(answer.body, self._key))


def as_json(challenge: Challenge) -> dict[str, str]:
    """A challenge as the journal keeps it."""
    return {name: str(value) for name, value in asdict(challenge).items()}


def _replaced(request: CertificateRequest, directory: Directory) -> str:
    """How the authority calls the certificate that is replaced; empty where it wants no such thing."""
    if not (request.replaces and directory.renewal_info):
        return ""
    leaf = chains.leaf_of(request.replaces)
    return renewal_path(leaf) if leaf is not None else ""


def _failed(authorizations: list[Authorization], order: Order) -> Rejected:
    """The first failure's code, and every name with its own words."""
    told = [ProblemDocument(one.error.kind, one.error.words, one.name) for one in authorizations if one.error]
    if told:
        return errors.refusal(told[0].kind, "; ".join(document.words for document in told))
    if order.error is not None:
        return errors.refusal(order.error.kind, order.error.words)
    return Rejected(errors.ORDER_GONE, "the order is not open any more: it expired, or was given up")
