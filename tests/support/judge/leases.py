"""C6 and C7: no write under an old token, and nothing is leased for longer than a lease."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from tests.support.judge.history import History, moment
from tests.support.judge.verdict import Finding, Wrong

SKEW_SECONDS: Final = 1.0


def judge(history: History) -> Iterator[Finding]:
    """Breaches of C6 and C7."""
    yield from _tokens(history)
    yield from _leases(history)


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
