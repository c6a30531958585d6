import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.orders.supersession import POINTLESS_AFTER, ROLE_RANK, is_pointless, may_resume, rank, verb


@pytest.mark.parametrize(
    ("workflow", "later", "pointless"),
    [
        ("hosting.create", "hosting.cancel", True),
        ("hosting.create", "hosting.suspend", False),
        ("hosting.create", "hosting.resume", False),
        ("hosting.suspend", "hosting.suspend", True),
        ("hosting.suspend", "hosting.resume", True),
        ("hosting.suspend", "hosting.cancel", True),
        ("hosting.resume", "hosting.suspend", True),
        ("hosting.resume", "hosting.resume", True),
        ("hosting.resume", "hosting.cancel", True),
        ("hosting.cancel", "hosting.resume", False),
        ("hosting.cancel", "hosting.cancel", False),
        ("markup.record", "hosting.cancel", False),
        ("domain.register", "domain.cancel", True),
        ("domain.transfer", "domain.delete", True),
        ("domain.renew", "domain.delete", True),
        ("domain.renew", "domain.renew", False),
        ("domain.set-nameservers", "domain.set-nameservers", True),
        ("domain.set-nameservers", "domain.lock", False),
        ("domain.set-contacts", "domain.set-contacts", False),
        ("domain.lock", "domain.unlock", True),
        ("domain.auth-code", "domain.auth-code", True),
        ("domain.delete", "domain.restore", True),
        ("domain.cancel", "domain.restore", True),
        ("domain.delete", "domain.delete", False),
        ("domain.transfer-out", "domain.delete", False),
        ("contact.update", "contact.update", True),
        ("certificate.issue", "certificate.cancel", True),
        ("certificate.renew", "certificate.cancel", True),
        ("certificate.renew", "certificate.renew", False),
        ("certificate.install", "certificate.remove", False),
    ],
)
def test_a_later_command_makes_an_operation_pointless(workflow: str, later: str, *, pointless: bool) -> None:
    assert is_pointless(workflow, (later,)) is pointless


@pytest.mark.parametrize("workflow", [*POINTLESS_AFTER, "markup.record"])
def test_nothing_is_pointless_by_itself(workflow: str) -> None:
    assert not is_pointless(workflow, ())


def test_one_of_several_later_commands_is_enough() -> None:
    assert is_pointless("hosting.create", ("hosting.suspend", "hosting.cancel"))


def test_a_cancellation_is_made_pointless_by_a_restore_at_most() -> None:
    assert {verbs for name, verbs in POINTLESS_AFTER.items() if verb(name) == "cancel"} == {frozenset({"restore"})}


@pytest.mark.parametrize(
    ("suspended_by", "role", "may"),
    [
        ("customer", "customer", True),
        ("customer", "reseller", True),
        ("reseller", "customer", False),
        ("reseller", "customer_admin", False),
        ("reseller", "reseller", True),
        ("admin", "reseller", False),
        ("admin", "admin", True),
        ("system", "reseller", False),
        ("system", None, True),
        ("admin", "nobody_we_know", False),
        (None, "customer", True),
        (None, "nobody_we_know", True),
    ],
)
def test_a_suspension_is_lifted_by_its_own_role_or_a_higher_one(
    suspended_by: str | None, role: str | None, *, may: bool
) -> None:
    assert may_resume(suspended_by, role) is may


roles = st.sampled_from([None, "nobody_we_know", *ROLE_RANK])


@given(roles, roles, roles)
def test_who_may_lift_the_suspension_of_a_stronger_role_may_lift_that_of_a_weaker(
    role: str | None, stronger: str | None, weaker: str | None
) -> None:
    if weaker is None or rank(weaker) <= rank(stronger):
        assert may_resume(weaker, role) or not may_resume(stronger or "system", role)


def test_the_storefront_itself_ranks_as_high_as_anybody() -> None:
    assert rank(None) == max(ROLE_RANK.values())


def test_an_unknown_role_ranks_below_all_others() -> None:
    assert rank("nobody_we_know") < min(ROLE_RANK.values())


def test_the_verb_is_what_stands_behind_the_product() -> None:
    assert verb("hosting.suspend") == "suspend"
