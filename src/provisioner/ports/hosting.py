"""A hosting panel: customers and subscriptions (a plan, a domain, a system login) on one server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from provisioner.kernel.secret import Secret
from provisioner.ports.effects import checkable, idempotent
from provisioner.ports.outcomes import Done


@dataclass(frozen=True, slots=True)
class HostingCustomer:
    """Who owns subscriptions. `customer_id` is the storefront's; `login` was chosen and persisted before the call."""

    customer_id: str
    name: str
    login: str
    password: Secret
    company: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class HostingSubscription:
    """A subscription to be. `service_id` is ours; `owner` is the `ref` of the customer; `domain` an A-label name."""

    service_id: str
    owner: str
    domain: str
    plan: str
    login: str
    password: Secret


class HostingPanel(Protocol):
    """Creates, suspends and removes hosting. Every object carries our ownership mark, so a look-up can tell ours.

    All methods raise the outcomes of `ports.outcomes`. `ref` is the panel's stable identifier (Plesk: the guid).
    Codes that workflows act on: `login_taken`, `domain_taken` (Rejected).
    """

    @checkable(find="find_customer")
    def ensure_customer(self, customer: HostingCustomer) -> Done:
        """Our customer account on this server, made when it is missing. `data`: id, login."""
        ...

    def find_customer(self, customer: HostingCustomer) -> Done | None:
        """Our customer account by its ownership mark, or None."""
        ...

    @checkable(find="find_subscription")
    def create_subscription(self, subscription: HostingSubscription) -> Done:
        """The subscription with its plan, owner and hosting. `data`: id, domain, login, plan, ip_address."""
        ...

    def find_subscription(self, subscription: HostingSubscription) -> Done | None:
        """The complete subscription by its ownership mark, or None (also while hosting or plan are missing)."""
        ...

    @idempotent
    def suspend(self, ref: str) -> Done:
        """Switch the subscription off with our own flag."""
        ...

    @idempotent
    def resume(self, ref: str) -> Done:
        """Clear our own flag only; a subscription that others disabled stays so, with a warning."""
        ...

    @idempotent
    def remove_subscription(self, ref: str) -> Done:
        """Remove the subscription and its contents. One that is gone already is Done."""
        ...

    @idempotent
    def remove_customer(self, ref: str) -> Done:
        """Remove the customer, only if it is ours and owns nothing; otherwise Done with a warning."""
        ...


class HostingReports(Protocol):
    """What a panel tells without changing anything."""

    def usage(self, ref: str) -> Mapping[str, int]:
        """Bytes and counts of one subscription: `disk_space`, `disk_limit`, `traffic`, `traffic_limit` (-1: none)."""
        ...

    def plans(self) -> tuple[str, ...]:
        """Names of the plans that can be ordered on this server."""
        ...
