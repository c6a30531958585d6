"""The port: what a workflow asks, answered by one registrar account at one registry."""

from collections.abc import Mapping

from adapters.epp import commands, settings
from adapters.epp.changes import Changes
from adapters.epp.contacts import Contacts
from adapters.epp.hosts import Hosts
from adapters.epp.poll import Messages
from adapters.epp.prices import Prices
from adapters.epp.registrations import Deletions, Registrations, Renewals
from adapters.epp.registry import Registry
from adapters.epp.replies import Greeting
from adapters.epp.restores import Restores
from adapters.epp.sessions import Sessions
from adapters.epp.transfers import Transfers
from provisioner.kernel.clock import Clock
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import Adapter, VendorAccount
from provisioner.ports.outcomes import Done, Pending
from provisioner.ports.registrar import (
    DnsKey,
    DsRecord,
    Host,
    Price,
    Registrar,
    RegistrarContact,
    Registration,
    RegistryMessage,
    Renewal,
    RestoreReport,
    TransferRequest,
)


class EppRegistrar(Registrar, Adapter):
    """Domains at one registry. Safe to use from many threads.

    Every operation begins with a question, or finds out after a refusal what is there, so that all of it may be called
    again. Operations raise the outcomes of `ports.outcomes`.
    """

    def __init__(self, registry: Registry) -> None:
        prices = Prices(registry)
        self._registry = registry
        self._prices = prices
        self._contacts = Contacts(registry)
        self._hosts = Hosts(registry)
        self._registrations = Registrations(registry, prices)
        self._renewals = Renewals(registry, prices)
        self._deletions = Deletions(registry)
        self._restores = Restores(registry, prices)
        self._transfers = Transfers(registry, prices)
        self._changes = Changes(registry)
        self._messages = Messages(registry)

    def ensure_contact(self, contact: RegistrarContact) -> Done:
        """The contact under its handle, made when it is missing; one of ours that is there is adopted."""
        return self._contacts.ensure(contact)

    def find_contact(self, contact: RegistrarContact) -> Done | None:
        """The contact by its handle, if its sponsor (clID) is this account."""
        return self._contacts.find(contact)

    def update_contact(self, contact: RegistrarContact) -> Done:
        """Make the contact what is given; its address is written as a whole (RFC 5733 §3.2.5)."""
        return self._contacts.update(contact)

    def quote(self, domain: str, command: str, years: int) -> Done:
        """What a create, renew, transfer or restore would cost, in the account's currency (RFC 8748)."""
        return self._prices.quote(domain, command, years)

    def register(self, registration: Registration) -> Done | Pending:
        """Register for the price that the registry names, if that is not above the cap."""
        return self._registrations.register(registration)

    def find_registration(self, registration: Registration) -> Done | Pending | None:
        """The domain, if it is ours with this authorisation code and registrant."""
        return self._registrations.find(registration)

    def renew(self, renewal: Renewal) -> Done | Pending:
        """Renew from the current date of expiry, and verify the new one."""
        return self._renewals.renew(renewal)

    def find_renewal(self, renewal: Renewal) -> Done | Pending | None:
        """Whether the domain expires on the target date. Raises Rejected `expiry_unexpected`."""
        return self._renewals.find(renewal)

    def delete(self, domain: str, roid: str) -> Done:
        """Delete the object with this roid. Rejected codes: `delete_prohibited`, `in_use`, `not_ours`."""
        return self._deletions.delete(domain, roid)

    def request_restore(self, domain: str, max_price: Price | None) -> Done | Pending:
        """Ask for the domain back from redemption."""
        return self._restores.request(domain, max_price)

    def find_restore(self, domain: str, max_price: Price | None) -> Done | Pending | None:  # noqa: ARG002  # the port's
        """Whether the restore was asked for, or is done."""
        return self._restores.find(domain)

    def report_restore(self, report: RestoreReport) -> Done:
        """Send the report that the registry wants after a restore."""
        return self._restores.report(report)

    def request_transfer(self, request: TransferRequest) -> Done | Pending:
        """Ask for the domain; at some registries it is ours at once."""
        return self._transfers.request(request)

    def find_transfer(self, request: TransferRequest) -> Done | Pending | None:
        """Whose the domain is, and how our request stands."""
        return self._transfers.find(request)

    def cancel_transfer(self, domain: str) -> Done:
        """Withdraw our request, if it stands."""
        return self._transfers.cancel(domain)

    def answer_transfer(self, domain: str, answer: str) -> Done:
        """Approve or reject another registrar's request, if it stands."""
        return self._transfers.answer(domain, answer)

    def look(self, domain: str) -> Done:
        """What the registry says now."""
        return self._changes.look(domain)

    def ensure_host(self, host: Host) -> Done:
        """The name server as a host object, where the registry has such objects."""
        return self._hosts.ensure(host)

    def remove_host(self, host: str) -> Done:
        """The host object is gone. Rejected codes: `in_use`, `not_ours`, `host_locked`."""
        return self._hosts.remove(host)

    def change_nameservers(self, domain: str, hosts: tuple[Host, ...]) -> Done:
        """Make these the name servers."""
        return self._changes.nameservers(domain, hosts)

    def change_contacts(self, domain: str, registrant: str, contacts: Mapping[str, str]) -> Done:
        """Make these handles the contacts; an empty registrant stays."""
        return self._changes.contacts(domain, registrant, contacts)

    def change_dnssec(self, domain: str, records: tuple[DsRecord | DnsKey, ...]) -> Done:
        """Make these the records, all in one update; none removes them all."""
        return self._changes.dnssec(domain, records)

    def change_statuses(self, domain: str, add: tuple[str, ...], remove: tuple[str, ...]) -> Done:
        """Set and lift client statuses."""
        return self._changes.statuses(domain, add, remove)

    def change_auth_code(self, domain: str, auth_code: Secret | None) -> Done:
        """Set the authorisation code, or clear it (None)."""
        return self._changes.auth_code(domain, auth_code)

    def next_message(self) -> RegistryMessage | None:
        """The oldest message, or None when the queue is empty."""
        return self._messages.next()

    def acknowledge(self, message_id: str) -> None:
        """Take a message off the queue; one that is gone already does no harm."""
        self._messages.acknowledge(message_id)

    def ping(self) -> Done:
        """Log in and ask for the greeting. `data`: server, extensions."""
        reply = self._registry.ask(commands.hello())
        told = reply.data if isinstance(reply.data, Greeting) else None
        return Done(data={"server": told.server, "extensions": list(told.extensions)} if told else {})

    def close(self) -> None:
        """Log out and close all sessions. Safe to call twice."""
        self._registry.wire.close()


def open_adapter(account: VendorAccount, clock: Clock) -> EppRegistrar:
    """The entry point. Connects to nothing yet. Raises SettingsError when the account is set up wrongly."""
    checked = settings.read(account)
    return EppRegistrar(Registry(Sessions(checked, account, clock, account.budget), checked, clock))
