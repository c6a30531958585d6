"""What a fresh panel knows: plans, an add-on, addresses."""

from dataclasses import dataclass
from typing import Final

from adapters.sandbox.plesk.records import Plan
from adapters.sandbox.plesk.tables import Table
from adapters.sandbox.plesk.vocabulary import HOSTING, LIMITS, PERMISSIONS, PERSONAL_HOSTING, defaults
from provisioner.kernel.ids import Ids

GIB: Final = 1024**3


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address of the server."""

    ip: str
    netmask: str
    type: str = "shared"
    interface: str = "eth0"


ADDRESSES: Final = (
    Address("192.0.2.10", "255.255.255.0"),
    Address("2001:db8::10", "ffff:ffff:ffff:ffff::"),
    Address("192.0.2.20", "255.255.255.0", type="exclusive"),
)
PLANS: Final = (
    ("basic", {"disk_space": 10 * GIB, "max_traffic": 100 * GIB, "max_site": 1, "max_box": 10, "max_db": 1}),
    ("business", {"disk_space": 50 * GIB, "max_traffic": 500 * GIB, "max_site": 10, "max_box": 100, "max_db": 10}),
    ("premium", {"disk_space": 200 * GIB, "max_site": 100, "max_db": 100}),
)
ADDONS: Final = (("extra-space", {"disk_space": 10 * GIB}),)


def plant(plans: Table[Plan], ids: Ids) -> None:
    """Fill an empty table of plans."""
    if len(plans):
        return
    for name, limits in PLANS:
        plans.save(full_plan(plans.next_id(), ids.new(), name, limits))
    for name, limits in ADDONS:
        plans.save(Plan(id=plans.next_id(), guid=ids.new(), name=name, addon=True, limits=limits))


def full_plan(identifier: int, guid: str, name: str, limits: dict[str, int]) -> Plan:
    """A service plan with every limit, permission and hosting property; those not named have their defaults."""
    return Plan(
        id=identifier,
        guid=guid,
        name=name,
        limits={key: int(value) for key, value in defaults(LIMITS).items()} | limits,
        permissions={key: value == "true" for key, value in defaults(PERMISSIONS).items()},
        hosting={key: value for key, value in defaults(HOSTING).items() if key not in PERSONAL_HOSTING},
    )
