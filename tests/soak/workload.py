"""What a storefront does, drawn from a seed: orders of every shape, and what it does when it hears of them."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from provisioner.kernel.sealing import PublicKey, seal_to_public_key
from tests.soak import certificates
from tests.support.domains import domain_item
from tests.support.production import hosting_item, message

NO_SUCH_PLAN: Final = "no-such-plan"
GOOD_PLANS: Final = ("basic", "business", "premium")
MOST_ATTEMPTS: Final = 4
TERM_SECONDS: Final = 5.0

POISON: Final[tuple[bytes, ...]] = (
    b"{not json %d",
    b"\x00\xff\xfe %d",
    b'{"specversion": "1.0", "id": "poison-%d"}',
    b'{"options": null, "actor_name": ["take"], "n": %d}',
    b'{"queue_name": "no-such-queue", "n": %d}',
)

DOMAIN_CHANGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "renew": {"years": 1},
    "unlock": {},
    "lock": {},
    "set-nameservers": {"nameservers": [{"name": "ns8.hosting.example"}, {"name": "ns9.hosting.example"}]},
    "set-dnssec": {"records": []},
    "set-auto-renew": {"auto_renew": False},
}

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sending:
    """One message to be published: `key` is its routing key, `message_id` None when the bytes are poison."""

    body: bytes
    key: str
    message_id: str | None
    order_id: str | None = None


@dataclass(slots=True)
class Workload:
    """All that is sent follows from the seed and from what is heard."""

    seed: int
    orders: int
    public_key: PublicKey
    servers: tuple[str, ...]
    _bad_items: dict[str, list[str]] = field(default_factory=dict)
    _heard: set[tuple[str, int]] = field(default_factory=set)

    @property
    def canary(self) -> str:
        """With this every secret begins that the storefront seals; it must be seen nowhere."""
        return f"canary-{self.seed}-"

    # -- what is sent by itself

    def placements(self) -> Iterator[list[Sending]]:
        """For each order, what is published with it: the order, and now and then a repetition, a note or poison."""
        for number in range(self.orders):
            yield self._with_company(number)

    def _with_company(self, number: int) -> list[Sending]:
        dice = self._dice(f"company-{number}")
        placed = self._order(number)
        sendings = [placed] * (2 if dice.random() < 0.1 else 1)
        if dice.random() < 0.1:
            text = {"order_id": f"order-{number}", "text": f"note {number}"}
            sendings.append(_sending("order.note.v1", f"note-{number}", text))
        if dice.random() < 0.03:
            sendings.append(Sending(dice.choice(POISON) % number, dice.choice(["order.x", "service.x"]), None))
        return sendings

    def _order(self, number: int) -> Sending:
        dice = self._dice(f"order-{number}")
        customer = f"customer-{number - number % 3}" if dice.random() < 0.3 else f"customer-{number}"
        items = self._items(number, dice, self._server_of(customer))
        data = {
            "order_id": f"order-{number}",
            "customer": {"customer_id": customer, "name": f"Customer of {number}", "email": "c@example.com"},
            "items": items,
        }
        return _sending("order.place.v1", f"place-{number}", data)

    def _server_of(self, customer: str) -> dict[str, str]:
        """All orders of a customer name the same server, or none."""
        dice = self._dice(customer)
        return {"server": dice.choice(self.servers)} if dice.random() < 0.3 else {}

    def _items(self, number: int, dice: random.Random, server: dict[str, str]) -> list[dict[str, Any]]:
        count = dice.choices([1, 2, 3], weights=[7, 2, 1])[0]
        items = [{**self._hosting(number, index, dice), **server} for index in range(count)]
        if dice.random() < 0.2:
            items.append({**domain_item(number), **self._requires(items, dice)})
        if dice.random() < 0.15:
            text = {"product": "markup", "item_id": "markup", "change": "markup_change", "text": "five in a hundred"}
            items.append({**text, **self._requires(items, dice)})
        return items

    def _hosting(self, number: int, index: int, dice: random.Random) -> dict[str, Any]:
        item_id = str(index + 1)
        item = hosting_item(f"{number}-{index}", item_id=item_id, plan=dice.choice(GOOD_PLANS))
        if dice.random() < 0.12:
            item["plan"] = NO_SUCH_PLAN
            self._bad_items.setdefault(f"order-{number}", []).append(item_id)
        if dice.random() < 0.2:
            item["password"] = self._sealed(f"{self.canary}{number}-{index}")
        if index and dice.random() < 0.5:
            item["requires"] = ["1"]
        return item

    def _requires(self, items: list[dict[str, Any]], dice: random.Random) -> dict[str, Any]:
        return {"requires": [items[-1]["item_id"]]} if dice.random() < 0.5 else {}

    def _sealed(self, secret: str) -> dict[str, str]:
        return {"key_id": self.public_key.key_id, "box": seal_to_public_key(self.public_key, secret)}

    # -- what is sent in answer

    def answer(self, event: Message) -> list[Sending]:
        """What the storefront does about an event; nothing when it has heard it before."""
        place = event["subject"], int(event["sequence"])
        if event["type"] == "order.status-changed.v1":
            return self._about_order(event["data"]) if self._is_new(place) else []
        if event["type"] == "service.status-changed.v1":
            return self._about_service(event["data"], place) if self._is_new(place) else []
        if event["type"] == "certificate.changed.v1":
            return self._about_certificate(event["data"], place) if self._is_new(place) else []
        return []

    def _is_new(self, place: tuple[str, int]) -> bool:
        known = place in self._heard
        self._heard.add(place)
        return not known

    def _about_order(self, data: Message) -> list[Sending]:
        """A failed order is corrected and tried again, or given up."""
        if data["status"] != "provisioning_failed":
            return []
        order_id, attempt = data["order_id"], data["attempt"]
        dice = self._dice(f"{order_id}/{attempt}")
        if attempt >= MOST_ATTEMPTS or dice.random() < 0.2:
            closing = {"order_id": order_id, "reason": "the customer does not want it any more"}
            return [_sending("order.close.v1", f"close-{order_id}", closing)]
        again: dict[str, Any] = {"order_id": order_id}
        if attempt > 1 or dice.random() < 0.8:
            bad = self._bad_items.get(order_id, [])
            again["corrections"] = {item: {"plan": dice.choice(GOOD_PLANS)} for item in bad}
        return [_sending("order.retry.v1", f"retry-{order_id}-{attempt}", again)]

    def _about_service(self, data: Message, place: tuple[str, int]) -> list[Sending]:
        """A few services are suspended, resumed and cancelled, some in one breath; a few domains are changed first."""
        if data["product"] == "certificate":
            return []
        service_id, status = data["service_id"], data["status"]
        dice = self._dice(f"{service_id}/{place[1]}")
        if data["product"] == "domain" and status == "active" and dice.random() < 0.5:
            changes = dice.sample(sorted(DOMAIN_CHANGES), 2)
            return [self._change(change, service_id, f"{place[1]}") for change in changes]
        choices = {"active": ["suspend", "cancel", "burst", "term"], "suspended": ["resume", "cancel"]}
        if status not in choices or dice.random() > (0.35 if status == "active" else 0.8):
            return []
        verb = dice.choice(choices[status])
        verbs = {"burst": ["suspend", "resume", "suspend", "cancel"]}.get(verb, [verb])
        return [self._command(each, service_id, f"{place[1]}-{index}") for index, each in enumerate(verbs)]

    def _change(self, change: str, service_id: str, mark: str) -> Sending:
        data = {"service_id": service_id, **DOMAIN_CHANGES[change]}
        return _sending(f"domain.{change}.v1", f"{change}-{service_id}-{mark}", data)

    def _command(self, verb: str, service_id: str, mark: str) -> Sending:
        data: dict[str, Any] = {"service_id": service_id, "reason": f"the soak wants {verb}"}
        if verb in ("cancel", "term"):
            data["when"] = "immediate" if verb == "cancel" else "end_of_term"
        if verb == "term":
            data["at"] = (datetime.now(UTC) + timedelta(seconds=TERM_SECONDS)).isoformat()
        kind = "cancel" if verb == "term" else verb
        return _sending(f"service.{kind}.v1", f"{verb}-{service_id}-{mark}", data)

    def _about_certificate(self, data: Message, place: tuple[str, int]) -> list[Sending]:
        """Some certificates that were installed are renewed, removed, revoked, or joined by others."""
        dice = self._dice(f"{data['certificate_id']}/{place[1]}")
        return [
            _sending(f"certificate.{verb}.v1", f"{verb}-{asked['certificate_id']}-{place[1]}-{index}", asked)
            for index, (verb, asked) in enumerate(certificates.commands(data, dice, self._sealed))
        ]

    def _dice(self, subject: str) -> random.Random:
        """Luck of its own for each subject, so that the order in which things are heard changes nothing."""
        return random.Random(f"{self.seed}/{subject}")  # noqa: S311 - a soak is to be repeated


def _sending(kind: str, message_id: str, data: Mapping[str, Any]) -> Sending:
    body = json.dumps(message(kind, message_id, data)).encode()
    order_id = str(data["order_id"]) if kind == "order.place.v1" else None
    return Sending(body, kind, message_id, order_id)
