"""What an operation did, step by step and attempt by attempt, as rows of text. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from provisioner.console.output import Section
from provisioner.store.query_records import AttemptRecord, OperationRecord, StepRecord

HEADERS: Final = ("time", "step", "attempt", "action", "outcome", "code", "duration", "message")
_SECOND: Final = 1000.0  # in milliseconds
_UNDER_WAY: Final = "intended"
_WITHOUT_CALL: Final = {"pending": "waits", "done": "reached", "failed": "gave up"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. `duration` in milliseconds, None while it lasts or when nothing was called."""

    at: datetime
    step: str
    attempt: int
    action: str
    outcome: str
    code: str = ""
    duration: float | None = None
    message: str = ""

    def cells(self) -> tuple[str, ...]:
        """The entry as text, a cell for each header."""
        at = self.at.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]
        duration = "" if self.duration is None else milliseconds(self.duration)
        attempt = str(self.attempt) if self.attempt else ""
        return (at, self.step, attempt, self.action, self.outcome, self.code, duration, self.message)


def entries(operation: OperationRecord) -> list[Entry]:
    """Every attempt, and every step that has something to tell beside its attempts, in order of time."""
    tried = [_attempt(each) for each in operation.attempts]
    beside = list(_steps(operation.steps, {each.step for each in operation.attempts}))
    return sorted([*tried, *beside], key=lambda entry: entry.at)


def section(operation: OperationRecord) -> Section:
    """The timeline of one operation under a title that says which it is."""
    about = f"item {operation.item_id}" if operation.item_id else f"service {operation.service_id}"
    where = f" on {operation.vendor_account}" if operation.vendor_account else ""
    title = f"Operation {operation.id}: {operation.workflow} for {about}{where}, {operation.state}"
    return Section(title, HEADERS, [entry.cells() for entry in entries(operation)])


def milliseconds(duration: float) -> str:
    """`3 ms`, `2.1 s`."""
    return f"{duration:.0f} ms" if duration < _SECOND else f"{duration / _SECOND:.1f} s"


def _attempt(each: AttemptRecord) -> Entry:
    code = " ".join(part for part in (each.code, f"({each.vendor_code})" if each.vendor_code else "") if part)
    outcome, message = each.outcome, each.message or ""
    return Entry(each.at, each.step, each.number, each.action, outcome, code, each.milliseconds, message)


def _steps(steps: Iterable[StepRecord], tried: set[str]) -> Iterator[Entry]:
    for step in steps:
        message = str(step.error["message"]) if step.error else ""
        if step.state == _UNDER_WAY:
            yield Entry(step.updated_at, step.name, step.attempts, "call", "no result yet")
        elif step.name not in tried:
            outcome = _WITHOUT_CALL.get(step.state, step.state)
            yield Entry(step.updated_at, step.name, step.attempts, "", outcome, message=message)
