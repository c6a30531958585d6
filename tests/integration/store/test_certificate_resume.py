"""When suspended hosting comes back, its certificates are looked after soon, and what waits for the site goes on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from provisioner.orders.statuses import OperationState
from provisioner.workflows.journal import Ending, ServiceChange, Upkeep
from tests.integration.store.certificate_desk import (
    AUTHORITY,
    HOSTING,
    CertificateStage,
    add_certificate,
    add_hosting,
    desk,
)
from tests.integration.store.estate import add_operation, due_at

__all__ = ["desk"]

MINUTES = 5 * 60
Resume = Callable[[], None]


@pytest.fixture
def resume(desk: CertificateStage) -> Resume:
    """Suspend the hosting; what is called then resumes it."""
    desk.shop.suspend(HOSTING)
    desk.stage.work()
    assert desk.service(HOSTING)["status"] == "suspended"

    def resume() -> None:
        desk.shop.resume(HOSTING)
        desk.stage.work()
        assert desk.service(HOSTING)["status"] == "active"

    return resume


def planned(desk: CertificateStage, number: int = 1, *, days: float = 7, **columns: Any) -> None:
    at = desk.stage.now() + timedelta(days=days)
    add_certificate(desk.stage, number, upkeep_at=at, upkeep_workflow="certificate.upkeep", **columns)


def waits(desk: CertificateStage, operation_id: str, workflow: str, **columns: Any) -> None:
    later = desk.stage.now() + timedelta(days=1)
    fields = {"service_id": "cert-1", "state": "waiting", "due_at": later, "workflow": workflow, **columns}
    add_operation(desk.stage, operation_id, **fields)


def test_upkeep_that_is_planned_comes_within_minutes(desk: CertificateStage, resume: Resume) -> None:
    planned(desk)
    resume()
    desk.stage.let_pass(MINUTES)
    assert desk.stage.store.upkeep.start_due() != []
    assert desk.operation("upkeep")["state"] == "ready"


def test_many_do_not_come_at_one_moment(desk: CertificateStage, resume: Resume) -> None:
    for number in range(1, 11):
        planned(desk, number)
    resume()
    assert len({row["upkeep_at"] for row in desk.stage.rows("services", parent_id=HOSTING)}) == 10


def test_upkeep_that_is_due_already_is_not_put_off(desk: CertificateStage, resume: Resume) -> None:
    planned(desk, days=-1)
    before = desk.service()["upkeep_at"]
    resume()
    assert desk.service()["upkeep_at"] == before


def test_what_nobody_looks_after_stays_so(desk: CertificateStage, resume: Resume) -> None:
    add_certificate(desk.stage)
    resume()
    assert desk.service()["upkeep_at"] is None


@pytest.mark.parametrize("status", ["cancelling", "cancelled", "failed"])
def test_what_has_ended_is_left_alone(desk: CertificateStage, resume: Resume, status: str) -> None:
    planned(desk, status=status, intended_status=status)
    before = desk.service()["upkeep_at"]
    resume()
    assert desk.service()["upkeep_at"] == before


def test_what_belongs_to_other_hosting_is_left_alone(desk: CertificateStage, resume: Resume) -> None:
    add_hosting(desk.stage, 2)
    planned(desk, hosting=2)
    before = desk.service()["upkeep_at"]
    resume()
    assert desk.service()["upkeep_at"] == before


@pytest.mark.parametrize("workflow", ["certificate.issue", "certificate.renew"])
def test_what_waits_for_the_site_is_due(desk: CertificateStage, resume: Resume, workflow: str) -> None:
    add_certificate(desk.stage)
    waits(desk, "waiting", workflow)
    resume()
    assert due_at(desk.stage, "waiting") <= desk.stage.now()


def test_what_waits_at_the_site_is_due(desk: CertificateStage, resume: Resume) -> None:
    add_certificate(desk.stage)
    waits(desk, "waiting", "certificate.install", resource=f"site:{HOSTING}")
    resume()
    assert due_at(desk.stage, "waiting") <= desk.stage.now()


@pytest.mark.parametrize("workflow", ["certificate.issue", "certificate.upkeep"])
def test_what_ends_just_then_with_a_plan_for_the_suspended_is_looked_after_at_once(
    desk: CertificateStage, resume: Resume, workflow: str
) -> None:
    add_certificate(desk.stage, status="provisioning")
    add_operation(desk.stage, "ending", service_id="cert-1", workflow=workflow, vendor_account=AUTHORITY)
    claim = desk.stage.claim()
    resume()
    next_week = Upkeep(desk.stage.now() + timedelta(days=7), "certificate.upkeep")
    desk.stage.store.journal.end(claim, Ending(OperationState.SUCCEEDED, service=ServiceChange(None, upkeep=next_week)))
    assert desk.service()["upkeep_at"] <= desk.stage.now()


def test_what_is_at_work_is_due_as_soon_as_it_waits(desk: CertificateStage, resume: Resume) -> None:
    add_certificate(desk.stage)
    lease = desk.stage.now() + timedelta(minutes=1)
    waits(desk, "running", "certificate.renew", state="running", due_at=lease, fence=1)
    resume()
    assert desk.stage.row("operations", id="running")["woken"]
