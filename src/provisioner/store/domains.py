"""What a domain needs of the store before it is accepted: its rules, the customer's contacts, the panel's name servers.

`orders.domains` says what is right; here is where it looks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import sqlalchemy as sa

from provisioner.kernel.errors import RefusedError, SettingsError
from provisioner.orders.contacts import referenced
from provisioner.orders.domains import settle
from provisioner.orders.statuses import ServiceStatus
from provisioner.orders.tlds import TldRules, TldTable, UnknownTld
from provisioner.store.contacts import Contact, known_contacts
from provisioner.store.services import UnknownService
from provisioner.store.tables import services, vendor_accounts

PRODUCT: Final = "domain"
NAMESERVERS: Final = "nameservers"
LIVE_NAME: Final = "uq_services_live_name"
ENDED: Final = (ServiceStatus.CANCELLED.value, ServiceStatus.FAILED.value)


class DomainExists(RefusedError):
    """There is a live service for this domain already."""

    code: ClassVar[str] = "domain_exists"


class ContactAmbiguous(RefusedError):
    """One message gives a contact twice, and not alike."""

    code: ClassVar[str] = "contact_ambiguous"


class NoNameServers(RefusedError):
    """Nobody says which name servers the domain is to have (yet)."""

    code: ClassVar[str] = "nameservers_unknown"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A domain that a message asks for. `at` is the JSON pointer of its fields.

    `account` is the registrar account that takes it; `panels` the vendor accounts of the hosting services that are
    ordered with it.
    """

    terms: Mapping[str, Any]
    at: str
    transfer: bool
    has_auth_code: bool
    environment: str
    account: str | None
    panels: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """Domains ready to be written: the attributes of each, and the contacts that the message gave as a whole."""

    attributes: tuple[dict[str, Any], ...]
    contacts: tuple[Contact, ...]


class DomainTerms:
    """Makes the terms of domains complete."""

    def __init__(self, tlds: TldTable) -> None:
        self._tlds = tlds

    def settle(self, connection: sa.Connection, customer_id: str, wanted: Sequence[Wanted]) -> Settled:
        """What becomes of these domains of one message.

        Raises DomainRefused, UnknownTld, DomainExists, ContactAmbiguous, NoNameServers and UnknownService.
        """
        _check_distinct(wanted)
        given = _given([each.terms["contacts"] for each in wanted])
        named = {name for each in wanted for name in referenced(each.terms["contacts"])}
        known = {**known_contacts(connection, customer_id, named), **given}
        settled = tuple(self._settle(connection, customer_id, each, known) for each in wanted)
        normal = {each["contact_id"]: each for attributes in settled for each in attributes["contacts"].values()}
        return Settled(settled, tuple(normal[contact_id] for contact_id in given))

    def _settle(
        self, connection: sa.Connection, customer_id: str, wanted: Wanted, known: Mapping[str, Contact]
    ) -> dict[str, Any]:
        rules = self._rules(wanted)
        return settle(
            wanted.terms,
            rules,
            at=wanted.at,
            transfer=wanted.transfer,
            has_auth_code=wanted.has_auth_code,
            contacts=known,
            nameservers=_name_servers(connection, customer_id, wanted, rules),
        )

    def _rules(self, wanted: Wanted) -> TldRules:
        try:
            return self._tlds.rules_for(wanted.terms["domain"])
        except UnknownTld as unknown:
            raise UnknownTld(str(unknown), f"{wanted.at}/domain") from unknown


def tld_table(path: Path | None) -> TldTable:
    """The table of top-level domains in this file, or the one that comes with the program. Raises SettingsError."""
    if path is None:
        return TldTable.shipped()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"tlds_file {path} cannot be read: {error}.") from error
    return TldTable.parse(text, str(path))


def given_contacts(contacts: Mapping[str, Any]) -> dict[str, Contact]:
    """Those of a domain's contacts that a message gives as a whole, by id. Raises ContactAmbiguous."""
    return _given([contacts])


def check_name_free(connection: sa.Connection, name: str, environment: str, but: str | None = None) -> None:
    """Raise DomainExists when a live service has this name; `but` is one that may."""
    alive = (services.c.name == name, services.c.environment == environment, services.c.status.not_in(ENDED))
    owner = connection.scalar(sa.select(services.c.id).where(*alive, services.c.id != (but or "")))
    if owner is not None:
        raise DomainExists(f"service {owner} is {name} already; change that service, or cancel it first")


def is_name_clash(error: BaseException) -> bool:
    """Whether the database's own rule has found two live services of one name."""
    text = str(error)
    return LIVE_NAME in text or "services.name" in text


def _check_distinct(wanted: Sequence[Wanted]) -> None:
    names = [each.terms["domain"] for each in wanted]
    for index, each in enumerate(wanted):
        if names[index] in names[:index]:
            raise DomainExists(f"{each.at}/domain is wanted by an earlier item; a domain is ordered once")


def _given(several: Iterable[Mapping[str, Any]]) -> dict[str, Contact]:
    found: dict[str, Contact] = {}
    for contact in (each for contacts in several for each in contacts.values() if not isinstance(each, str)):
        if found.setdefault(contact["contact_id"], contact) != contact:
            raise ContactAmbiguous(f"contact {contact['contact_id']} is given twice, and not alike; give it once")
    return found


# -- name servers


def _name_servers(connection: sa.Connection, customer_id: str, wanted: Wanted, rules: TldRules) -> list[dict[str, Any]]:
    """Those that the domain gets although its terms name none: the hosting panel's, else the registrar account's."""
    hosting = wanted.terms.get("hosting")
    if wanted.terms.get(NAMESERVERS) is not None or (hosting is None and wanted.transfer):
        return []
    panel = _panel(connection, customer_id, hosting, wanted) if hosting else None
    for account in filter(None, (panel, wanted.account)):
        if names := _told_by(connection, account):
            return [{"name": name} for name in names]
    if hosting is not None or rules.nameservers_min:
        raise NoNameServers(_complaint(wanted.at, [name for name in (panel, wanted.account) if name]))
    return []


def _panel(connection: sa.Connection, customer_id: str, hosting: str, wanted: Wanted) -> str | None:
    """The vendor account of a hosting service; none as long as it has none. Raises UnknownService."""
    if hosting in wanted.panels:
        return wanted.panels[hosting]
    here = (services.c.id == hosting, services.c.product == "hosting", services.c.environment == wanted.environment)
    query = sa.select(services.c.vendor_account).where(*here, services.c.customer_id == customer_id)
    found = connection.execute(query).first()
    if found is None:
        raise UnknownService(f"{wanted.at}/hosting: there is no hosting service {hosting} of this customer")
    account: str | None = found[0]
    return account


def _told_by(connection: sa.Connection, account: str) -> list[str]:
    """The setting `nameservers` of a vendor account: names, with commas between."""
    query = sa.select(vendor_accounts.c.settings).where(vendor_accounts.c.name == account)
    settings: Mapping[str, str] = connection.scalar(query) or {}
    names = (name.strip().rstrip(".").lower() for name in settings.get(NAMESERVERS, "").split(","))
    return [name for name in names if name]


def _complaint(at: str, accounts: Sequence[str]) -> str:
    where = " or ".join(accounts) or "a registrar account"
    return f"{at}/nameservers is missing; give them, or set nameservers in the settings of server {where}"
