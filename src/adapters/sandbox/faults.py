"""The fault plan: what shall go wrong, for which operation, how many times.

A rule names an operation as the simulator names it (`webspace.add`), a family (`webspace.*`) or all (`*`); with `match`
it strikes only where a reference, name or identifier in the request contains that text. The first `skip` requests that
fit pass unharmed, the next `times` are struck, and then the rule is gone. Rules are tried in the order of arrival;
one request meets one rule at most.
"""

import itertools
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Fault(StrEnum):
    """What can go wrong. `before` and `after` mean: before or after the effect takes place."""

    REFUSE = "refuse"
    DELAY = "delay"
    TIMEOUT_BEFORE_EFFECT = "timeout_before_effect"
    TIMEOUT_AFTER_EFFECT = "timeout_after_effect"
    LATE_SUCCESS = "late_success"
    RESET_BEFORE_EFFECT = "reset_before_effect"
    RESET_AFTER_EFFECT = "reset_after_effect"
    BAD_GATEWAY_BEFORE_EFFECT = "bad_gateway_before_effect"
    BAD_GATEWAY_AFTER_EFFECT = "bad_gateway_after_effect"
    GARBAGE_BEFORE_EFFECT = "garbage_before_effect"
    GARBAGE_AFTER_EFFECT = "garbage_after_effect"
    SLOW_DRIP = "slow_drip"
    FAIL_AFTER_EFFECT = "fail_after_effect"
    HALF_DONE = "half_done"
    PROBLEMS = "problems"
    CUT_IN_REPLY = "cut_in_reply"
    BAD_LENGTH = "bad_length"
    BAD_UTF8 = "bad_utf8"
    WRONG_TRANSACTION = "wrong_transaction"
    WRONG_OBJECT = "wrong_object"
    DEFAULT_CERTIFICATE = "default_certificate"
    SEEN_LATE = "seen_late"


NEEDS_CODE = frozenset({Fault.REFUSE})
NEEDS_SECONDS = frozenset({Fault.DELAY, Fault.SEEN_LATE})
NEEDS_TEXT = frozenset({Fault.PROBLEMS})


class Rule(BaseModel):
    """One line of the plan. `seconds` is a duration whose meaning depends on the fault; see the reference page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: Annotated[str, Field(min_length=1, max_length=100)]
    fault: Fault
    match: Annotated[str, Field(max_length=255)] = ""
    times: Annotated[int, Field(ge=1)] = 1
    skip: Annotated[int, Field(ge=0)] = 0
    code: Annotated[int, Field(ge=0)] = 0
    text: str = ""
    seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0

    @model_validator(mode="after")
    def _complete(self) -> Self:
        required = ((NEEDS_CODE, self.code, "code"), (NEEDS_SECONDS, self.seconds, "seconds"))
        for faults, value, name in (*required, (NEEDS_TEXT, self.text, "text")):
            if self.fault in faults and not value:
                raise ValueError(f"the fault `{self.fault}` needs `{name}`")
        return self

    def fits(self, operation: str, marks: Iterable[str]) -> bool:
        """True when this rule is about that operation and one of the texts in the request."""
        return fnmatchcase(operation, self.operation) and (not self.match or any(self.match in m for m in marks))


@dataclass(slots=True)
class PlannedRule:
    """A rule and how much of it is left."""

    number: int
    rule: Rule
    skip: int = field(init=False)
    times: int = field(init=False)

    def __post_init__(self) -> None:
        self.skip, self.times = self.rule.skip, self.rule.times

    def strike(self) -> bool:
        """Count one fitting request; True when it is to be struck."""
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class FaultPlan:
    """The rules that are still to strike, safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[PlannedRule] = []
        self._numbers = itertools.count(1)

    def add(self, rule: Rule) -> int:
        """Plan a fault; gives the rule's number."""
        with self._lock:
            planned = PlannedRule(next(self._numbers), rule)
            self._planned.append(planned)
            return planned.number

    def plan(self, operation: str, fault: Fault, **options: object) -> int:
        """Plan a fault by its parts; options are the fields of `Rule`. Raises pydantic.ValidationError."""
        return self.add(Rule.model_validate({"operation": operation, "fault": fault, **options}))

    def take(self, operation: str, marks: Iterable[str] = ()) -> Rule | None:
        """The rule that strikes this request, if any; its count goes down."""
        texts = tuple(marks)
        with self._lock:
            for planned in self._planned:
                if planned.rule.fits(operation, texts) and planned.strike():
                    self._planned = [p for p in self._planned if p.times]
                    return planned.rule
        return None

    def remaining(self) -> list[dict[str, object]]:
        """The plan as JSON: each rule with its number and what is left of `skip` and `times`."""
        with self._lock:
            return [
                {**p.rule.model_dump(mode="json"), "number": p.number, "skip": p.skip, "times": p.times}
                for p in self._planned
            ]

    def clear(self) -> None:
        """Plan nothing."""
        with self._lock:
            self._planned.clear()
