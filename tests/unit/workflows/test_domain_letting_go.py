"""A domain whose owner does not want it renewed, where the registry renews by itself on the day of expiry."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from tests.support.engine.domains import DAY, NAME, DomainWorld
from tests.support.engine.vendor import down

START = datetime(2026, 1, 1, tzinfo=UTC)
TERM = datetime(2027, 1, 1, tzinfo=UTC)
RENEWED = datetime(2028, 1, 1, tzinfo=UTC)


class Registry:
    """The world of one domain, in which time passes and the registry renews by itself."""

    def __init__(self, domain: DomainWorld) -> None:
        self.world = domain
        domain.have_registered()
        domain.registry.add_grace = False

    def sell(self, grace: int, *, auto_renew: bool = False, **fields: Any) -> None:
        """The domain is of a registry with so many days of grace."""
        rules = {"registry_auto_renews": True, "auto_renew_grace_days": grace, "max_years": 1}
        self.world.order(auto_renew=auto_renew, rules=rules, **fields)

    def pass_until(self, when: datetime) -> None:
        """Time passes, upkeep is done whenever it is planned, and the registry renews at the end of the term."""
        if self._now < TERM <= when:
            self._upkeep_until(TERM)
            self.renew_unasked()
        self._upkeep_until(when)

    def renew_unasked(self) -> None:
        """The registry renews what has not been deleted."""
        there = self.world.registry.domains[NAME]
        if not there.statuses & {"pendingDelete"} and there.expires == TERM:
            there.expires = RENEWED

    def _upkeep_until(self, end: datetime) -> None:
        while (wait := self.world.upkeep_in_days) is not None and self._now + timedelta(days=wait) <= end:
            self.world.harness.let_pass(max(wait, 0) * DAY)
            self.world.do("domain.upkeep")
        self.world.harness.let_pass(max((end - self._now).total_seconds(), 0))

    @property
    def _now(self) -> datetime:
        return self.world.harness.now()

    @property
    def deletions(self) -> int:
        return self.world.registry.count("domain:delete")

    @property
    def expires(self) -> datetime:
        return self.world.registry.domains[NAME].expires

    @property
    def told(self) -> list[Any]:
        """The operations that tell of a renewal by the registry that nobody wanted."""
        return [each for each in self.operations("domain.upkeep") if "renewed_until" in each.asked.inputs]

    def operations(self, workflow: str) -> list[Any]:
        """Those of a workflow, as they stand."""
        kept = self.world.memory_harness.memory.operations.values()
        return [each for each in kept if each.asked.workflow == workflow]


@pytest.fixture
def registry(domain: DomainWorld) -> Registry:
    return Registry(domain)


def before_term(**duration: float) -> datetime:
    return TERM - timedelta(**duration)


@pytest.mark.parametrize("grace", [0, 1, 3])
def test_where_the_grace_is_too_short_it_is_let_go_in_the_last_days_of_its_term(registry: Registry, grace: int) -> None:
    registry.sell(grace)
    registry.world.do("domain.upkeep")
    registry.pass_until(before_term(days=4))
    assert registry.deletions == 0
    registry.pass_until(before_term(days=3))
    assert (registry.deletions, registry.world.service.status) == (1, ServiceStatus.CANCELLING)
    registry.pass_until(TERM + timedelta(days=5))
    assert (registry.deletions, registry.expires) == (1, TERM)
    assert registry.told == []


def test_where_the_grace_is_long_it_has_its_whole_term_and_the_renewal_is_taken_back(registry: Registry) -> None:
    registry.sell(45)
    registry.world.do("domain.upkeep")
    registry.pass_until(TERM + timedelta(days=20))
    assert registry.deletions == 0
    registry.pass_until(TERM + timedelta(days=44))
    assert registry.deletions == 1


def test_the_reason_says_why_it_ends_before_its_term(registry: Registry) -> None:
    registry.sell(0)
    registry.world.do("domain.upkeep")
    registry.pass_until(before_term(days=3))
    (cancel,) = registry.operations("domain.cancel")
    assert cancel.asked.inputs["reason"] == (
        "automatic renewal is off, and the term ends on 2027-01-01; the registry would then renew by itself, "
        "and leave no time to take that back"
    )


def test_switched_off_after_the_time_has_passed_it_is_let_go_at_once(registry: Registry) -> None:
    registry.sell(0)
    registry.world.harness.let_pass((before_term(hours=30) - START).total_seconds())
    registry.world.do("domain.set-auto-renew", auto_renew=False)
    registry.pass_until(before_term(hours=29))
    assert registry.deletions == 1


def test_a_registry_that_is_away_is_asked_again_until_the_term_ends(registry: Registry) -> None:
    registry.sell(0)
    registry.world.do("domain.upkeep")
    registry.world.registry.will("delete", *[down()] * 3)
    registry.pass_until(before_term(days=1))
    assert registry.deletions == 1


@pytest.mark.parametrize("grace", [1, 3])
def test_what_was_renewed_already_is_taken_back_while_the_short_grace_lasts(registry: Registry, grace: int) -> None:
    registry.sell(grace)
    registry.world.harness.let_pass((TERM - START).total_seconds() + DAY / 2)
    registry.renew_unasked()
    registry.world.do("domain.upkeep")
    assert registry.deletions == 1


@pytest.mark.parametrize("grace", [0, 1, 3, 45])
def test_what_was_renewed_and_cannot_be_taken_back_is_kept_and_an_operator_is_told_once(
    registry: Registry, grace: int
) -> None:
    registry.sell(grace)
    registry.world.harness.let_pass((TERM - START).total_seconds() + (grace + 1) * DAY)
    registry.renew_unasked()
    registry.world.do("domain.upkeep")
    registry.pass_until(TERM + timedelta(days=grace + 100))
    (told,) = registry.told
    assert (told.state, told.error.code) == (OperationState.FAILED, "renewed_unasked")
    assert told.error.message.startswith(f"{NAME} was renewed by the registry until 2028-01-01")
    assert (registry.deletions, registry.world.service.status) == (0, ServiceStatus.ACTIVE)


def test_a_change_of_the_domain_does_not_hide_that_it_was_renewed_unasked(registry: Registry) -> None:
    registry.sell(0)
    registry.world.harness.let_pass((TERM - START).total_seconds() + DAY)
    registry.renew_unasked()
    registry.world.do("domain.lock")
    assert registry.world.service.data["paid_until"][:10] == "2027-01-01"
    registry.world.do("domain.upkeep")
    assert len(registry.told) == 1
    assert registry.world.service.data["paid_until"][:10] == "2028-01-01"


def test_what_was_renewed_early_without_grace_is_not_deleted(registry: Registry) -> None:
    registry.sell(0)
    registry.world.harness.let_pass((before_term(hours=6) - START).total_seconds())
    registry.renew_unasked()
    registry.world.do("domain.upkeep")
    assert (registry.deletions, len(registry.told)) == (0, 1)


def test_a_domain_that_its_owner_renewed_in_time_is_kept_for_the_new_term(registry: Registry) -> None:
    registry.sell(0)
    registry.world.harness.let_pass((before_term(days=10) - START).total_seconds())
    registry.world.do("domain.renew", years=1, current_expiry="2027-01-01")
    registry.pass_until(RENEWED - timedelta(days=4))
    assert (registry.deletions, registry.told) == (0, [])
    registry.pass_until(RENEWED - timedelta(days=3))
    assert registry.deletions == 1


def test_a_newer_command_comes_before_it_is_let_go(registry: Registry) -> None:
    registry.sell(0)
    registry.world.harness.let_pass((before_term(days=2) - START).total_seconds())
    registry.world.ask("domain.upkeep")
    registry.world.ask("domain.renew", years=1)
    registry.world.run_all()
    assert (registry.deletions, registry.world.registry.count("domain:renew")) == (0, 1)


def test_a_renewal_that_is_asked_for_while_upkeep_looks_comes_before_it_is_let_go(registry: Registry) -> None:
    registry.sell(0)
    registry.world.harness.let_pass((before_term(days=2) - START).total_seconds())
    registry.world.ask("domain.upkeep")
    upkeep = registry.world.claim()
    registry.world.ask("domain.renew", years=1)
    registry.world.run(upkeep)
    registry.world.run_all()
    assert (registry.deletions, registry.world.registry.count("domain:renew")) == (0, 1)


def let_go(registry: Registry) -> str:
    """An operation that upkeep started when the term was about to end."""
    return registry.world.do("domain.cancel", reason="automatic renewal is off", term="2027-01-01")


def test_a_domain_that_is_wanted_after_all_is_not_let_go(registry: Registry) -> None:
    registry.sell(0, auto_renew=True)
    registry.world.harness.let_pass((before_term(days=2) - START).total_seconds())
    operation = let_go(registry)
    assert (registry.deletions, registry.world.error_code(operation)) == (0, "not_let_go")


def test_a_domain_that_was_renewed_for_good_meanwhile_is_not_let_go(registry: Registry) -> None:
    registry.sell(0)
    registry.world.harness.let_pass((TERM - START).total_seconds() + DAY)
    registry.renew_unasked()
    operation = let_go(registry)
    assert (registry.deletions, registry.world.error_code(operation)) == (0, "renewed_unasked")


def test_a_domain_that_was_let_go_and_restored_is_not_let_go_for_that_term_again(registry: Registry) -> None:
    registry.sell(0)
    registry.world.do("domain.upkeep")
    registry.pass_until(before_term(days=2))
    registry.world.do("domain.restore", reason="wanted after all")
    registry.pass_until(TERM + timedelta(days=2))
    assert (registry.deletions, registry.world.service.status) == (1, ServiceStatus.ACTIVE)
    assert len(registry.told) == 1


def test_a_domain_that_was_transferred_to_us_in_its_last_days_is_not_let_go(registry: Registry) -> None:
    registry.sell(0)
    registry.world.harness.let_pass((before_term(days=2) - START).total_seconds())
    registry.world.registry.domains[NAME].transferred = before_term(days=2.5)
    registry.world.do("domain.upkeep")
    registry.pass_until(TERM)
    assert registry.deletions == 0


def test_a_look_that_does_not_tell_the_expiry_deletes_nothing_and_forgets_nothing(registry: Registry) -> None:
    registry.sell(0)
    registry.world.harness.let_pass((before_term(days=2) - START).total_seconds())
    registry.world.registry.hides_expiry = True
    registry.world.do("domain.upkeep")
    assert (registry.deletions, registry.world.service.data["paid_until"][:10]) == (0, "2027-01-01")
    registry.world.registry.hides_expiry = False
    registry.world.do("domain.upkeep")
    assert registry.deletions == 1
