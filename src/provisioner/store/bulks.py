"""Bulks: many domains transferred by one file, each as an operation of its own.

The file rests sealed. A scheduler starts its lines little by little; where it stopped is in the bulk's row, so that
another goes on there, and no line is started twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from provisioner.kernel import log
from provisioner.kernel.errors import KeyRingError, RefusedError
from provisioner.kernel.ids import Ids
from provisioner.messages.domains import BulkDefaults, TransferDomain, TransferInBulk
from provisioner.messages.envelope import Message
from provisioner.orders.bulk import BadLine, Line
from provisioner.orders.commands import WORKFLOW_OF_REQUEST, NewDomain
from provisioner.orders.contacts import referenced, settle_contact
from provisioner.orders.domain_refusals import ContactUnknown
from provisioner.orders.tlds import TldTable
from provisioner.store import credentials
from provisioner.store.bulk_files import AnyLine, Reading, begin, count_lines
from provisioner.store.bulk_progress import RUNNING, tell_progress, without_file
from provisioner.store.contacts import ContactChanges, known_contacts
from provisioner.store.database import Database
from provisioner.store.domains import given_contacts
from provisioner.store.events import Announcer, Context
from provisioner.store.inbox import check_new, inbox_row, take_in
from provisioner.store.new_services import Sealing
from provisioner.store.openings import DomainOpenings, Opening
from provisioner.store.tables_domains import bulk_lines, bulks
from provisioner.store.writing import Writing

KIND: Final = "domain.transfer"
BATCH: Final = 100
LONGEST_ID: Final = 90
AT: Final = "/data/defaults/contacts"

Row = Mapping[str, Any]
_log = log.get(__name__)


class BulkExists(RefusedError):
    """There is a bulk with this id already."""

    code = "bulk_exists"


class BulkIdTooLong(RefusedError):
    """The bulk's id is too long for services to be named after it."""

    code = "bulk_id_too_long"


@dataclass(frozen=True, slots=True)
class NewBulk:
    """A file of domains to transfer. `content` is CSV with a header; `left_out`: lines of the file between the two.

    `profile` has the customer's fields, `terms` what every domain has (`BulkDefaults` as JSON).
    """

    bulk_id: str
    customer_id: str
    profile: Mapping[str, Any]
    terms: Mapping[str, Any]
    content: bytes = field(repr=False)  # it has authorisation codes
    left_out: int = 0

    @classmethod
    def of(cls, data: TransferInBulk, content: bytes) -> "NewBulk":
        """The bulk of a message, whose file is open."""
        profile = data.customer.model_dump(exclude={"customer_id"}, exclude_none=True)
        return cls(data.bulk_id, data.customer.customer_id, profile, terms_of(data.defaults), content)


def terms_of(defaults: BulkDefaults) -> dict[str, Any]:
    """The defaults as JSON."""
    return defaults.model_dump(mode="json", exclude_none=True)


class Bulks:
    """Takes bulks in and starts their lines. All methods raise StoreUnavailable."""

    def __init__(
        self,
        database: Database,
        *,
        announcer: Announcer,
        ids: Ids,
        sealing: Sealing,
        openings: DomainOpenings,
        tlds: TldTable,
        deadline: float,
    ) -> None:
        self._database = database
        self._announcer = announcer
        self._ids = ids
        self._sealing = sealing
        self._openings = openings
        self._tlds = tlds
        self._deadline = deadline
        self._reading: Reading | None = None

    # -- taking in

    def accept(self, message: Message, data: TransferInBulk) -> list[str]:
        """Take a message in; the ids of operations that are now due, which are not those of its lines.

        Raises Duplicate, IdReused, BulkExists, BulkIdTooLong, FileRefused, UnknownServer, DomainRefused,
        ContactExists, ContactAmbiguous and KeyRingError; nothing is written then.
        """
        content = self._sealing.ring.unseal_bytes(data.csv.key_id, data.csv.box)
        return self.add(message, NewBulk.of(data, content))

    def add(self, message: Message, bulk: NewBulk) -> list[str]:
        """Take a bulk in whose file is open; raises as `accept` does."""
        try:
            if len(bulk.bulk_id) > LONGEST_ID:
                raise BulkIdTooLong(f"a bulk's id has at most {LONGEST_ID} characters: services are named after it")
            total = count_lines(bulk.content, bulk.left_out)
            self._openings.account_for(self._domain(bulk.customer_id, bulk.terms, bulk.bulk_id), message.environment)
        except RefusedError:
            with self._database.read() as connection:
                check_new(connection, message)
            raise
        with self._database.begin() as connection:
            take_in(connection, self._database, inbox_row(message, "accepted"), message)
            context = Context(message.environment, message.correlation_id)
            writing = Writing(connection, self._database, self._announcer, context)
            return self._add(writing, message, bulk, total)

    def _add(self, writing: Writing, message: Message, bulk: NewBulk, total: int) -> list[str]:
        if writing.connection.scalar(sa.select(bulks.c.id).where(bulks.c.id == bulk.bulk_id)) is not None:
            raise BulkExists(f"there is a bulk {bulk.bulk_id} already; give each bulk an id of its own")
        contacts = ContactChanges(writing, message, self._ids, self._deadline)
        changed = contacts.keep(bulk.customer_id, _given_contacts(bulk))
        _check_contacts(writing.connection, bulk)
        customer = NewDomain(bulk.bulk_id, bulk.customer_id, bulk.profile, "", "", {})
        self._openings.keep_customer(writing, customer)
        row = self._row(message, bulk, total)
        writing.execute(sa.insert(bulks).values(**row, created_at=writing.now(), updated_at=writing.now()))
        tell_progress(writing, {**row, "is_started": False})
        return contacts.spread(bulk.customer_id, changed)

    def _row(self, message: Message, bulk: NewBulk, total: int) -> dict[str, Any]:
        roles = bulk.terms["contacts"].items()
        named = {role: each if isinstance(each, str) else each["contact_id"] for role, each in roles}
        return {
            "id": bulk.bulk_id,
            "kind": KIND,
            "customer_id": bulk.customer_id,
            "environment": message.environment,
            "actor_id": message.actor.id,
            "actor_organisation": message.actor.organisation,
            "actor_role": message.actor.role,
            "correlation_id": message.correlation_id,
            "defaults": {"terms": {**bulk.terms, "contacts": named}, "left_out": bulk.left_out},
            "sealed_csv": credentials.seal(self._sealing.box, bulks.c.sealed_csv, bulk.bulk_id, bulk.content),
            "total": total,
            "next_line": 1,
            "started": 0,
            "version": 0,
            "state": RUNNING,
        }

    # -- starting lines

    def expand(self, limit: int) -> int:
        """Start the next lines of the oldest bulks that have any; how many were done, at most about `limit`."""
        done = 0
        for bulk_id in self._unfinished():
            while done < limit and (lines := self._step_safely(bulk_id)):
                done += lines
        return done

    def _unfinished(self) -> Sequence[str]:
        left = (bulks.c.state == RUNNING, bulks.c.sealed_csv.is_not(None))
        query = sa.select(bulks.c.id).where(*left).order_by(bulks.c.created_at, bulks.c.id)
        with self._database.read() as connection:
            return connection.scalars(query).all()

    def _step_safely(self, bulk_id: str) -> int:
        """One batch. When a line meets an order of the same domain, the batch is done once more with more care."""
        try:
            return self._step(bulk_id, careful=False)
        except sa.exc.IntegrityError:
            return self._step(bulk_id, careful=True)
        except KeyRingError as missing:
            _log.error("bulk waits for its key", bulk=bulk_id, detail=str(missing))
            return 0

    def _step(self, bulk_id: str, *, careful: bool) -> int:
        reading = self._open(bulk_id)
        left = (bulks.c.id == bulk_id, bulks.c.sealed_csv.is_not(None))
        with self._database.begin() as connection:
            locked = sa.select(*without_file()).where(*left).with_for_update(skip_locked=True)
            row = connection.execute(locked).mappings().first()
            if reading is None or row is None or row["next_line"] != reading.done + 1:
                return 0  # another scheduler is at it
            lines = reading.take(BATCH)
            context = Context(row["environment"], row["correlation_id"])
            writing = Writing(connection, self._database, self._announcer, context)
            started = sum([self._line(writing, dict(row), line, careful=careful) for line in lines])
            self._move_on(connection, dict(row), lines, started)
        return len(lines)

    def _open(self, bulk_id: str) -> Reading | None:
        """The file at the place where the bulk stands; read anew when what was read before was not committed.

        Finding the place may take long, so no transaction is open meanwhile.
        """
        known = self._reading
        if known is None or known.bulk_id != bulk_id:
            return self._begin(bulk_id)
        with self._database.read() as connection:
            next_line: int = connection.execute(sa.select(bulks.c.next_line).where(bulks.c.id == bulk_id)).scalar_one()
        if known.done >= next_line:
            return self._begin(bulk_id)
        known.skip_to(next_line - 1)
        return known

    def _begin(self, bulk_id: str) -> Reading | None:
        with self._database.read() as connection:
            columns = (bulks.c.next_line, bulks.c.defaults, bulks.c.sealed_csv)
            row = connection.execute(sa.select(*columns).where(bulks.c.id == bulk_id)).one()
        if row.sealed_csv is None:
            return None
        content = credentials.unseal(self._sealing.box, bulks.c.sealed_csv, bulk_id, row.sealed_csv)
        self._reading = begin(bulk_id, content, row.defaults["left_out"], self._tlds)
        self._reading.skip_to(row.next_line - 1)
        return self._reading

    def _move_on(self, connection: sa.Connection, row: Row, lines: Sequence[AnyLine], started: int) -> None:
        values: dict[str, Any] = {"started": row["started"] + started}
        if lines:
            values["next_line"] = lines[-1].number + 1
        if len(lines) < BATCH:
            values["sealed_csv"] = None
            self._reading = None
        connection.execute(sa.update(bulks).where(bulks.c.id == row["id"]).values(**values))

    # -- one line

    def _line(self, writing: Writing, row: Row, line: AnyLine, *, careful: bool) -> bool:
        """Start one line, or note what is wrong with it; whether it was started."""
        kept: dict[str, Any] = {"bulk_id": row["id"], "line": line.number}
        try:
            if isinstance(line, BadLine):
                kept["error"] = line.as_json()
            else:
                kept |= self._start(writing, row, line, careful=careful)
        except RefusedError as refused:
            kept["error"] = _complaint(line.number, str(refused).removeprefix("/"))
        except sa.exc.IntegrityError:
            if not careful:
                raise
            kept["error"] = _complaint(line.number, "the domain or the service was ordered at the same time")
        writing.execute(sa.insert(bulk_lines).values(**kept))
        return "operation_id" in kept

    def _start(self, writing: Writing, row: Row, line: Line, *, careful: bool) -> dict[str, str]:
        if careful:
            with writing.connection.begin_nested():
                return self._start(writing, row, line, careful=False)
        service_id = line.service_id or f"{row['id']}:{line.number}"
        domain = self._domain(row["customer_id"], _terms(row, line), service_id)
        account = self._openings.account_for(domain, row["environment"])
        settled = self._openings.settle(writing, domain, account, at="", has_auth_code=bool(line.auth_code.reveal()))
        secret = line.auth_code if line.auth_code.reveal() else None
        opening = Opening(domain, settled.attributes[0], account, row["actor_role"], secret, row["id"])
        return {"service_id": service_id, "operation_id": self._openings.write(writing, opening)}

    def _domain(self, customer_id: str, terms: Mapping[str, Any], service_id: str) -> NewDomain:
        workflow = WORKFLOW_OF_REQUEST[TransferDomain]
        return NewDomain(service_id, customer_id, {}, workflow, f"service:{service_id}", terms)


def _given_contacts(bulk: NewBulk) -> list[dict[str, Any]]:
    """Those that are given as a whole, in normal form."""
    return [settle_contact(contact, AT) for contact in given_contacts(bulk.terms["contacts"]).values()]


def _check_contacts(connection: sa.Connection, bulk: NewBulk) -> None:
    """Raise ContactUnknown for one that is only named: else every line of the file would be refused for it."""
    known = known_contacts(connection, bulk.customer_id, referenced(bulk.terms["contacts"]))
    for role, contact in bulk.terms["contacts"].items():
        if isinstance(contact, str) and contact not in known:
            raise ContactUnknown(f"{AT}/{role}", "names no contact of this customer; create it first")


def _terms(row: Row, line: Line) -> dict[str, Any]:
    terms = {**row["defaults"]["terms"], "domain": line.domain}
    if line.years is not None:
        terms["years"] = line.years
    if line.registrant is not None:
        terms["contacts"] = {**terms["contacts"], "registrant": line.registrant}
    return terms


def _complaint(number: int, words: str) -> dict[str, Any]:
    return {"line": number, "column": None, "message": f"line {number}: {words}"}
