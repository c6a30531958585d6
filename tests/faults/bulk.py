"""A bulk of domains through real processes, at a registry that writes down who came when: what `make bulk` runs.

    python -m tests.faults.bulk [DOMAINS]

The domains are another registrar's; a CSV file of them is given to `provisioner domains transfer-bulk`. The last line
is one JSON object: how many seconds it took, how much worker and scheduler grew once the first twentieth was done, the
most sessions at once and the most commands within a second beside what the account allows, and what was lost, doubled,
stuck or leaked. The exit code is 0 when nothing was and no limit was exceeded.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import sqlalchemy as sa

from adapters.sandbox.epp import RunningRegistry
from provisioner.intake import topology
from provisioner.store.query_domains import BulkRecord
from provisioner.store.tables import operations, services
from tests.faults.judging import unpublished
from tests.support.domains import contacts, customer
from tests.support.judge import canaries, events, leases, registry
from tests.support.judge.collect import kept_secrets, merged, tables_of
from tests.support.judge.history import History
from tests.support.judge.verdict import Verdict, Wrong
from tests.support.postgres import PostgresCluster
from tests.support.processes import Child, wait_for
from tests.support.production import Production, production, registrar_account
from tests.support.rabbit import RabbitNode

US: Final = "registrar-a"
PROGRAM: Final = Path(sys.executable).with_name("provisioner")
AUTH_CODE: Final = "Canary-bulk-5Rw8mZ3d"
SESSIONS: Final = 4
SOON_DAYS: Final = 1 / 86_400
WARM: Final = 0.05
LOOK_EVERY_SECONDS: Final = 0.5
SECONDS_A_DOMAIN: Final = 1.0  # of patience


@dataclass(frozen=True, slots=True)
class Limits:
    """What the account allows, and what the registry saw of it at most."""

    max_sessions: int
    commands_per_second: int
    most_sessions: int
    most_commands_per_second: int

    @property
    def kept(self) -> bool:
        """Whether none was exceeded."""
        within_rate = self.most_commands_per_second <= self.commands_per_second
        return within_rate and self.most_sessions <= self.max_sessions


@dataclass
class Watched:
    """What processes weigh while a bulk goes on, in bytes: when it had begun, and at most since."""

    children: Mapping[str, Child]
    begun: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)

    def look(self, *, warm: bool) -> None:
        """Weigh them; once it is warm, the first weights are what growth is counted from."""
        for name, child in self.children.items():
            weight = psutil.Process(child.pid).memory_info().rss
            if warm:
                self.begun.setdefault(name, weight)
                self.most[name] = max(self.most.get(name, 0), weight)

    def growth(self) -> dict[str, float]:
        """By how many MiB each grew."""
        return {f"growth_mb_of_{name}": round((self.most[name] - self.begun[name]) / 2**20, 1) for name in self.most}


# -- the scene


@contextlib.contextmanager
def bulk_production(folder: Path, vhost: Any, database_url: str, *, per_second: int) -> Iterator[Production]:
    """A production whose registrar account has four sessions and so many commands a second; nothing runs yet."""
    with production(folder, vhost, database_url) as made:
        limits = {"commands_per_second": str(per_second), "checks_per_second": "0"}
        account = registrar_account(made.registry, sessions=SESSIONS, **limits)
        made.store.accounts.add(account, "test", replace=True)
        adjust(made, settings={"transfer_days": SOON_DAYS, "tell_gaining": True})
        yield made


def adjust(shop: Production, **changes: Any) -> None:
    """Change the registry through its control interface."""
    httpx.post(f"{shop.registry.control_url}/state", json=changes, timeout=60).raise_for_status()


def put_elsewhere(shop: Production, prefix: str, count: int) -> list[str]:
    """Domains of the other registrar; their names."""
    adjust(shop, domains=[{"prefix": prefix, "zone": "com", "count": count, "auth_code": AUTH_CODE}])
    return [f"{prefix}{number:05}.com" for number in range(1, count + 1)]


def defaults() -> dict[str, Any]:
    """What all domains of a bulk have."""
    return {"contacts": contacts("bulk-owner"), "lock": False}


def start_file(shop: Production, bulk_id: str, file: Path) -> str:
    """Give a file to the command line; what it printed."""
    given = shop.folder / f"{bulk_id}.json"
    given.write_text(json.dumps({"customer": customer("bulk"), "defaults": defaults()}))
    command = [str(PROGRAM), "domains", "transfer-bulk", str(file), "--id", bulk_id, "--with", str(given)]
    ended = subprocess.run(command, env=dict(shop.environ), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


# -- while it goes on


def bulk(shop: Production, bulk_id: str) -> BulkRecord:
    """How far a bulk stands."""
    return shop.store.domain_queries.bulk(bulk_id, refused=0)[0]


def wait_finished(shop: Production, *bulk_ids: str, timeout: float, watched: Watched | None = None) -> None:
    """Return when these bulks are finished; meanwhile the processes are weighed."""

    def finished() -> bool:
        found = [bulk(shop, bulk_id) for bulk_id in bulk_ids]
        if watched is not None:
            watched.look(
                warm=sum(each.succeeded + each.failed for each in found) > WARM * sum(each.total for each in found)
            )
        return all(each.state == "finished" for each in found)

    wait_for(finished, f"the bulks {bulk_ids} are finished", timeout=timeout, interval=LOOK_EVERY_SECONDS)


# -- afterwards


def limits_of(shop: Production, *, per_second: int) -> Limits:
    """What the registry's access log says."""
    assert isinstance(shop.registry, RunningRegistry)
    access = shop.registry.access
    return Limits(SESSIONS, per_second, access.most_sessions(US), access.most_commands(US))


def judged(shop: Production, heard: Sequence[Any]) -> Verdict:
    """What the ledger, the journal, the tables, logs and the events that were heard say."""
    history = History(
        taken_at=datetime.now(UTC).isoformat(),
        lease_seconds=float(shop.environ["PROVISIONER_LEASE_SECONDS"]),
        tables=tables_of(shop.store.database),
        effects=merged(shop.vendors),
        heard=heard,
        logs={child.log.stem: child.output() for child in shop.children},
        canaries={"an auth code": AUTH_CODE, **_keys(shop)},
    )
    return Verdict([found for each in (registry, events, leases, canaries) for found in each.judge(history)])


def _keys(shop: Production) -> Mapping[str, str]:
    """Our keys and one code that was made here; to look for all of them takes as long as there are domains, squared."""
    kept = kept_secrets(shop.store.database, shop.folder / "keys.json")
    of_services = sorted(name for name in kept if name.startswith("the password of service"))
    return {name: secret for name, secret in kept.items() if name not in of_services[1:]}


def elsewhere_still(shop: Production, domains: Sequence[str]) -> int:
    """How many of these domains no active service of ours has."""
    with shop.store.database.read() as connection:
        query = sa.select(services.c.name).where(services.c.status == "active")
        return len(set(domains) - set(connection.scalars(query)))


def at_work(shop: Production) -> int:
    """How many transfers have not ended."""
    here = (operations.c.workflow == "domain.transfer", operations.c.ended_at.is_(None))
    with shop.store.database.read() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).where(*here)) or 0)


def run(shop: Production, *, domains: int, per_second: int) -> tuple[dict[str, Any], bool]:
    """Transfer so many domains; what was measured and found, and whether every promise was kept."""
    names = put_elsewhere(shop, "bulk-", domains)
    file = shop.folder / "domains.csv"
    file.write_text("\n".join(["domain,auth_code", *(f"{name},{AUTH_CODE}" for name in names)]))
    shop.start_all()
    shop.vhost.wait_consumed([*topology.INTAKE_QUEUES, topology.ADVANCE])
    watched = Watched({"worker": shop.children[0], "scheduler": shop.children[1]})
    started = time.monotonic()
    start_file(shop, "b", file)
    wait_finished(shop, "b-1", timeout=60 + domains * SECONDS_A_DOMAIN, watched=watched)
    seconds = time.monotonic() - started
    wait_for(lambda: unpublished(shop) == 0, "every event is published", timeout=300)
    limits, verdict = limits_of(shop, per_second=per_second), judged(shop, shop.heard())
    counts = verdict.counts()
    counts[Wrong.LOST] += elsewhere_still(shop, names)
    counts[Wrong.STUCK] += at_work(shop) + sum(not child.running for child in shop.children)
    told = {
        "domains": domains,
        "kills": 0,
        "workflows": ["domain.transfer"],
        "seconds": round(seconds, 1),
        **watched.growth(),
        **{name: getattr(limits, name) for name in Limits.__dataclass_fields__},
        **{name.value: counts[name] for name in Wrong},
    }
    sys.stdout.write(f"{verdict}\n")
    return told, limits.kept and not any(counts.values())


def main(domains: int, per_second: int = 250) -> int:
    """Run on servers of our own; 0 when the promise was kept."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="provisioner-bulk-")))
        rabbit = RabbitNode.create()
        stack.callback(rabbit.remove)
        postgres = PostgresCluster.create(fsync=False)
        stack.callback(postgres.remove)
        url = postgres.create_database()
        shop = stack.enter_context(bulk_production(folder, rabbit.new_vhost(), url, per_second=per_second))
        told, kept = run(shop, domains=domains, per_second=per_second)
    sys.stdout.write(f"{json.dumps(told)}\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:] or ["10000"])))
