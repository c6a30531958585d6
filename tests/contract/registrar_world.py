"""The other side of a registrar's contract: what a test sees and does behind the adapter's back, and what it orders."""

import itertools
from collections.abc import Iterator
from datetime import date
from typing import Protocol

from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import Adapter
from provisioner.ports.registrar import DsRecord, Registrar, RegistrarContact, RegistryMessage

numbers = itertools.count(1)
AUTH_CODE = "Zq7!auth<&>'code-0123"
OTHER_AUTH_CODE = "Kx4?other+code$base64="
LONG_AGO = "2000-01-01T00:00:00Z"
DS = DsRecord(12345, 13, 2, "AB" * 32)
OTHER_DS = DsRecord(54321, 13, 2, "CD" * 32)


class RegistrarPort(Registrar, Adapter, Protocol):
    """All that a registrar adapter is."""


class RegistrarWorld(Protocol):
    """What a test sees and does behind the adapter's back."""

    zone: str
    """The suffix under which the test registers, such as `example`."""
    currency: str

    def effects(self) -> int:
        """How many changes the registry has accepted from us so far."""
        ...

    def foreign_contact(self, handle: str) -> None:
        """Another registrar's contact with this handle."""
        ...

    def foreign_domain(self, domain: str) -> Secret:
        """Another registrar's domain, old enough to be transferred; its authorisation code."""
        ...

    def other_asks_for(self, domain: str, auth_code: Secret) -> None:
        """The other registrar asks for a domain of ours."""
        ...

    def other_answers(self, domain: str, answer: str) -> None:
        """The other registrar approves or rejects our request for its domain."""
        ...

    def registry_sets(self, domain: str, status: str) -> None:
        """The registry itself sets a status such as `serverUpdateProhibited`."""
        ...

    def days_pass(self, days: int) -> None:
        """The registry's clock goes on, and what is due is done."""
        ...

    def years_on(self, domain: str) -> int:
        """For how many years from now the domain is registered; -1 when there is none."""
        ...


def new_name(world: RegistrarWorld) -> str:
    return f"name-{next(numbers)}.{world.zone}"


def new_contact() -> RegistrarContact:
    number = next(numbers)
    return RegistrarContact(
        handle=f"PSUITE{number}",
        name="Anna O'Berg & Co",
        organisation="Berg & Sons",
        email="anna@customer.example",
        phone="+46.401234567",
        street=("Storgatan 1", "Box 2"),
        city="Malmo",
        postal_code="211 22",
        country="SE",
    )


def years_later(day: str, years: int) -> str:
    then = date.fromisoformat(day[:10])
    day_of_month = 28 if (then.month, then.day) == (2, 29) else then.day
    return then.replace(year=then.year + years, day=day_of_month).isoformat()


def messages_of(registrar: RegistrarPort) -> Iterator[RegistryMessage]:
    """Every message, each acknowledged after it was seen."""
    while (message := registrar.next_message()) is not None:
        yield message
        registrar.acknowledge(message.message_id)
