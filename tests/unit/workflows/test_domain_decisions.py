"""Renewals and restores that a registry takes in and decides about later: done once, or ended with its words."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from tests.support.engine.domains import NAME, DomainWorld
from tests.support.engine.vendor import Answer, lost

DAY = 86_400


@dataclass(frozen=True)
class Case:
    """A workflow that waits for a decision, and what the registry does at its end."""

    workflow: str
    effect: str
    name: str
    approve: Callable[[DomainWorld], None]
    refuse: Callable[[DomainWorld], None]

    @property
    def code(self) -> str:
        return f"{self.name}_refused"


def _renewed(domain: DomainWorld) -> None:
    there = domain.registry.domains[NAME]
    there.statuses.discard("pendingRenew")
    there.expires = there.expires.replace(year=there.expires.year + 1)


def _not_renewed(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].statuses.discard("pendingRenew")


def _restored(domain: DomainWorld) -> None:
    there = domain.registry.domains[NAME]
    there.grace.clear()
    there.statuses.discard("pendingDelete")


def _not_restored(domain: DomainWorld) -> None:
    domain.registry.domains[NAME].grace = {"redemptionPeriod"}


RENEWAL = Case("domain.renew", "domain:renew", "renewal", _renewed, _not_renewed)
RESTORE = Case("domain.restore", "domain:restore", "restore", _restored, _not_restored)


@pytest.fixture(params=[RENEWAL, RESTORE], ids=["renewal", "restore"])
def case(request: pytest.FixtureRequest, domain: DomainWorld) -> Case:
    """With the domain in the state that the workflow is for, at a registry that decides later."""
    found: Case = request.param
    domain.order(rules={"restore_report": False})
    domain.have_registered()
    if found is RESTORE:
        domain.registry.add_grace = False
        domain.do("domain.delete")
    domain.registry.decides_later = True
    return found


def ask(domain: DomainWorld, case: Case) -> None:
    domain.ask(case.workflow, years=1, reason="a mistake")
    domain.run_one()
    assert state(domain) is OperationState.WAITING


def last(domain: DomainWorld) -> str:
    """The id of the operation that was accepted last."""
    return f"op-{domain.asked}"


def state(domain: DomainWorld) -> OperationState:
    return domain.state(last(domain))


def tell(domain: DomainWorld, case: Case, *, operation: str | None = None) -> None:
    """The registry's message that it has decided against an operation has come."""
    services = domain.memory_harness.memory.services
    told = {case.code: {"operation": operation or last(domain), "words": "Not this year."}}
    services["s-1"] = replace(services["s-1"], data={**services["s-1"].data, **told})


def test_what_the_registry_approves_later_is_done_once(domain: DomainWorld, case: Case) -> None:
    ask(domain, case)
    domain.run_within(DAY)
    case.approve(domain)
    domain.run_all()
    assert (state(domain), domain.registry.count(case.effect)) == (OperationState.SUCCEEDED, 1)


def test_what_the_registry_refuses_later_ends_with_its_words(domain: DomainWorld, case: Case) -> None:
    ask(domain, case)
    case.refuse(domain)
    tell(domain, case)
    domain.run_within(DAY)
    error = domain.standing(last(domain)).error
    assert error is not None
    assert (error.code, error.message) == (
        case.code,
        f"the registry has refused the {case.name} of {NAME}: Not this year.",
    )
    assert (state(domain), domain.registry.count(case.effect)) == (OperationState.FAILED, 1)


def test_what_the_registry_showed_as_under_way_and_shows_no_more_was_refused(domain: DomainWorld, case: Case) -> None:
    ask(domain, case)
    domain.run_within(DAY)
    assert state(domain) is OperationState.WAITING
    case.refuse(domain)
    domain.run_within(DAY)
    assert (state(domain), domain.error_code(last(domain))) == (OperationState.FAILED, case.code)
    assert domain.registry.count(case.effect) == 1


def test_what_the_registry_never_showed_as_under_way_is_waited_for(domain: DomainWorld, case: Case) -> None:
    ask(domain, case)
    case.refuse(domain)
    domain.run_within(DAY)
    assert (state(domain), domain.registry.count(case.effect)) == (OperationState.WAITING, 1)


def test_what_the_registry_did_all_the_same_is_done_whatever_was_told(domain: DomainWorld, case: Case) -> None:
    ask(domain, case)
    case.approve(domain)
    tell(domain, case)
    domain.run_all()
    assert (state(domain), domain.registry.count(case.effect)) == (OperationState.SUCCEEDED, 1)


def test_the_refusal_of_an_earlier_operation_does_not_end_a_later_one(domain: DomainWorld, case: Case) -> None:
    ask(domain, case)
    case.refuse(domain)
    tell(domain, case, operation="op-0")
    domain.run_within(DAY)
    assert state(domain) is OperationState.WAITING


def test_a_refusal_of_what_had_no_answer_is_not_asked_for_again(domain: DomainWorld, case: Case) -> None:
    domain.registry.will("renew" if case is RENEWAL else "request_restore", lost(took_effect=True))
    domain.ask(case.workflow, years=1, reason="a mistake")
    domain.run_one()
    case.refuse(domain)
    tell(domain, case)
    domain.run_within(DAY)
    assert (domain.error_code(last(domain)), domain.registry.count(case.effect)) == (case.code, 1)


def test_a_refused_renewal_can_be_asked_for_again(domain: DomainWorld) -> None:
    domain.have_registered()
    domain.registry.decides_later = True
    ask(domain, RENEWAL)
    RENEWAL.refuse(domain)
    tell(domain, RENEWAL)
    domain.run_within(DAY)
    domain.registry.decides_later = False
    domain.do("domain.renew", years=1)
    assert (state(domain), domain.service.data["expires_at"][:4]) == (OperationState.SUCCEEDED, "2028")


def test_a_restore_that_is_refused_after_its_report_waits_for_an_operator(domain: DomainWorld) -> None:
    domain.have_registered()
    domain.registry.add_grace = False
    domain.do("domain.delete")

    def not_yet() -> None:
        domain.registry.domains[NAME].grace = {"redemptionPeriod"}
        tell(domain, RESTORE)

    domain.registry.will("report_restore", Answer().while_(not_yet))
    domain.do("domain.restore", reason="deleted by mistake")
    assert (state(domain), domain.standing(last(domain)).attention) == (OperationState.HELD, "money_spent")
    assert domain.service.status is ServiceStatus.CANCELLING
