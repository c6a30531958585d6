"""The port: what a workflow asks, answered by one Plesk server."""

from collections.abc import Mapping
from typing import Self

import httpx

from adapters.plesk import retry, settings
from adapters.plesk.client import Client
from adapters.plesk.customers import Customers
from adapters.plesk.lifecycle import Lifecycle
from adapters.plesk.server import Server
from adapters.plesk.subscriptions import Subscriptions
from adapters.plesk.webspaces import Webspaces
from provisioner.kernel.clock import Clock
from provisioner.ports.accounts import Adapter, VendorAccount
from provisioner.ports.hosting import HostingCustomer, HostingPanel, HostingReports, HostingSubscription
from provisioner.ports.outcomes import Done


class PleskHosting(HostingPanel, HostingReports, Adapter):
    """Hosting on one Plesk server. Safe to use from many threads.

    Every operation begins with a look-up and sends at most one change in a packet, so that all of it may be called
    again. Operations raise the outcomes of `ports.outcomes`; `ref` is Plesk's guid.
    """

    def __init__(self, client: Client, account: settings.Settings, clock: Clock) -> None:
        webspaces = Webspaces(client)
        self._client = client
        self._clock = clock
        self._server = Server(client, account)
        self._customers = Customers(client)
        self._subscriptions = Subscriptions(client, self._server, self._customers, webspaces)
        self._lifecycle = Lifecycle(client, webspaces, account.role)

    def ensure_customer(self, customer: HostingCustomer) -> Done:
        """Our customer account on this server, made when it is missing. `data`: id, login."""
        return retry.quickly(self._clock, lambda: self._customers.ensure(customer))

    def find_customer(self, customer: HostingCustomer) -> Done | None:
        """Our customer account by its external id, or None."""
        return retry.quickly(self._clock, lambda: self._customers.find(customer))

    def create_subscription(self, subscription: HostingSubscription) -> Done:
        """The subscription with its plan, owner and hosting. `data`: id, domain, login, plan, ip_address."""
        return retry.quickly(self._clock, lambda: self._subscriptions.create(subscription))

    def find_subscription(self, subscription: HostingSubscription) -> Done | None:
        """The complete subscription by its external id, or None."""
        return retry.quickly(self._clock, lambda: self._subscriptions.find(subscription))

    def suspend(self, ref: str) -> Done:
        """Switch the subscription off with our own flag (16 as administrator, 32 as reseller)."""
        return retry.quickly(self._clock, lambda: self._lifecycle.suspend(ref))

    def resume(self, ref: str) -> Done:
        """Clear our own flag only."""
        return retry.quickly(self._clock, lambda: self._lifecycle.resume(ref))

    def remove_subscription(self, ref: str) -> Done:
        """Remove the subscription and its contents. One that is gone already is Done."""
        return retry.quickly(self._clock, lambda: self._lifecycle.remove(ref))

    def remove_customer(self, ref: str) -> Done:
        """Remove the customer, only if it is ours and owns nothing; otherwise Done with a warning."""
        return retry.quickly(self._clock, lambda: self._customers.remove(ref))

    def usage(self, ref: str) -> Mapping[str, int]:
        """Bytes: `disk_space`, `disk_limit`, `traffic`, `traffic_limit` (-1: none)."""
        return retry.quickly(self._clock, lambda: self._lifecycle.usage(ref))

    def plans(self) -> tuple[str, ...]:
        """Names of the plans that can be ordered on this server."""
        return retry.quickly(self._clock, self._server.plans)

    def ping(self) -> Done:
        """Check login and protocol. `data`: protocol; for administrators also version and the licence's limits."""
        return self._server.ping()

    def close(self) -> None:
        """Give back connections. Safe to call twice."""
        self._client.close()

    @classmethod
    def over(cls, account: VendorAccount, clock: Clock, transport: httpx.BaseTransport | None = None) -> Self:
        """The adapter over another transport than the network's. Raises SettingsError."""
        checked = settings.read(account)
        return cls(Client(checked, clock, transport), checked, clock)


def open_adapter(account: VendorAccount, clock: Clock) -> PleskHosting:
    """The entry point. Connects to nothing yet. Raises SettingsError when the account is set up wrongly."""
    return PleskHosting.over(account, clock)
