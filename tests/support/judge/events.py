"""C5: events are gapless and in order for each subject, and everything that was written to be told was heard."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tests.support.judge.history import History, Row
from tests.support.judge.verdict import Finding, Wrong

GAPLESS: Final = {"order": "orders", "service": "services"}


def judge(history: History) -> Iterator[Finding]:
    """Breaches of C5."""
    yield from _written(history)
    yield from _versions(history)
    yield from _heard(history)
    yield from _order_of_arrival(history)
    yield from _last_word(history)


def _lost(words: str) -> Finding:
    return Finding("C5", Wrong.LOST, words)


def _doubled(words: str) -> Finding:
    return Finding("C5", Wrong.DOUBLED, words)


def _streams(rows: Sequence[Row]) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["id"]):
        found[row["subject"]].append(row["sequence"])
    return found


def _written(history: History) -> Iterator[Finding]:
    for stream, sequences in _streams(history.table("outbox")).items():
        if stream.partition("/")[0] in GAPLESS and sequences != list(range(1, len(sequences) + 1)):
            yield _lost(f"the events of {stream} are numbered {sequences}")
        elif sequences != sorted(set(sequences)):
            yield _doubled(f"the events of {stream} are numbered {sequences}")


def _versions(history: History) -> Iterator[Finding]:
    """The version of an order or a service counts its events."""
    streams = _streams(history.table("outbox"))
    for kind, table in GAPLESS.items():
        for row in history.table(table):
            told = len(streams.get(f"{kind}/{row['id']}", ()))
            if row["version"] != told:
                yield _lost(f"{kind} {row['id']} has version {row['version']} and {told} events")


def _heard(history: History) -> Iterator[Finding]:
    """Each event was heard at least once and always as it was written; nothing else was heard."""
    written = {row["event_id"]: json.loads(row["body"]) for row in history.table("outbox")}
    heard = {event["id"] for event in history.heard}
    for missing in written.keys() - heard:
        yield _lost(f"{written[missing]['type']} {missing} was written and never heard")
    for event in history.heard:
        if event != written.get(event["id"]):
            yield _doubled(f"{event['type']} {event['id']} was heard and not written so")


def _order_of_arrival(history: History) -> Iterator[Finding]:
    streams = {row["event_id"]: row["subject"] for row in history.table("outbox")}
    newest: dict[str, int] = {}
    seen: set[str] = set()
    for event in history.heard:
        stream = streams.get(event["id"])
        if stream is None or event["id"] in seen:
            continue
        seen.add(event["id"])
        if event["sequence"] < newest.get(stream, 0):
            yield _lost(f"{event['type']} {event['sequence']} of {stream} came after {newest[stream]}")
        newest[stream] = max(event["sequence"], newest.get(stream, 0))


def _last_word(history: History) -> Iterator[Finding]:
    """The last status that was told of an order or a service is the one that it has."""
    last = {
        (event["type"].partition(".")[0], event["subject"]): event
        for event in sorted(history.heard, key=lambda event: event["sequence"])
        if event["type"] in ("order.status-changed.v1", "service.status-changed.v1")
    }
    for kind, table in GAPLESS.items():
        for row in history.table(table):
            event = last.get((kind, row["id"]))
            if event is not None and event["data"]["status"] != row["status"]:
                yield _lost(f"{kind} {row['id']} is {row['status']}; what was told last is {event['data']['status']}")
