"""The ports: what a workflow asks, answered by one authority and by the world's DNS."""

from collections.abc import Sequence

from adapters.acme import settings
from adapters.acme.checks import Checks
from adapters.acme.client import Client
from adapters.acme.guards import Guards
from adapters.acme.issuance import Issuance
from adapters.acme.orders import Orders
from adapters.acme.renewal import RenewalInformation
from adapters.acme.revocation import Revocation
from provisioner.kernel.clock import Clock
from provisioner.ports.accounts import Adapter, VendorAccount
from provisioner.ports.certificates import (
    AuthorityOrder,
    CertificateAuthority,
    CertificateRequest,
    Challenge,
    NameChecks,
)
from provisioner.ports.outcomes import Done, Pending


class AcmeAuthority(CertificateAuthority, NameChecks, Adapter):
    """One account at one authority that speaks ACME. Safe to use from many threads.

    Nothing is kept but connections: an order is resumed by its URL in whatever process. Operations raise the outcomes
    of `ports.outcomes`, and StoreUnavailable where the account has an allowance.
    """

    def __init__(self, account: VendorAccount, clock: Clock) -> None:
        checked = settings.read(account)
        guards = Guards(account.allowance, checked.limits, clock)
        self._client = Client(checked, clock)
        self._orders = Orders(self._client, checked, guards)
        self._issuance = Issuance(self._client, checked, self._orders, guards)
        self._revocation = Revocation(self._client)
        self._renewal = RenewalInformation(self._client, clock)
        self._checks = Checks(self._client, checked)

    def open_order(self, request: CertificateRequest) -> Done:
        """A new order. `data`: expires, challenges of the names that are not validated yet."""
        return self._orders.open(request)

    def answer(self, order: AuthorityOrder, challenge: Challenge) -> Done:
        """Tell the authority that the challenge can be looked at."""
        return self._orders.answer(order, challenge)

    def validated(self, order: AuthorityOrder) -> Done | Pending:
        """Whether every name is validated."""
        return self._orders.validated(order)

    def issue(self, order: AuthorityOrder) -> Done | Pending:
        """Have the certificate issued. `data`: chain, the preferred one where there is one."""
        return self._issuance.issue(order)

    def find_issued(self, order: AuthorityOrder) -> Done | Pending | None:
        """The certificate of this order; None when nobody has asked for it yet."""
        return self._issuance.find(order)

    def revoke(self, chain: str, reason: int) -> Done:
        """Revoke a certificate. One that is revoked already is Done."""
        return self._revocation.revoke(chain, reason)

    def renewal_window(self, chain: str) -> Done:
        """When the authority wants it renewed. `data`: start, end, look_again; empty when it does not say."""
        return self._renewal.window(chain)

    def points_to(self, names: Sequence[str], addresses: Sequence[str]) -> Done | Pending:
        """Whether every name leads to one of the addresses, and no CAA record shuts this authority out."""
        return self._checks.points_to(names, addresses)

    def shows(self, challenge: Challenge) -> Done | Pending:
        """Whether all responsible servers show the TXT record of a DNS challenge."""
        return self._checks.shows(challenge)

    def ping(self) -> Done:
        """Read the directory anew and open or find our account. `ref` is its URL.

        `data`: terms, profiles, renewal_information.
        """
        directory = self._client.directory(fresh=True)
        self._client.forget_account()
        told = {
            "terms": directory.terms,
            "profiles": list(directory.profiles),
            "renewal_information": bool(directory.renewal_info),
        }
        return Done(self._client.account_url(), told)

    def close(self) -> None:
        """Give back connections. Safe to call twice."""
        self._client.close()


def open_adapter(account: VendorAccount, clock: Clock) -> AcmeAuthority:
    """The entry point. Connects to nothing yet. Raises SettingsError when the account is set up wrongly."""
    return AcmeAuthority(account, clock)
