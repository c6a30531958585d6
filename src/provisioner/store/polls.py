"""What registries tell: leases of their queues, and their messages, each kept with everything that follows from it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.kernel.errors import ProvisionerError
from provisioner.kernel.ids import Ids
from provisioner.kernel.redaction import redact, redact_text
from provisioner.messages.events import Event
from provisioner.messages.events_domains import domain_notice
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.registrar import RegistryMessage
from provisioner.store.accounts import MISCONFIGURED, note_fault
from provisioner.store.attention import tell_account
from provisioner.store.claims import usable
from provisioner.store.database import Database
from provisioner.store.events import Announcer, Context
from provisioner.store.rows import storable
from provisioner.store.service_work import is_queued, start_work
from provisioner.store.services import lock_service
from provisioner.store.tables import operations, services, vendor_accounts
from provisioner.store.tables_domains import poll_leases, poll_messages
from provisioner.store.writing import Writing
from provisioner.store.yielding import lock_operations_of, wake_others
from provisioner.workflows.backoff import Waits
from provisioner.workflows.domains.dates import moment
from provisioner.workflows.domains.decisions import OF_COMMAND, OF_TRANSFER, REGISTRATION, Decision
from provisioner.workflows.domains.missed import told_by
from provisioner.workflows.journal import AccountFault

UPKEEP: Final = "domain.upkeep"
TRANSFER: Final = "domain.transfer"
TRANSFER_OUT: Final = "domain.transfer-out"
GONE: Final = (ServiceStatus.CANCELLED.value, ServiceStatus.FAILED.value)
NOT_READ: Final = "queue_not_read"
UNREAD_SECONDS: Final = 3600.0
LONGEST_ID: Final = 200
LONGEST_KEY: Final = 400  # with account or time
LONGEST_NAME: Final = 100
LONGEST_DOMAIN: Final = 255
CLOCK_SKEW: Final = timedelta(minutes=5)
"""By how much a registry's clock may be behind ours."""

Row = Mapping[str, Any]


class QueueLost(ProvisionerError):
    """Another process reads this account's queue now; nothing was written."""

    code: ClassVar[str] = "queue_lost"


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that is safe. `key` names its row; `is_new` is False for one that was kept before."""

    key: str
    is_new: bool
    operations: tuple[str, ...] = ()


class Polls:
    """The queues of registries. All methods raise StoreUnavailable."""

    def __init__(self, database: Database, announcer: Announcer, ids: Ids, *, deadline: float) -> None:
        self._database = database
        self._announcer = announcer
        self._ids = ids
        self._deadline = deadline

    # -- whose queue

    def accounts(self) -> Sequence[tuple[str, str]]:
        """The accounts that may be used now, each with its adapter."""
        query = sa.select(vendor_accounts.c.name, vendor_accounts.c.adapter).where(usable(self._database))
        with self._database.read() as connection:
            return [(row.name, row.adapter) for row in connection.execute(query.order_by(vendor_accounts.c.name))]

    def lease(self, account: str, owner: str, seconds: float) -> bool:
        """Have an account's queue alone for so many seconds from now; False when another process has it."""
        dialect = postgresql if self._database.is_postgres else sqlite
        values = {"owner": owner, "lease_ends_at": self._database.now(seconds)}
        free = sa.or_(
            poll_leases.c.owner == owner,
            poll_leases.c.owner.is_(None),
            poll_leases.c.lease_ends_at <= self._database.now(),
        )
        insert: postgresql.Insert = dialect.insert(poll_leases).values(account=account, **values)
        taken = insert.on_conflict_do_update(index_elements=[poll_leases.c.account], set_=values, where=free)
        with self._database.begin() as connection:
            return connection.scalar(taken.returning(poll_leases.c.account)) is not None

    def keep_lease(self, account: str, owner: str, seconds: float) -> None:
        """Have it for so many seconds from now, if it is still this owner's."""
        mine = (poll_leases.c.account == account, poll_leases.c.owner == owner)
        alive = poll_leases.c.lease_ends_at > self._database.now()
        with self._database.begin() as connection:
            renewed = sa.update(poll_leases).where(*mine, alive).values(lease_ends_at=self._database.now(seconds))
            connection.execute(renewed)

    def release(self, owner: str) -> None:
        """Give every queue back, so that another process goes on at once."""
        mine = sa.update(poll_leases).where(poll_leases.c.owner == owner)
        with self._database.begin() as connection:
            connection.execute(mine.values(owner=None, lease_ends_at=None))

    def park(self, account: str, reason: str) -> None:
        """An operator must mend the account first; nothing uses it until then. Operators are told, once."""
        with self._database.begin() as connection:
            fault, since = AccountFault.MISCONFIGURED, self._database.moment(connection)
            if note_fault(connection, self._database, account, fault, reason, waits=Waits(), threshold=1):
                told = (connection, self._database, self._announcer, account)
                tell_account(*told, attention=MISCONFIGURED, detail=reason, since=since)

    def failed(self, account: str, owner: str, reason: str) -> None:
        """Nothing could be taken off a queue, and its end was not reached. After an hour of that operators are told."""
        mine = (poll_leases.c.account == account, poll_leases.c.owner == owner)
        now = self._database.now()
        since = sa.func.coalesce(poll_leases.c.failing_since, now)
        noted = sa.update(poll_leases).where(*mine).values(failing_since=since)
        late = (poll_leases.c.failing_since <= self._database.now(-UNREAD_SECONDS), poll_leases.c.told_at.is_(None))
        told = sa.update(poll_leases).where(*mine, *late).values(told_at=now).returning(poll_leases.c.failing_since)
        with self._database.begin() as connection:
            connection.execute(noted)
            if (began := connection.scalar(told)) is not None:
                detail = f"none of the registry's messages could be taken off the queue for an hour: {reason}"
                where = (connection, self._database, self._announcer, account)
                tell_account(*where, attention=NOT_READ, detail=detail, since=began)

    def settle(self, account: str, owner: str) -> None:
        """A queue was read to its end, or waits for an operator who knows: the hour begins anew."""
        with self._database.begin() as connection:
            self._goes_on(connection, account, poll_leases.c.owner == owner)

    def _goes_on(self, connection: sa.Connection, account: str, *where: sa.ColumnElement[bool]) -> None:
        failing = (poll_leases.c.account == account, poll_leases.c.failing_since.is_not(None), *where)
        connection.execute(sa.update(poll_leases).where(*failing).values(failing_since=None, told_at=None))

    # -- messages

    def keep(self, account: str, owner: str, message: RegistryMessage) -> Kept:
        """Keep a message and do all that follows from it, in one transaction; once, however often it comes.

        Raises QueueLost when the account's queue is not this owner's any more.
        """
        with self._database.begin() as connection:
            self._check_lease(connection, account, owner)
            key = _key(connection, account, message)
            if not self._insert(connection, account, key, message):
                return Kept(key, is_new=False)
            started = self._follow(connection, account, key, message)
        return Kept(key, is_new=True, operations=tuple(started))

    def acknowledged(self, account: str, key: str) -> None:
        """Note that the registry was told to drop a message."""
        here = (poll_messages.c.account == account, poll_messages.c.message_id == key)
        with self._database.begin() as connection:
            statement = sa.update(poll_messages).where(*here, poll_messages.c.acknowledged_at.is_(None))
            connection.execute(statement.values(acknowledged_at=self._database.now()))
            self._goes_on(connection, account)

    def _check_lease(self, connection: sa.Connection, account: str, owner: str) -> None:
        mine = (poll_leases.c.account == account, poll_leases.c.owner == owner)
        alive = poll_leases.c.lease_ends_at > self._database.now()
        query = sa.select(poll_leases.c.account).where(*mine, alive).with_for_update()
        if connection.scalar(query) is None:
            raise QueueLost(f"another process reads the queue of {account} now")

    def _insert(self, connection: sa.Connection, account: str, key: str, message: RegistryMessage) -> bool:
        row = {
            "account": account,
            "message_id": key,
            "queued_at": storable(message.queued_at)[:LONGEST_NAME],
            "kind": storable(message.kind)[:LONGEST_NAME],
            "domain": _domain(message) or None,
            "text": storable(redact_text(message.text)),
            "data": _facts(message),
            "raw": storable(redact_text(message.raw)),
        }
        dialect = postgresql if self._database.is_postgres else sqlite
        insert: postgresql.Insert = dialect.insert(poll_messages).values(**row, received_at=self._database.now())
        written = insert.on_conflict_do_nothing().returning(poll_messages.c.message_id)
        return connection.scalar(written) is not None

    # -- what follows

    def _follow(self, connection: sa.Connection, account: str, key: str, message: RegistryMessage) -> list[str]:
        """Tell the storefront; of a domain of ours, wake what waits and have it looked after."""
        service = _service_of(connection, account, message)
        if service is None:
            self._tell_of_no_service(connection, account, key, message)
            return []
        lock_operations_of(connection, service["id"])
        service = lock_service(connection, service["id"])
        writing = Writing(connection, self._database, self._announcer, Context(service["environment"], None))
        here = (poll_messages.c.account == account, poll_messages.c.message_id == key)
        writing.execute(sa.update(poll_messages).where(*here).values(service_id=service["id"]))
        _tell(writing, service, message)
        if (decision := _refused(message)) is not None:
            _note_refusal(writing, service, decision, message)
        return [*wake_others(connection, self._database, service["id"]), *self._start(writing, service, message)]

    def _start(self, writing: Writing, service: Row, message: RegistryMessage) -> Sequence[str]:
        workflow, resource = UPKEEP, f"service:{service['id']}"
        inputs: Mapping[str, Any] = told_by(message.kind, message.data)
        if _leaves(writing.connection, service, message):
            workflow, resource, inputs = TRANSFER_OUT, f"transfer-out:{service['id']}", _facts(message)
        if is_queued(writing.connection, resource, workflow):
            return []
        started = start_work(
            writing,
            service,
            self._ids.new(),
            workflow=workflow,
            resource=resource,
            inputs=inputs,
            deadline=self._deadline,
        )
        return [] if started is None else [started]

    def _tell_of_no_service(self, connection: sa.Connection, account: str, key: str, message: RegistryMessage) -> None:
        query = sa.select(vendor_accounts.c.environment).where(vendor_accounts.c.name == account)
        context = Context(connection.scalar(query) or "live", None)
        event = _notice(None, message)
        stream = f"notice/{account}/{key}"[:LONGEST_KEY]
        Writing(connection, self._database, self._announcer, context).tell(event, stream, 1)


def _key(connection: sa.Connection, account: str, message: RegistryMessage) -> str:
    """The message's id; with its time when the registry has given the same id to another message before."""
    message_id = _short(storable(message.message_id))
    here = (poll_messages.c.account == account, poll_messages.c.message_id == message_id)
    known: str | None = connection.scalar(sa.select(poll_messages.c.queued_at).where(*here))
    queued_at = storable(message.queued_at)[:LONGEST_NAME]
    return message_id if known in (None, queued_at) else f"{message_id} {queued_at}"


def _short(message_id: str) -> str:
    """An id that fits: RFC 5730 sets no limit."""
    if len(message_id) <= LONGEST_ID:
        return message_id
    return f"sha256:{hashlib.sha256(message_id.encode()).hexdigest()}"


def _domain(message: RegistryMessage) -> str:
    return storable(message.domain).lower().rstrip(".")[:LONGEST_DOMAIN]


def _facts(message: RegistryMessage) -> dict[str, Any]:
    """What a message tells, as JSON that both databases take."""
    facts: dict[str, Any] = _storable(redact(dict(message.data)))
    return facts


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(key): _storable(member) for key, member in value.items()}
        case list():
            return [_storable(element) for element in value]
    return value


def _service_of(connection: sa.Connection, account: str, message: RegistryMessage) -> Row | None:
    """The service whose domain it is, if it lives at this account."""
    live = (services.c.name == _domain(message), services.c.status.not_in(GONE))
    query = sa.select(services).where(*live, services.c.vendor_account == account)
    found = connection.execute(query).mappings().first()
    return None if found is None else dict(found)


def _refused(message: RegistryMessage) -> Decision | None:
    """What was taken in and decided against, if that is what the message tells: of a transfer, of one to us."""
    if message.kind == "transfer":
        return OF_TRANSFER.get(str(message.data.get("status"))) if message.data.get("ours") is True else None
    if message.data.get("succeeded") is not False:
        return None
    return REGISTRATION if message.kind == "registration" else OF_COMMAND.get(str(message.data.get("command")))


def _note_refusal(writing: Writing, service: Row, decision: Decision, message: RegistryMessage) -> None:
    """The operation that waits finds it in its service's data; a later one for the same service is another."""
    waiting = (
        operations.c.service_id == service["id"],
        operations.c.workflow == decision.workflow,
        operations.c.ended_at.is_(None),
        *(_of_this_try(service, message) if message.kind == "transfer" else ()),
    )
    query = sa.select(operations.c.id).where(*waiting).order_by(operations.c.position)
    operation_id = writing.connection.scalar(query.limit(1))
    if operation_id is None:
        return
    refused = {
        "operation": operation_id,
        "at": _short(storable(message.queued_at)),
        "words": storable(redact_text(message.text)),
    }
    data = {**(service["data"] or {}), decision.code: refused}
    writing.execute(sa.update(services).where(services.c.id == service["id"]).values(data=data))


def _of_this_try(service: Row, message: RegistryMessage) -> tuple[sa.ColumnElement[bool], ...]:
    """A transfer's end is told with the time of its request: not before this try, and after those that are over."""
    try:
        asked_at = moment(str(message.data.get("requested_at")))
        latest = asked_at + CLOCK_SKEW
    except (ValueError, OverflowError):
        return (sa.false(),)
    other = operations.alias()
    over = (other.c.service_id == service["id"], other.c.workflow == TRANSFER, other.c.ended_at >= asked_at)
    return operations.c.created_at <= latest, sa.not_(sa.exists().where(*over))


def _leaves(connection: sa.Connection, service: Row, message: RegistryMessage) -> bool:
    """Whether another registrar asks for the domain: a transfer is pending, and it is not our own."""
    if message.kind != "transfer" or message.data.get("status") != "pending":
        return False
    ours = message.data.get("ours")
    return not (_awaits_transfer(connection, service) if ours is None else ours)


def _awaits_transfer(connection: sa.Connection, service: Row) -> bool:
    """Whether a transfer to us is open: where the message does not tell whose it is, it is then taken for that."""
    here = (operations.c.service_id == service["id"], operations.c.workflow == TRANSFER)
    return bool(connection.scalar(sa.select(sa.exists().where(*here, operations.c.ended_at.is_(None)))))


def _tell(writing: Writing, service: Row, message: RegistryMessage) -> None:
    here = services.c.id == service["id"]
    counted = sa.update(services).where(here).values(version=services.c.version + 1)
    version = writing.connection.execute(counted.returning(services.c.version)).scalar_one()
    writing.tell(_notice(service["id"], message), f"service/{service['id']}", int(version))


def _notice(service_id: str | None, message: RegistryMessage) -> Event:
    return domain_notice(
        _domain(message),
        service_id=service_id,
        kind=message.kind,
        text=redact_text(message.text),
        data=_facts(message),
    )
