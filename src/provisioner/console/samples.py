"""The orders of `provisioner demo`: each tells of one thing that may happen, and how it must end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.kernel.ids import Ids
from provisioner.orders.statuses import OrderStatus, ServiceStatus

SOURCE: Final = "/storefront/demo"
PLAN: Final = "basic"  # one that the simulated panel offers


@dataclass(frozen=True, slots=True)
class Condition:
    """An order or a service is in this status."""

    kind: str
    id: str
    status: str


@dataclass(frozen=True, slots=True)
class Sending:
    """A message, handed in as soon as `when` is so; at once without a condition."""

    raw: bytes
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One order. `faults` are rules for the simulator's fault plan; `order_ends` and `service_ends` what must come.

    `certificate`: the service of the certificate that follows from it and is waited for. Every website gets one by
    itself; the demo shows the course of one of them.
    """

    title: str
    order_id: str
    service_id: str
    sendings: tuple[Sending, ...]
    order_ends: OrderStatus = OrderStatus.COMPLETED
    service_ends: ServiceStatus = ServiceStatus.ACTIVE
    faults: tuple[Mapping[str, Any], ...] = ()
    certificate: str | None = None


def stories(ids: Ids) -> list[Story]:
    """All of them. Some begin when the first one has ended, because they meet what it made."""
    post = _Post(ids)
    return [
        _plain(post),
        _lost_answer(post),
        _not_ready(post),
        _taken_domain(post),
        _refused(post),
        _taken_login(post),
        _suspended(post),
        _mixed(post),
    ]


def _plain(post: "_Post") -> Story:
    markup = {
        "product": "markup",
        "item_id": "2",
        "change": "markup_change",
        "text": "Basic: 10 % from next month on",
        "requires": ["1"],
    }
    order = post.order("demo-1", "shop.example", markup, login="shop")
    return Story("hosting, and a change of price that waits for it", "demo-1", "hosting-demo-1", (Sending(order),))


def _lost_answer(post: "_Post") -> Story:
    fault = {"operation": "webspace.add", "fault": "timeout_after_effect", "match": "atelier.example"}
    order = post.order("demo-2", "atelier.example")
    title = "the server does it and its answer never comes: looked up, not done twice"
    return Story(title, "demo-2", "hosting-demo-2", (Sending(order),), faults=(fault,))


def _not_ready(post: "_Post") -> Story:
    fault = {
        "operation": "webspace.add",
        "fault": "refuse",
        "code": 1003,
        "text": "The panel is starting.",
        "match": "bakery.example",
        "times": 3,
    }
    order = post.order("demo-3", "bakery.example")
    title = "the panel is not ready, three times: tried again later"
    return Story(title, "demo-3", "hosting-demo-3", (Sending(order),), faults=(fault,))


def _taken_domain(post: "_Post") -> Story:
    """The same domain as the first order's, for another customer."""
    order = post.order("demo-4", "shop.example")
    correction = {"order_id": "demo-4", "corrections": {"1": {"domain": "other-shop.example"}}}
    sendings = (
        Sending(order, Condition("order", "demo-1", OrderStatus.COMPLETED)),
        Sending(
            post.message("order.retry.v1", "demo-4", correction),
            Condition("order", "demo-4", OrderStatus.PROVISIONING_FAILED),
        ),
    )
    title = "the domain is someone else's: the customer chooses another, and it is tried again"
    return Story(title, "demo-4", "hosting-demo-4", sendings)


def _refused(post: "_Post") -> Story:
    fault = {
        "operation": "webspace.add",
        "fault": "refuse",
        "code": 1019,
        "text": "The domain name bank.example is prohibited on this server.",
        "match": "bank.example",
    }
    return Story(
        "the vendor refuses for good: closed with errors, and the reason is told",
        "demo-5",
        "hosting-demo-5",
        (Sending(post.order("demo-5", "bank.example")),),
        order_ends=OrderStatus.COMPLETED_WITH_ERRORS,
        service_ends=ServiceStatus.FAILED,
        faults=(fault,),
    )


def _taken_login(post: "_Post") -> Story:
    """The same login as the first order's."""
    order = post.order("demo-6", "florist.example", login="shop")
    sending = Sending(order, Condition("order", "demo-1", OrderStatus.COMPLETED))
    return Story("the login is taken: the next one is tried", "demo-6", "hosting-demo-6", (sending,))


def _suspended(post: "_Post") -> Story:
    service = "hosting-demo-7"
    suspend = post.message("service.suspend.v1", service, {"service_id": service, "reason": "The invoice is overdue."})
    resume = post.message("service.resume.v1", service, {"service_id": service, "reason": "Paid."})
    sendings = (
        Sending(post.order("demo-7", "gallery.example")),
        Sending(suspend, Condition("service", service, ServiceStatus.ACTIVE)),
        Sending(resume, Condition("service", service, ServiceStatus.SUSPENDED)),
    )
    return Story("suspended for an unpaid invoice, resumed when it is paid", "demo-7", service, sendings)


def _mixed(post: "_Post") -> Story:
    """The domain has the name servers of the panel, so it waits for nothing that the customer has to tell."""
    owner = {
        "contact_id": "gardener",
        "name": "Owner of gardener.test",
        "email": "owner@gardener.test",
        "phone": "+49 30 1234567",
        "street": ["Long Street 1"],
        "city": "Berlin",
        "postal_code": "10115",
        "country": "DE",
    }
    domain = {
        "product": "domain",
        "item_id": "2",
        "change": "purchase",
        "service_id": "domain-demo-8",
        "domain": "gardener.test",
        "contacts": dict.fromkeys(("registrant", "admin", "tech"), owner),
        "hosting": "1",
    }
    order = post.order("demo-8", "gardener.test", domain)
    title = "hosting and its domain in one order: registered, pointed at the hosting, and given a certificate"
    return Story(title, "demo-8", "domain-demo-8", (Sending(order),), certificate="hosting-demo-8-certificate")


@dataclass(frozen=True, slots=True)
class _Post:
    """Writes messages as a storefront does."""

    ids: Ids

    def order(self, order_id: str, domain: str, *more: Mapping[str, Any], login: str | None = None) -> bytes:
        """An order for hosting, by a customer of its own."""
        item = {
            "product": "hosting",
            "item_id": "1",
            "change": "purchase",
            "service_id": f"hosting-{order_id}",
            "plan": PLAN,
            "domain": domain,
            **({"login": login} if login else {}),
        }
        customer = {
            "customer_id": f"C-{order_id}",
            "name": f"Owner of {domain}",
            "email": f"owner@{domain}",
            "country": "DE",
        }
        data = {"order_id": order_id, "customer": customer, "items": [item, *more]}
        return self.message("order.place.v1", order_id, data)

    def message(self, type_: str, subject: str, data: Mapping[str, Any]) -> bytes:
        """A CloudEvent in structured mode."""
        envelope = {
            "specversion": "1.0",
            "id": self.ids.new(),
            "source": SOURCE,
            "type": type_,
            "subject": subject,
            "datacontenttype": "application/json",
            "environment": "sandbox",
            "actorid": "demo",
            "actororg": "demo-storefront",
            "actorrole": "reseller",
            "data": data,
        }
        return json.dumps(envelope, ensure_ascii=False).encode()
