"""The effect ledger: every mutation that a simulator accepted, once, in order.

With a path the entries are appended to a JSON-lines file, one write per entry, so that what was accepted is still known
after a SIGKILL of anybody. Entries carry no secrets.
"""

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from provisioner.kernel.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class Effect:
    """One accepted mutation. `reference` is the caller's mark (external id, contact handle, …), empty without one.

    `at` is RFC 3339 in UTC; `object_id` and `guid` are the vendor's identifiers of what was changed.
    """

    seq: int
    at: str
    simulator: str
    account: str
    operation: str
    reference: str = ""
    object_id: str = ""
    guid: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


class Ledger:
    """An append-only list of effects, safe to use from several threads."""

    def __init__(self, simulator: str, path: Path | None = None, clock: Clock | None = None) -> None:
        self._simulator = simulator
        self._path = path
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._effects = [] if path is None else _read(path)

    def record(
        self,
        operation: str,
        *,
        account: str,
        reference: str = "",
        object_id: str = "",
        guid: str = "",
        details: Mapping[str, str] | None = None,
    ) -> Effect:
        """Append one effect. Raises OSError when the file cannot be written."""
        with self._lock:
            effect = Effect(
                seq=self._effects[-1].seq + 1 if self._effects else 1,
                at=self._clock.now().isoformat(),
                simulator=self._simulator,
                account=account,
                operation=operation,
                reference=reference,
                object_id=object_id,
                guid=guid,
                details=dict(details or {}),
            )
            self._append(effect)
            return effect

    def effects(self, *, operation: str = "", reference: str = "") -> list[Effect]:
        """A copy of the entries, optionally only those of one operation or one reference."""
        with self._lock:
            found = list(self._effects)
        return [e for e in found if operation in ("", e.operation) and reference in ("", e.reference)]

    def clear(self) -> None:
        """Forget everything, in the file too."""
        with self._lock:
            self._effects.clear()
            if self._path is not None:
                self._path.write_bytes(b"")

    def _append(self, effect: Effect) -> None:
        if self._path is not None:
            append_line(self._path, asdict(effect))
        self._effects.append(effect)


def append_line(path: Path, entry: Mapping[str, Any]) -> None:
    """Append one JSON line with a single write. The file is readable by its owner only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, json_line(entry))
    finally:
        os.close(descriptor)


def json_line(entry: Mapping[str, Any]) -> bytes:
    """One JSON object as a line in UTF-8."""
    return (json.dumps(entry, ensure_ascii=False) + "\n").encode()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON lines of a file; a last line cut off in the writing is removed. Empty without a file."""
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    return [json.loads(line) for line in whole.split(b"\n")[:-1]]


def _read(path: Path) -> list[Effect]:
    return [Effect(**entry) for entry in read_lines(path)]
