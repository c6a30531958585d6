"""Vendor accounts: what operators add, drain and resume, and the circuit breaker of each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from provisioner.kernel.errors import NotFoundError, RefusedError
from provisioner.kernel.sealing import SecretBox
from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import OperationState
from provisioner.ports.accounts import VendorAccount
from provisioner.store import credentials
from provisioner.store.allowances import StoreAllowance
from provisioner.store.audit import note_action
from provisioner.store.budgets import StoreBudget
from provisioner.store.database import Database
from provisioner.store.deadlines import give_time_back
from provisioner.store.placement import give_account
from provisioner.store.tables import operations, services, vendor_accounts
from provisioner.workflows.backoff import Waits
from provisioner.workflows.journal import AccountFault

STATES: Final = ("open", "draining", "parked")
MISCONFIGURED: Final = "account_misconfigured"
_UNBROKEN: Final[Mapping[str, Any]] = {"failures": 0, "broken_until": None, "broken_at": None}


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A vendor account to be added. `concurrency`: operations at work at once, across all processes."""

    name: str
    adapter: str
    product: str
    environment: str
    settings: Mapping[str, str]
    credentials: Mapping[str, Secret]
    concurrency: int = 2


class Accounts:
    """Reads and changes vendor accounts."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    def add(self, account: NewAccount, actor: str, *, replace: bool = False) -> None:
        """Add an account, or give a known one new settings with `replace`. Raises RefusedError when it exists.

        Credentials that a known one has, and that are not given, stay, unless the adapter is another.
        """
        try:
            with self._database.begin() as connection:
                self._write(connection, account, actor, replace=replace)
        except sa.exc.IntegrityError as error:
            raise RefusedError(f"somebody else adds a server {account.name} just now") from error
        # Only now does everybody see the account: what was held until then is found, what is held later finds it.
        with self._database.begin() as connection:
            fits = (services.c.product == account.product, services.c.environment == account.environment)
            give_account(connection, self._database, account.name, sa.and_(*fits))

    def _write(self, connection: sa.Connection, account: NewAccount, actor: str, *, replace: bool) -> None:
        known = self._row(connection, account.name)
        if known is not None and not replace:
            raise RefusedError(f"there is a server {account.name} already; use --replace to change it")
        kept = self._credentials(known) if known is not None and known["adapter"] == account.adapter else {}
        values = self._values(account, kept, 1 if known is None else known["version"] + 1)
        if known is None:
            connection.execute(sa.insert(vendor_accounts).values(**values, state="open", failures=0))
        else:
            where = vendor_accounts.c.name == account.name
            connection.execute(sa.update(vendor_accounts).where(where).values(**values))
        self._audit(connection, actor, "server.add" if known is None else "server.replace", account.name)

    def _credentials(self, row: Mapping[str, Any]) -> dict[str, Secret]:
        column = vendor_accounts.c.sealed_credentials
        plain = json.loads(credentials.unseal(self._box, column, row["name"], row["sealed_credentials"]))
        return {key: Secret(value) for key, value in plain.items()}

    def _values(self, account: NewAccount, kept: Mapping[str, Secret], version: int) -> dict[str, Any]:
        known = {**kept, **account.credentials}
        plain = json.dumps({name: secret.reveal() for name, secret in known.items()}).encode()
        column = vendor_accounts.c.sealed_credentials
        return {
            "name": account.name,
            "adapter": account.adapter,
            "product": account.product,
            "environment": account.environment,
            "settings": dict(account.settings),
            "sealed_credentials": credentials.seal(self._box, column, account.name, plain),
            "version": version,
            "concurrency": account.concurrency,
            "updated_at": self._database.now(),
        }

    def set_state(self, name: str, state: str, actor: str, reason: str | None = None) -> None:
        """Open, drain or park an account; opening also closes its breaker and makes its operations due."""
        with self._database.begin() as connection:
            known = self._row(connection, name)
            if known is None:
                raise NotFoundError(f"there is no server {name}")
            closed_at = closed_since(known)
            values: dict[str, Any] = {"state": state, "reason": reason, "updated_at": self._database.now()}
            if state == "open":
                values |= {"closed_at": None, **_UNBROKEN}
                self._make_due(connection, name, closed_at)
            else:
                values |= {"closed_at": closed_at or self._database.now()}
            connection.execute(sa.update(vendor_accounts).where(vendor_accounts.c.name == name).values(**values))
            self._audit(connection, actor, f"server.{state}", name)

    def _make_due(self, connection: sa.Connection, name: str, closed_at: datetime | None) -> None:
        """What could not go on has its time again, and is told of anew should the account be closed once more."""
        here = (operations.c.vendor_account == name, operations.c.ended_at.is_(None))
        now = self._database.now()
        if closed_at is not None:
            give_time_back(connection, self._database, sa.and_(*here, _left_lying(now)), since=closed_at)
        waiting = (*here, operations.c.attention == MISCONFIGURED)
        connection.execute(sa.update(operations).where(*waiting).values(due_at=now, attention=None))
        ready = (*here, operations.c.state == OperationState.READY.value, operations.c.attention.is_not(None))
        connection.execute(sa.update(operations).where(*ready).values(attention=None))

    def recovered(self, name: str) -> None:
        """The vendor answered: the breaker's count starts anew."""
        with self._database.begin() as connection:
            connection.execute(
                sa.update(vendor_accounts)
                .where(vendor_accounts.c.name == name, vendor_accounts.c.failures > 0)
                .values(**_UNBROKEN)
            )

    def open(self, name: str) -> tuple[VendorAccount, int]:
        """An account with its credentials, its budget and its allowance, and the version of its settings.

        Raises NotFoundError and KeyRingError.
        """
        with self._database.read() as connection:
            row = self._row(connection, name)
        if row is None:
            raise NotFoundError(f"there is no server {name}")
        account = VendorAccount(
            name,
            row["adapter"],
            row["environment"],
            row["settings"],
            self._credentials(row),
            StoreBudget(self._database, name),
            StoreAllowance(self._database, name),
        )
        return account, row["version"]

    def version(self, name: str) -> int | None:
        """The version of an account's settings, None when there is no such account."""
        with self._database.read() as connection:
            return connection.scalar(sa.select(vendor_accounts.c.version).where(vendor_accounts.c.name == name))

    def _row(self, connection: sa.Connection, name: str) -> Mapping[str, Any] | None:
        query = sa.select(vendor_accounts).where(vendor_accounts.c.name == name)
        row = connection.execute(query).mappings().first()
        return None if row is None else dict(row)

    def _audit(self, connection: sa.Connection, actor: str, action: str, name: str) -> None:
        note_action(connection, self._database, actor, action, of=("server", name))


def note_fault(
    connection: sa.Connection,
    database: Database,
    name: str,
    fault: AccountFault,
    reason: str,
    *,
    waits: Waits,
    threshold: int,
) -> bool:
    """Count a failure of the account itself: enough in a row open its breaker, a misconfiguration parks it.

    True when it is parked now and was open before.
    """
    where = vendor_accounts.c.name == name
    if fault is AccountFault.MISCONFIGURED:
        parked = {"state": "parked", "reason": reason, "updated_at": database.now(), "closed_at": database.now()}
        is_open = vendor_accounts.c.state == "open"
        return connection.execute(sa.update(vendor_accounts).where(where, is_open).values(**parked)).rowcount > 0
    counted = sa.update(vendor_accounts).where(where).values(failures=vendor_accounts.c.failures + 1)
    failures = connection.scalar(counted.returning(vendor_accounts.c.failures)) or 0
    if failures >= threshold:
        pause = min(waits.most, waits.first * 2 ** min(failures - threshold, 16))
        until: sa.ColumnElement[datetime] = database.now(pause)
        still = sa.case((vendor_accounts.c.broken_until.is_not(None), vendor_accounts.c.broken_at))
        broken = {"broken_until": until, "broken_at": sa.func.coalesce(still, database.now())}
        connection.execute(sa.update(vendor_accounts).where(where).values(**broken))
    return False


def closed_since(account: Mapping[str, Any]) -> datetime | None:
    """Since when an account is drained or parked; by its last change where an earlier version closed it."""
    if account["state"] == "open":
        return None
    since: datetime = account["closed_at"] or account["updated_at"]
    return since


def obstacles(connection: sa.Connection, database: Database, seconds: float) -> dict[str, str]:
    """The accounts from which nothing, or only a trial, is taken for so many seconds or longer, and why in words."""
    table, before = vendor_accounts.c, database.now(-seconds)
    closed = sa.and_(table.state != "open", sa.func.coalesce(table.closed_at, table.updated_at) <= before)
    broken = sa.and_(table.broken_until.is_not(None), table.broken_at <= before)
    query = sa.select(table.name, table.state, table.reason, table.failures).where(sa.or_(closed, broken))
    return {row["name"]: _obstacle(dict(row)) for row in connection.execute(query).mappings()}


def _obstacle(row: Mapping[str, Any]) -> str:
    why = f": {row['reason']}" if row["reason"] else ""
    words = {"parked": f"parked{why}", "draining": f"drained{why}"}
    broken = f"left alone after {row['failures']} failures in a row"
    return f"the vendor account {row['name']} is {words.get(row['state'], broken)}"


def _left_lying(now: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """What is neither at work nor held: what is held is given its time when it is released."""
    at_work = sa.and_(operations.c.state == OperationState.RUNNING.value, operations.c.due_at > now)
    return sa.and_(operations.c.state != OperationState.HELD.value, ~at_work)
