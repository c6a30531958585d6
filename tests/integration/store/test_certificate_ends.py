"""When hosting ends, its certificates see to their own end."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.store.certificate_desk import (
    HOSTING,
    CertificateStage,
    add_certificate,
    add_hosting,
    desk,
)
from tests.integration.store.estate import add_operation, due_at
from tests.support.stores import Stage

__all__ = ["desk"]


def end_hosting(desk: CertificateStage) -> None:
    desk.shop.cancel(HOSTING)
    desk.stage.work()
    assert desk.service(HOSTING)["status"] == "cancelled"


def started(stage: Stage) -> dict[str, str]:
    stage.store.upkeep.start_due()
    return {row["service_id"]: row["workflow"] for row in stage.rows("operations", state="ready")}


def test_they_are_looked_after_at_once(desk: CertificateStage) -> None:
    later = desk.stage.now() + timedelta(days=30)
    add_certificate(desk.stage, 1, upkeep_at=later, upkeep_workflow="certificate.upkeep")
    add_certificate(desk.stage, 2, status="provisioning", vendor_account=None)
    end_hosting(desk)
    assert started(desk.stage) == {"cert-1": "certificate.upkeep", "cert-2": "certificate.upkeep"}


@pytest.mark.parametrize("status", ["cancelling", "cancelled", "failed"])
def test_those_that_have_ended_are_not(desk: CertificateStage, status: str) -> None:
    add_certificate(desk.stage, status=status, intended_status=status)
    end_hosting(desk)
    assert desk.service()["upkeep_at"] is None


def test_those_of_other_hosting_are_not(desk: CertificateStage) -> None:
    add_hosting(desk.stage, 2)
    add_certificate(desk.stage, 1, hosting=2)
    end_hosting(desk)
    assert desk.service()["upkeep_at"] is None


def test_what_waits_is_due(desk: CertificateStage) -> None:
    add_certificate(desk.stage, status="provisioning")
    later = desk.stage.now() + timedelta(days=1)
    of_certificate: dict[str, Any] = {"service_id": "cert-1", "state": "waiting", "due_at": later}
    add_operation(desk.stage, "issue", workflow="certificate.issue", **of_certificate)
    add_operation(desk.stage, "install", workflow="certificate.install", resource="site:s-1", **of_certificate)
    end_hosting(desk)
    assert max(due_at(desk.stage, "issue"), due_at(desk.stage, "install")) <= desk.stage.now()


def test_what_is_at_work_is_due_as_soon_as_it_waits(desk: CertificateStage) -> None:
    add_certificate(desk.stage, status="provisioning")
    lease = desk.stage.now() + timedelta(minutes=1)
    add_operation(
        desk.stage, "issue", service_id="cert-1", workflow="certificate.issue", state="running", due_at=lease, fence=1
    )
    end_hosting(desk)
    assert desk.stage.row("operations", id="issue")["woken"]


def test_hosting_that_is_only_suspended_leaves_them_alone(desk: CertificateStage) -> None:
    add_certificate(desk.stage)
    desk.shop.suspend(HOSTING)
    desk.stage.work()
    assert (desk.service(HOSTING)["status"], desk.service()["upkeep_at"]) == ("suspended", None)
