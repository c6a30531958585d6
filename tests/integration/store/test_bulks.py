"""A file of domains becomes an operation for each line, once, and says how far it is."""

import tracemalloc
from collections.abc import Iterable
from typing import Any

import pytest
import sqlalchemy as sa

from provisioner.intake.accept import Receipt
from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import OperationState
from provisioner.store.bulk_progress import EVERY_SECONDS
from provisioner.workflows.journal import Ending
from tests.integration.store.estate import add_domain, add_registrar
from tests.support.stores import Stage, together

HEADER = "domain,auth_code"
CONTACT = {
    "contact_id": "owner",
    "name": "Ada Owner",
    "email": "ada@example.com",
    "phone": "+49 30 1234567",
    "street": ["Long Street 1"],
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}
EVERYTHING = 10_000


@pytest.fixture
def estate(stage: Stage) -> Stage:
    """A store with a registrar."""
    add_registrar(stage)
    return stage


def lines(count: int, first: int = 1) -> list[str]:
    """So many good lines."""
    return [f"name{number}.com,code-{number}" for number in range(first, first + count)]


def send(
    estate: Stage, records: Iterable[str], bulk_id: str = "b-1", *, encoding: str = "utf-8", **attributes: Any
) -> Receipt:
    """Send a bulk; `attributes` are of the message, but `defaults`."""
    defaults = {"contacts": dict.fromkeys(("registrant", "admin", "tech"), CONTACT), **attributes.pop("defaults", {})}
    data = {
        "bulk_id": bulk_id,
        "customer": {"customer_id": "c-1", "name": "Demo Customer"},
        "csv": estate.shop.sealed("\r\n".join([HEADER, *records]).encode(encoding)),
        "defaults": defaults,
    }
    return estate.shop.say("domain.transfer-bulk.v1", data, **attributes)


def accepted(estate: Stage, records: Iterable[str], bulk_id: str = "b-1", **attributes: Any) -> None:
    """Send a bulk that is accepted."""
    receipt = send(estate, records, bulk_id, **attributes)
    assert receipt.outcome == "accepted", receipt.detail


def finish(estate: Stage, state: str = "succeeded") -> None:
    """End every open operation so."""
    estate.sql("UPDATE operations SET state = :state, ended_at = since WHERE ended_at IS NULL", state=state)


def tell(estate: Stage) -> dict[str, Any]:
    """Let some seconds pass; what is told last then."""
    estate.let_pass(EVERY_SECONDS + 1)
    estate.store.bulk_progress.tell()
    data: dict[str, Any] = estate.events("bulk/b-1")[-1]["data"]
    return data


# -- taking in


def test_a_bulk_says_at_once_that_it_is_there(estate: Stage) -> None:
    accepted(estate, lines(3))
    (event,) = estate.events("bulk/b-1")
    assert (event["type"], event["sequence"]) == ("bulk.progress.v1", 1)
    assert event["data"] == {
        "bulk_id": "b-1",
        "total": 3,
        "started": 0,
        "succeeded": 0,
        "failed": 0,
        "refused": [],
        "state": "running",
    }


def test_a_bulk_that_comes_again_is_known(estate: Stage) -> None:
    data = {
        "bulk_id": "b-1",
        "customer": {"customer_id": "c-1", "name": "Demo Customer"},
        "csv": estate.shop.sealed(f"{HEADER}\nname1.com,code-1\n"),
        "defaults": {"contacts": dict.fromkeys(("registrant", "admin", "tech"), CONTACT)},
    }
    message = estate.shop.message("domain.transfer-bulk.v1", data)
    assert [estate.shop.send(message).outcome for _ in range(2)] == ["accepted", "duplicate"]


def test_another_bulk_of_the_same_id_is_refused(estate: Stage) -> None:
    accepted(estate, lines(3))
    receipt = send(estate, lines(4))
    assert (receipt.outcome, receipt.detail.partition(":")[0]) == ("rejected", "bulk_exists")


@pytest.mark.parametrize(
    ("records", "complaint"),
    [([], "no line after it"), (["name1.com,a\rname2.com,b"], "Line 2"), (["x" * 9000], "Line 2")],
    ids=["empty", "CR", "endless"],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(estate: Stage, records: list[str], complaint: str) -> None:
    receipt = send(estate, records)
    assert (receipt.outcome, complaint in receipt.detail) == ("rejected", True), receipt.detail
    assert estate.count("bulks") == 0


def test_a_file_that_is_not_utf_8_is_refused_with_the_line_that_is_not(estate: Stage) -> None:
    receipt = send(estate, ["name1.com,a", "name2.com,für"], encoding="latin-1")
    assert (receipt.outcome, "Line 3" in receipt.detail, "UTF-8" in receipt.detail) == ("rejected", True, True)


def test_a_contact_that_does_not_exist_yet_is_waited_for(estate: Stage) -> None:
    receipt = send(estate, lines(1), defaults={"contacts": {"registrant": "nobody", "admin": CONTACT}})
    assert (receipt.outcome, estate.count("bulks"), estate.count("contacts")) == ("quarantined", 0, 0)


def test_an_id_after_which_no_service_can_be_named_is_refused(estate: Stage) -> None:
    assert send(estate, lines(1), "b" * 100).outcome == "rejected"


def test_auth_codes_rest_sealed(estate: Stage) -> None:
    accepted(estate, lines(3))
    estate.store.bulks.expand(EVERYTHING)
    everything = str([estate.rows(name) for name in ("bulks", "bulk_lines", "services", "operations", "outbox")])
    assert "code-1" not in everything


def test_a_file_of_a_key_that_was_rotated_still_opens(estate: Stage) -> None:
    accepted(estate, lines(3))
    estate.ring.rotate()
    assert estate.store.credentials.reseal_all() >= 1
    assert estate.store.bulks.expand(EVERYTHING) == 3


# -- starting lines


def test_each_line_becomes_a_transfer(estate: Stage) -> None:
    accepted(estate, lines(3))
    assert estate.store.bulks.expand(EVERYTHING) == 3
    assert [row["domain"] for row in (s["attributes"] for s in estate.rows("services"))] == [
        "name1.com",
        "name2.com",
        "name3.com",
    ]
    assert {(row["workflow"], row["state"], row["vendor_account"]) for row in estate.rows("operations")} == {
        ("domain.transfer", "ready", "registrar-1")
    }


def test_a_line_has_the_operation_and_the_service_that_it_became(estate: Stage) -> None:
    accepted(estate, lines(1))
    estate.store.bulks.expand(EVERYTHING)
    line, operation = estate.row("bulk_lines"), estate.row("operations")
    assert (line["line"], line["service_id"], line["operation_id"]) == (2, "b-1:2", operation["id"])
    assert (operation["resource"], estate.row("services")["bulk_id"]) == ("service:b-1:2", "b-1")


def test_the_transfer_sees_its_auth_code(estate: Stage) -> None:
    accepted(estate, lines(1))
    estate.store.bulks.expand(EVERYTHING)
    secret = estate.claim().secret
    assert secret is not None
    assert secret.reveal() == "code-1"


def test_the_file_is_gone_when_every_line_is_started(estate: Stage) -> None:
    accepted(estate, lines(3))
    estate.store.bulks.expand(EVERYTHING)
    estate.store.bulks.expand(EVERYTHING)
    row = estate.row("bulks")
    assert (row["sealed_csv"], row["started"], row["next_line"]) == (None, 3, 5)


def test_a_bad_line_is_told_with_line_and_column_and_stops_no_other(estate: Stage) -> None:
    accepted(estate, ["name1.com,code-1", "", "n_2.com,code-2", "name3.com,", "name4.com,code-4"])
    estate.store.bulks.expand(EVERYTHING)
    told = tell(estate)
    assert [(each["line"], each["column"]) for each in told["refused"]] == [(4, 1), (5, 2)]
    assert (told["total"], told["started"], told["failed"]) == (4, 2, 2)


def test_a_domain_that_is_ours_already_is_refused_alone(estate: Stage) -> None:
    add_domain(estate, name="name2.com")
    accepted(estate, lines(3))
    estate.store.bulks.expand(EVERYTHING)
    (refused,) = tell(estate)["refused"]
    assert (refused["line"], "s-1 is name2.com already" in refused["message"]) == (3, True)


def test_a_line_may_name_its_registrant_and_its_service(estate: Stage) -> None:
    accepted(estate, lines(1))
    other = {**CONTACT, "contact_id": "other"}
    estate.shop.say("contact.create.v1", {"contact": other, "customer_id": "c-1"})
    csv = estate.shop.sealed("domain;auth_code;registrant;service_id\nname9.com;c;other;mine\nname8.com;c;nobody;\n")
    data = {"bulk_id": "b-2", "customer": {"customer_id": "c-1", "name": "Demo"}, "csv": csv}
    defaults = {"contacts": dict.fromkeys(("registrant", "admin", "tech"), "owner")}
    estate.shop.say("domain.transfer-bulk.v1", {**data, "defaults": defaults})
    estate.store.bulks.expand(EVERYTHING)
    contacts = estate.row("services", id="mine")["attributes"]["contacts"]
    assert (contacts["registrant"]["contact_id"], contacts["admin"]["contact_id"]) == ("other", "owner")
    assert "contacts/registrant" in estate.row("bulk_lines", bulk_id="b-2", line=3)["error"]["message"]


def test_lines_are_started_little_by_little(estate: Stage) -> None:
    accepted(estate, lines(250))
    assert [estate.store.bulks.expand(100) for _ in range(4)] == [100, 100, 50, 0]
    assert estate.count("operations") == 250


def test_another_process_goes_on_where_one_stopped(estate: Stage) -> None:
    accepted(estate, lines(250))
    assert estate.store.bulks.expand(100) == 100
    assert estate.another().bulks.expand(100) == 100
    assert estate.store.bulks.expand(100) == 50
    assert [row["line"] for row in estate.rows("bulk_lines")] == list(range(2, 252))


def test_schedulers_that_work_at_once_start_no_line_twice(estate: Stage) -> None:
    accepted(estate, lines(300))
    stores = [estate.another() for _ in range(3)]
    together(*[lambda store=store: store.bulks.expand(EVERYTHING) for store in stores])
    estate.store.bulks.expand(EVERYTHING)
    assert [row["line"] for row in estate.rows("bulk_lines")] == list(range(2, 302))
    assert (estate.count("operations"), estate.row("bulks")["started"]) == (300, 300)


def test_a_batch_that_was_not_committed_is_done_again(estate: Stage) -> None:
    accepted(estate, lines(150))

    def fail(*_: Any) -> None:
        raise sa.exc.OperationalError("COMMIT", {}, ConnectionError("cut")) from None

    sa.event.listen(estate.store.database.engine, "commit", fail)
    with pytest.raises(sa.exc.OperationalError):
        estate.store.bulks.expand(EVERYTHING)
    sa.event.remove(estate.store.database.engine, "commit", fail)
    assert estate.count("bulk_lines") == 0
    estate.store.bulks.expand(EVERYTHING)
    assert [row["line"] for row in estate.rows("bulk_lines")] == list(range(2, 152))


def test_memory_does_not_grow_with_the_lines(sqlite_stage: Stage) -> None:
    add_registrar(sqlite_stage)
    accepted(sqlite_stage, lines(100), "b-1")
    sqlite_stage.store.bulks.expand(EVERYTHING)
    good_and_bad = (f"name{number}.com,{'' if number % 40 else 'code'}" for number in range(1_000, 11_000))
    accepted(sqlite_stage, good_and_bad, "b-2")
    tracemalloc.start()
    try:
        assert sqlite_stage.store.bulks.expand(EVERYTHING) == EVERYTHING
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_500_000, "10,000 lines as objects would take more"


# -- progress


def test_progress_is_told_while_it_moves(estate: Stage) -> None:
    accepted(estate, lines(3))
    estate.store.bulks.expand(EVERYTHING)
    told = tell(estate)
    assert (told["started"], told["succeeded"], told["state"]) == (3, 0, "running")


def test_progress_that_was_told_is_not_told_again(estate: Stage) -> None:
    accepted(estate, lines(3))
    estate.store.bulks.expand(EVERYTHING)
    tell(estate)
    tell(estate)
    assert len(estate.events("bulk/b-1")) == 2


def test_progress_is_not_told_with_every_line(estate: Stage) -> None:
    accepted(estate, lines(3))
    estate.store.bulks.expand(EVERYTHING)
    estate.store.bulk_progress.tell()
    assert len(estate.events("bulk/b-1")) == 1


@pytest.mark.parametrize(("state", "succeeded", "failed"), [("succeeded", 3, 0), ("failed", 0, 3), ("held", 0, 0)])
def test_what_became_of_the_lines_is_counted(estate: Stage, state: str, succeeded: int, failed: int) -> None:
    accepted(estate, lines(3))
    estate.store.bulks.expand(EVERYTHING)
    estate.sql("UPDATE operations SET state = :state", state=state)
    told = tell(estate)
    assert (told["succeeded"], told["failed"]) == (succeeded, failed)
    assert told["state"] == ("running" if state == "held" else "finished")


def test_a_transfer_that_came_to_nothing_is_told_with_its_line_and_the_reason(estate: Stage) -> None:
    accepted(estate, lines(2))
    estate.store.bulks.expand(EVERYTHING)
    wrong = ItemError("auth_code_wrong", "Invalid authorization information", final=True)
    estate.store.journal.end(estate.store.claims.take("here", 1)[0], Ending(OperationState.FAILED, error=wrong))
    (line,) = estate.store.domain_queries.failed_lines("b-1", limit=10)
    assert (line.line, line.service_id, line.code, line.message) == (2, "b-1:2", wrong.code, wrong.message)


def test_a_bulk_is_finished_when_all_its_lines_have_ended(estate: Stage) -> None:
    accepted(estate, ["name1.com,code-1", "name2.com,"])
    estate.store.bulks.expand(EVERYTHING)
    finish(estate)
    told = tell(estate)
    assert (told["succeeded"], told["failed"], told["state"]) == (1, 1, "finished")
    assert estate.row("bulks")["state"] == "finished"


def test_a_bulk_is_not_finished_before_all_its_lines_are_started(estate: Stage) -> None:
    accepted(estate, lines(150))
    estate.store.bulks.expand(100)
    finish(estate)
    assert tell(estate)["state"] == "running"


def test_events_of_a_bulk_are_numbered(estate: Stage) -> None:
    accepted(estate, lines(3))
    estate.store.bulks.expand(EVERYTHING)
    tell(estate)
    finish(estate)
    tell(estate)
    assert [event["sequence"] for event in estate.events("bulk/b-1")] == [1, 2, 3]
