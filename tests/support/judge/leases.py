"""C6 and C7: no write under an old token or out of turn, and nothing is leased for longer than a lease."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.support.judge.history import History, Row, moment
from tests.support.judge.verdict import Finding, Wrong

SKEW_SECONDS: Final = 1.0
NEVER: Final = datetime.max.replace(tzinfo=UTC)


def judge(history: History) -> Iterator[Finding]:
    """Breaches of C6 and C7."""
    yield from _tokens(history)
    yield from _taken_over(history)
    yield from _turns(history)
    yield from _leases(history)
    yield from _seen(history)


def _tokens(history: History) -> Iterator[Finding]:
    """The steps of an operation, in the order of writing, have ever higher tokens, and none above the operation's."""
    operations = history.by_id("operations")
    highest: dict[str, int] = {}
    for step in sorted(history.table("steps"), key=lambda row: moment(row["updated_at"])):
        operation_id = step["operation_id"]
        before, newest = highest.get(operation_id, 0), operations.get(operation_id, {}).get("fence", 0)
        if not before <= step["fence"] <= newest:
            words = f"step {step['name']} of {operation_id} was written under token {step['fence']} after {before}"
            yield Finding("C6", Wrong.DOUBLED, words)
        highest[operation_id] = max(before, step["fence"])


def _taken_over(history: History) -> Iterator[Finding]:
    """Once a lease was seen, no step of its operation is written under an older token."""
    seen: dict[str, list[Row]] = defaultdict(list)
    for lease in history.leases:
        seen[lease["operation_id"]].append(lease)
    for step in history.table("steps"):
        newer = [lease for lease in seen[step["operation_id"]] if lease["fence"] > step["fence"]]
        if any(moment(lease["at"]) < moment(step["updated_at"]) for lease in newer):
            words = f"step {step['name']} of {step['operation_id']} was written under token {step['fence']}"
            yield Finding("C6", Wrong.DOUBLED, f"{words}, when a newer one was held")


def _turns(history: History) -> Iterator[Finding]:
    """The operations of a resource write one after the other, in the order in which they were accepted."""
    begun = _begun(history)
    of_resource: dict[str, list[Row]] = defaultdict(list)
    for operation in sorted(history.table("operations"), key=lambda row: row["position"]):
        of_resource[operation["resource"]].append(operation)
    for operations in of_resource.values():
        yield from _one_by_one(operations, begun)


def _begun(history: History) -> dict[str, datetime]:
    """When each operation wrote first, by the database's clock."""
    begun: dict[str, datetime] = {}
    writes = [(row["operation_id"], row["started_at"]) for row in history.table("steps")]
    writes += [(row["operation_id"], row["at"]) for row in history.table("attempts")]
    for operation_id, at in writes:
        begun[operation_id] = min(begun.get(operation_id, moment(at)), moment(at))
    return begun


def _one_by_one(operations: Sequence[Row], begun: Mapping[str, datetime]) -> Iterator[Finding]:
    latest = operations[0]
    for operation in operations[1:]:
        first = begun.get(operation["id"])
        if first is not None and first < _ended(latest):
            words = f"operation {operation['id']} wrote at {first}, before {latest['id']} of its resource had ended"
            yield Finding("C6", Wrong.DOUBLED, words)
        latest = max(latest, operation, key=_ended)


def _ended(operation: Row) -> datetime:
    return NEVER if operation["ended_at"] is None else moment(operation["ended_at"])


def _seen(history: History) -> Iterator[Finding]:
    for lease in history.leases:
        if lease["seconds"] > history.lease_seconds + SKEW_SECONDS:
            words = f"operation {lease['operation_id']} was leased for {lease['seconds']} s at {lease['at']}"
            yield Finding("C7", Wrong.STUCK, words)


def _leases(history: History) -> Iterator[Finding]:
    now = moment(history.taken_at)
    longest = timedelta(seconds=history.lease_seconds + SKEW_SECONDS)
    for operation in history.table("operations"):
        if operation["state"] != "running":
            continue
        ends = moment(operation["due_at"])
        if ends > now + longest:
            yield Finding("C7", Wrong.STUCK, f"operation {operation['id']} is leased until {ends}, at {now}")
        if ends < now - longest:
            yield Finding("C7", Wrong.STUCK, f"the lease of operation {operation['id']} ran out at {ends}; no one came")
