"""What a fresh registry holds, and domains by the thousand for tests."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from adapters.sandbox.epp import codes
from adapters.sandbox.epp.calendar import years_later
from adapters.sandbox.epp.records import Contact, Domain, Host, PostalAddress
from adapters.sandbox.epp.registry import Registry

FIRST, SECOND = "registrar-a", "registrar-b"
BALANCE: Final = Decimal("1000000.00")
AUTH_CODE: Final = "Move-Me-1234567890"
_HANDLE: Final = "SEED-"


class Stock(BaseModel):
    """Domains that are simply there: `{prefix}{number}.{zone}`, numbered from 1 with five digits.

    Without a count it is one domain, `{prefix}.{zone}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefix: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=50)]
    zone: str = "test"
    count: Annotated[int, Field(ge=0, le=100_000)] = 0
    registrar: str = SECOND
    auth_code: str = AUTH_CODE
    created_days_ago: Annotated[float, Field(ge=0, le=3650)] = 400
    years: Annotated[int, Field(ge=1, le=10)] = 2
    statuses: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """The names of the domains."""
        if not self.count:
            return [f"{self.prefix}.{self.zone}"]
        return [f"{self.prefix}{number:05}.{self.zone}" for number in range(1, self.count + 1)]


@dataclass(frozen=True, slots=True)
class Opening:
    """Passwords of the two registrars."""

    first: str
    second: str


SEEDS: Final = (
    Stock(prefix="taken"),
    Stock(prefix="transferable"),
    Stock(prefix="transferable-", count=20),
    Stock(prefix="locked", statuses=("clientTransferProhibited",)),
    Stock(prefix="held", statuses=("serverTransferProhibited", "serverUpdateProhibited")),
    Stock(prefix="young", created_days_ago=10),
    Stock(prefix="no-code", auth_code=""),
    Stock(prefix="premium-taken"),
)
_HOSTS: Final = ("ns1.hosting.example", "ns2.hosting.example")


def plant(registry: Registry, passwords: Opening) -> None:
    """Fill an empty registry."""
    registry.open_account(FIRST, passwords.first, BALANCE)
    registry.open_account(SECOND, passwords.second, BALANCE)
    for name in _HOSTS:
        registry.hosts.save(_host(registry, name))
    for stock in SEEDS:
        put(registry, stock)


def put(registry: Registry, stock: Stock) -> int:
    """Put domains into the registry; gives how many. Raises ValueError."""
    if registry.registrars.get(stock.registrar) is None:
        raise ValueError(f"there is no registrar {stock.registrar}")
    names = stock.names()
    taken = [name for name in names if registry.domains.get(name) is not None]
    if taken:
        raise ValueError(f"{taken[0]} is there already")
    owner = _owner(registry, stock.registrar)
    code = codes.hashed(stock.auth_code)
    for name in names:
        registry.domains.save(_domain(registry, stock, name, owner, code))
    return len(names)


def _domain(registry: Registry, stock: Stock, name: str, owner: str, code: str) -> Domain:
    created_at = registry.clock.now() - timedelta(days=stock.created_days_ago)
    return Domain(
        name=name,
        registrant=owner,
        contacts=(("admin", owner), ("billing", owner), ("tech", owner)),
        auth=code,
        statuses=stock.statuses,
        expires_at=years_later(created_at, stock.years),
        roid=registry.new_roid("D"),
        registrar=stock.registrar,
        created_by=stock.registrar,
        created_at=created_at,
    )


def _owner(registry: Registry, registrar: str) -> str:
    handle = f"{_HANDLE}{registrar[-1].upper()}"
    if registry.contacts.get(handle) is None:
        registry.contacts.save(
            Contact(
                id=handle,
                postal=(PostalAddress(form="int", name="Owner Example", city="Springfield", country="US"),),
                voice="+1.5555550100",
                email="owner@example.com",
                roid=registry.new_roid("C"),
                registrar=registrar,
                created_by=registrar,
                created_at=registry.clock.now(),
            )
        )
    return handle


def _host(registry: Registry, name: str) -> Host:
    return Host(
        name=name,
        roid=registry.new_roid("H"),
        registrar=SECOND,
        created_by=SECOND,
        created_at=registry.clock.now(),
    )
