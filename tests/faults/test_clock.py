"""Leases and due times follow the database's clock alone; what a worker's own clock says changes nothing."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.faults.judging import fences, judge, wait_completed
from tests.faults.measuring import Measured
from tests.faults.scene import operation_rows, slow, wait_working
from tests.support.processes import Child, ends_with_us, start, wait_for
from tests.support.production import Production, hosting_order, message

pytestmark = pytest.mark.slow

FAKETIME: Final = sorted(Path("/usr").glob("lib/**/faketime/libfaketimeMT.so.1"))
ORDERS: Final = 8
# What is claimed twice was taken over because of a clock, not because of a machine that was busy for some seconds.
LONG_LEASE: Final = {"PROVISIONER_LEASE_SECONDS": "60"}
PROJECT: Final = str(Path(__file__).parents[2])


def start_jumping(shop: Production) -> Child:
    """A worker whose clock jumps by an hour at each look."""
    return _start_worker(shop, "tests.faults.shifted_clock", {"PYTHONPATH": PROJECT})


def _start_worker(shop: Production, program: str, environ: Mapping[str, str]) -> Child:
    command = [*ends_with_us(), sys.executable, "-m", program, "worker"]
    child = start(
        command, log=shop.folder / f"worker-{len(shop.children)}.log", env={**shop.environ, **LONG_LEASE, **environ}
    )
    shop.children.append(child)
    return child


def faked(hours: int) -> Mapping[str, str]:
    """The environment of a process for which the machine's clock is so many hours ahead."""
    return {"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME": f"{hours:+d}h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def test_no_lease_is_taken_over_by_workers_whose_clocks_jump(patient: Production, measured: Measured) -> None:
    start_jumping(patient)
    start_jumping(patient)
    wait_working(patient)
    slow(patient, "customer.add", 1.5, times=ORDERS)
    patient.publish(*(hosting_order(number) for number in range(ORDERS)))
    wait_completed(patient, range(ORDERS))

    measured(claims_of_each_operation=fences(patient))
    assert judge(patient, range(ORDERS)).clean
    assert fences(patient) == [1] * ORDERS


def test_what_is_due_at_a_time_is_done_at_the_database_s_time(shop: Production, measured: Measured) -> None:
    start_jumping(shop)
    start_jumping(shop)
    shop.publish(hosting_order(1))
    wait_completed(shop, [1])
    due = datetime.now(UTC) + timedelta(seconds=4)
    late = seconds_late(shop, due)

    measured(seconds_late=round(late, 2))
    assert 0 <= late < 60


@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not installed (apt install faketime)")
def test_two_workers_two_hours_apart_share_work_as_if_they_agreed(patient: Production, measured: Measured) -> None:
    for hours in (1, -1):
        _start_worker(patient, "provisioner.app", faked(hours))
    wait_working(patient)
    slow(patient, "customer.add", 1.5, times=ORDERS)
    patient.publish(*(hosting_order(number) for number in range(ORDERS)))
    wait_completed(patient, range(ORDERS))
    late = seconds_late(patient, datetime.now(UTC) + timedelta(seconds=4), service="service-0")

    measured(claims_of_each_operation=fences(patient)[:ORDERS], seconds_late=round(late, 2))
    assert judge(patient, range(ORDERS)).clean
    assert fences(patient)[:ORDERS] == [1] * ORDERS
    assert 0 <= late < 60


def seconds_late(shop: Production, due: datetime, service: str = "service-1") -> float:
    """Cancel a service at a time, wait until that is begun, and say how much later than ordered it was."""
    data = {"service_id": service, "when": "end_of_term", "at": due.isoformat(), "reason": "closed"}
    shop.publish(message("service.cancel.v1", "cancel-1", data))

    def begun() -> list[datetime]:
        return [row["created_at"] for row in operation_rows(shop) if row["workflow"] == "hosting.cancel"]

    moment = wait_for(begun, "the service is being cancelled", timeout=90)[0]
    return float((moment - due).total_seconds())
