"""Carries the strikes out, and puts right again what they broke."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import psycopg

from tests.soak.estate import LEASE_SECONDS, Estate, Post
from tests.soak.strikes import Strike, rules
from tests.support.rabbit import MEMORY_WATERMARK

Heal = Callable[[], object]
Struck = tuple[float, Heal] | None

ALARM_SECONDS: Final = 3.0
PARTITION_SECONDS: Final = LEASE_SECONDS * 2
FREEZE_SECONDS: Final = LEASE_SECONDS * 1.6
SILENCE_SECONDS: Final = 6.0
DISK_LIMIT: Final = "1MB"
NO_DISK: Final = "9000000GB"


@dataclass(slots=True)
class Nemesis:
    """For the thread that started the processes: what is killed is started again by that thread."""

    estate: Estate
    strikes: list[Strike]
    partition_seconds: float = PARTITION_SECONDS
    struck: Counter[str] = field(default_factory=Counter)
    in_vain: Counter[str] = field(default_factory=Counter)
    _heals: list[tuple[float, Heal]] = field(default_factory=list)

    def turn(self, placed: int) -> None:
        """Heal what is due, and strike once if it is time."""
        self._heal_due()
        if self.strikes and self.strikes[0].after_orders <= placed:
            self._strike(self.strikes.pop(0))

    @property
    def is_done(self) -> bool:
        """True when every strike has come and is healed."""
        return not self.strikes and not self._heals

    def _strike(self, strike: Strike) -> None:
        try:
            struck = self._carry_out(strike)
        except Missed:
            self.in_vain[strike.kind] += 1
            return
        self.struck[strike.kind] += 1
        if struck is not None:
            seconds, heal = struck
            self._heals.append((time.monotonic() + seconds, heal))

    def _carry_out(self, strike: Strike) -> Struck:
        if strike.kind in PARTED:
            way = _worker(self.estate, strike).ways[PARTED[strike.kind]]
            way.silence()
            return self.partition_seconds, way.heal
        return STRIKES[strike.kind](self.estate, strike)

    def _heal_due(self) -> None:
        now = time.monotonic()
        due = [heal for at, heal in self._heals if at <= now]
        self._heals = [each for each in self._heals if each[0] > now]
        for heal in due:
            heal()


class Missed(Exception):
    """What was to be struck is not there just now."""


# -- processes of ours


def _worker(estate: Estate, strike: Strike) -> Post:
    running = [post for post in estate.workers if post.child is not None and post.child.running]
    if not running:
        raise Missed
    post: Post = strike.choose(running)
    return post


def _kill(post: Post) -> None:
    if not post.kill():
        raise Missed


def _kill_worker(estate: Estate, strike: Strike) -> Struck:
    _kill(_worker(estate, strike))
    return None


def _kill_relay(estate: Estate, strike: Strike) -> Struck:
    _kill(estate.posts[strike.choose(("relay-1", "relay-2"))])
    return None


def _kill_scheduler(estate: Estate, _strike: Strike) -> Struck:
    _kill(estate.posts["scheduler-1"])
    return None


def _freeze_worker(estate: Estate, strike: Strike) -> Struck:
    post = _worker(estate, strike)
    child = post.child
    if child is None or not child.running:
        raise Missed

    def thaw() -> None:
        if child.running:
            child.send(signal.SIGCONT)

    child.send(signal.SIGSTOP)
    return FREEZE_SECONDS, thaw


# -- the broker


def _kill_broker(estate: Estate, _strike: Strike) -> Struck:
    estate.rabbit.kill()
    estate.rabbit.start()
    return None


def _cut_broker(estate: Estate, _strike: Strike) -> Struck:
    estate.vhost.cut()
    return None


def _raise_memory_alarm(estate: Estate, _strike: Strike) -> Struck:
    estate.rabbit.ctl("set_vm_memory_high_watermark", "0.0000001")
    return ALARM_SECONDS, lambda: estate.rabbit.ctl("set_vm_memory_high_watermark", MEMORY_WATERMARK)


def _raise_disk_alarm(estate: Estate, _strike: Strike) -> Struck:
    estate.rabbit.ctl("set_disk_free_limit", NO_DISK)
    return ALARM_SECONDS, lambda: estate.rabbit.ctl("set_disk_free_limit", DISK_LIMIT)


# -- the database


def _kill_database(estate: Estate, _strike: Strike) -> Struck:
    estate.postgres.kill()
    estate.postgres.start()
    return None


def _cut_database(estate: Estate, _strike: Strike) -> Struck:
    try:
        estate.postgres.terminate_backends(estate.database_url)
    except psycopg.OperationalError as away:
        raise Missed from away
    return None


# -- the network of the vendors


def _silence_vendor(estate: Estate, strike: Strike) -> Struck:
    way = estate.vendor_ways[strike.choose(sorted(estate.vendor_ways))]
    way.silence()
    return SILENCE_SECONDS, way.heal


def _cut_vendor(estate: Estate, strike: Strike) -> Struck:
    way = estate.vendor_ways[strike.choose(sorted(estate.vendor_ways))]
    way.cut_after(int(strike.between(1, 4000)))
    return None


def _slow_vendor_down(estate: Estate, strike: Strike) -> Struck:
    way = estate.vendor_ways[strike.choose(sorted(estate.vendor_ways))]
    way.slow_down(strike.between(0.05, 0.4))
    return SILENCE_SECONDS, way.heal


def _plan_fault(estate: Estate, strike: Strike) -> Struck:
    vendor = estate.vendors[strike.choose(sorted(estate.vendors))]
    for rule in rules(strike, vendor.name):
        vendor.faults.add(rule)
    return None


STRIKES: Final[Mapping[str, Callable[[Estate, Strike], Struck]]] = {
    "worker_kill": _kill_worker,
    "relay_kill": _kill_relay,
    "scheduler_kill": _kill_scheduler,
    "worker_freeze": _freeze_worker,
    "broker_kill": _kill_broker,
    "broker_cut": _cut_broker,
    "memory_alarm": _raise_memory_alarm,
    "disk_alarm": _raise_disk_alarm,
    "database_kill": _kill_database,
    "database_cut": _cut_database,
    "vendor_silence": _silence_vendor,
    "vendor_cut": _cut_vendor,
    "vendor_latency": _slow_vendor_down,
    "vendor_fault": _plan_fault,
}
PARTED: Final = {"database_partition": "database", "broker_partition": "broker"}
KILLS: Final = ("worker_kill", "relay_kill", "scheduler_kill", "broker_kill", "database_kill")
