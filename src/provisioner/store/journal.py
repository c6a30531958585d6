"""The journal in the database: each method is one transaction, refused when the claim's fence is stale.

This is the plain form, for SQLite and for what happens seldom; `postgres_journal` has the common writes in one
round trip.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from provisioner.kernel.private_keys import generate_private_key
from provisioner.kernel.sealing import SecretBox
from provisioner.orders.statuses import OperationState
from provisioner.store import credentials
from provisioner.store.accounts import note_fault
from provisioner.store.attention import tell_attention
from provisioner.store.certificate_events import tell_certificate
from provisioner.store.database import Database
from provisioner.store.endings import write_ending
from provisioner.store.events import Announcer, Context
from provisioner.store.follow_ups import start
from provisioner.store.items import item_paused
from provisioner.store.kept_certificates import keep_certificates
from provisioner.store.placement import NO_ACCOUNT, Placement, place_late
from provisioner.store.rows import attempt_row, step_row, storable
from provisioner.store.siblings import displace
from provisioner.store.tables import attempts, operations, services, steps
from provisioner.store.writing import Writing
from provisioner.store.yielding import has_come, is_overtaken, lock_operations_of
from provisioner.workflows.backoff import Waits
from provisioner.workflows.journal import Claim, Due, Ending, Intent, KeyKind, LeaseLost, Pause, StepOutcome, StepState

GOES_ON: Final = Pause(OperationState.READY, "", Due(seconds=0.0))
WAITS_LONG: Final = "waits_long"
# Operations of these set the secret that they were given as their service's password at the vendor.
SETS_PASSWORD: Final = frozenset({"domain.auth-code"})


class StoreJournal:
    """Keeps the engine's Protocol on either database."""

    def __init__(
        self,
        database: Database,
        announcer: Announcer,
        box: SecretBox,
        *,
        placement: Placement,
        breaker: Waits,
        breaker_failures: int,
        deadline: float,
    ) -> None:
        self._database = database
        self._announcer = announcer
        self._box = box
        self._placement = placement
        self._breaker = breaker
        self._breaker_failures = breaker_failures
        self._deadline = deadline

    def intend(self, claim: Claim, intent: Intent, outcomes: tuple[StepOutcome, ...]) -> None:
        """Commit what has come out so far together with the next intent."""
        with self._database.begin() as connection:
            self._own(connection, claim)
            if self._is_written(connection, claim, intent):
                return
            self._write_outcomes(connection, claim, outcomes)
            self._upsert_step(
                connection,
                {
                    "operation_id": claim.operation_id,
                    "name": intent.name,
                    "state": StepState.INTENDED.value,
                    "effect_class": intent.effect_class,
                    "attempts": intent.attempt,
                    "looks": 0,
                    "fence": claim.fence,
                },
            )

    def pause(self, claim: Claim, pause: Pause) -> None:
        """Commit what has come out so far and give the operation back until it is due."""
        with self._database.begin() as connection:
            row = self._own(connection, claim)
            self._write_outcomes(connection, claim, pause.outcomes)
            writing = self._writing(connection, row)
            if pause.attention == NO_ACCOUNT and _is_unplaced(claim) and place_late(writing, row):
                pause = GOES_ON
            self._update_operation(connection, claim, row, pause)
            item_paused(writing, row, pause)
            self._note_fault(connection, claim, pause)
            if pause.attention is not None and pause.attention != row["attention"]:
                tell_attention(writing, row, pause.attention, pause.reason)

    def end(self, claim: Claim, ending: Ending) -> None:
        """Commit the end with everything that follows from it: item, order, service, events, follow-ups."""
        secrets = {each: self._new_key(each, kind) for each, kind in _with_key(ending)}
        with self._database.begin() as connection:
            if claim.service is not None and ending.service is not None and ending.service.wakes:
                lock_operations_of(connection, claim.service.service_id)
            row = self._own(connection, claim)
            self._write_outcomes(connection, claim, ending.outcomes)
            self._adopt_secret(connection, claim, row, ending)
            writing = self._writing(connection, row)
            displace(writing, claim, ending)
            write_ending(writing, row, ending)
            for follow_up in ending.follow_ups:
                start(writing, row, follow_up, deadline=self._deadline, secret=secrets.get(follow_up.operation_id))
            if ending.service is not None:
                keep_certificates(writing, self._box, claim, ending.service)
            tell_certificate(writing, claim, ending)

    # -- parts

    def _new_key(self, operation_id: str, kind: KeyKind) -> bytes:
        """A private key for a new operation, sealed; made before anything is locked, for it takes its time."""
        key = generate_private_key(kind.value)
        return credentials.seal(self._box, operations.c.sealed_secret, operation_id, key.reveal().encode())

    def _adopt_secret(self, connection: sa.Connection, claim: Claim, row: Mapping[str, Any], ending: Ending) -> None:
        """What an operation has made its service's password at the vendor is that here too, to be revealed once."""
        if claim.secret is None or claim.workflow not in SETS_PASSWORD or ending.state is not OperationState.SUCCEEDED:
            return
        column, service_id = services.c.sealed_password, row["service_id"]
        sealed = credentials.seal(self._box, column, service_id, claim.secret.reveal().encode())
        values = {"sealed_password": sealed, "revealed_at": None}
        connection.execute(sa.update(services).where(services.c.id == service_id).values(**values))

    def _writing(self, connection: sa.Connection, row: Mapping[str, Any]) -> Writing:
        context = Context(row["environment"], row["correlation_id"])
        return Writing(connection, self._database, self._announcer, context)

    def _own(self, connection: sa.Connection, claim: Claim) -> Mapping[str, Any]:
        """The operation's row, locked, if the claim's token is the newest. Raises LeaseLost."""
        query = sa.select(operations).where(operations.c.id == claim.operation_id).with_for_update()
        row = connection.execute(query).mappings().first()
        if row is None or row["fence"] != claim.fence or row["state"] != OperationState.RUNNING.value:
            raise LeaseLost(f"operation {claim.operation_id} was taken over; token {claim.fence} is stale")
        return dict(row)

    def _is_written(self, connection: sa.Connection, claim: Claim, intent: Intent) -> bool:
        """Whether this very commit was made before, and only its answer was lost."""
        here = (steps.c.operation_id == claim.operation_id, steps.c.name == intent.name, steps.c.fence == claim.fence)
        same = (steps.c.state == StepState.INTENDED.value, steps.c.attempts == intent.attempt)
        return connection.scalar(sa.select(steps.c.name).where(*here, *same)) is not None

    def _write_outcomes(self, connection: sa.Connection, claim: Claim, outcomes: tuple[StepOutcome, ...]) -> None:
        for outcome in outcomes:
            self._upsert_step(connection, step_row(claim, outcome))
            if outcome.attempt is not None:
                row = attempt_row(claim, outcome.record.name, outcome.attempt)
                connection.execute(sa.insert(attempts).values(**row, at=self._database.now()))

    def _upsert_step(self, connection: sa.Connection, row: Mapping[str, Any]) -> None:
        now = self._database.now()
        dialect = postgresql if self._database.is_postgres else sqlite
        insert: postgresql.Insert = dialect.insert(steps).values(**row, started_at=now, updated_at=now)
        changed = {name: insert.excluded[name] for name in row if name not in ("operation_id", "name")}
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=[steps.c.operation_id, steps.c.name],
                set_={**changed, "updated_at": insert.excluded.updated_at},
            )
        )

    def _update_operation(self, connection: sa.Connection, claim: Claim, row: Mapping[str, Any], pause: Pause) -> None:
        values: dict[str, Any] = {
            "state": pause.state.value,
            "reason": storable(pause.reason) or None,
            "due_at": self._database.now() if self._is_due(connection, claim, row, pause) else self._due(pause),
            **self._patience(row, pause),
            "event_key": pause.event_key,
            "attention": pause.attention,
            "lease_owner": None,
        }
        if pause.account is not None:
            values["vendor_account"] = pause.account
        if pause.attention == NO_ACCOUNT:  # it is at none, so that it is found when one is added
            values["vendor_account"] = None
        if _is_new(pause):
            values["since"] = self._database.now()
        elif pause.attention is None and row["attention"] == WAITS_LONG:
            values["attention"] = WAITS_LONG  # it still waits for the same, and that was told
        connection.execute(sa.update(operations).where(operations.c.id == claim.operation_id).values(**values))

    def _patience(self, row: Mapping[str, Any], pause: Pause) -> dict[str, Any]:
        """What a wait that may well last long puts off; any other wait is no longer foreseen."""
        if pause.foreseen is not None:
            return {"patient_until": self._database.now(pause.foreseen), "deadline": self._deadline_after(pause)}
        same = storable(pause.reason) == row["reason"] or _is_same_wait(pause)
        return {} if same else {"patient_until": None}

    def _deadline_after(self, pause: Pause) -> sa.ColumnElement[datetime]:
        if pause.foreseen is None:
            return operations.c.deadline
        until = self._database.now(pause.foreseen)
        return sa.case((operations.c.deadline < until, until), else_=operations.c.deadline)

    def _is_due(self, connection: sa.Connection, claim: Claim, row: Mapping[str, Any], pause: Pause) -> bool:
        """Whether what would wake a waiting operation came while it still ran."""
        if pause.state is not OperationState.WAITING:
            return False
        if row["woken"]:
            return True
        if pause.event_key is not None and has_come(connection, self._database, pause.event_key):
            return True
        return is_overtaken(connection, claim)

    def _due(self, pause: Pause) -> Any:
        if pause.due.seconds is not None:
            return self._database.now(pause.due.seconds)
        if pause.due.at is not None:
            return pause.due.at
        # What waits for an event alone still has a deadline, and that is when it is looked at again.
        return self._deadline_after(pause) if pause.event_key is not None else None

    def _note_fault(self, connection: sa.Connection, claim: Claim, pause: Pause) -> None:
        if pause.account_fault is None or claim.vendor_account is None:
            return
        note_fault(
            connection,
            self._database,
            claim.vendor_account,
            pause.account_fault,
            pause.reason,
            waits=self._breaker,
            threshold=self._breaker_failures,
        )


def _is_unplaced(claim: Claim) -> bool:
    """Whether it is this operation, or its service, that lacks the account."""
    return claim.vendor_account is None or claim.service is None or claim.service.vendor_account is None


def _with_key(ending: Ending) -> Iterator[tuple[str, KeyKind]]:
    """Follow-ups for which a key is to be made."""
    return ((each.operation_id, each.key) for each in ending.follow_ups if each.key is not None)


def _is_same_wait(pause: Pause) -> bool:
    """Whether what is waited for was looked at before, whatever the look told this time."""
    last = pause.outcomes[-1].record if pause.outcomes else None
    return last is not None and last.state is StepState.PENDING and last.attempts == 0 and last.looks > 1


def _is_new(pause: Pause) -> bool:
    """Whether the operation waits for something since now, and not still."""
    last = pause.outcomes[-1].record if pause.outcomes else None
    return last is None or (last.attempts <= 1 and last.looks == 0)
