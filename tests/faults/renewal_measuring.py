"""What is measured while renewals go on: how much is open, what processes weigh, how many came in a span of time."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import psutil
import sqlalchemy as sa

from provisioner.store.tables import operations
from provisioner.store.upkeep import STARTED
from tests.support.processes import Child
from tests.support.production import Production

MEBIBYTE: Final = 2**20
WARM: Final = 0.05
"""The share that is done before a process is weighed: by then it has opened what it keeps open."""


@dataclass
class Watched:
    """What processes weigh, in MiB by the share that was done, and how many operations were open at most."""

    shop: Production
    children: Mapping[str, Child]
    weights: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    most_open: int = 0

    def look(self, share: float) -> None:
        """Weigh and count; `share` is how much is done, from 0 to 1."""
        self.most_open = max(self.most_open, self.open())
        for name, child in self.children.items():
            weight = psutil.Process(child.pid).memory_info().rss / MEBIBYTE
            self.weights.setdefault(name, []).append((share, weight))

    def open(self) -> int:
        """What the program has started by itself, and what follows from it, and has not ended.

        Of those that have one resource the first counts: the others wait for it, and no vendor hears of them.
        """
        here = (operations.c.id.startswith(STARTED), operations.c.ended_at.is_(None))
        with self.shop.store.database.read() as connection:
            return int(
                connection.scalar(sa.select(sa.func.count(sa.distinct(operations.c.resource))).where(*here)) or 0
            )

    def told(self) -> dict[str, Any]:
        """The weights when it was warm, half done and at the end."""
        return {
            f"mb_of_{name}": [_at(found, share) for share in (WARM, 0.5, 1)] for name, found in self.weights.items()
        }


def _at(found: Sequence[tuple[float, float]], share: float) -> float:
    """The weight when so much was done, or the last one."""
    return round(next((weight for done, weight in found if done >= share), found[-1][1]), 1)


def most_within(moments: Iterable[datetime], span: timedelta) -> int:
    """How many fell into any such span of time, at most."""
    window: deque[datetime] = deque()
    most = 0
    for moment in sorted(moments):
        window.append(moment)
        while window[0] <= moment - span:
            window.popleft()
        most = max(most, len(window))
    return most


def over_time(moments: Sequence[datetime], start: datetime, span: timedelta) -> list[int]:
    """How many fell into each span since the start."""
    counts: list[int] = []
    for moment in sorted(moments):
        place = max(int((moment - start) / span), 0)
        counts += [0] * (place + 1 - len(counts))
        counts[place] += 1
    return counts


def leaks(shop: Production, secrets: Mapping[str, str]) -> list[str]:
    """Where one of these texts stands: in a table (bytes are shown in hex), or in a log."""
    logs = {child.log.stem: child.output() for child in shop.children}
    found = [
        f"{name} is in the log {log}"
        for log, text in logs.items()
        for name, secret in secrets.items()
        if secret in text
    ]
    with shop.store.database.read() as connection:
        return found + [
            f"a secret is in {table.name}"
            for table in operations.metadata.sorted_tables
            if _holds(connection, table.name, secrets)
        ]


def _holds(connection: sa.Connection, table: str, secrets: Mapping[str, str]) -> bool:
    row: sa.ColumnClause[str] = sa.literal_column("row_text.*::text")
    spellings = [spelling for secret in secrets.values() for spelling in (secret, secret.encode().hex())]
    either = sa.or_(*(sa.func.strpos(row, spelling) > 0 for spelling in spellings))
    return bool(connection.scalar(sa.select(sa.exists().select_from(sa.text(f"{table} AS row_text")).where(either))))
