"""The port: what a workflow asks, answered by one Plesk server."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

import httpx

from adapters.plesk import retry, settings
from adapters.plesk.certificates import Certificates
from adapters.plesk.challenges import Challenges
from adapters.plesk.client import Client
from adapters.plesk.customers import Customers
from adapters.plesk.files import FileServer
from adapters.plesk.lifecycle import Lifecycle
from adapters.plesk.served import Served
from adapters.plesk.server import Server
from adapters.plesk.sites import Sites
from adapters.plesk.subscriptions import Subscriptions
from adapters.plesk.webspaces import Webspaces
from adapters.plesk.zones import Zones
from provisioner.kernel.clock import Clock
from provisioner.ports.accounts import Adapter, VendorAccount
from provisioner.ports.certificates import CertificateHost, Challenge, InstalledCertificate, Site
from provisioner.ports.hosting import HostingCustomer, HostingPanel, HostingReports, HostingSubscription
from provisioner.ports.outcomes import Done, Pending


class PleskHosting(HostingPanel, HostingReports, CertificateHost, Adapter):
    """Hosting on one Plesk server. Safe to use from many threads.

    Every operation begins with a look-up and sends at most one change in a packet, so that all of it may be called
    again. Operations raise the outcomes of `ports.outcomes`; `ref` is Plesk's guid.
    """

    def __init__(self, client: Client, account: settings.Settings, clock: Clock) -> None:
        webspaces = Webspaces(client)
        sites = Sites(client, webspaces)
        self._client = client
        self._clock = clock
        self._server = Server(client, account)
        self._customers = Customers(client)
        self._subscriptions = Subscriptions(client, self._server, self._customers, webspaces)
        self._lifecycle = Lifecycle(client, webspaces, account.role)
        self._certificates = Certificates(client, sites)
        self._challenges = Challenges(account, self._server, sites, Zones(client), FileServer(account))
        self._served = Served(account, self._server, sites, clock)

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

    def certificate_terms(self, site: Site) -> Done:
        """How this server handles the site's certificates. `data`: source, methods, addresses, dns."""
        return retry.quickly(self._clock, lambda: self._challenges.terms(site))

    def show_challenge(self, site: Site, challenge: Challenge) -> Done:
        """A file of the site, or a TXT record of its zone. Raises Rejected `challenge_not_possible`."""
        return retry.quickly(self._clock, lambda: self._challenges.show(site, challenge))

    def hide_challenge(self, site: Site, challenge: Challenge) -> Done:
        """Take exactly this file or record away. One that is gone is Done."""
        return retry.quickly(self._clock, lambda: self._challenges.hide(site, challenge))

    def install_certificate(self, site: Site, certificate: InstalledCertificate) -> Done:
        """Put it into the site's repository, unless its name is there."""
        return retry.quickly(self._clock, lambda: self._certificates.install(site, certificate))

    def find_certificate(self, site: Site, certificate: InstalledCertificate) -> Done | None:
        """The certificate of this name in the site's repository, or None."""
        return retry.quickly(self._clock, lambda: self._certificates.find(site, certificate))

    def use_certificate(self, site: Site, name: str) -> Done:
        """Have the site serve it. `data`: before. Raises Rejected `certificate_not_found` and `no_web_hosting`."""
        return retry.quickly(self._clock, lambda: self._certificates.use(site, name))

    def remove_certificate(self, site: Site, name: str) -> Done:
        """Take it out of the repository. Raises Rejected `certificate_in_use`."""
        return retry.quickly(self._clock, lambda: self._certificates.remove(site, name))

    def served_certificate(self, site: Site, at: datetime) -> Done | Pending:
        """What the site serves. `data`: chain, fingerprint, names."""
        return retry.quickly(self._clock, lambda: self._served.look(site, at))

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
