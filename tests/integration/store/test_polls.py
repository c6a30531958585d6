"""A registry's message is kept once, with everything that follows from it."""

from datetime import timedelta
from typing import Any

import pytest

from provisioner.ports.registrar import RegistryMessage
from provisioner.store.polls import Kept, QueueLost
from tests.integration.store.estate import REGISTRAR, add_domain, add_operation, add_registrar, due_at
from tests.support.stores import Stage, together

ME = "worker-1"
PENDING = {"status": "pending", "requested_by": "other", "acting": "us", "acts_at": "2026-01-06T00:00:00Z"}


@pytest.fixture
def estate(stage: Stage) -> Stage:
    """A store with a registrar whose queue is ours."""
    add_registrar(stage)
    assert stage.store.polls.lease(REGISTRAR, ME, 300)
    return stage


def message(message_id: str = "m-1", **fields: Any) -> RegistryMessage:
    """A message of the registry about the first domain."""
    plain = {"queued_at": "2026-01-01T00:00:00Z", "kind": "renewal", "domain": "d-1.example", "text": "Renewed"}
    return RegistryMessage(message_id, **{**plain, "data": {"expires_at": "2027-01-01"}, "raw": "<epp/>", **fields})


def keep(estate: Stage, *messages: RegistryMessage) -> list[Kept]:
    """Keep messages of the registrar."""
    return [estate.store.polls.keep(REGISTRAR, ME, each) for each in messages]


def started(estate: Stage) -> list[tuple[str, str]]:
    """Workflow and resource of all operations, in the order of their acceptance."""
    return [(row["workflow"], row["resource"]) for row in estate.rows("operations", order="position")]


# -- whose queue


def test_a_queue_belongs_to_one_process(estate: Stage) -> None:
    assert not estate.another().polls.lease(REGISTRAR, "worker-2", 300)
    assert estate.store.polls.lease(REGISTRAR, ME, 300)


def test_processes_that_ask_at_once_do_not_both_get_a_queue(stage: Stage) -> None:
    stores = [stage.another() for _ in range(4)]
    calls = [lambda n=n, store=store: store.polls.lease(REGISTRAR, f"w-{n}", 300) for n, store in enumerate(stores)]
    assert sorted(together(*calls)) == [False, False, False, True]


def test_the_queue_of_a_dead_process_goes_to_another(estate: Stage) -> None:
    estate.let_pass(301)
    assert estate.store.polls.lease(REGISTRAR, "worker-2", 300)


def test_a_queue_given_back_is_free_at_once(estate: Stage) -> None:
    estate.store.polls.release(ME)
    assert estate.store.polls.lease(REGISTRAR, "worker-2", 300)


def test_who_lost_the_queue_keeps_nothing(estate: Stage) -> None:
    estate.let_pass(301)
    estate.store.polls.lease(REGISTRAR, "worker-2", 300)
    with pytest.raises(QueueLost):
        keep(estate, message())
    assert estate.count("poll_messages") == 0


def test_only_accounts_that_may_be_used_are_read(estate: Stage) -> None:
    add_registrar(estate, "registrar-2")
    estate.store.accounts.set_state("registrar-2", "draining", "tester")
    assert estate.store.polls.accounts() == [(REGISTRAR, "registry")]


def test_a_parked_account_waits_for_an_operator(estate: Stage) -> None:
    estate.store.polls.park(REGISTRAR, "the password is wrong")
    assert estate.store.polls.accounts() == []
    row = estate.row("vendor_accounts")
    assert (row["state"], row["reason"]) == ("parked", "the password is wrong")


def test_a_parked_account_is_told_with_its_reason(estate: Stage) -> None:
    estate.store.polls.park(REGISTRAR, "the password is wrong")
    (told,) = estate.events(f"vendor-account/{REGISTRAR}")
    assert (told["type"], told["subject"], told["sequence"]) == ("vendor-account.needs-attention.v1", REGISTRAR, 1)
    data = told["data"]
    assert (data["vendor_account"], data["reason"], data["detail"]) == (
        REGISTRAR,
        "account_misconfigured",
        "the password is wrong",
    )


def test_an_account_that_is_parked_already_is_not_told_again(estate: Stage) -> None:
    together(*[lambda: estate.store.polls.park(REGISTRAR, "the password is wrong")] * 3)
    assert estate.count("outbox", type="vendor-account.needs-attention.v1") == 1


def test_an_account_that_is_parked_once_more_is_told_once_more(estate: Stage) -> None:
    estate.store.polls.park(REGISTRAR, "the password is wrong")
    estate.store.accounts.set_state(REGISTRAR, "open", "operator")
    estate.store.polls.park(REGISTRAR, "the password is still wrong")
    assert [event["sequence"] for event in estate.events(f"vendor-account/{REGISTRAR}")] == [1, 2]


def fail(estate: Stage, reason: str = "the answer cannot be read") -> None:
    """A round that took nothing off the queue."""
    estate.store.polls.failed(REGISTRAR, ME, reason)


def test_a_queue_that_cannot_be_read_for_an_hour_is_told_once_with_the_reason(estate: Stage) -> None:
    fail(estate, "the network is down")
    estate.let_pass(3590)
    fail(estate)
    assert estate.events(f"vendor-account/{REGISTRAR}") == []
    estate.let_pass(11)
    fail(estate)
    fail(estate)
    (told,) = estate.events(f"vendor-account/{REGISTRAR}")
    assert (told["type"], told["data"]["reason"]) == ("vendor-account.needs-attention.v1", "queue_not_read")
    assert "the answer cannot be read" in told["data"]["detail"]


@pytest.mark.parametrize("ending", ["settled", "acknowledged"])
def test_a_queue_that_was_read_in_between_is_told_only_after_another_hour(estate: Stage, ending: str) -> None:
    fail(estate)
    estate.let_pass(3600)
    if ending == "settled":
        estate.store.polls.settle(REGISTRAR, ME)
    else:
        estate.store.polls.acknowledged(REGISTRAR, "m-1")
    fail(estate)
    assert estate.count("outbox") == 0
    estate.let_pass(3601)
    fail(estate)
    assert estate.count("outbox") == 1


def test_each_time_that_a_queue_is_not_read_is_told(estate: Stage) -> None:
    for _ in range(2):
        fail(estate)
        estate.let_pass(3601)
        fail(estate)
        estate.store.polls.settle(REGISTRAR, ME)
    assert [event["sequence"] for event in estate.events(f"vendor-account/{REGISTRAR}")] == [1, 2]


def test_who_lost_the_queue_tells_nothing_of_it(estate: Stage) -> None:
    fail(estate)
    estate.let_pass(3601)
    estate.store.polls.lease(REGISTRAR, "worker-2", 300)
    fail(estate)
    assert estate.count("outbox") == 0


# -- messages


def test_a_message_is_kept_as_it_came(estate: Stage) -> None:
    add_domain(estate)
    keep(estate, message())
    row = estate.row("poll_messages")
    assert (row["account"], row["message_id"], row["queued_at"]) == (REGISTRAR, "m-1", "2026-01-01T00:00:00Z")
    assert (row["kind"], row["domain"], row["service_id"]) == ("renewal", "d-1.example", "s-1")
    assert (row["text"], row["data"], row["raw"]) == ("Renewed", {"expires_at": "2027-01-01"}, "<epp/>")
    assert row["acknowledged_at"] is None


def test_a_message_is_acknowledged_once_it_is(estate: Stage) -> None:
    (kept,) = keep(estate, message())
    estate.store.polls.acknowledged(REGISTRAR, kept.key)
    assert estate.row("poll_messages")["acknowledged_at"] == pytest.approx(estate.now(), abs=timedelta(minutes=1))


def test_a_message_that_comes_again_changes_nothing(estate: Stage) -> None:
    add_domain(estate)
    first, second = keep(estate, message(), message())
    assert (first.is_new, second.is_new, second.key, second.operations) == (True, False, first.key, ())
    assert (estate.count("poll_messages"), estate.count("operations")) == (1, 1)
    assert len(estate.events("service/s-1")) == 1


def test_an_id_that_a_registry_gives_again_is_another_message(estate: Stage) -> None:
    keep(estate, message(), message(queued_at="2026-02-02T00:00:00Z"))
    again = keep(estate, message(queued_at="2026-02-02T00:00:00Z"))
    assert estate.count("poll_messages") == 2
    assert not again[0].is_new


def test_two_accounts_may_use_the_same_id(estate: Stage) -> None:
    add_registrar(estate, "registrar-2")
    estate.store.polls.lease("registrar-2", ME, 300)
    keep(estate, message())
    assert estate.store.polls.keep("registrar-2", ME, message()).is_new


@pytest.mark.parametrize(
    "strange",
    [
        message(kind="other", domain="", data={}),
        message(domain="nobody.example"),
        message(domain="D-1.EXAMPLE.", text="\0\ud800", data={"a\0": [{"b": "\0"}], "n": 10**6000}, raw="\0"),
        message("m" * 5000, kind="k" * 500, queued_at="q" * 500, domain="d" * 500, text="t" * 100_000),
        message("", kind="", queued_at="", text="", data={}, raw=""),
    ],
    ids=["no domain", "unknown domain", "unstorable", "endless", "empty"],
)
def test_what_is_not_understood_is_kept_and_blocks_nothing(estate: Stage, strange: RegistryMessage) -> None:
    add_domain(estate)
    assert keep(estate, strange)[0].is_new
    assert not keep(estate, strange)[0].is_new


def test_secrets_in_a_message_are_not_kept(estate: Stage) -> None:
    keep(estate, message(data={"auth_code": "s3cret-code"}, raw="<pw>s3cret-code</pw>"))
    assert "s3cret" not in str(estate.row("poll_messages"))
    assert "s3cret" not in str(estate.rows("outbox"))


# -- what follows


def test_a_message_has_the_domain_looked_after(estate: Stage) -> None:
    add_domain(estate)
    (kept,) = keep(estate, message(domain="D-1.example"))
    assert started(estate) == [("domain.upkeep", "service:s-1")]
    assert list(kept.operations) == [estate.row("operations")["id"]]


def test_many_messages_about_a_domain_have_it_looked_after_once(estate: Stage) -> None:
    add_domain(estate)
    keep(estate, message("m-1"), message("m-2"), message("m-3"))
    assert started(estate) == [("domain.upkeep", "service:s-1")]


def test_a_look_that_has_begun_may_have_missed_the_news(estate: Stage) -> None:
    add_domain(estate)
    keep(estate, message("m-1"))
    estate.take()
    keep(estate, message("m-2"))
    assert len(started(estate)) == 2


def test_what_waits_for_the_registry_is_woken(estate: Stage) -> None:
    add_domain(estate, status="provisioning")
    later = estate.now() + timedelta(days=1)
    add_operation(estate, "o-1", workflow="domain.transfer", state="waiting", due_at=later)
    (kept,) = keep(estate, message(kind="transfer", data={"status": "clientApproved"}))
    assert due_at(estate, "o-1") <= estate.now()
    assert "o-1" in kept.operations


def refused(**fields: Any) -> RegistryMessage:
    """The registry has decided against a registration."""
    facts = {"succeeded": False, "command": "domain-create"}
    return message("m-9", kind="registration", text="Not for you.", data=facts, **fields)


def test_a_registration_that_was_refused_is_noted_for_the_operation_that_waits(estate: Stage) -> None:
    add_domain(estate, status="provisioning", data={"kept": 1})
    later = estate.now() + timedelta(days=1)
    add_operation(estate, "o-1", workflow="domain.register", state="waiting", due_at=later)
    keep(estate, refused())
    noted = {"operation": "o-1", "at": "2026-01-01T00:00:00Z", "words": "Not for you."}
    assert estate.row("services")["data"] == {"kept": 1, "registration_refused": noted}
    assert due_at(estate, "o-1") <= estate.now()


@pytest.mark.parametrize(
    ("command", "workflow", "key"),
    [
        ("domain-renew", "domain.renew", "renewal_refused"),
        ("domain-restore-request", "domain.restore", "restore_refused"),
        ("domain-restore-report", "domain.restore", "restore_refused"),
    ],
)
def test_a_renewal_or_restore_that_was_refused_is_noted_for_the_operation_that_waits(
    estate: Stage, command: str, workflow: str, key: str
) -> None:
    add_domain(estate)
    later = estate.now() + timedelta(days=1)
    add_operation(estate, "o-1", workflow=workflow, state="waiting", due_at=later)
    facts = {"succeeded": False, "command": command}
    keep(estate, message("m-9", kind="action", text="Not for you.", data=facts))
    noted = {"operation": "o-1", "at": "2026-01-01T00:00:00Z", "words": "Not for you."}
    assert estate.row("services")["data"] == {key: noted}
    assert due_at(estate, "o-1") <= estate.now()


@pytest.mark.parametrize(
    "other",
    [
        message(kind="registration", data={"succeeded": True}),
        message(kind="action", data={"succeeded": False}),
        message(kind="action", data={"succeeded": False, "command": "domain-update"}),
        message(kind="action", data={"succeeded": False, "command": "domain-renew"}),
    ],
    ids=["approved", "of an unknown command", "of an update", "of a renewal"],
)
def test_other_decisions_are_no_refusal_of_a_registration(estate: Stage, other: RegistryMessage) -> None:
    add_domain(estate, status="provisioning")
    add_operation(estate, "o-1", workflow="domain.register", state="waiting")
    keep(estate, other)
    assert estate.row("services")["data"] == {}


def test_a_refusal_that_nothing_waits_for_is_not_noted(estate: Stage) -> None:
    add_domain(estate)
    keep(estate, refused())
    assert estate.row("services")["data"] == {}


def test_what_an_operator_holds_is_not_woken(estate: Stage) -> None:
    add_domain(estate)
    later = estate.now() + timedelta(days=1)
    add_operation(estate, "o-1", state="held", due_at=later)
    keep(estate, message())
    assert due_at(estate, "o-1") == later


def test_a_transfer_that_another_registrar_asks_for_is_answered(estate: Stage) -> None:
    add_domain(estate)
    keep(estate, message(kind="transfer", data=PENDING))
    row = estate.row("operations")
    assert (row["workflow"], row["resource"]) == ("domain.transfer-out", "transfer-out:s-1")
    assert row["inputs"] == PENDING


def test_a_pending_transfer_of_which_nothing_else_is_told_is_our_own_while_one_waits(estate: Stage) -> None:
    add_domain(estate, status="provisioning")
    add_operation(estate, "o-1", workflow="domain.transfer", state="waiting")
    keep(estate, message(kind="transfer", data=PENDING))
    assert [workflow for workflow, _ in started(estate)] == ["domain.transfer", "domain.upkeep"]


def test_another_registrar_is_answered_while_what_remains_of_our_own_transfer_waits(estate: Stage) -> None:
    add_domain(estate, status="provisioning")
    add_operation(estate, "o-1", workflow="domain.transfer", state="held")
    keep(estate, message(kind="transfer", data={**PENDING, "ours": False}))
    assert [workflow for workflow, _ in started(estate)] == ["domain.transfer", "domain.transfer-out"]


def test_a_transfer_to_us_is_not_answered_though_none_of_ours_waits(estate: Stage) -> None:
    add_domain(estate)
    keep(estate, message(kind="transfer", data={**PENDING, "ours": True}))
    assert [workflow for workflow, _ in started(estate)] == ["domain.upkeep"]


def test_a_finished_transfer_is_looked_at(estate: Stage) -> None:
    add_domain(estate)
    keep(estate, message(kind="transfer", data={**PENDING, "status": "serverApproved"}))
    assert started(estate) == [("domain.upkeep", "service:s-1")]


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        ("transfer", {"status": "serverApproved", "ours": False}, {"told": "transferred_away"}),
        ("transfer", {"status": "clientApproved", "ours": False}, {"told": "transferred_away"}),
        ("transfer", {"status": "serverApproved", "ours": True}, {}),
        ("transfer", {"status": "serverApproved"}, {}),
        ("transfer", {"status": "clientRejected", "ours": False}, {}),
        ("change", {"operation": "transfer"}, {"told": "transferred_away"}),
        ("change", {"operation": "delete"}, {"told": "deleted"}),
        ("change", {"operation": "autoPurge"}, {"told": "deleted"}),
        ("change", {"operation": "update"}, {}),
        ("change", {"operation": ["delete"]}, {}),
        ("other", {"operation": "delete"}, {}),
    ],
)
def test_the_look_knows_when_the_registry_has_told_that_the_domain_is_gone(
    estate: Stage, kind: str, data: dict[str, Any], told: dict[str, str]
) -> None:
    add_domain(estate)
    keep(estate, message(kind=kind, data=data))
    assert (started(estate), estate.row("operations")["inputs"]) == ([("domain.upkeep", "service:s-1")], told)


def test_a_domain_that_lives_at_another_account_is_left_alone(estate: Stage) -> None:
    add_domain(estate, vendor_account="registrar-2")
    keep(estate, message())
    assert (started(estate), estate.row("poll_messages")["service_id"]) == ([], None)


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_a_domain_that_is_gone_is_left_alone(estate: Stage, status: str) -> None:
    add_domain(estate, status=status)
    keep(estate, message())
    assert started(estate) == []


def test_the_storefront_is_told_what_the_registry_said(estate: Stage) -> None:
    add_domain(estate)
    keep(estate, message())
    (event,) = estate.events("service/s-1")
    assert (event["type"], event["subject"], event["sequence"]) == ("domain.notice.v1", "s-1", 2)
    assert event["data"] == {
        "service_id": "s-1",
        "domain": "d-1.example",
        "kind": "renewal",
        "text": "Renewed",
        "data": {"expires_at": "2027-01-01"},
    }


def test_the_storefront_is_told_of_domains_without_a_service_too(estate: Stage) -> None:
    keep(estate, message(domain="", kind="other"))
    (event,) = estate.events(f"notice/{REGISTRAR}/m-1")
    assert (event["data"]["service_id"], event["data"]["text"], event["environment"]) == (None, "Renewed", "live")


# -- how a transfer to us has ended


def transfer_ended(estate: Stage, status: str = "clientRejected", **facts: Any) -> RegistryMessage:
    """A transfer that we asked for now has ended."""
    told = {"status": status, "ours": True, "requested_at": estate.now().isoformat(), **facts}
    return message("m-9", kind="transfer", text="Not today.", data=told)


def transferring(estate: Stage, **columns: Any) -> None:
    """A transfer to us waits."""
    add_domain(estate, status="provisioning")
    add_operation(estate, "o-2", workflow="domain.transfer", state="waiting", **columns)


@pytest.mark.parametrize(
    ("status", "key"),
    [
        ("clientRejected", "transfer_refused"),
        ("clientCancelled", "transfer_cancelled"),
        ("serverCancelled", "transfer_cancelled"),
    ],
)
def test_the_end_of_a_transfer_is_noted_for_the_operation_that_waits(estate: Stage, status: str, key: str) -> None:
    transferring(estate)
    keep(estate, transfer_ended(estate, status))
    noted = {"operation": "o-2", "at": "2026-01-01T00:00:00Z", "words": "Not today."}
    assert estate.row("services")["data"] == {key: noted}


@pytest.mark.parametrize(
    "facts",
    [
        {"ours": False},
        {"status": "clientApproved"},
        {"status": "pending"},
        {"requested_at": "2025-01-01T00:00:00Z"},
        {"requested_at": ""},
        {"requested_at": "9999-12-31T23:59:59Z"},
    ],
    ids=["another's request", "approved", "pending", "of an earlier try", "of no time", "of a time that never comes"],
)
def test_what_does_not_tell_of_this_transfer_s_end_is_not_noted(estate: Stage, facts: dict[str, Any]) -> None:
    transferring(estate)
    keep(estate, transfer_ended(estate, **facts))
    assert estate.row("services")["data"] == {}


def test_the_end_of_a_transfer_is_not_noted_for_the_next_try(estate: Stage) -> None:
    asked_at = estate.now()
    estate.let_pass(60)
    transferring(estate)
    add_operation(estate, "o-1", workflow="domain.transfer", state="failed", ended_at=estate.now())
    keep(estate, transfer_ended(estate, requested_at=asked_at.isoformat()))
    assert estate.row("services")["data"] == {}


def test_a_registry_whose_clock_is_a_little_behind_is_believed(estate: Stage) -> None:
    asked_at = estate.now()
    estate.let_pass(60)
    transferring(estate)
    keep(estate, transfer_ended(estate, requested_at=asked_at.isoformat()))
    assert "transfer_refused" in estate.row("services")["data"]
