import pytest

from provisioner.ports.outcomes import Done, Failure, Misconfigured, Occupied, Pending, Rejected, Unavailable, Uncertain
from provisioner.ports.registrar import Price, RestoreReport
from tests.contract.epp.scripted import NAME, THEM, Turn, checked, info, no, not_shown, ok, scene

ROID = "D1-REG"
DELETE = "domain-delete"
REDEMPTION = info(statuses=["pendingDelete"], rgp=["redemptionPeriod"])
RESTORING = info(statuses=["pendingDelete"], rgp=["pendingRestore"])
HIDDEN = info(statuses=["pendingDelete"])
PURGING = info(statuses=["pendingDelete"], rgp=["pendingDelete"])
REQUEST = "domain-restore-request"
REPORT = RestoreReport(NAME, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
CAP = Price("60.00", "EUR")


def waiting(grace: str) -> Turn:
    """A restore, as the request or the report, about which the registry has not decided."""
    return info(statuses=["pendingDelete", "pendingUpdate"], rgp=[grace])


def test_a_domain_in_its_add_grace_is_gone_at_once() -> None:
    with scene(info(), (DELETE, ok()), not_shown(2303)) as this:
        assert this.registrar.delete(NAME, ROID) == Done(NAME, {"state": "deleted"})


def test_an_older_domain_goes_to_redemption() -> None:
    with scene(info(), (DELETE, ok(code=1001)), REDEMPTION) as this:
        assert this.registrar.delete(NAME, ROID) == Done(NAME, {"state": "redemption"})


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (not_shown(2303), "deleted"),
        (REDEMPTION, "redemption"),
        (HIDDEN, "redemption"),
        (PURGING, "redemption"),
        (info(roid="D2-REG"), "deleted"),
        (info(roid="D2-REG", registrar=THEM), "deleted"),
    ],
    ids=["gone", "redemption", "pending", "to be purged", "registered anew", "registered anew elsewhere"],
)
def test_mode_12_a_domain_that_is_gone_is_not_deleted_again(answer: Turn, state: str) -> None:
    with scene(answer) as this:
        assert this.registrar.delete(NAME, ROID).data == {"state": state}


@pytest.mark.parametrize("answer", [info(registrar=THEM), not_shown(2201)], ids=["shown", "not shown"])
def test_mode_4_a_domain_that_has_left_is_not_deleted(answer: Turn) -> None:
    with scene(answer) as this, pytest.raises(Rejected) as left:
        this.registrar.delete(NAME, ROID)
    assert left.value.code == "not_ours"


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        ("clientDeleteProhibited", Rejected, "delete_prohibited"),
        ("serverDeleteProhibited", Rejected, "locked_by_registry"),
        ("pendingTransfer", Occupied, "pending_at_registry"),
    ],
)
def test_a_status_that_forbids_it_is_named_before_anything_is_sent(
    status: str, outcome: type[Failure], code: str
) -> None:
    with scene(info(statuses=[status])) as this, pytest.raises(outcome) as refused:
        this.registrar.delete(NAME, ROID)
    assert refused.value.code == code
    assert status in refused.value.message


def test_hosts_that_are_in_the_way_are_named() -> None:
    there = info(hosts=(f"ns1.{NAME}",))
    with scene(there, (DELETE, no(2305))) as this, pytest.raises(Rejected) as in_use:
        this.registrar.delete(NAME, ROID)
    assert in_use.value.code == "in_use"
    assert f"ns1.{NAME}" in in_use.value.message


def test_a_lock_that_was_set_meanwhile_is_named() -> None:
    locked = info(statuses=["clientDeleteProhibited"])
    with scene(info(), (DELETE, no(2304)), locked) as this, pytest.raises(Rejected) as refused:
        this.registrar.delete(NAME, ROID)
    assert refused.value.code == "delete_prohibited"


def test_mode_12_a_deletion_that_an_earlier_attempt_made_is_done() -> None:
    with scene(info(), (DELETE, no(2304)), REDEMPTION) as this:
        assert this.registrar.delete(NAME, ROID).data == {"state": "redemption"}


def test_a_deletion_that_cannot_be_read_back_is_uncertain() -> None:
    away: Turn = ("domain-info", Unavailable("unreachable", "no"))
    with scene(info(), (DELETE, ok(code=1001)), away) as this, pytest.raises(Uncertain):
        this.registrar.delete(NAME, ROID)


# -- restores


def test_a_restore_is_asked_for_and_its_report_is_due() -> None:
    with scene(REDEMPTION, checked("50.00"), (REQUEST, ok()), RESTORING) as this:
        assert this.registrar.request_restore(NAME, CAP) == Done(NAME, {"report_due": True})
    assert "<fee:fee>50.00</fee:fee>" in this.wire.frames[2]


def test_a_registry_without_reports_restores_at_once() -> None:
    with scene(REDEMPTION, checked("50.00"), (REQUEST, ok()), info(), restore_report="false") as this:
        assert this.registrar.request_restore(NAME, CAP) == Done(NAME, {"report_due": False})


def test_a_registry_that_restores_by_hand_is_waited_for() -> None:
    with scene(RESTORING, restore_report="false") as this:
        assert isinstance(this.registrar.find_restore(NAME, CAP), Pending)


def test_a_restore_that_the_registry_decides_later_is_pending() -> None:
    with scene(REDEMPTION, checked("50.00"), (REQUEST, ok(code=1001))) as this:
        assert isinstance(this.registrar.request_restore(NAME, CAP), Pending)


@pytest.mark.parametrize("grace", ["redemptionPeriod", "pendingRestore"])
def test_a_request_that_waits_for_its_decision_is_not_taken_for_granted(grace: str) -> None:
    with scene(waiting(grace)) as this:
        found = this.registrar.find_restore(NAME, CAP)
    assert isinstance(found, Pending)
    assert found.shown


def test_a_report_that_the_registry_decides_about_later_is_told_as_such() -> None:
    with scene(RESTORING, ("domain-restore-report", ok(code=1001))) as this:
        assert this.registrar.report_restore(REPORT) == Done(NAME, {"decides_later": True})


def test_a_report_that_waits_for_its_decision_is_not_sent_again() -> None:
    with scene(waiting("pendingRestore")) as this:
        assert this.registrar.report_restore(REPORT) == Done(NAME, {"decides_later": True})


def test_mode_9_a_restore_above_the_cap_is_not_paid() -> None:
    with scene(REDEMPTION, checked("80.00")) as this, pytest.raises(Rejected) as dear:
        this.registrar.request_restore(NAME, CAP)
    assert dear.value.code == "price_too_high"


@pytest.mark.parametrize(("answer", "due"), [(RESTORING, True), (info(), False)])
def test_mode_1_a_restore_that_was_asked_for_is_not_asked_for_again(answer: Turn, *, due: bool) -> None:
    with scene(answer) as this:
        assert this.registrar.request_restore(NAME, CAP) == Done(NAME, {"report_due": due})


@pytest.mark.parametrize("now", [RESTORING, HIDDEN], ids=["shown", "not shown"])
def test_a_request_that_is_refused_because_it_was_made_leaves_the_report_due(now: Turn) -> None:
    with scene(HIDDEN, checked("50.00"), (REQUEST, no(2304)), now) as this:
        assert this.registrar.request_restore(NAME, CAP) == Done(NAME, {"report_due": True})


def test_a_request_that_is_refused_in_redemption_is_refused() -> None:
    with (
        scene(REDEMPTION, checked("50.00"), (REQUEST, no(2304)), REDEMPTION) as this,
        pytest.raises(Rejected) as no_way,
    ):
        this.registrar.request_restore(NAME, CAP)
    assert no_way.value.code == "not_restorable"


def test_a_domain_whose_redemption_is_over_is_not_asked_for() -> None:
    with scene(PURGING) as this, pytest.raises(Rejected) as over:
        this.registrar.request_restore(NAME, CAP)
    assert over.value.code == "not_restorable"


def test_a_request_that_came_after_the_redemption_is_refused() -> None:
    with scene(REDEMPTION, checked("50.00"), (REQUEST, no(2304)), PURGING) as this, pytest.raises(Rejected) as over:
        this.registrar.request_restore(NAME, CAP)
    assert over.value.code == "not_restorable"


def test_a_domain_in_redemption_has_no_restore() -> None:
    with scene(REDEMPTION) as this:
        assert this.registrar.find_restore(NAME, CAP) is None


@pytest.mark.parametrize("answer", [not_shown(2303), info(registrar=THEM)], ids=["purged", "not ours"])
def test_mode_4_what_is_gone_for_good_cannot_be_restored(answer: Turn) -> None:
    with scene(answer) as this, pytest.raises(Rejected) as gone:
        this.registrar.request_restore(NAME, CAP)
    assert gone.value.code == "not_restorable"


def test_mode_10_an_empty_balance_parks_the_account() -> None:
    with scene(REDEMPTION, checked("50.00"), (REQUEST, no(2104))) as this, pytest.raises(Misconfigured):
        this.registrar.request_restore(NAME, CAP)


def test_the_report_is_sent_where_it_is_due() -> None:
    with scene(RESTORING, ("domain-restore-report", ok())) as this:
        assert this.registrar.report_restore(REPORT) == Done(NAME)
    assert "<rgp:delTime>2026-01-01T00:00:00Z</rgp:delTime>" in this.last()


def test_no_report_is_sent_where_none_is_due() -> None:
    with scene(info()) as this:
        assert this.registrar.report_restore(REPORT) == Done(NAME)


def test_a_report_without_a_request_is_refused_before_it_is_sent() -> None:
    with scene(REDEMPTION) as this, pytest.raises(Rejected) as refused:
        this.registrar.report_restore(REPORT)
    assert refused.value.code == "not_restorable"


def test_a_report_that_came_twice_is_done() -> None:
    with scene(RESTORING, ("domain-restore-report", no(2304)), info()) as this:
        assert this.registrar.report_restore(REPORT) == Done(NAME)
