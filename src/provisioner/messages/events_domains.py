"""What the worker tells about domains and bulks: builders as in `events`."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from provisioner.messages.events import LONGEST_WORDS, MOST_ENTRIES, Event

LONGEST_FACT: Final = 300


def domain_notice(domain: str, *, service_id: str | None, kind: str, text: str, data: Mapping[str, Any]) -> Event:
    """The registry told something about a domain. `data` is of JSON values. The subject is the service, or the name."""
    told = {
        "service_id": service_id,
        "domain": domain[:LONGEST_FACT],
        "kind": kind,
        "text": text[:LONGEST_WORDS],
        "data": dict(data),
    }
    return Event("domain.notice.v1", service_id or domain[:LONGEST_FACT] or "unknown", told)


def bulk_progress(
    bulk_id: str,
    *,
    total: int,
    started: int,
    succeeded: int,
    failed: int,
    refused: Iterable[Mapping[str, Any]],
    state: Literal["running", "finished"],
) -> Event:
    """How far a bulk stands. `refused` are {line, column, message}; the first hundred are told."""
    data = {
        "bulk_id": bulk_id,
        "total": total,
        "started": started,
        "succeeded": succeeded,
        "failed": failed,
        "refused": [_refused_line(line) for line in list(refused)[:MOST_ENTRIES]],
        "state": state,
    }
    return Event("bulk.progress.v1", bulk_id, data)


def _refused_line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {"line": line["line"], "column": line.get("column"), "message": line["message"][:LONGEST_WORDS]}
