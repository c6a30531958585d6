"""A vendor that falls silent holds up its own orders and nobody else's.

What is asserted is an order of events: everything for the healthy panel has ended before the first call at the silent
vendor has, whose time-out is longer than the test.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

import pytest
import sqlalchemy as sa

from adapters.sandbox.plesk import start_simulator
from adapters.sandbox.running import RunningSimulator
from provisioner.store.accounts import NewAccount
from provisioner.store.tables import attempts, operations
from tests.faults.judging import count, judge, wait_completed
from tests.faults.measuring import Measured
from tests.faults.scene import operation_rows, wait_working
from tests.soak.proxy import Way, Ways
from tests.soak.vendors import port_in, through
from tests.support.domains import domain_order
from tests.support.processes import wait_for
from tests.support.production import ACCOUNT, REGISTRAR, Production, hosting_item, hosting_order, registrar_account

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OTHER_PANEL: Final = "plesk-2"
THREADS: Final = "8"  # of one worker: those that the silent vendor holds, and as many as the healthy panel may have
SLOTS: Final = 4
ORDERS: Final = 10  # more than a vendor has slots and the worker has threads
PATIENCE: Final = "600"
FAR_TOO_LATE_SECONDS: Final = 240.0  # well before a call at the silent vendor gives up


@dataclass(frozen=True)
class Neighbour:
    """A vendor beside the healthy panel: its account, the way to it, the effect of an order, and orders for it."""

    account: str
    slots: int
    way: Way
    simulator: RunningSimulator
    effect: str
    orders: dict[str, dict[str, Any]]

    def effects(self) -> int:
        """How many of the orders have had their effect."""
        return len(self.simulator.ledger.effects(operation=self.effect))


@pytest.fixture
def ways() -> Iterator[Ways]:
    made = Ways()
    yield made
    made.close()


@contextmanager
def other_panel(shop: Production, ways: Ways, folder: Path) -> Iterator[Neighbour]:
    """A second Plesk server; its orders ask for it by name."""
    with start_simulator(data_dir=folder / OTHER_PANEL) as panel:
        way = ways.to(port_in(panel.endpoint))
        patience = {"connect_timeout": PATIENCE, "read_timeout": PATIENCE}
        settings = {**panel.settings, **patience, "endpoint": through(panel.endpoint, way)}
        account = NewAccount(OTHER_PANEL, "plesk", "hosting", "live", settings, panel.credentials, SLOTS)
        shop.store.accounts.add(account, "test")
        names = [f"silent-{number}" for number in range(ORDERS)]
        orders = {
            f"order-{name}": hosting_order(name, items=[hosting_item(name, server=OTHER_PANEL)]) for name in names
        }
        yield Neighbour(OTHER_PANEL, SLOTS, way, panel, "webspace.add", orders)


@contextmanager
def registry(shop: Production, ways: Ways, _folder: Path) -> Iterator[Neighbour]:
    """The domain registry, with one session more than slots."""
    way = ways.to(int(shop.registry.settings["port"]))
    patience = {"connect_seconds": PATIENCE, "command_seconds": PATIENCE}
    account = registrar_account(shop.registry, sessions=SLOTS + 1, port=str(way.port), **patience)
    shop.store.accounts.add(account, "test", replace=True)
    orders = {f"order-silent-{number}": domain_order(f"silent-{number}") for number in range(ORDERS)}
    yield Neighbour(REGISTRAR, SLOTS, way, shop.registry, "domain:create", orders)


@pytest.mark.parametrize("vendor", [other_panel, registry], ids=lambda vendor: vendor.__name__)
def test_all_orders_of_a_healthy_panel_end_while_those_of_a_silent_vendor_still_wait(
    vendor: Any, shop: Production, ways: Ways, tmp_path: Path, measured: Measured
) -> None:
    with vendor(shop, ways, tmp_path) as silent:
        shop.start("worker", PROVISIONER_WORKER_THREADS=THREADS)
        wait_working(shop)
        alone = seconds_until_completed(shop, range(ORDERS))

        silent.way.silence()
        shop.publish(*silent.orders.values())
        wait_for(lambda: at_work(shop, silent.account) >= silent.slots, "every slot is held", timeout=60)
        beside = seconds_until_completed(shop, range(ORDERS, 2 * ORDERS))

        assert calls_that_ended(shop, silent.account) == 0
        assert at_work(shop, silent.account) == silent.slots
        measured(orders=ORDERS, seconds_alone=alone, seconds_beside_a_silent_vendor=beside)
        silent.way.heal()
        shop.wait_ended(*silent.orders, timeout=FAR_TOO_LATE_SECONDS)
        assert {shop.status(order) for order in silent.orders} == {"completed"}
        assert silent.effects() == ORDERS
        assert judge(shop, range(2 * ORDERS)).clean


def seconds_until_completed(shop: Production, numbers: range) -> float:
    """Publish orders for the healthy panel and wait for their ends."""
    began = monotonic()
    shop.publish(*(hosting_order(number, items=[hosting_item(number, server=ACCOUNT)]) for number in numbers))
    wait_completed(shop, numbers, timeout=FAR_TOO_LATE_SECONDS)
    return round(monotonic() - began, 2)


def at_work(shop: Production, account: str) -> int:
    """How many operations of a vendor account are in a worker's hands."""
    return sum(row["vendor_account"] == account and row["state"] == "running" for row in operation_rows(shop))


def calls_that_ended(shop: Production, account: str) -> int:
    """How many calls at a vendor account have come to any outcome, a time-out too."""
    mine = sa.select(operations.c.id).where(operations.c.vendor_account == account)
    return count(shop, sa.select(sa.func.count()).where(attempts.c.operation_id.in_(mine)))
