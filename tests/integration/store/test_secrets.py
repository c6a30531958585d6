"""What is secret rests sealed; what was put aside too."""

import json
import re
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from provisioner.kernel.errors import NotFoundError, RefusedError
from provisioner.kernel.sealing import SecretBox
from provisioner.store import credentials
from provisioner.store.quarantine import Reject
from provisioner.store.tables import metadata
from tests.support.postgres import PostgresCluster
from tests.support.stores import Stage, hosting, together, while_locked

CANARY = "Zq7!canary-bird"
BROKEN = Reject("not_json", "The body is not JSON.")


class TestAtRest:
    def test_no_secret_is_in_any_table(self, stage: Stage) -> None:
        stage.add_account()
        stage.shop.place("o-1", [hosting(password=stage.shop.sealed(CANARY))])
        stage.shop.intake.receive(b'{"password": "' + CANARY.encode() + b'"', "orders")
        stage.shop.say("order.place.v1", {"order_id": "o-2", "password": CANARY})
        stage.work()
        assert stage.panel.subscriptions["s-1"].password.reveal() == CANARY
        assert _dump(stage).find(CANARY.encode()) == -1

    def test_the_account_s_credentials_are_sealed(self, stage: Stage) -> None:
        stage.add_account()
        assert re.search(rb"t-1\b", _dump(stage)) is None


class TestQuarantine:
    def test_what_was_put_aside_comes_back_as_it_was(self, stage: Stage) -> None:
        raw = bytes(range(256))
        kept = stage.store.quarantine.keep(raw, "orders", BROKEN)
        assert stage.store.quarantine.body(kept) == (raw, "orders")

    def test_the_storefront_is_told_once(self, stage: Stage) -> None:
        for _ in range(3):
            stage.shop.intake.receive(b"{", "orders")
        assert [row["type"] for row in stage.rows("outbox")] == ["message.rejected.v1"]

    def test_the_same_body_again_is_counted(self, stage: Stage) -> None:
        ids = {stage.store.quarantine.keep(b"{", "orders", BROKEN) for _ in range(2)}
        assert (len(ids), stage.row("quarantine")["times_seen"]) == (1, 2)

    def test_the_same_body_from_many_threads_is_one_row(self, stage: Stage) -> None:
        results = together(*[lambda: stage.store.quarantine.keep(b"{", "orders", BROKEN)] * 8)
        assert (len(set(results)), stage.row("quarantine")["times_seen"]) == (1, 8)

    def test_what_was_discarded_is_open_again_when_it_comes_again(self, stage: Stage) -> None:
        kept = stage.store.quarantine.keep(b"{", "orders", BROKEN)
        stage.store.quarantine.settle(kept, "discarded", "operator")
        stage.store.quarantine.keep(b"{", "orders", BROKEN)
        assert stage.row("quarantine")["status"] == "open"

    @pytest.mark.parametrize("status", ["replayed", "discarded"])
    def test_a_message_is_settled_once(self, stage: Stage, status: str) -> None:
        kept = stage.store.quarantine.keep(b"{", "orders", BROKEN)
        stage.store.quarantine.settle(kept, status, "operator")
        with pytest.raises(RefusedError, match=status):
            stage.store.quarantine.settle(kept, "discarded", "operator")

    def test_of_two_who_settle_at_once_one_is_refused(self, postgres_stage: Stage, postgres: PostgresCluster) -> None:
        kept = postgres_stage.store.quarantine.keep(b"{", "orders", BROKEN)
        settle = partial(postgres_stage.store.quarantine.settle, kept, "discarded", "operator")
        results = while_locked(postgres, postgres_stage, "UPDATE quarantine SET times_seen = 1", settle, settle)
        assert [isinstance(result, RefusedError) for result in results].count(True) == 1
        assert postgres_stage.count("audit", action="quarantine.discarded") == 1

    def test_what_is_not_there_cannot_be_read_or_settled(self, stage: Stage) -> None:
        with pytest.raises(NotFoundError):
            stage.store.quarantine.body("q-9")
        with pytest.raises(NotFoundError):
            stage.store.quarantine.settle("q-9", "discarded", "operator")


class TestRotation:
    def test_every_value_is_sealed_anew_and_opens(self, stage: Stage) -> None:
        _filled(stage)
        stage.ring.rotate()
        assert stage.store.credentials.reseal_all() == 4
        active = stage.ring.active_id.encode()
        for _, key, column in credentials.SEALED:
            for row in _filled_rows(stage, column):
                assert active in row[column.name]
                assert credentials.unseal(_box(stage), column, row[key.name], row[column.name])

    def test_what_is_sealed_with_the_active_key_stays(self, stage: Stage) -> None:
        _filled(stage)
        assert stage.store.credentials.reseal_all() == 0

    def test_many_rows_are_all_done(self, stage: Stage) -> None:
        for number in range(250):
            stage.store.quarantine.keep(f"{{{number}".encode(), "orders", BROKEN)
        stage.ring.rotate()
        assert stage.store.credentials.reseal_all() == 250

    def test_orders_go_on_after_a_rotation(self, stage: Stage) -> None:
        _filled(stage)
        stage.ring.rotate()
        stage.store.credentials.reseal_all()
        stage.work()
        assert stage.row("orders")["status"] == "completed"


class TestReveal:
    def test_the_password_of_a_service_is_shown(self, stage: Stage) -> None:
        _filled(stage)
        assert stage.store.credentials.reveal_password("s-1", "operator").reveal() == CANARY

    def test_it_is_shown_once_and_written_down(self, stage: Stage) -> None:
        _filled(stage)
        results = together(*[lambda: stage.store.credentials.reveal_password("s-1", "operator")] * 4)
        assert [isinstance(result, RefusedError) for result in results].count(True) == 3
        assert [row["actor"] for row in stage.rows("audit", action="password.reveal")] == ["operator"]

    def test_a_service_that_is_not_there_has_none(self, stage: Stage) -> None:
        with pytest.raises(NotFoundError):
            stage.store.credentials.reveal_password("s-9", "operator")


def _filled(stage: Stage) -> None:
    """One value in each sealed column of hosting."""
    stage.add_account()
    stage.shop.place("o-1", [hosting(password=stage.shop.sealed(CANARY))])
    stage.store.quarantine.keep(b"{", "orders", BROKEN)


def _filled_rows(stage: Stage, column: sa.Column[bytes]) -> list[dict[str, Any]]:
    """The rows that have something sealed in this column."""
    return [row for row in stage.rows(column.table) if row[column.name] is not None]


def _box(stage: Stage) -> SecretBox:
    return SecretBox(stage.ring)


def _dump(stage: Stage) -> bytes:
    """Everything in every table: texts as they are, bytes as they are."""
    found = bytearray()
    for table in metadata.sorted_tables:
        for row in stage.rows(table):
            for value in row.values():
                found += (
                    value if isinstance(value, bytes) else json.dumps(value, default=str, ensure_ascii=False).encode()
                )
                found += b"\n"
    return bytes(found)
