"""A domain under .be that is not to be renewed, on each database: it ends with its term, or somebody is told."""

import pytest

from tests.integration.store.registrars import DomainStage, desk
from tests.support.stores import Stage

__all__ = ["desk"]

NAME = "name1.be"
DAY = 86_400.0


@pytest.fixture
def unwanted(desk: DomainStage) -> DomainStage:
    """With name1.be active for a year, and automatic renewal off."""
    desk.registry.add_grace = False
    assert desk.order(domain=NAME, auto_renew=False).outcome == "accepted"
    desk.work()
    return desk


def pass_days(at: DomainStage, days: float) -> None:
    """Time passes here and at the registry; what is planned by then is done."""
    come_to(at, days)
    at.work()


def come_to(at: DomainStage, days: float) -> None:
    """Time passes here and at the registry; what is planned by then is started."""
    at.stage.let_pass(days * DAY)
    at.registry.clock.advance(days * DAY)
    at.stage.store.upkeep.start_due()


def attentions(stage: Stage) -> list[tuple[str, str]]:
    """What operators were told of the service: the workflow and the sentence."""
    told = [event["data"] for event in stage.events("service/domain-1")]
    return [(data["workflow"], data["detail"]) for data in told if "detail" in data]


def test_it_is_let_go_in_the_last_days_of_its_term_with_a_reason(unwanted: DomainStage) -> None:
    pass_days(unwanted, 360)
    assert unwanted.registry.count("domain:delete") == 0
    pass_days(unwanted, 2.5)
    assert (unwanted.registry.count("domain:delete"), unwanted.service()["status"]) == (1, "cancelling")
    assert "and the term ends on" in unwanted.stage.rows("service_periods", order="version DESC")[0]["reason"]


def test_what_the_registry_has_renewed_for_good_is_kept_and_told_once(unwanted: DomainStage) -> None:
    domain = unwanted.registry.domains[NAME]
    domain.expires = domain.expires.replace(year=domain.expires.year + 1)
    pass_days(unwanted, 366)
    pass_days(unwanted, 30)
    ((workflow, sentence),) = attentions(unwanted.stage)
    assert (workflow, f"{NAME} was renewed by the registry until" in sentence) == ("domain.upkeep", True)
    assert (unwanted.service()["status"], unwanted.registry.count("domain:delete")) == ("active", 0)
    assert unwanted.service()["upkeep_at"] is not None


def test_a_renewal_that_is_accepted_while_upkeep_looks_is_made_and_nothing_is_let_go(unwanted: DomainStage) -> None:
    pass_days(unwanted, 360)
    come_to(unwanted, 2.5)
    (upkeep,) = unwanted.stage.take()
    assert unwanted.say("renew", years=1).outcome == "accepted"
    unwanted.run([upkeep])
    unwanted.work()
    assert (unwanted.registry.count("domain:renew"), unwanted.registry.count("domain:delete")) == (1, 0)
    assert (unwanted.service()["status"], unwanted.service()["intended_status"]) == ("active", "active")
    assert attentions(unwanted.stage) == []
