"""The faults of a soak, drawn from its seed: which kind, when, and how hard. Nothing here is done yet."""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.sandbox.faults import Fault, Rule

# How often each kind strikes for 10,000 orders; at least once in any soak.
COUNTS: Final[Mapping[str, int]] = {
    "worker_kill": 200,
    "relay_kill": 30,
    "scheduler_kill": 10,
    "broker_kill": 20,
    "database_kill": 20,
    "broker_cut": 25,
    "database_cut": 25,
    "worker_freeze": 20,
    "memory_alarm": 6,
    "disk_alarm": 4,
    "database_partition": 5,
    "broker_partition": 5,
    "vendor_silence": 10,
    "vendor_cut": 30,
    "vendor_latency": 10,
    "vendor_fault": 400,
}
FULL: Final = 10_000
FEWEST: Final[Mapping[str, int]] = {"worker_kill": 4, "vendor_fault": 8, "vendor_cut": 2}


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault. It comes when so many orders were placed; `luck`, from 0 to 1, decides about its details."""

    after_orders: int
    kind: str
    luck: float

    def choose(self, choices: Any) -> Any:
        """One of several, by luck."""
        return choices[min(int(self.luck * len(choices)), len(choices) - 1)]

    def between(self, low: float, high: float) -> float:
        """A number between two, by luck."""
        return low + self.luck * (high - low)


def plan(seed: int, orders: int) -> list[Strike]:
    """All strikes of a soak, in the order in which they come; none before the first orders are on their way."""
    dice = random.Random(f"{seed}/strikes")  # noqa: S311 - a soak is to be repeated
    kinds = [kind for kind, full in COUNTS.items() for _ in range(_count(kind, full, orders))]
    first = min(5, orders)
    strikes = [Strike(dice.randint(first, orders), kind, dice.random()) for kind in kinds]
    return sorted(strikes, key=lambda strike: (strike.after_orders, strike.luck))


def _count(kind: str, full: int, orders: int) -> int:
    return max(math.ceil(full * orders / FULL), FEWEST.get(kind, 1))


def rules(strike: Strike, simulator: str) -> Iterator[Rule]:
    """What the simulated vendor is to do wrong, for a strike of the kind `vendor_fault`."""
    dice = random.Random(strike.luck)  # noqa: S311 - a soak is to be repeated
    fault, operations, options = dice.choice(VENDOR_FAULTS[simulator])
    yield Rule.model_validate({"operation": dice.choice(operations), "fault": fault, **options})


_MAKING: Final = ("customer.add", "webspace.add")
_CHANGING: Final = (*_MAKING, "webspace.set", "webspace.del", "customer.del")
_LOOKING: Final = ("customer.get", "webspace.get")
_CERTIFYING: Final = ("certificate.install", "certificate.remove", "site.set", "dns.add_rec", "dns.del_rec")
_ANY: Final = (*_CHANGING, *_LOOKING)

_Faults = tuple[tuple[Fault, tuple[str, ...], Mapping[str, Any]], ...]

PANEL_FAULTS: Final[_Faults] = (
    (Fault.TIMEOUT_BEFORE_EFFECT, _ANY, {"seconds": 4}),
    (Fault.TIMEOUT_AFTER_EFFECT, _CHANGING, {"seconds": 4}),
    (Fault.TIMEOUT_AFTER_EFFECT, _MAKING, {"seconds": 4, "times": 2}),
    (Fault.LATE_SUCCESS, _MAKING, {"seconds": 1}),
    (Fault.RESET_BEFORE_EFFECT, _ANY, {}),
    (Fault.RESET_AFTER_EFFECT, _CHANGING, {}),
    (Fault.BAD_GATEWAY_BEFORE_EFFECT, _ANY, {"times": 3}),
    (Fault.BAD_GATEWAY_AFTER_EFFECT, _CHANGING, {}),
    (Fault.GARBAGE_BEFORE_EFFECT, _ANY, {}),
    (Fault.GARBAGE_AFTER_EFFECT, _CHANGING, {}),
    (Fault.SLOW_DRIP, _ANY, {"seconds": 3}),
    (Fault.DELAY, _ANY, {"seconds": 1}),
    (Fault.FAIL_AFTER_EFFECT, _CHANGING, {}),
    (Fault.HALF_DONE, ("webspace.add",), {}),
    (Fault.REFUSE, _ANY, {"code": 1003, "times": 8}),
    (Fault.REFUSE, _CHANGING, {"code": 1023}),
    (Fault.REFUSE, _MAKING, {"code": 1019, "text": "a value is wrong"}),
    (Fault.REFUSE, ("*",), {"code": 1012}),
    (Fault.RESET_BEFORE_EFFECT, _CERTIFYING, {}),
    (Fault.RESET_AFTER_EFFECT, _CERTIFYING, {}),
    (Fault.GARBAGE_AFTER_EFFECT, _CERTIFYING, {}),
    (Fault.TIMEOUT_AFTER_EFFECT, _CERTIFYING, {"seconds": 4}),
)

_BUYING: Final = ("domain:create", "domain:renew")
_WRITING: Final = (*_BUYING, "domain:update", "contact:create", "domain:delete")
_READING: Final = ("domain:check", "domain:info", "contact:info")
_EVERY: Final = (*_WRITING, *_READING)

REGISTRY_FAULTS: Final[_Faults] = (
    (Fault.RESET_BEFORE_EFFECT, _EVERY, {}),
    (Fault.RESET_AFTER_EFFECT, _WRITING, {"times": 2}),
    (Fault.TIMEOUT_AFTER_EFFECT, _WRITING, {"seconds": 4}),
    (Fault.CUT_IN_REPLY, _WRITING, {}),
    (Fault.BAD_LENGTH, _EVERY, {}),
    (Fault.BAD_UTF8, _WRITING, {}),
    (Fault.WRONG_TRANSACTION, _WRITING, {}),
    (Fault.SLOW_DRIP, _EVERY, {"seconds": 3}),
    (Fault.DELAY, _EVERY, {"seconds": 1}),
    (Fault.REFUSE, _EVERY, {"code": 2400, "times": 2}),
    (Fault.REFUSE, _EVERY, {"code": 2502}),
)

_ORDERING: Final = ("order:create", "challenge:answer", "order:finalize")
_AUTHORITY: Final = (*_ORDERING, "order:read", "authorization:read", "certificate:download", "certificate:revoke")
_ALL: Final = (*_AUTHORITY, "directory", "nonce")

AUTHORITY_FAULTS: Final[_Faults] = (
    (Fault.RESET_BEFORE_EFFECT, _ALL, {}),
    (Fault.RESET_AFTER_EFFECT, _AUTHORITY, {"times": 2}),
    (Fault.TIMEOUT_BEFORE_EFFECT, _AUTHORITY, {"seconds": 4}),
    (Fault.TIMEOUT_AFTER_EFFECT, _ORDERING, {"seconds": 4}),
    (Fault.LATE_SUCCESS, ("order:finalize",), {"seconds": 1}),
    (Fault.BAD_GATEWAY_BEFORE_EFFECT, _ALL, {"times": 3}),
    (Fault.BAD_GATEWAY_AFTER_EFFECT, _ORDERING, {}),
    (Fault.GARBAGE_BEFORE_EFFECT, _ALL, {}),
    (Fault.GARBAGE_AFTER_EFFECT, _ORDERING, {}),
    (Fault.FAIL_AFTER_EFFECT, _ORDERING, {}),
    (Fault.CUT_IN_REPLY, _AUTHORITY, {}),
    (Fault.SLOW_DRIP, _AUTHORITY, {"seconds": 3}),
    (Fault.DELAY, _ALL, {"seconds": 1}),
    (Fault.REFUSE, _AUTHORITY, {"code": 400, "text": "badNonce", "times": 3}),
    (Fault.REFUSE, _ORDERING, {"code": 429, "seconds": 1}),
    (Fault.REFUSE, _AUTHORITY, {"code": 503, "seconds": 1}),
    (Fault.REFUSE, _ORDERING, {"code": 500}),
)
VENDOR_FAULTS: Final[Mapping[str, _Faults]] = {
    "plesk": PANEL_FAULTS,
    "epp": REGISTRY_FAULTS,
    "acme": AUTHORITY_FAULTS,
}
