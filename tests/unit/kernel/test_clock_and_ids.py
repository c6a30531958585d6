"""Time and identifiers are handed in, and a simulation can repeat them."""

from datetime import UTC, datetime, timedelta

from provisioner.kernel.clock import FakeClock, SystemClock
from provisioner.kernel.ids import CountingIds, RandomIds


def test_the_system_clock_tells_aware_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_monotonic_system_clock_never_goes_back() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)


def test_sleeping_less_than_nothing_returns_at_once() -> None:
    SystemClock().sleep(-1)


def test_sleeping_moves_both_clocks_of_a_fake() -> None:
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.sleep(90)
    assert (clock.now(), clock.monotonic()) == (datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC), 90.0)


def test_a_jump_of_the_wall_clock_leaves_the_monotonic_one() -> None:
    clock = FakeClock()
    clock.jump(clock.now() - timedelta(hours=1))
    assert clock.monotonic() == 0.0


def test_counted_ids_are_the_same_in_each_run() -> None:
    ids = CountingIds("order")
    assert [ids.new(), ids.new()] == ["order-1", "order-2"]


def test_random_ids_differ_and_fit_into_36_characters() -> None:
    ids = [RandomIds().new() for _ in range(100)]
    assert len(set(ids)) == 100
    assert {len(each) for each in ids} == {36}
