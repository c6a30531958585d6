import pytest

from adapters.epp.replies import Reply
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done, Pending, Rejected, Unavailable, Uncertain
from provisioner.ports.registrar import Price, TransferRequest
from tests.contract.epp.scripted import NAME, THEM, Turn, checked, info, no, not_shown, ok, scene, transfer

CODE = Secret("a+b&c$ =")
SINCE = "2026-01-01T00:00:00Z"
REQUEST = TransferRequest(NAME, CODE, SINCE, years=1, max_price=Price("12.00", "EUR"))
NOT_OURS = info(registrar=THEM)
QUERY = "domain-transfer-query"
NONE_STANDS: Turn = (QUERY, no(2301))


def test_a_request_waits_for_the_losing_registrar_and_says_until_when() -> None:
    with scene(checked(), ("domain-transfer-request", transfer("pending", code=1001))) as this:
        waiting = this.registrar.request_transfer(REQUEST)
    assert isinstance(waiting, Pending)
    assert THEM in waiting.reason
    assert "2026-01-06T00:00:00Z" in waiting.reason


def test_mode_8_the_code_is_sent_as_it_is() -> None:
    with scene(checked(), ("domain-transfer-request", transfer("pending", code=1001))) as this:
        this.registrar.request_transfer(REQUEST)
    assert "<domain:pw>a+b&amp;c$ =</domain:pw>" in this.last()


def test_a_request_without_years_has_no_period() -> None:
    wanted = TransferRequest(NAME, CODE, SINCE, years=0)
    with scene(checked(), ("domain-transfer-request", transfer("pending", code=1001))) as this:
        this.registrar.request_transfer(wanted)
    assert "domain:period" not in this.last()


def test_a_success_that_is_still_pending_waits_all_the_same() -> None:
    with scene(checked(), ("domain-transfer-request", transfer("pending", code=1000))) as this:
        assert isinstance(this.registrar.request_transfer(REQUEST), Pending)


def test_a_registry_that_transfers_at_once_is_done() -> None:
    with scene(checked(), ("domain-transfer-request", transfer("serverApproved")), info()) as this:
        assert this.registrar.request_transfer(REQUEST) == Done(NAME, {"expires_at": "2027-03-04T05:06:07Z"})


@pytest.mark.parametrize(
    "shown",
    [
        (NOT_OURS, NONE_STANDS),
        (NOT_OURS, (QUERY, transfer("serverApproved", by="US-REGISTRAR-7"))),
        (NOT_OURS, (QUERY, transfer("clientRejected", at="2025-12-31T23:59:00Z"))),
        (("domain-info", Unavailable("unreachable", "no")),),
    ],
    ids=["not yet", "under another id of ours", "only one that ended", "no answer"],
)
def test_a_request_that_was_answered_is_waited_for_whatever_is_shown_of_it(shown: tuple[Turn, ...]) -> None:
    with scene(checked(), ("domain-transfer-request", transfer("serverApproved")), *shown) as this:
        waiting = this.registrar.request_transfer(REQUEST)
    assert isinstance(waiting, Pending)
    assert waiting.reason == f"the registry has accepted the transfer of {NAME} and does not show it yet"


def test_a_wrong_code_can_be_corrected() -> None:
    refusal: Turn = ("domain-transfer-request", no(2202, "authInfo a+b&c$ = is wrong"))
    with scene(checked(), refusal) as this, pytest.raises(Rejected) as wrong:
        this.registrar.request_transfer(REQUEST)
    assert (wrong.value.code, wrong.value.fields) == ("auth_code_wrong", ("/auth_code",))
    assert CODE.reveal() not in wrong.value.message


@pytest.mark.parametrize("code", [2300, 2304, 2106, 2201])
def test_mode_1_a_repetition_finds_the_request_that_stands(code: int) -> None:
    stands: Turn = (QUERY, transfer("pending"))
    with scene(checked(), ("domain-transfer-request", no(code)), NOT_OURS, stands) as this:
        assert isinstance(this.registrar.request_transfer(REQUEST), Pending)


def test_mode_1_a_repetition_finds_that_the_domain_is_ours() -> None:
    with scene(checked(), ("domain-transfer-request", no(2306)), info()) as this:
        assert isinstance(this.registrar.request_transfer(REQUEST), Done)


@pytest.mark.parametrize("lock", ["clientTransferProhibited", "serverTransferProhibited"])
def test_a_lock_at_the_losing_registrar_is_named(lock: str) -> None:
    locked = info(registrar=THEM, statuses=[lock])
    refusal: Turn = ("domain-transfer-request", no(2304))
    with scene(checked(), refusal, locked, NONE_STANDS, locked) as this, pytest.raises(Rejected) as refused:
        this.registrar.request_transfer(REQUEST)
    assert refused.value.code == "transfer_locked"
    assert lock in refused.value.message


def test_a_domain_that_its_registry_is_at_work_on_is_asked_for_later() -> None:
    busy = info(registrar=THEM, statuses=["pendingUpdate"])
    refusal: Turn = ("domain-transfer-request", no(2304))
    with scene(checked(), refusal, NOT_OURS, NONE_STANDS, busy) as this, pytest.raises(Unavailable) as later:
        this.registrar.request_transfer(REQUEST)
    assert later.value.code == "pending_at_registry"


def test_a_lock_after_registration_is_told_in_the_registrys_words() -> None:
    refusal: Turn = ("domain-transfer-request", no(2201, "Domain must be 60 days old"))
    with scene(checked(), refusal, not_shown(2201), NONE_STANDS, NOT_OURS) as this, pytest.raises(Rejected) as locked:
        this.registrar.request_transfer(REQUEST)
    assert locked.value.code == "transfer_locked"
    assert "60 days" in locked.value.message


def test_mode_9_a_transfer_above_the_cap_is_not_asked_for() -> None:
    with scene(checked("99.00")) as this, pytest.raises(Rejected) as dear:
        this.registrar.request_transfer(REQUEST)
    assert dear.value.code == "price_too_high"


def test_mode_3_a_request_that_stands_is_found() -> None:
    with scene(not_shown(2201), (QUERY, transfer("pending"))) as this:
        assert isinstance(this.registrar.find_transfer(REQUEST), Pending)


@pytest.mark.parametrize("status", ["clientApproved", "serverApproved"])
def test_mode_3_an_approved_request_is_looked_at_again_soon(status: str) -> None:
    with scene(NOT_OURS, (QUERY, transfer(status))) as this:
        found = this.registrar.find_transfer(REQUEST)
    assert isinstance(found, Pending)
    assert found.check_after < 3600


def test_mode_3_a_transfer_that_nobody_told_us_of_is_seen_by_whose_the_domain_is() -> None:
    with scene(info(registrant="PNEW")) as this:
        assert isinstance(this.registrar.find_transfer(REQUEST), Done)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("clientRejected", "transfer_refused"),
        ("clientCancelled", "transfer_cancelled"),
        ("serverCancelled", "transfer_cancelled"),
    ],
)
def test_mode_3_a_request_that_ended_is_refused(status: str, code: str) -> None:
    with scene(NOT_OURS, (QUERY, transfer(status))) as this, pytest.raises(Rejected) as ended:
        this.registrar.find_transfer(REQUEST)
    assert ended.value.code == code


@pytest.mark.parametrize("status", ["clientRejected", "clientCancelled", "clientApproved"])
def test_a_request_that_ended_before_this_one_was_made_is_another(status: str) -> None:
    with scene(NOT_OURS, (QUERY, transfer(status, at="2025-06-01T00:00:00Z"))) as this:
        assert this.registrar.find_transfer(REQUEST) is None


def test_a_registrys_clock_that_is_a_little_behind_does_not_hide_our_request() -> None:
    late: Turn = (QUERY, transfer("clientRejected", at="2025-12-31T23:59:00Z"))
    with scene(NOT_OURS, late) as this, pytest.raises(Rejected):
        this.registrar.find_transfer(REQUEST)


def test_a_request_of_another_registrar_is_not_ours() -> None:
    with scene(NOT_OURS, (QUERY, transfer("pending", by=THEM))) as this:
        assert this.registrar.find_transfer(REQUEST) is None


@pytest.mark.parametrize(
    ("status", "code"), [("clientRejected", "transfer_refused"), ("serverCancelled", "transfer_cancelled")]
)
def test_mode_3_the_end_of_a_request_is_learnt_though_the_code_was_changed(status: str, code: str) -> None:
    with scene(NOT_OURS, (QUERY, no(2202)), (QUERY, transfer(status))) as this, pytest.raises(Rejected) as ended:
        this.registrar.find_transfer(REQUEST)
    assert ended.value.code == code
    assert ["authInfo" in frame for frame in this.wire.frames] == [False, True, False]


def test_a_request_is_asked_about_no_more_than_twice() -> None:
    with scene(NOT_OURS, (QUERY, no(2202)), (QUERY, no(2202))) as this:
        assert this.registrar.find_transfer(REQUEST) is None


@pytest.mark.parametrize("code", [2301, 2303, 2201])
def test_no_request_that_we_may_know_of_is_none(code: int) -> None:
    with scene(NOT_OURS, (QUERY, no(code))) as this:
        assert this.registrar.find_transfer(REQUEST) is None


def test_a_new_request_is_not_failed_by_the_end_of_an_old_one() -> None:
    old: Turn = (QUERY, transfer("clientRejected"))
    refusal: Turn = ("domain-transfer-request", no(2304))
    with scene(checked(), refusal, NOT_OURS, old, NOT_OURS) as this, pytest.raises(Rejected) as refused:
        this.registrar.request_transfer(REQUEST)
    assert refused.value.code == "transfer_locked"


def test_a_request_that_stands_is_withdrawn() -> None:
    with scene((QUERY, transfer("pending")), ("domain-transfer-cancel", transfer("clientCancelled"))) as this:
        assert this.registrar.cancel_transfer(NAME).data == {"cancelled": True}


@pytest.mark.parametrize(
    "answer",
    [no(2301), no(2303), transfer("clientApproved"), transfer("clientCancelled"), transfer("pending", by=THEM)],
    ids=["none", "no domain", "approved", "cancelled", "another's"],
)
def test_what_does_not_stand_is_not_withdrawn(answer: Reply) -> None:
    with scene((QUERY, answer)) as this:
        assert this.registrar.cancel_transfer(NAME).data == {"cancelled": False}


def test_a_request_that_we_may_not_see_is_withdrawn_all_the_same() -> None:
    with scene((QUERY, no(2201)), ("domain-transfer-cancel", transfer("clientCancelled"))) as this:
        assert this.registrar.cancel_transfer(NAME).data == {"cancelled": True}


def test_a_request_that_was_approved_meanwhile_is_not_withdrawn() -> None:
    with scene(
        (QUERY, transfer("pending")), ("domain-transfer-cancel", no(2304)), (QUERY, transfer("clientApproved"))
    ) as this:
        assert this.registrar.cancel_transfer(NAME).data == {"cancelled": False}


def test_a_withdrawal_that_is_refused_while_the_request_stands_is_told() -> None:
    with (
        scene((QUERY, transfer("pending")), ("domain-transfer-cancel", no(2306)), (QUERY, transfer("pending"))) as this,
        pytest.raises(Rejected),
    ):
        this.registrar.cancel_transfer(NAME)


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_another_registrars_request_is_answered(answer: str) -> None:
    with scene((QUERY, transfer("pending", by=THEM)), (f"domain-transfer-{answer}", ok())) as this:
        assert this.registrar.answer_transfer(NAME, answer) == Done(NAME)


@pytest.mark.parametrize("stands", [no(2301), transfer("clientApproved", by=THEM), transfer("pending")])
def test_our_own_request_and_one_that_is_over_are_not_answered(stands: Reply) -> None:
    with scene((QUERY, stands)) as this:
        assert this.registrar.answer_transfer(NAME, "approve") == Done(NAME)


def test_an_answer_that_is_neither_is_refused_before_anything_is_sent() -> None:
    with scene() as this, pytest.raises(Rejected):
        this.registrar.answer_transfer(NAME, "perhaps")


def test_mode_1_a_lost_reply_is_uncertain() -> None:
    lost = Uncertain("no_answer", "60 s")
    with scene(checked(), ("domain-transfer-request", lost)) as this, pytest.raises(Uncertain):
        this.registrar.request_transfer(REQUEST)


def test_a_request_that_was_not_sent_is_unavailable() -> None:
    away = Unavailable("unreachable", "no")
    with scene(checked(), ("domain-transfer-request", away)) as this, pytest.raises(Unavailable):
        this.registrar.request_transfer(REQUEST)


def test_a_transfer_that_others_decide_is_looked_at_as_often_as_the_account_says() -> None:
    with scene(not_shown(2201), ("domain-transfer-query", transfer("pending")), look_again_seconds="77") as this:
        found = this.registrar.find_transfer(REQUEST)
    assert isinstance(found, Pending)
    assert found.check_after == 77
