"""Renewals by the thousand through real processes: what `make renewals` runs.

    python -m tests.faults.renewals certificates [N] [WEEK]    N certificates are due within a week
    python -m tests.faults.renewals away [N] [WEEK]            the same, and the authority is away on the second day
    python -m tests.faults.renewals domains [N] [RENEWED]      N domains are due on one day; some are renewed for real

WEEK is in how many seconds the week goes by (see `renewal_squeezed` for what is squeezed, and what is not). The last
line is one JSON object; the exit code is 0 when nothing was lost, doubled, stuck or leaked, and no limit was exceeded.
"""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.faults import renewal_certificates, renewal_domains
from tests.support.postgres import PostgresCluster
from tests.support.production import Production, production
from tests.support.rabbit import RabbitNode

SECONDS_A_CERTIFICATE: Final = 0.15
SHORTEST_WEEK: Final = 60.0
CERTIFICATES: Final = "10000"
DOMAINS: Final = "100000"
RENEWED: Final = "2000"


@contextlib.contextmanager
def renewals_production() -> Iterator[Production]:
    """A production on servers of its own; nothing runs yet."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="provisioner-renewals-")))
        rabbit = RabbitNode.create()
        stack.callback(rabbit.remove)
        postgres = PostgresCluster.create(fsync=False)
        stack.callback(postgres.remove)
        yield stack.enter_context(production(folder, rabbit.new_vhost(), postgres.create_database()))


def measured(kind: str, numbers: list[str]) -> tuple[dict[str, Any], bool]:
    """Run one kind; what was measured and found, and whether every promise was kept."""
    with renewals_production() as shop:
        if kind == "domains":
            count, renewed = map(int, [*numbers, *(DOMAINS, RENEWED)[len(numbers) :]])
            return renewal_domains.run(shop, domains=count, renewed=renewed)
        count = int(numbers[0] if numbers else CERTIFICATES)
        week = float(numbers[1]) if numbers[1:] else max(SHORTEST_WEEK, count * SECONDS_A_CERTIFICATE)
        return renewal_certificates.run(shop, certificates=count, week=week, away=kind == "away")


def main(kind: str = "certificates", *numbers: str) -> int:
    """Run on servers of our own; 0 when the promise was kept."""
    told, kept = measured(kind, list(numbers))
    sys.stdout.write(f"{json.dumps(told)}\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
