"""Registries' queues are read by one process at a time, and what was read is safe before the registry drops it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from provisioner.ports.accounts import VendorAccount
from provisioner.ports.outcomes import Misconfigured, Rejected, Unavailable
from provisioner.runner.polling import with_queue
from provisioner.store.tables_domains import poll_leases
from tests.integration.runner.registry import (
    KILLED,
    LEASE_SECONDS,
    Registry,
    barrier,
    ended,
    factory_of,
    polling_of,
    reading_process,
)
from tests.integration.store.estate import REGISTRAR, add_domain, add_registrar
from tests.support.processes import wait_for
from tests.support.stores import FakePanel, Stage

NEVER_SET = threading.Event()


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """An empty queue."""
    return Registry(tmp_path / "queue")


@pytest.fixture
def estate(stage: Stage) -> Stage:
    """A store with a registrar and a domain."""
    add_registrar(stage)
    add_domain(stage)
    return stage


@pytest.fixture
def live_estate(live_stage: Stage) -> Stage:
    """The same in real time."""
    add_registrar(live_stage)
    add_domain(live_stage)
    return live_stage


def _failing(stage: Stage) -> object:
    """Since when rounds fail."""
    leases = stage.rows("poll_leases")
    return leases[0]["failing_since"] if leases else None


def failing(error: Exception) -> Callable[[str], None]:
    """A registry where every call ends so."""

    def fail(_call: str) -> None:
        raise error

    return fail


@contextmanager
def polling(
    stage: Stage,
    registries: dict[str, Registry],
    rung: list[str] | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> Iterator[None]:
    """Polling at work, stopped at the end."""
    stop = threading.Event()
    at_work = polling_of(stage.store, registries, rung=rung, lease_seconds=lease_seconds)
    thread = threading.Thread(target=at_work.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


# -- one queue


def test_a_queue_is_read_to_its_end(estate: Stage, registry: Registry) -> None:
    registry.queue("m-1", "m-2", "m-3")
    assert polling_of(estate.store, {REGISTRAR: registry}).read(REGISTRAR, NEVER_SET) == 3
    assert registry.messages == []
    rows = estate.rows("poll_messages")
    assert [row["message_id"] for row in rows] == ["m-1", "m-2", "m-3"]
    assert all(row["acknowledged_at"] is not None for row in rows)


def test_a_message_is_kept_before_it_is_acknowledged(estate: Stage, registry: Registry) -> None:
    registry.queue("m-1")
    kept: list[int] = []
    registry.before = lambda call: kept.append(estate.count("poll_messages")) if call == "acknowledge" else None
    polling_of(estate.store, {REGISTRAR: registry}).read(REGISTRAR, NEVER_SET)
    assert kept == [1]


def test_the_bell_is_rung_for_what_follows(estate: Stage, registry: Registry) -> None:
    registry.queue("m-1")
    rung: list[str] = []
    polling_of(estate.store, {REGISTRAR: registry}, rung=rung).read(REGISTRAR, NEVER_SET)
    assert rung == [estate.row("operations")["id"]]


def test_a_registry_that_drops_nothing_is_asked_again_only_later(estate: Stage, registry: Registry) -> None:
    registry.queue("m-1")
    registry.drops = False
    assert polling_of(estate.store, {REGISTRAR: registry}).read(REGISTRAR, NEVER_SET) == 1
    assert len(registry.readers) == 2


def test_a_process_that_is_to_stop_asks_for_no_more(estate: Stage, registry: Registry) -> None:
    registry.queue("m-1", "m-2")
    stop = threading.Event()
    registry.before = lambda call: stop.set() if call == "acknowledge" else None
    polling_of(estate.store, {REGISTRAR: registry}).read(REGISTRAR, stop)
    assert registry.messages == ["m-2"]


# -- many processes


def test_of_two_processes_that_poll_at_once_one_reads(estate: Stage, registry: Registry) -> None:
    registry.queue(*[f"m-{number:02}" for number in range(20)])
    start = barrier(2)
    processes = [reading_process(estate, REGISTRAR, registry.folder, together=start) for _ in range(2)]
    assert [ended(process) for process in processes] == [0, 0]
    assert (registry.messages, estate.count("poll_messages")) == ([], 20)
    assert len(set(registry.readers)) == 1


def test_a_process_killed_before_the_acknowledgement_leaves_it_to_the_next(estate: Stage, registry: Registry) -> None:
    registry.queue("m-1")
    killed = reading_process(estate, REGISTRAR, registry.folder, crash_at=f"poll/{REGISTRAR}:after_commit:1")
    assert ended(killed) == KILLED
    assert (registry.messages, estate.row("poll_messages")["acknowledged_at"]) == (["m-1"], None)
    estate.let_pass(LEASE_SECONDS + 1)
    polling_of(estate.store, {REGISTRAR: registry}).read(REGISTRAR, NEVER_SET)
    assert registry.messages == []
    assert estate.row("poll_messages")["acknowledged_at"] is not None
    assert (estate.count("operations"), len(estate.events("service/s-1"))) == (1, 1)


@pytest.mark.parametrize("point", ["before_commit", "after_ack"])
def test_no_message_is_lost_or_kept_twice_wherever_a_process_is_killed(
    estate: Stage, registry: Registry, point: str
) -> None:
    registry.queue("m-1", "m-2")
    killed = reading_process(estate, REGISTRAR, registry.folder, crash_at=f"poll/{REGISTRAR}:{point}:1")
    assert ended(killed) == KILLED
    estate.let_pass(LEASE_SECONDS + 1)
    polling_of(estate.store, {REGISTRAR: registry}).read(REGISTRAR, NEVER_SET)
    assert registry.messages == []
    assert [row["message_id"] for row in estate.rows("poll_messages")] == ["m-1", "m-2"]
    assert len(estate.events("service/s-1")) == 2


# -- many accounts


@pytest.mark.parametrize(
    "trouble", [Unavailable("down", "the registry is down"), KeyError("a fault of ours")], ids=["down", "fault"]
)
def test_an_account_in_trouble_stops_no_other(live_estate: Stage, tmp_path: Path, trouble: Exception) -> None:
    add_registrar(live_estate, "registrar-2")
    registries = {REGISTRAR: Registry(tmp_path / "one"), "registrar-2": Registry(tmp_path / "two")}
    registries[REGISTRAR].before = failing(trouble)
    registries["registrar-2"].queue("m-1")
    with polling(live_estate, registries):
        wait_for(lambda: not registries["registrar-2"].messages, "the other account is read")


def test_an_account_that_is_in_order_again_is_read(live_estate: Stage, registry: Registry) -> None:
    registry.before = failing(Unavailable("down", "the registry is down"))
    registry.queue("m-1")
    with polling(live_estate, {REGISTRAR: registry}):
        wait_for(lambda: live_estate.count("poll_leases"), "a round is over")
        registry.before = lambda _call: None
        wait_for(lambda: not registry.messages, "the account is read")


@pytest.mark.parametrize(
    ("call", "trouble", "reason"),
    [
        ("next_message", Unavailable("answer_unreadable", "no XML in UTF-8"), "no XML in UTF-8"),
        ("acknowledge", Rejected("invalid_request", "that is no id"), "that is no id"),
        ("next_message", KeyError("a fault of ours"), "KeyError"),
    ],
    ids=["unreadable", "acknowledgement refused", "fault"],
)
def test_a_queue_that_is_not_read_for_an_hour_is_told(
    live_estate: Stage, registry: Registry, call: str, trouble: Exception, reason: str
) -> None:
    registry.before = lambda name: failing(trouble)(name) if name == call else None
    registry.queue("m-1")
    with polling(live_estate, {REGISTRAR: registry}):
        wait_for(lambda: _failing(live_estate) is not None, "a round has failed")
        with live_estate.store.database.begin() as connection:
            connection.execute(sa.update(poll_leases).values(failing_since=live_estate.now() - timedelta(hours=1)))
        wait_for(lambda: live_estate.events(f"vendor-account/{REGISTRAR}"), "it is told")
    assert reason in live_estate.events(f"vendor-account/{REGISTRAR}")[0]["data"]["detail"]


@pytest.mark.parametrize("queued", [(), ("m-1",)], ids=["empty", "a message"])
def test_a_queue_that_is_read_again_is_not_told(
    live_estate: Stage, registry: Registry, queued: tuple[str, ...]
) -> None:
    registry.before = failing(Unavailable("down", "the registry is down"))
    with polling(live_estate, {REGISTRAR: registry}):
        wait_for(lambda: _failing(live_estate) is not None, "a round has failed")
        registry.queue(*queued)
        registry.before = lambda _call: None
        wait_for(lambda: _failing(live_estate) is None, "the queue is read")


def test_a_registry_that_hangs_stops_no_other(live_estate: Stage, tmp_path: Path) -> None:
    add_registrar(live_estate, "registrar-2")
    registries = {REGISTRAR: Registry(tmp_path / "one"), "registrar-2": Registry(tmp_path / "two")}
    goes_on = threading.Event()

    def hang(_call: str) -> None:
        goes_on.wait(30)

    registries[REGISTRAR].before = hang
    with polling(live_estate, registries):
        for message_id in ("m-1", "m-2"):
            registries["registrar-2"].queue(message_id)
            wait_for(lambda: not registries["registrar-2"].messages, "the other account is read, round after round")
        goes_on.set()


def test_a_queue_stays_with_the_process_that_reads_it_however_long_the_registry_takes(
    live_estate: Stage, registry: Registry
) -> None:
    registry.queue("m-1")
    goes_on = threading.Event()

    def hang(_call: str) -> None:
        goes_on.wait(30)

    registry.before = hang
    with polling(live_estate, {REGISTRAR: registry}, lease_seconds=6):
        wait_for(lambda: live_estate.count("poll_leases") == 1, "the queue is being read")
        began = live_estate.row("poll_leases")["lease_ends_at"]
        wait_for(lambda: live_estate.row("poll_leases")["lease_ends_at"] > began, "the lease is renewed")
        assert not live_estate.store.polls.lease(REGISTRAR, "another", 30)
        goes_on.set()
        wait_for(lambda: not registry.messages, "the message is read")


def test_an_account_that_cannot_log_in_is_parked(live_estate: Stage, registry: Registry) -> None:
    registry.before = failing(Misconfigured("login_refused", "the password is wrong"))
    with polling(live_estate, {REGISTRAR: registry}):
        wait_for(lambda: live_estate.row("vendor_accounts")["state"] == "parked", "the account is parked")
    assert "the password is wrong" in live_estate.row("vendor_accounts")["reason"]


def test_a_process_that_stops_gives_its_queues_back(live_estate: Stage, registry: Registry) -> None:
    registry.queue("m-1")
    with polling(live_estate, {REGISTRAR: registry}):
        wait_for(lambda: not registry.messages, "the account is read")
    assert live_estate.row("poll_leases")["owner"] is None


def test_only_adapters_with_a_queue_are_opened(tmp_path: Path) -> None:
    def panel(_account: VendorAccount, _clock: object) -> FakePanel:
        return FakePanel()

    registry = factory_of({REGISTRAR: Registry(tmp_path / "queue")})
    assert with_queue({"panel": panel, "registry": registry}) == {"registry"}
