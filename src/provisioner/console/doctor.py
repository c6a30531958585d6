"""`provisioner doctor`: is everything as it should be? One plain answer for each part."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import click

from provisioner.console import output
from provisioner.console.exits import Exit, sentence_of
from provisioner.console.installation import Installation
from provisioner.console.session import Session, json_option, pass_session, require_tables
from provisioner.console.waiting import account_obstacle
from provisioner.kernel.errors import ProvisionerError
from provisioner.ports.outcomes import Failure
from provisioner.store.migrate import current, newest
from provisioner.store.queries import Queries

SKEW_SECONDS: Final = 2.0
LATE_EVENTS_SECONDS: Final = 60.0
PINGS_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. `fine` is False when somebody must act."""

    part: str
    fine: bool
    answer: str


Check = Callable[[Installation], str]


class WrongError(ProvisionerError):
    """Something is not as it should be."""


@click.command()
@click.option("--no-vendors", is_flag=True, help="Do not log in to vendor accounts.")
@json_option
@pass_session
def doctor(session: Session, *, no_vendors: bool, as_json: bool) -> None:
    """Look at settings, keys, database, migrations, clock, broker, events, quarantine, operations and vendors.

    Exits with 1 when something is wrong.
    """
    findings = list(examine(session.installation, vendors=not no_vendors))
    if as_json:
        output.document(findings)
    else:
        rows = [("ok" if each.fine else "WRONG", each.part, each.answer) for each in findings]
        output.table(("", "part", "answer"), rows)
    if not all(each.fine for each in findings):
        sys.exit(Exit.REFUSED)


def examine(installation: Installation, *, vendors: bool) -> Iterator[Finding]:
    """Every answer; a part that cannot be asked because of another one says so itself."""
    for part, check in CHECKS.items():
        yield _asked(part, check, installation)
    if vendors:
        yield from _vendors(installation)


def _asked(part: str, check: Check, installation: Installation) -> Finding:
    try:
        return Finding(part, fine=True, answer=check(installation))
    except (ProvisionerError, Failure) as error:
        return Finding(part, fine=False, answer=sentence_of(error))


def _settings(installation: Installation) -> str:
    settings = installation.settings
    mode = "embedded, without a broker" if settings.embedded else "with a broker"
    return f"{mode}; data in {settings.data_dir}"


def _keys(installation: Installation) -> str:
    ring = installation.keys()
    return f"{len(ring.key_ids)} in {installation.settings.key_ring}, active is {ring.active_id}"


def _database(installation: Installation) -> str:
    store, clock = installation.store(), installation.clock
    started = clock.monotonic()
    store.queries.now()
    took = (clock.monotonic() - started) * 1000
    return f"{'PostgreSQL' if store.database.is_postgres else 'SQLite'} answers in {took:.1f} ms"


def _migrations(installation: Installation) -> str:
    found, wanted = current(installation.store().database), newest()
    if found != wanted:
        raise WrongError(f"the database is at {found or 'nothing'}, this version wants {wanted}: provisioner migrate")
    return f"at {found}, as this version wants"


def _clock(installation: Installation) -> str:
    there = installation.store().queries.now()
    skew = (there - installation.clock.now()).total_seconds()
    if abs(skew) > SKEW_SECONDS:
        raise WrongError(f"this machine and the database differ by {skew:+.1f} s; set both by a time server")
    return f"this machine and the database differ by {abs(skew):.1f} s"


def _broker(installation: Installation) -> str:
    return "none: embedded mode" if installation.settings.embedded else installation.check_broker()


def _queries(installation: Installation) -> Queries:
    store = installation.store()
    require_tables(store)
    return store.queries


def _events(installation: Installation) -> str:
    count, age = _queries(installation).oldest_unpublished()
    if installation.settings.embedded:
        return f"{count} kept; without a broker there is nobody to tell"
    if age > LATE_EVENTS_SECONDS:
        raise WrongError(f"{count} wait to be published, the oldest for {age:.0f} s: does a relay run?")
    return f"{count} wait to be published"


def _quarantine(installation: Installation) -> str:
    count = _queries(installation).open_quarantine()
    if count:
        raise WrongError(f"{count} messages were put aside: provisioner quarantine list")
    return "empty"


def _operations(installation: Installation) -> str:
    count = _queries(installation).held()
    if count:
        raise WrongError(f"{count} are held and wait for an operator: provisioner operations list --status held")
    return "none waits for an operator"


CHECKS: Final[dict[str, Check]] = {
    "settings": _settings,
    "keys": _keys,
    "database": _database,
    "migrations": _migrations,
    "clock": _clock,
    "broker": _broker,
    "events": _events,
    "quarantine": _quarantine,
    "operations": _operations,
}


def _vendors(installation: Installation) -> Iterator[Finding]:
    try:
        queries = _queries(installation)
        accounts, now = queries.accounts(), queries.now()
    except ProvisionerError as error:
        yield Finding("vendors", fine=False, answer=sentence_of(error))
        return
    if not accounts:
        yield Finding("vendors", fine=False, answer="there is no vendor account: provisioner servers add")
    obstacles = {account.name: account_obstacle(account, now) for account in accounts}
    with ThreadPoolExecutor(PINGS_AT_ONCE) as pool:
        yield from pool.map(lambda name: _vendor(installation, name, obstacles[name]), obstacles)


def _vendor(installation: Installation, name: str, obstacle: str | None) -> Finding:
    def check(_installation: Installation) -> str:
        installation.ping(name)
        if obstacle is not None:
            raise WrongError(f"it answers, but {obstacle}")
        return "answers"

    return _asked(f"server {name}", check, installation)
