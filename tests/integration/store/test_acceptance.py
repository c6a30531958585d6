"""An order is taken in whole, once, or not at all."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from provisioner.kernel.errors import StoreUnavailable
from provisioner.kernel.sealing import KeyRing, seal_to_public_key
from provisioner.store.tables import metadata
from tests.support.postgres import PostgresCluster
from tests.support.stores import Stage, hosting, markup, together

EVERYTHING = ("inbox", "orders", "order_items", "services", "service_periods", "operations", "order_transitions")


@pytest.fixture
def shop(stage: Stage) -> Stage:
    """A store with one vendor account."""
    stage.add_account()
    return stage


def test_an_order_becomes_its_rows(shop: Stage) -> None:
    assert shop.shop.place().outcome == "accepted"
    assert {name: shop.count(name) for name in EVERYTHING} == dict.fromkeys(EVERYTHING, 1)


def test_an_accepted_order_is_being_provisioned_and_says_so(shop: Stage) -> None:
    shop.shop.place()
    assert shop.row("orders")["status"] == "provisioning_started"
    assert shop.told("order/o-1") == ["provisioning_started"]


def test_the_bell_is_rung_for_the_new_operations(shop: Stage) -> None:
    receipt = shop.shop.place("o-1", [hosting("s-1"), hosting("s-2")])
    assert sorted(shop.shop.rung) == sorted(receipt.operations) == sorted(row["id"] for row in shop.rows("operations"))


def test_the_operation_has_the_place_and_the_deadline_of_the_settings(shop: Stage) -> None:
    shop.shop.place()
    row = shop.row("operations")
    assert (row["vendor_account"], row["resource"], row["workflow"]) == ("panel-1", "service:s-1", "hosting.create")
    assert (row["deadline"] - row["created_at"]).total_seconds() == 86_400


def test_the_note_of_an_order_is_kept_with_its_author(shop: Stage) -> None:
    shop.shop.place(note="Please before Friday.")
    note = shop.row("notes")
    assert (note["subject_id"], note["author"], note["text"]) == ("o-1", "clerk-7", "Please before Friday.")


def test_items_wait_for_those_that_they_require(shop: Stage) -> None:
    shop.shop.place("o-1", [hosting("s-1"), hosting("s-2", requires=["i-s-1"]), markup(requires=["i-s-1", "i-s-2"])])
    ids = {row["item_id"]: row["id"] for row in shop.rows("operations")}
    assert {(row["operation_id"], row["required_id"]) for row in shop.rows("operation_requirements")} == {
        (ids["i-s-2"], ids["i-s-1"]),
        (ids["m-1"], ids["i-s-1"]),
        (ids["m-1"], ids["i-s-2"]),
    }
    assert [claim.item_id for claim in shop.take()] == ["i-s-1"]


def test_a_known_customer_keeps_the_password_and_gets_the_newest_profile(shop: Stage) -> None:
    shop.shop.place("o-1")
    before = shop.row("customers")
    order = shop.shop.order("o-2")
    order["data"]["customer"]["name"] = "Demo Renamed"
    shop.shop.send(order)
    after = shop.row("customers")
    assert after["profile"]["name"] == "Demo Renamed"
    assert after["sealed_password"] == before["sealed_password"]


def test_the_longest_names_that_a_message_may_have_fit(shop: Stage) -> None:
    longest = "x" * 100
    order = shop.shop.order(
        longest,
        [markup(longest), hosting(longest, item_id="i" * 100, domain="example.com")],
        customer_id=longest,
        note="n" * 4000,
    )
    order |= {"id": longest, "source": "s" * 200, "actorid": "a" * 200, "actororg": "o" * 200, "actorrole": longest}
    order |= {"correlationid": longest}
    assert shop.shop.send(order).outcome == "accepted"
    assert shop.shop.send({**order, "id": "y" * 100}).outcome == "rejected"


def test_an_unknown_type_of_any_length_is_put_aside(shop: Stage) -> None:
    assert shop.shop.say("t" * 512, {}).outcome == "quarantined"


# -- once


def test_the_same_message_again_has_no_effect(shop: Stage) -> None:
    order = shop.shop.order()
    shop.shop.send(order)
    before = _content(shop)
    assert shop.shop.send(order).outcome == "duplicate"
    assert _content(shop) == before


def test_the_same_id_with_another_body_is_put_aside(shop: Stage) -> None:
    order = shop.shop.order()
    shop.shop.send(order)
    order["data"]["items"][0]["plan"] = "business"
    receipt = shop.shop.send(order)
    assert (receipt.outcome, shop.row("quarantine")["reason"]) == ("quarantined", "id_reused")
    assert shop.row("order_items")["attributes"]["plan"] == "basic"


@pytest.mark.parametrize("items", [[hosting()], [hosting(), markup(requires=["i-s-1"])]])
def test_the_same_message_from_many_threads_at_once_is_one_order(shop: Stage, items: list[dict[str, object]]) -> None:
    order = shop.shop.order("o-1", items)
    receipts = together(*[lambda: shop.shop.send(order)] * 8)
    assert sorted(receipt.outcome for receipt in receipts) == ["accepted"] + ["duplicate"] * 7
    assert (shop.count("orders"), shop.count("operations")) == (1, len(items))


def test_different_bodies_under_one_id_at_once_are_one_order(shop: Stage) -> None:
    orders = [shop.shop.order("o-1", [hosting(plan=f"plan-{number}")]) | {"id": "m-1"} for number in range(6)]
    receipts = together(*[lambda order=order: shop.shop.send(order) for order in orders])
    assert sorted(receipt.outcome for receipt in receipts) == ["accepted"] + ["quarantined"] * 5


def test_one_order_under_many_message_ids_at_once_is_one_order(shop: Stage) -> None:
    orders = [shop.shop.order() for _ in range(6)]
    receipts = together(*[lambda order=order: shop.shop.send(order) for order in orders])
    assert sorted(receipt.outcome for receipt in receipts) == ["accepted"] + ["rejected"] * 5


# -- refused


def test_an_order_is_placed_once(shop: Stage) -> None:
    shop.shop.place("o-1")
    receipt = shop.shop.place("o-1", [hosting("s-9")])
    assert (receipt.outcome, receipt.detail.partition(":")[0]) == ("rejected", "order_exists")
    assert shop.count("services") == 1


def test_a_service_is_ordered_once(shop: Stage) -> None:
    shop.shop.place("o-1", [hosting("s-1")])
    receipt = shop.shop.place("o-2", [hosting("s-2"), hosting("s-1")])
    assert (receipt.outcome, receipt.detail.partition(":")[0]) == ("rejected", "service_exists")
    assert (shop.count("orders"), shop.count("services")) == (1, 1)


def test_a_refusal_is_told_and_kept_in_the_audit(shop: Stage) -> None:
    shop.shop.place("o-1")
    order = shop.shop.order("o-1")
    shop.shop.send(order)
    event = shop.events(f"message/https://shop.example.com//{order['id']}")[0]
    assert (event["type"], event["data"]["reason"]) == ("message.rejected.v1", "order_exists")
    assert shop.row("audit", action="message.refused")["subject_id"] == order["id"]


def test_a_refused_message_sent_again_is_told_once(shop: Stage) -> None:
    shop.shop.place("o-1")
    order = shop.shop.order("o-1")
    assert [shop.shop.send(order).outcome for _ in range(2)] == ["rejected", "duplicate"]
    assert shop.count("outbox", type="message.rejected.v1") == 1


def test_an_unknown_server_puts_the_order_aside(shop: Stage) -> None:
    receipt = shop.shop.place("o-1", [hosting(server="panel-9")])
    assert (receipt.outcome, shop.row("quarantine")["reason"]) == ("quarantined", "unknown_server")
    assert shop.count("orders") == 0


def test_an_order_that_was_put_aside_can_be_taken_in_later(shop: Stage) -> None:
    order = shop.shop.order("o-1", [hosting(server="panel-9")])
    shop.shop.send(order)
    shop.add_account("panel-9")
    shop.let_pass(3)
    assert shop.shop.send(order).outcome == "accepted"
    assert shop.row("services")["vendor_account"] == "panel-9"


# -- passwords


def test_a_sealed_password_is_opened_and_sealed_for_its_row(shop: Stage) -> None:
    shop.shop.place("o-1", [hosting(password=shop.shop.sealed("Zq7!horse"))])
    service = shop.claim().service
    assert service is not None
    assert service.password is not None
    assert service.password.reveal() == "Zq7!horse"


def test_without_a_password_one_is_made(shop: Stage) -> None:
    shop.shop.place("o-1", [hosting("s-1"), hosting("s-2")])
    made = {claim.service.password.reveal() for claim in shop.take() if claim.service and claim.service.password}
    assert (len(made), min(map(len, made)) >= 12) == (2, True)


def test_a_box_that_does_not_open_puts_the_order_aside(shop: Stage, tmp_path_factory: pytest.TempPathFactory) -> None:
    stranger = KeyRing.create(tmp_path_factory.mktemp("stranger") / "keys.json").public_key()
    box = {"key_id": shop.ring.public_key().key_id, "box": seal_to_public_key(stranger, "Zq7!horse")}
    receipt = shop.shop.place("o-1", [hosting(password=box)])
    assert (receipt.outcome, shop.row("quarantine")["reason"]) == ("quarantined", "key_ring")
    assert shop.count("orders") == 0


# -- where it goes


def test_a_sandbox_order_goes_to_a_sandbox_account(shop: Stage) -> None:
    shop.add_account("panel-s", environment="sandbox")
    shop.let_pass(3)
    shop.shop.place("o-1")
    shop.shop.place("o-2", environment="sandbox")
    assert {row["id"]: row["vendor_account"] for row in shop.rows("services")} == {"s-1": "panel-1", "s-2": "panel-s"}


def test_a_sandbox_order_cannot_ask_for_a_live_server(shop: Stage) -> None:
    assert shop.shop.place("o-1", [hosting(server="panel-1")], environment="sandbox").outcome == "quarantined"


def test_customers_spread_over_the_accounts(shop: Stage) -> None:
    for name in ("panel-2", "panel-3", "panel-4"):
        shop.add_account(name)
    shop.let_pass(3)
    rng = random.Random(1)  # noqa: S311 - names of customers are no secrets
    for number in range(200):
        shop.shop.place(f"o-{number}", customer_id=f"c-{rng.randrange(10**9)}")
    counts = {row["name"]: shop.count("services", vendor_account=row["name"]) for row in shop.rows("vendor_accounts")}
    assert min(counts.values()) > 25, counts


def test_the_services_of_a_customer_meet_on_one_account(shop: Stage) -> None:
    shop.add_account("panel-2")
    shop.let_pass(3)
    for number in range(5):
        shop.shop.place(f"o-{number}", customer_id="c-7")
    assert len({row["vendor_account"] for row in shop.rows("services")}) == 1


# -- whole or not at all


@pytest.mark.parametrize("table", ["customers", "orders", "services", "order_items", "operations", "outbox"])
def test_when_any_row_is_refused_none_is_written(shop: Stage, table: str) -> None:
    with _refusing_inserts(shop, table), pytest.raises(Exception, match="no more rows"):
        shop.shop.place("o-1", [hosting(), markup()])
    assert {name: shop.count(name) for name in EVERYTHING} == dict.fromkeys(EVERYTHING, 0)


@pytest.mark.parametrize("note", [None, "in the plain form"])
def test_when_the_connection_is_cut_in_the_middle_nothing_is_written(
    postgres_stage: Stage, postgres: PostgresCluster, note: str | None
) -> None:
    postgres_stage.add_account()
    with postgres.connect(postgres_stage.opening.url) as blocker:
        blocker.execute("BEGIN")
        blocker.execute("LOCK TABLE operations IN ACCESS EXCLUSIVE MODE")
        placing = together(
            lambda: postgres_stage.shop.place(note=note), lambda: _cut_who_waits(postgres, postgres_stage.opening.url)
        )
        blocker.execute("ROLLBACK")
    assert isinstance(placing[0], StoreUnavailable)
    assert {name: postgres_stage.count(name) for name in EVERYTHING} == dict.fromkeys(EVERYTHING, 0)


def test_after_a_cut_the_same_message_is_taken_in(postgres_stage: Stage, postgres: PostgresCluster) -> None:
    postgres_stage.add_account()
    order = postgres_stage.shop.order()
    postgres.terminate_backends(postgres_stage.opening.url)
    outcomes: list[str] = []
    for _ in range(3):
        try:
            outcomes.append(postgres_stage.shop.send(order).outcome)
        except StoreUnavailable:
            outcomes.append("unavailable")
    assert outcomes[-1] == "duplicate" or outcomes == ["unavailable", "unavailable", "accepted"]
    assert postgres_stage.count("orders") == 1


def _content(stage: Stage) -> str:
    rows = {table.name: stage.rows(table) for table in metadata.sorted_tables}
    return json.dumps(rows, default=str)


@contextmanager
def _refusing_inserts(stage: Stage, table: str) -> Iterator[None]:
    if not stage.is_postgres:
        stage.sql(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no more rows'); END")
        yield
        return
    body = "BEGIN RAISE EXCEPTION 'no more rows'; END"
    stage.sql(f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    stage.sql(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} EXECUTE FUNCTION refuse()")
    try:
        yield
    finally:
        stage.sql("DROP FUNCTION refuse CASCADE")


def _cut_who_waits(postgres: PostgresCluster, url: str) -> None:
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
    with postgres.connect() as connection:
        while not connection.execute(cut, (url.rsplit("/", 1)[1],)).fetchall():
            pass
