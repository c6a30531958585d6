"""The certificates of one website, in the database: which is in use, and what an installation is told of the others."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from provisioner.orders.statuses import OperationState
from provisioner.store.tables import services
from provisioner.workflows.journal import CertificateUse, Claim, Ending, FollowUp, ServiceChange
from tests.integration.store.certificate_desk import CertificateStage, add_certificate, add_hosting, desk
from tests.integration.store.estate import add_operation
from tests.support.postgres import PostgresCluster
from tests.support.processes import wait_for
from tests.support.stores import ACCOUNT, Stage, while_locked

__all__ = ["desk"]

DAY = timedelta(days=1)
IN_USE = {"installed": True, "installed_as": "provisioner-1", "installed_fingerprint": "f-1"}


def has(desk: CertificateStage, number: int = 1, **columns: Any) -> None:
    """A certificate that is in use, and is looked after in a week."""
    at = desk.stage.now() + 7 * DAY
    data = {**IN_USE, "fingerprint": f"f-{number}", "names": ["shop.example"], "not_after": (at + 60 * DAY).isoformat()}
    planned = {"upkeep_at": at, "upkeep_workflow": "certificate.upkeep"}
    more = {"source": "authority", **columns.pop("data", {})}
    add_certificate(desk.stage, number, **{**planned, "data": {**data, **more}, **columns})


def installing(desk: CertificateStage, certificate_id: str = "cert-2") -> Claim:
    """An installation of a certificate is at work."""
    add_operation(
        desk.stage,
        f"install-{certificate_id}",
        service_id=certificate_id,
        workflow="certificate.install",
        resource="site:s-1",
        vendor_account=ACCOUNT,
    )
    return desk.stage.claim()


def installed() -> Ending:
    """What its end says."""
    data = {"installed": True, "installed_as": "provisioner-2", "installed_fingerprint": "f-2"}
    uses = (CertificateUse("f-2", "provisioner-2"),)
    return Ending(OperationState.SUCCEEDED, service=ServiceChange(None, data=data, uses=uses))


def install_another(desk: CertificateStage) -> None:
    add_certificate(desk.stage, 2)
    desk.stage.store.journal.end(installing(desk), installed())


def test_the_other_services_of_the_site_know_that_theirs_is_no_longer_in_use(desk: CertificateStage) -> None:
    has(desk)
    install_another(desk)
    data = desk.service()["data"]
    assert (data["installed"], data["problem_code"], data["installed_as"]) == (False, "other_in_use", "provisioner-1")
    assert desk.service("cert-2")["data"]["installed"]


def test_they_are_looked_after_within_a_day(desk: CertificateStage) -> None:
    has(desk)
    install_another(desk)
    assert desk.service()["upkeep_at"] <= desk.stage.now() + DAY


def test_what_is_looked_after_sooner_is_not_put_off(desk: CertificateStage) -> None:
    soon = desk.stage.now() + DAY / 24
    has(desk, upkeep_at=soon)
    install_another(desk)
    assert desk.service()["upkeep_at"] == soon


def test_what_nobody_looks_after_stays_so(desk: CertificateStage) -> None:
    has(desk, upkeep_at=None, upkeep_workflow=None)
    install_another(desk)
    assert (desk.service()["data"]["installed"], desk.service()["upkeep_at"]) == (False, None)


def test_what_is_at_another_site_is_left_alone(desk: CertificateStage) -> None:
    add_hosting(desk.stage, 2)
    has(desk, hosting=2)
    install_another(desk)
    assert desk.service()["data"]["installed"]


def test_what_the_panel_looks_after_is_left_alone(desk: CertificateStage) -> None:
    has(desk, data={"source": "panel", "installed_as": None, "installed_fingerprint": None})
    install_another(desk)
    assert desk.service()["data"]["installed"]


def queue_next(desk: CertificateStage, *, automatic: bool) -> None:
    """An installation of the second certificate follows from another operation."""
    claim = installing(desk)
    follow_up = FollowUp("next", "certificate.install", "site:s-1", {"automatic": automatic}, account=ACCOUNT)
    ending = Ending(OperationState.SUCCEEDED, service=ServiceChange(None), follow_ups=(follow_up,))
    desk.stage.store.journal.end(claim, ending)


def told_of(desk: CertificateStage, *, automatic: bool) -> Any:
    """What it is told of the first when it begins."""
    queue_next(desk, automatic=automatic)
    return desk.stage.claim().inputs.get("siblings")


def test_an_installation_that_follows_by_itself_is_told_of_the_others(desk: CertificateStage) -> None:
    has(desk, data={"source": "customer", "fingerprint": "f-0"})
    add_certificate(desk.stage, 2)
    (sibling,) = told_of(desk, automatic=True)
    assert (sibling["fingerprints"], sibling["names"], sibling["source"]) == (
        ["f-0", "f-1"],
        ["shop.example"],
        "customer",
    )
    assert (sibling["is_installed"], sibling["is_live"]) == (True, True)


def test_one_that_has_ended_is_told_as_that(desk: CertificateStage) -> None:
    has(desk, status="cancelled", intended_status="cancelled")
    add_certificate(desk.stage, 2)
    (sibling,) = told_of(desk, automatic=True)
    assert not sibling["is_live"]


def test_what_was_installed_while_it_waited_is_told_as_that(desk: CertificateStage) -> None:
    has(desk, data={"source": "customer", "installed": False})
    add_certificate(desk.stage, 2)
    queue_next(desk, automatic=True)
    data = {**desk.service()["data"], "installed": True}
    with desk.stage.store.database.begin() as connection:
        connection.execute(sa.update(services).where(services.c.id == "cert-1").values(data=data))
    (sibling,) = desk.stage.claim().inputs["siblings"]
    assert sibling["is_installed"]


def test_one_that_was_asked_for_is_told_nothing(desk: CertificateStage) -> None:
    has(desk)
    add_certificate(desk.stage, 2)
    assert told_of(desk, automatic=False) is None


def test_the_end_of_the_hosting_at_the_same_time_does_not_stand_in_the_way(
    postgres: PostgresCluster, postgres_stage: Stage
) -> None:
    desk = CertificateStage(postgres_stage)
    has(desk)
    add_certificate(desk.stage, 2)
    install = installing(desk)
    desk.shop.cancel("s-1")
    cancel = desk.stage.claim()
    held = "UPDATE services SET version = version WHERE id = 'cert-1'"
    journal, engine = desk.stage.store.journal, desk.stage.engine(desk.stage.another())

    def end_install() -> None:
        wait_for(lambda: desk.stage.sql("SELECT 1 FROM pg_locks WHERE NOT granted"), "the hosting's end waits")
        journal.end(install, installed())

    results = while_locked(postgres, postgres_stage, held, lambda: engine.run(cancel), end_install)
    assert not [each for each in results if isinstance(each, Exception)]
    assert (desk.service("s-1")["status"], desk.service()["data"]["installed"]) == ("cancelled", False)
