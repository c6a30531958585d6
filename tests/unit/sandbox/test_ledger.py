"""The ledger keeps every effect once, in order, and finds it again."""

import json
import stat
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox.ledger import Ledger
from provisioner.kernel.clock import FakeClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def test_an_effect_is_kept_with_everything_that_was_told() -> None:
    ledger = Ledger("plesk", clock=FakeClock(datetime(2026, 1, 2, tzinfo=UTC)))
    told = {"reference": "svc:1", "object_id": "7", "guid": "g", "details": {"plan": "basic"}}
    ledger.record("add", account="admin", reference="svc:1", object_id="7", guid="g", details={"plan": "basic"})
    (effect,) = ledger.effects()
    assert asdict(effect) == told | {
        "seq": 1,
        "at": "2026-01-02T00:00:00+00:00",
        "simulator": "plesk",
        "account": "admin",
        "operation": "add",
    }


def test_effects_are_found_by_operation_and_by_reference() -> None:
    ledger = Ledger("plesk")
    for operation, reference in (("add", "a"), ("add", "b"), ("del", "a")):
        ledger.record(operation, account="admin", reference=reference)
    assert [effect.seq for effect in ledger.effects(operation="add")] == [1, 2]
    assert [effect.seq for effect in ledger.effects(operation="add", reference="a")] == [1]


def test_a_ledger_without_a_path_starts_empty() -> None:
    assert Ledger("plesk").effects() == []


def test_effects_are_there_again_and_the_numbers_go_on(path: Path) -> None:
    Ledger("plesk", path).record("add", account="admin")
    again = Ledger("plesk", path)
    again.record("del", account="admin")
    assert [(effect.seq, effect.operation) for effect in Ledger("plesk", path).effects()] == [(1, "add"), (2, "del")]


def test_a_line_that_was_cut_off_is_dropped_and_the_next_is_whole(path: Path) -> None:
    Ledger("plesk", path).record("add", account="admin")
    with path.open("ab") as file:
        file.write(b'{"seq": 2, "at": "20')
    Ledger("plesk", path).record("del", account="admin")
    assert [json.loads(line)["operation"] for line in path.read_text().splitlines()] == ["add", "del"]


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    Ledger("plesk", path).record("add", account="admin")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_clearing_empties_the_file_too(path: Path) -> None:
    ledger = Ledger("plesk", path)
    ledger.record("add", account="admin")
    ledger.clear()
    assert (ledger.effects(), Ledger("plesk", path).effects()) == ([], [])


def test_many_threads_lose_and_repeat_nothing(path: Path) -> None:
    ledger = Ledger("plesk", path)

    def write() -> None:
        for _ in range(50):
            ledger.record("add", account="admin")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [effect.seq for effect in Ledger("plesk", path).effects()] == list(range(1, 401))


@given(reference=st.text(), details=st.dictionaries(st.text(), st.text(), max_size=3))
def test_any_text_survives_the_file(
    reference: str, details: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    written = Ledger("plesk", path).record("add", account="admin", reference=reference, details=details)
    assert Ledger("plesk", path).effects() == [written]
