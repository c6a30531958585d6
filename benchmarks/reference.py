"""The reference order: one hosting item in three steps at a vendor that answers at once.

The workflow is `hosting.create` with a third step, switching the subscription on; the adapter lives in this process
and only makes up answers as long as a panel's.
"""

import json
from collections.abc import Iterator
from typing import Final

from provisioner.kernel.clock import Clock
from provisioner.kernel.secret import Secret
from provisioner.messages.examples import message
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.hosting import HostingCustomer, HostingPanel, HostingSubscription
from provisioner.ports.outcomes import Done
from provisioner.workflows.definition import WORKFLOWS, workflow
from provisioner.workflows.hosting import customer_login, login_candidate
from provisioner.workflows.journal import ServiceChange
from provisioner.workflows.operation import Operation

STEPS: Final = 3
SERVER: Final = "instant-1"
ADAPTER: Final = "instant"


class InstantPanel(HostingPanel):
    """A hosting panel that has done everything already."""

    def ping(self) -> Done:
        return Done()

    def ensure_customer(self, customer: HostingCustomer) -> Done:
        return Done(f"guid-{customer.customer_id}", {"id": 7, "login": customer.login})

    def find_customer(self, customer: HostingCustomer) -> Done | None:
        return self.ensure_customer(customer)

    def create_subscription(self, subscription: HostingSubscription) -> Done:
        data = {"id": 8, "domain": subscription.domain, "login": subscription.login, "plan": subscription.plan}
        return Done(f"guid-{subscription.service_id}", {**data, "ip_address": "192.0.2.7"})

    def find_subscription(self, subscription: HostingSubscription) -> Done | None:
        return self.create_subscription(subscription)

    def suspend(self, ref: str) -> Done:
        return Done(ref)

    def resume(self, ref: str) -> Done:
        return Done(ref)

    def remove_subscription(self, ref: str) -> Done:
        return Done(ref)

    def remove_customer(self, ref: str) -> Done:
        return Done(ref)

    def close(self) -> None:
        """Nothing is open."""


def open_instant(_account: VendorAccount, _clock: Clock) -> InstantPanel:
    """The adapter's factory."""
    return InstantPanel()


def use_three_steps() -> None:
    """Put the workflow of the reference order in the place of `hosting.create`."""
    WORKFLOWS.pop("hosting.create")
    workflow("hosting.create", port=HostingPanel)(create_hosting)


def create_hosting(op: Operation, hosting: HostingPanel) -> ServiceChange:
    """Customer, subscription, and switching it on."""
    customer = op.step("customer", hosting.ensure_customer, _customer(op), undo=hosting.remove_customer)
    ordered = _subscription(op, customer.ref)
    space = op.step("subscription", hosting.create_subscription, ordered, undo=hosting.remove_subscription)
    op.step("switch-on", hosting.resume, space.ref)
    return op.service_is(ServiceStatus.ACTIVE, Done(space.ref, {**space.data, "customer_ref": customer.ref}))


def _customer(op: Operation) -> HostingCustomer:
    customer = op.customer
    login = customer_login(customer.customer_id)
    return HostingCustomer(customer.customer_id, customer.profile["name"], login, customer.password or Secret(""))


def _subscription(op: Operation, owner: str) -> HostingSubscription:
    ordered, service_id = op.service.attributes, op.service.service_id
    login = login_candidate(ordered, service_id, 0)
    password = op.service.password or Secret("")
    return HostingSubscription(service_id, owner, ordered["domain"], ordered["plan"], login, password)


def order_ids(prefix: str, count: int) -> list[str]:
    """So many ids that no other prefix has."""
    return [f"{prefix}-{number}" for number in range(count)]


def bodies(ids: list[str]) -> Iterator[bytes]:
    """The message for each order, as a storefront sends it; each has a customer and a service of its own."""
    whole = message("order.place.v1")
    data = {name: value for name, value in whole["data"].items() if name != "note"}
    item = {name: value for name, value in data["items"][0].items() if name != "password"}
    for order in ids:
        own = {**item, "service_id": f"hosting-{order}", "domain": f"{order}.example"}
        placed = {**data, "order_id": order, "items": [own]}
        placed["customer"] = {**data["customer"], "customer_id": f"C-{order}"}
        yield json.dumps({**whole, "id": f"place-{order}", "subject": order, "data": placed}).encode()
