from dataclasses import replace

import pytest

from adapters.epp.replies import Renewed
from provisioner.ports.outcomes import Done, Failure, Occupied, Pending, Rejected, Unavailable, Uncertain
from provisioner.ports.registrar import Price, Renewal
from tests.contract.epp.scripted import NAME, THEM, Turn, checked, info, no, not_shown, ok, scene

CURRENT = "2027-03-04T05:06:07Z"
TARGET = "2028-03-04T05:06:07Z"
RENEWAL = Renewal(NAME, "2027-03-04", "2028-03-04", 1, Price("12.00", "EUR"))


def renewed(expires_at: str = TARGET) -> Turn:
    return "domain-renew", ok(Renewed(NAME, expires_at))


def test_a_domain_is_renewed_from_its_current_date() -> None:
    with scene(info(), checked(), renewed()) as this:
        assert this.registrar.renew(RENEWAL) == Done(NAME, {"expires_at": TARGET})
    assert "<domain:curExpDate>2027-03-04</domain:curExpDate>" in this.last()


def test_mode_2_a_domain_that_was_renewed_already_is_not_renewed_again() -> None:
    with scene(info(expires_at=TARGET)) as this:
        assert this.registrar.renew(RENEWAL) == Done(NAME, {"expires_at": TARGET})


@pytest.mark.parametrize("code", [2105, 2306, 2304])
def test_mode_2_a_refusal_after_an_earlier_success_is_a_success(code: int) -> None:
    with scene(info(), checked(), ("domain-renew", no(code)), info(expires_at=TARGET)) as this:
        assert this.registrar.renew(RENEWAL) == Done(NAME, {"expires_at": TARGET})


@pytest.mark.parametrize("code", [2105, 2306])
def test_a_refusal_that_stands_is_told(code: int) -> None:
    with scene(info(), checked(), ("domain-renew", no(code)), info()) as this, pytest.raises(Rejected) as refused:
        this.registrar.renew(RENEWAL)
    assert refused.value.code == "not_renewable"


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        ("pendingTransfer", Occupied, "pending_at_registry"),
        ("pendingUpdate", Occupied, "pending_at_registry"),
        ("serverRenewProhibited", Rejected, "locked_by_registry"),
        ("clientRenewProhibited", Rejected, "renew_prohibited"),
        ("ok", Rejected, "status_prohibits"),
    ],
)
def test_a_status_that_came_between_look_and_renewal_is_named(status: str, outcome: type[Failure], code: str) -> None:
    refusal: Turn = ("domain-renew", no(2304))
    with scene(info(), checked(), refusal, info(statuses=[status])) as this, pytest.raises(outcome) as refused:
        this.registrar.renew(RENEWAL)
    assert refused.value.code == code


@pytest.mark.parametrize("expires_at", [CURRENT, "2029-03-04T05:06:07Z"])
def test_mode_2_a_success_with_the_wrong_date_is_no_success(expires_at: str) -> None:
    with scene(info(), checked(), renewed(expires_at)) as this, pytest.raises(Uncertain) as odd:
        this.registrar.renew(RENEWAL)
    assert odd.value.code == "expiry_unexpected"


def test_mode_2_a_success_without_a_date_is_verified_by_a_look() -> None:
    with scene(info(), checked(), ("domain-renew", ok()), info(expires_at=TARGET)) as this:
        assert this.registrar.renew(RENEWAL) == Done(NAME, {"expires_at": TARGET})


def test_mode_1_a_lost_reply_is_uncertain() -> None:
    lost = Uncertain("no_answer", "60 s")
    with scene(info(), checked(), ("domain-renew", lost)) as this, pytest.raises(Uncertain):
        this.registrar.renew(RENEWAL)


def test_a_renewal_that_did_not_happen_is_not_found() -> None:
    with scene(info()) as this:
        assert this.registrar.find_renewal(RENEWAL) is None


def test_a_renewal_that_happened_is_found() -> None:
    with scene(info(expires_at=TARGET)) as this:
        assert this.registrar.find_renewal(RENEWAL) == Done(NAME, {"expires_at": TARGET})


def test_a_renewal_that_the_registry_has_not_decided_is_pending() -> None:
    with scene(info(), checked(), ("domain-renew", ok(code=1001)), info(statuses=["pendingRenew"])) as this:
        asked, found = this.registrar.renew(RENEWAL), this.registrar.find_renewal(RENEWAL)
    assert isinstance(asked, Pending)
    assert isinstance(found, Pending)
    assert (asked.shown, found.shown) == (False, True)


def test_mode_2_a_domain_that_expires_on_a_third_date_is_for_a_person_to_judge() -> None:
    with scene(info(expires_at="2029-03-04T05:06:07Z")) as this, pytest.raises(Rejected) as odd:
        this.registrar.find_renewal(RENEWAL)
    assert odd.value.code == "expiry_unexpected"
    assert "2029-03-04" in odd.value.message


def test_mode_5_the_date_is_the_registrys_own_whatever_its_time_zone() -> None:
    with scene(info(), checked(), renewed("2028-03-04T23:30:00-05:00")) as this:
        assert this.registrar.renew(RENEWAL) == Done(NAME, {"expires_at": "2028-03-04T23:30:00-05:00"})


@pytest.mark.parametrize("shown", ["2029-02-28", "2029-03-01"])
def test_mode_5_a_renewal_from_a_leap_day_is_found_however_the_registry_reckons(shown: str) -> None:
    leap = replace(RENEWAL, current_expiry="2028-02-29", target_expiry="2029-02-28")
    with scene(info(expires_at=f"{shown}T00:00:00Z")) as this:
        assert isinstance(this.registrar.find_renewal(leap), Done)


def test_mode_5_a_day_that_comes_only_in_leap_years_is_met_a_day_off() -> None:
    leap = replace(RENEWAL, current_expiry="2028-02-29", target_expiry="2029-02-28")
    with scene(info(expires_at="2028-02-29T00:00:00Z"), checked(), renewed("2029-03-01T00:00:00Z")) as this:
        assert isinstance(this.registrar.renew(leap), Done)


def test_mode_5_a_date_that_is_none_is_not_taken_for_one() -> None:
    with scene(info(expires_at="00.00.0000")) as this, pytest.raises(Unavailable) as odd:
        this.registrar.find_renewal(RENEWAL)
    assert odd.value.code == "unreadable_answer"


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        ("pendingDelete", Rejected, "pending_delete"),
        ("serverRenewProhibited", Rejected, "locked_by_registry"),
        ("clientRenewProhibited", Rejected, "renew_prohibited"),
        ("pendingTransfer", Occupied, "pending_at_registry"),
    ],
)
def test_a_status_that_forbids_it_is_named_before_anything_is_sent(
    status: str, outcome: type[Failure], code: str
) -> None:
    with scene(info(statuses=[status])) as this, pytest.raises(outcome) as refused:
        this.registrar.renew(RENEWAL)
    assert refused.value.code == code
    assert status in refused.value.message


def test_mode_4_a_domain_that_has_left_is_not_renewed() -> None:
    with scene(info(registrar=THEM)) as this, pytest.raises(Rejected) as left:
        this.registrar.renew(RENEWAL)
    assert left.value.code == "not_ours"


def test_mode_4_a_domain_that_is_gone_is_not_renewed() -> None:
    with scene(not_shown(2303)) as this, pytest.raises(Rejected) as gone:
        this.registrar.renew(RENEWAL)
    assert gone.value.code == "not_found"


def test_mode_9_a_renewal_above_the_cap_is_not_paid() -> None:
    with scene(info(), checked("12.50")) as this, pytest.raises(Rejected) as dear:
        this.registrar.renew(RENEWAL)
    assert (dear.value.code, dear.value.fields) == ("price_too_high", ("/max_price",))
