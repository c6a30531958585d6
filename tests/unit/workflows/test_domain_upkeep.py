from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.registrar import Price
from provisioner.workflows.domains.ordered import Ordered
from provisioner.workflows.domains.seen import Seen
from provisioner.workflows.domains.standing import let_go_at, next_upkeep, renewal_is_due, renews_at
from tests.support.engine.domains import DAY, NAME, DomainWorld, ordered
from tests.support.engine.registrar import OTHERS

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def kept(domain: DomainWorld) -> DomainWorld:
    domain.have_registered()
    return domain


def keep_up(domain: DomainWorld, days: int) -> None:
    """Let the store start the upkeep whenever it is planned, for so many days."""
    end = domain.harness.now() + timedelta(days=days)
    domain.do("domain.upkeep")
    while (wait := domain.upkeep_in_days) is not None:
        at = domain.harness.now() + timedelta(days=wait)
        if at > end:
            break
        domain.harness.let_pass(max(wait, 0) * DAY)
        domain.do("domain.upkeep")
    domain.harness.let_pass((end - domain.harness.now()).total_seconds())


@pytest.mark.parametrize(
    ("statuses", "after"), [(set(), ServiceStatus.ACTIVE), ({"clientHold"}, ServiceStatus.SUSPENDED)]
)
def test_a_domain_that_was_not_deleted_after_all_is_looked_after_again(
    kept: DomainWorld, statuses: set[str], after: ServiceStatus
) -> None:
    kept.status = ServiceStatus.CANCELLING
    kept.registry.domains[NAME].statuses = statuses
    kept.do("domain.upkeep")
    assert (kept.service.status, kept.registry.effects) == (after, [])


def test_a_name_that_was_registered_anew_for_somebody_else_is_not_renewed(kept: DomainWorld) -> None:
    kept.registry.have(NAME, roid="ANOTHER-REP", expires=START + timedelta(days=10))
    keep_up(kept, 1)
    assert (kept.service.status, kept.service.data["domain_status"]) == (ServiceStatus.CANCELLED, "deleted")
    assert kept.registry.effects == []


def test_nothing_is_renewed_before_it_is_time(kept: DomainWorld) -> None:
    keep_up(kept, 300)
    assert kept.registry.count("domain:renew") == 0


def test_a_domain_is_renewed_once_and_before_it_is_too_late(kept: DomainWorld) -> None:
    keep_up(kept, 335)
    assert (kept.registry.count("domain:renew"), kept.service.data["expires_at"][:10]) == (1, "2028-01-01")


def test_after_years_a_domain_was_renewed_once_in_each(kept: DomainWorld) -> None:
    keep_up(kept, 5 * 365)
    assert kept.registry.count("domain:renew") == 5


def test_a_domain_of_one_year_at_a_time_is_renewed_each_year_before_it_expires(kept: DomainWorld) -> None:
    kept.order(rules={"max_years": 1})
    keep_up(kept, 335)
    assert (kept.registry.count("domain:renew"), kept.service.data["expires_at"][:10]) == (1, "2028-01-01")
    keep_up(kept, 365)
    assert (kept.registry.count("domain:renew"), kept.service.data["expires_at"][:10]) == (2, "2029-01-01")


def test_a_renewal_that_is_refused_is_tried_each_day_until_it_succeeds(kept: DomainWorld) -> None:
    kept.registry.premium = True
    kept.registry.prices["renew"] = Price("300.00", "EUR")
    keep_up(kept, 330)
    assert kept.registry.count("domain:renew") == 0
    kept.registry.premium = False
    keep_up(kept, 2)
    assert kept.registry.count("domain:renew") == 1


def test_a_domain_that_was_transferred_away_ends_its_service_with_a_reason(kept: DomainWorld) -> None:
    kept.registry.domains[NAME].registrar = OTHERS
    keep_up(kept, 1)
    service = kept.service
    assert (service.status, service.data["domain_status"]) == (ServiceStatus.CANCELLED, "transferred_away")
    assert service.data["reason"] == f"{NAME} was transferred to another registrar"
    assert kept.upkeep_in_days is None


def test_a_domain_that_was_deleted_elsewhere_ends_its_service(kept: DomainWorld) -> None:
    del kept.registry.domains[NAME]
    keep_up(kept, 1)
    assert (kept.service.status, kept.service.data["domain_status"]) == (ServiceStatus.CANCELLED, "deleted")


def test_an_expired_domain_stays_a_service_so_that_it_can_be_renewed(kept: DomainWorld) -> None:
    kept.order(auto_renew=False)
    kept.harness.let_pass(366 * DAY)
    kept.do("domain.upkeep")
    assert (kept.service.status, kept.service.data["domain_status"]) == (ServiceStatus.ACTIVE, "expired_grace")
    kept.do("domain.renew", years=1)
    assert (kept.state("op-2"), kept.service.data["domain_status"]) == (OperationState.SUCCEEDED, "active")


def test_a_domain_in_redemption_is_not_renewed(kept: DomainWorld) -> None:
    kept.registry.domains[NAME].grace = {"redemptionPeriod"}
    kept.harness.let_pass(350 * DAY)
    kept.do("domain.upkeep")
    assert (kept.service.data["domain_status"], kept.registry.effects) == ("redemption", [])


def test_a_domain_on_its_way_to_another_registrar_is_not_renewed(kept: DomainWorld) -> None:
    kept.registry.domains[NAME].statuses = {"pendingTransfer"}
    kept.harness.let_pass(350 * DAY)
    kept.do("domain.upkeep")
    assert (kept.registry.effects, kept.upkeep_in_days) == ([], 0.25)


def test_an_expiry_that_was_changed_elsewhere_is_taken_over(kept: DomainWorld) -> None:
    kept.registry.domains[NAME].expires = datetime(2030, 6, 1, 22, 30, tzinfo=UTC)
    kept.do("domain.upkeep")
    assert kept.service.data["expires_at"] == "2030-06-01T22:30:00.0Z"


def test_without_automatic_renewal_nothing_is_renewed(kept: DomainWorld) -> None:
    kept.order(auto_renew=False)
    keep_up(kept, 380)
    assert kept.registry.effects == []


def test_what_the_registry_renewed_unasked_is_given_back_within_its_grace(kept: DomainWorld) -> None:
    kept.order(auto_renew=False, rules={"registry_auto_renews": True})
    keep_up(kept, 364)
    kept.registry.domains[NAME].expires = datetime(2028, 1, 1, tzinfo=UTC)
    keep_up(kept, 20)
    assert kept.registry.count("domain:delete") == 0
    assert kept.service.data["paid_until"][:10] == "2027-01-01"
    keep_up(kept, 24)
    assert (kept.registry.count("domain:delete"), kept.service.status) == (1, ServiceStatus.CANCELLED)


def test_a_domain_that_its_owner_renewed_after_all_is_not_given_back(kept: DomainWorld) -> None:
    kept.order(auto_renew=False, rules={"registry_auto_renews": True})
    keep_up(kept, 364)
    kept.registry.domains[NAME].expires = datetime(2028, 1, 1, tzinfo=UTC)
    keep_up(kept, 10)
    kept.do("domain.renew", years=1, current_expiry="2027-01-01")
    keep_up(kept, 60)
    assert (kept.registry.effects, kept.service.data["paid_until"][:10]) == ([], "2028-01-01")


def test_the_wish_for_automatic_renewal_takes_effect_at_once(kept: DomainWorld) -> None:
    kept.order(auto_renew=False)
    kept.harness.let_pass(350 * DAY)
    kept.do("domain.set-auto-renew", auto_renew=True)
    assert (kept.service.attributes["auto_renew"], kept.upkeep_in_days) == (True, 0)
    kept.do("domain.upkeep")
    assert kept.registry.count("domain:renew") == 1


def test_a_service_that_has_ended_is_not_looked_after(kept: DomainWorld) -> None:
    kept.status = ServiceStatus.CANCELLED
    kept.do("domain.upkeep")
    assert (kept.registry.calls, kept.upkeep_in_days) == ([], None)


# -- spread


def seen(name: str, *, looked_at: datetime = START, expires: datetime = START + timedelta(days=365)) -> Seen:
    shown = {"exists": True, "ours": True, "expires_at": expires.isoformat(), "looked_at": looked_at.isoformat()}
    return Seen.from_look(name, shown)


def test_a_domain_in_redemption_is_not_due_for_renewal_whatever_its_date() -> None:
    late = seen(NAME, looked_at=START + timedelta(days=360))
    assert renewal_is_due(Ordered(ordered()), late)
    assert not renewal_is_due(Ordered(ordered()), replace(late, grace=frozenset({"redemptionPeriod"})))


def test_renewals_of_one_day_are_spread_evenly_over_the_days_before_the_safe_one() -> None:
    rules = Ordered(ordered()).rules
    safe = START + timedelta(days=335)
    days = [(safe - renews_at(rules, seen(f"d{number}.test"))).days for number in range(14_000)]
    counts = [days.count(day) for day in range(14)]
    assert sum(counts) == 14_000
    assert max(counts) < 1_200


def test_what_is_let_go_before_its_term_is_spread_over_a_day() -> None:
    rules = Ordered(ordered({"auto_renew_grace_days": 0})).rules
    hours = [let_go_at(rules, f"d{number}.test", START.isoformat()).hour for number in range(2_400)]
    assert max(hours.count(hour) for hour in range(24)) < 200


names = st.from_regex(r"[a-z]{1,20}\.test", fullmatch=True)
moments = st.floats(0, 800).map(lambda days: START + timedelta(days=days))


@given(names, moments, st.booleans(), st.booleans())
def test_the_next_upkeep_is_always_ahead_and_never_later_than_a_renewal(
    name: str, looked_at: datetime, auto_renew: bool, registry_renews: bool
) -> None:
    order = Ordered(ordered({"registry_auto_renews": registry_renews}, auto_renew=auto_renew))
    shown = seen(name, looked_at=looked_at)
    upkeep = next_upkeep(order, shown, shown.expires_at)
    assert upkeep.at is not None
    assert looked_at < upkeep.at <= looked_at + timedelta(days=30)
    if auto_renew and not renewal_is_due(order, shown):
        assert upkeep.at <= max(renews_at(order.rules, shown), looked_at + timedelta(days=1))


@given(names, st.integers(4, 60), st.integers(0, 60))
def test_a_domain_is_let_go_within_the_registrys_grace_and_days_before_its_end(
    name: str, grace: int, spread: int
) -> None:
    rules = Ordered(ordered({"auto_renew_grace_days": grace, "renew_spread_days": spread})).rules
    let_go = let_go_at(rules, name, START.isoformat())
    assert START + timedelta(days=1) <= let_go <= START + timedelta(days=grace - 3)


@given(names, st.integers(0, 3), st.integers(0, 60))
def test_where_the_grace_is_too_short_a_domain_is_let_go_three_to_four_days_before_its_term(
    name: str, grace: int, spread: int
) -> None:
    rules = Ordered(ordered({"auto_renew_grace_days": grace, "renew_spread_days": spread})).rules
    let_go = let_go_at(rules, name, START.isoformat())
    assert START - timedelta(days=4) <= let_go <= START - timedelta(days=3)
