"""Operations with everything that says why they are not further on: who goes first, what they need, their journal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from provisioner.orders.statuses import ENDED_OPERATIONS, OperationState
from provisioner.store.query_records import (
    AccountRecord,
    Ahead,
    AttemptRecord,
    OperationRecord,
    Requirement,
    StepRecord,
)
from provisioner.store.tables import attempts, operation_requirements, operations, steps, vendor_accounts

ENDED: Final = tuple(sorted(state.value for state in ENDED_OPERATIONS))
_COLUMNS: Final = frozenset(field.name for field in fields(OperationRecord))
_Part = TypeVar("_Part")


def operation_from(row: Mapping[str, Any]) -> OperationRecord:
    """The operation's own row, without what belongs to it."""
    return OperationRecord(**{name: value for name, value in row.items() if name in _COLUMNS})


def complete(
    connection: sa.Connection,
    now: datetime,
    found: Sequence[OperationRecord],
    *,
    journal: bool,
    exchanges: bool = False,
) -> list[OperationRecord]:
    """The same operations with what they wait for, and their journal if it is wanted."""
    ids = [operation.id for operation in found]
    ahead, unmet = _ahead(connection, ids), _unmet(connection, ids)
    accounts = accounts_by_name(connection, now, {each.vendor_account for each in found if each.vendor_account})
    made_steps = _steps(connection, ids) if journal else {}
    made_attempts = _attempts(connection, ids, exchanges=exchanges) if journal else {}
    return [
        replace(
            operation,
            ahead=ahead.get(operation.id),
            unmet=unmet.get(operation.id, ()),
            account=accounts.get(operation.vendor_account or ""),
            steps=made_steps.get(operation.id, ()),
            attempts=made_attempts.get(operation.id, ()),
        )
        for operation in found
    ]


def accounts_by_name(
    connection: sa.Connection, now: datetime, names: set[str] | None = None
) -> dict[str, AccountRecord]:
    """Vendor accounts (all, or those named) with their load."""
    hidden = {"sealed_credentials", "closed_at", "broken_at", "told"}
    columns = [column for column in vendor_accounts.c if column.name not in hidden]
    query = sa.select(*columns, _running(now).label("running"), _open().label("open"))
    if names is not None:
        query = query.where(vendor_accounts.c.name.in_(names))
    return {row["name"]: AccountRecord(**row) for row in connection.execute(query).mappings()}


def _running(now: datetime) -> sa.ScalarSelect[int]:
    """Slots in use: running under a lease that has not run out, as claims count them."""
    running = (operations.c.state == OperationState.RUNNING.value, operations.c.due_at > now)
    return _count_of_account(*running)


def _open() -> sa.ScalarSelect[int]:
    return _count_of_account(operations.c.state.not_in(ENDED))


def _count_of_account(*where: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    mine = operations.c.vendor_account == vendor_accounts.c.name
    return sa.select(sa.func.count()).where(mine, *where).scalar_subquery()


def _ahead(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Ahead]:
    earlier = operations.alias("earlier")
    query = (
        sa.select(operations.c.id.label("behind"), earlier.c.id, earlier.c.workflow, earlier.c.state)
        .join(
            earlier,
            sa.and_(earlier.c.resource == operations.c.resource, earlier.c.position < operations.c.position),
        )
        .where(operations.c.id.in_(ids), operations.c.state.not_in(ENDED), earlier.c.state.not_in(ENDED))
        .order_by(earlier.c.position.desc())
    )
    return {row.behind: Ahead(row.id, row.workflow, row.state) for row in connection.execute(query)}


def _unmet(connection: sa.Connection, ids: Sequence[str]) -> dict[str, tuple[Requirement, ...]]:
    needs, required = operation_requirements, operations.alias("required")
    query = (
        sa.select(needs.c.operation_id, required.c.id, required.c.item_id, required.c.state)
        .join(required, required.c.id == needs.c.required_id)
        .where(needs.c.operation_id.in_(ids), required.c.state != OperationState.SUCCEEDED.value)
        .order_by(required.c.position)
    )
    rows = connection.execute(query)
    return _grouped((row.operation_id, Requirement(row.id, row.item_id, row.state)) for row in rows)


def _steps(connection: sa.Connection, ids: Sequence[str]) -> dict[str, tuple[StepRecord, ...]]:
    columns = [steps.c[field.name] for field in fields(StepRecord)]
    query = sa.select(*columns).where(steps.c.operation_id.in_(ids)).order_by(steps.c.started_at, steps.c.name)
    rows = connection.execute(query).mappings()
    return _grouped((row["operation_id"], StepRecord(**row)) for row in rows)


def _attempts(
    connection: sa.Connection, ids: Sequence[str], *, exchanges: bool
) -> dict[str, tuple[AttemptRecord, ...]]:
    wanted = [field.name for field in fields(AttemptRecord) if exchanges or field.name != "exchanges"]
    query = sa.select(*(attempts.c[name] for name in wanted)).where(attempts.c.operation_id.in_(ids))
    rows = connection.execute(query.order_by(attempts.c.id)).mappings()
    return _grouped((row["operation_id"], _attempt(dict(row))) for row in rows)


def _attempt(row: Mapping[str, Any]) -> AttemptRecord:
    record = AttemptRecord(**row)
    return replace(record, exchanges=tuple(record.exchanges))


def _grouped(pairs: Iterable[tuple[str, _Part]]) -> dict[str, tuple[_Part, ...]]:
    groups: dict[str, tuple[_Part, ...]] = {}
    for key, part in pairs:
        groups[key] = (*groups.get(key, ()), part)
    return groups
