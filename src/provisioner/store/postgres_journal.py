"""The common writes of the journal on PostgreSQL, one statement each: intent after result, a move, and a good end.

Whatever is not common (waits, failures, compensation) is left to the plain journal. An end is written only if order
and service are as they were at the claim; otherwise nothing is written and the plain journal reads them anew.
"""

from typing import Any, Final

from psycopg.types.json import Jsonb

from provisioner.orders.rollup import ItemState
from provisioner.orders.statuses import ItemStatus, OperationState
from provisioner.store.changes import ItemFacts, OrderChange, change_item, error_json
from provisioner.store.database import tell_log
from provisioner.store.events import Context, Row
from provisioner.store.journal import StoreJournal
from provisioner.store.postgres_claims import StoreClaim
from provisioner.store.postgres_follow_ups import OPENED, UNPLACED, followed, opened, unplaced
from provisioner.store.rows import attempt_row, step_row
from provisioner.store.services import service_event, upkeep_values
from provisioner.workflows.journal import Claim, Ending, FollowUp, Intent, LeaseLost, Pause, StepOutcome

OWN: Final = """
WITH own AS (
    SELECT id FROM operations WHERE id = %(operation)s AND fence = %(fence)s AND state = 'running' FOR UPDATE
)"""
RESULT: Final = """, step AS (
    INSERT INTO steps (operation_id, name, state, attempts, looks, result, error, fence, started_at, updated_at)
    SELECT own.id, %(step)s, %(step_state)s, %(step_attempts)s, %(step_looks)s, %(step_result)s, %(step_error)s,
           %(fence)s, now(), now() FROM {gate}
    ON CONFLICT (operation_id, name) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
        looks = excluded.looks, result = excluded.result, error = excluded.error, fence = excluded.fence,
        updated_at = excluded.updated_at
), attempt AS (
    INSERT INTO attempts (operation_id, step, number, action, outcome, code, vendor_code, message, exchanges,
                          milliseconds, at)
    SELECT own.id, %(step)s, %(number)s, %(action)s, %(outcome)s, %(code)s, %(vendor_code)s, %(message)s,
           %(exchanges)s, %(milliseconds)s, now() FROM {gate}
)"""
INTENT: Final = """, intent AS (
    INSERT INTO steps (operation_id, name, state, effect_class, attempts, looks, fence, started_at, updated_at)
    SELECT id, %(next)s, 'intended', %(effect)s, %(next_attempt)s, 0, %(fence)s, now(), now() FROM own
    ON CONFLICT (operation_id, name) DO UPDATE SET state = excluded.state, effect_class = excluded.effect_class,
        attempts = excluded.attempts, looks = 0, fence = excluded.fence, updated_at = excluded.updated_at
)
SELECT count(*) FROM own
"""
FIRST_INTENT: Final = OWN + INTENT
# A commit that is repeated because its answer was lost finds its own intent, and writes nothing again.
_UNWRITTEN: Final = """, unwritten AS (
    SELECT FROM own WHERE NOT EXISTS (SELECT FROM steps WHERE operation_id = own.id AND name = %(next)s
        AND fence = %(fence)s AND state = 'intended' AND attempts = %(next_attempt)s)
)"""
NEXT_INTENT: Final = OWN + _UNWRITTEN + RESULT.format(gate="own, unwritten") + INTENT
_ELSEWHERE: Final = """, elsewhere AS (
    UPDATE operations SET state = 'ready', vendor_account = %(account)s, reason = %(reason)s, due_at = now(),
        patient_until = NULL, event_key = NULL, attention = NULL, lease_owner = NULL, since = now()
    FROM own WHERE operations.id = own.id
)
SELECT count(*) FROM own
"""
MOVE: Final = OWN + _ELSEWHERE
MOVE_WITH_RESULT: Final = OWN + RESULT.format(gate="own") + _ELSEWHERE

# The service is locked and looked at once more before anything is written: a command may be changing it just now.
_MOVES: Final = """, unchanged AS (
    SELECT s.id FROM services s, own WHERE s.id = %(service)s AND s.version = %(service_was)s{unless} FOR UPDATE OF s
), moved AS (
    UPDATE orders SET status = %(order_status)s, version = %(order_version)s, error = %(order_error)s,
        updated_at = now()
    FROM unchanged WHERE orders.id = %(order)s AND orders.version = %(order_was)s
    RETURNING orders.id
), served AS (
    UPDATE services SET status = %(service_status)s, suspended_by = NULL, ref = coalesce(%(ref)s, ref),
        data = data || %(data)s, attributes = attributes || %(attributes)s,
        upkeep_at = CASE WHEN %(keeps_upkeep)s THEN upkeep_at ELSE %(upkeep_at)s END,
        upkeep_workflow = CASE WHEN %(keeps_upkeep)s THEN upkeep_workflow ELSE %(upkeep_workflow)s END,
        warnings = coalesce(%(new_warnings)s, warnings),
        version = %(service_version)s, updated_at = now()
    FROM moved WHERE services.id = %(service)s
), past AS (
    UPDATE service_periods SET ended_at = now() FROM moved
    WHERE service_id = %(service)s AND ended_at IS NULL
), period AS (
    INSERT INTO service_periods (service_id, version, status, started_at)
    SELECT %(service)s, %(service_version)s, %(service_status)s, now() FROM moved
), item AS (
    UPDATE order_items SET status = 'succeeded', error = NULL, warnings = %(warnings)s FROM moved
    WHERE order_id = %(order)s AND item_id = %(item)s
), history AS (
    INSERT INTO order_transitions (order_id, version, source, target, actor, reason, at)
    SELECT t.order_id, t.version, t.source, t.target, t.actor, t.reason, now()
    FROM moved, jsonb_to_recordset(%(transitions)s) AS t(order_id text, version int, source text, target text,
        actor text, reason text)
), told AS (
    INSERT INTO outbox (event_id, shard, type, subject, sequence, body, created_at)
    SELECT e.event_id, e.shard, e.type, e.subject, e.sequence, e.body, now()
    FROM moved, jsonb_to_recordset(%(events)s) AS e(event_id text, shard smallint, type text, subject text,
        sequence int, body text) ORDER BY e.sequence
), closed AS (
    UPDATE operations SET state = 'succeeded', reason = NULL, error = NULL, due_at = NULL, lease_owner = NULL,
        event_key = NULL, attention = NULL, sealed_secret = NULL, since = now(), ended_at = now()
    FROM moved WHERE operations.id = %(operation)s
)"""
_WROTE: Final = " SELECT (SELECT count(*) FROM own), (SELECT count(*) FROM moved)"


def _good_end(*, unless: str = "", more: str = "") -> str:
    return OWN + _MOVES.format(unless=unless) + RESULT.format(gate="own, moved") + more + _WROTE


GOOD_END: Final = _good_end()
GOOD_END_UNPLACED: Final = _good_end(unless=UNPLACED)
GOOD_END_OPENING: Final = _good_end(more=OPENED)


class PostgresJournal(StoreJournal):
    """The journal on PostgreSQL."""

    def intend(self, claim: Claim, intent: Intent, outcomes: tuple[StepOutcome, ...]) -> None:
        """Commit what has come out so far together with the next intent."""
        if not _is_one_attempt(outcomes):
            super().intend(claim, intent, outcomes)
            return
        parameters = {
            **_own(claim),
            "next": intent.name,
            "effect": intent.effect_class,
            "next_attempt": intent.attempt,
            **(_result(claim, outcomes[0]) if outcomes else {}),
        }
        self._write_own(claim, NEXT_INTENT if outcomes else FIRST_INTENT, parameters)

    def pause(self, claim: Claim, pause: Pause) -> None:
        """Commit what has come out so far and give the operation back until it is due."""
        if pause.account is None or pause.state is not OperationState.READY or not _is_one_attempt(pause.outcomes):
            super().pause(claim, pause)
            return
        parameters = {
            **_own(claim),
            "account": pause.account,
            "reason": pause.reason,
            **(_result(claim, pause.outcomes[0]) if pause.outcomes else {}),
        }
        self._write_own(claim, MOVE_WITH_RESULT if pause.outcomes else MOVE, parameters)

    def _write_own(self, claim: Claim, statement: str, parameters: Row) -> tuple[Any, ...]:
        """Write under the claim's token; what the statement tells. Raises LeaseLost."""
        with self._database.direct() as connection:
            row = connection.execute(statement, parameters).fetchone()
        if row is None or row[0] == 0:
            raise LeaseLost(f"operation {claim.operation_id} was taken over; token {claim.fence} is stale")
        return tuple(row)

    def end(self, claim: Claim, ending: Ending) -> None:
        """Commit the end with everything that follows from it."""
        if not (isinstance(claim, StoreClaim) and _is_common(claim, ending) and self._end_well(claim, ending)):
            super().end(claim, ending)

    def _end_well(self, claim: StoreClaim, ending: Ending) -> bool:
        """Write a good end in one statement; False when it is not as it was at the claim."""
        change = _change(claim, ending)
        context = Context(claim.environment, claim.correlation_id)
        event = service_event(claim.service_row, _service_change(ending), claim.inputs.get("reason"))
        service_version = claim.service_row["version"] + 1
        told = [self._announcer.row(event, f"service/{claim.service_row['id']}", service_version, context)]
        for order_event, sequence in change.events:
            told.append(self._announcer.row(order_event, f"order/{claim.order_id}", sequence, context))
        parameters = {
            **_own(claim),
            **_result(claim, ending.outcomes[0]),
            **_of_order(change),
            **_of_service(claim, ending, service_version),
            "item": claim.item_id,
            "events": Jsonb(told),
        }
        statement, more = self._following(claim, ending.follow_ups)
        written = bool(self._write_own(claim, statement, parameters | more)[1])
        if written:
            tell_log([event, *(order_event for order_event, _ in change.events)])
        return written

    def _following(self, claim: StoreClaim, follow_ups: tuple[FollowUp, ...]) -> tuple[str, Row]:
        """The statement for a good end with what follows from it, and its parameters for that."""
        new = follow_ups[0].opens if follow_ups else None
        if new is None:
            return GOOD_END, {}
        account = self._placement.choose(new.product, claim.environment, claim.service_row["customer_id"], None)
        if account is None:
            return GOOD_END_UNPLACED, unplaced(new, claim.environment)
        follow_up, kind = follow_ups[0], follow_ups[0].key
        secret = None if kind is None else self._new_key(follow_up.operation_id, kind)
        inherited = {"next_role": claim.actor_role, "next_correlation": claim.correlation_id}
        operation = followed(follow_up, account, secret=secret, deadline=self._deadline)
        return GOOD_END_OPENING, {
            **opened(new, account, claim.service_row, claim.environment),
            **operation,
            **inherited,
        }


def _is_one_attempt(outcomes: tuple[StepOutcome, ...]) -> bool:
    """Whether there is at most one outcome, and it came of a call."""
    return len(outcomes) <= 1 and all(outcome.attempt is not None for outcome in outcomes)


def _is_common(claim: StoreClaim, ending: Ending) -> bool:
    return (
        ending.state is OperationState.SUCCEEDED
        and len(ending.outcomes) == 1
        and ending.outcomes[0].attempt is not None
        and ending.service is not None
        and ending.service.status is not None
        and ending.service.suspended_by is None
        and ending.service.reason is None
        and ending.service.certificate is None
        and not ending.service.uses
        and not ending.service.wakes
        and (not ending.follow_ups or [each.opens is not None for each in ending.follow_ups] == [True])
        and claim.order is not None
        and claim.order.first_error is None
        and bool(claim.service_row)
    )


def _change(claim: StoreClaim, ending: Ending) -> OrderChange:
    if claim.order is None or claim.item_id is None:
        raise TypeError("only an order's item ends so")
    item = ItemState(claim.item_id, ItemStatus.SUCCEEDED)
    facts = ItemFacts(claim.service_row["id"], claim.service_row["product"], ending.warnings)
    return change_item(claim.order, item, facts)


def _service_change(ending: Ending) -> Any:
    return ending.service


def _own(claim: Claim) -> Row:
    return {"operation": claim.operation_id, "fence": claim.fence}


def _result(claim: Claim, outcome: StepOutcome) -> Row:
    step = step_row(claim, outcome)
    attempt = attempt_row(claim, outcome.record.name, outcome.attempt) if outcome.attempt else {}
    return {
        "step": step["name"],
        "step_state": step["state"],
        "step_attempts": step["attempts"],
        "step_looks": step["looks"],
        "step_result": None if step["result"] is None else Jsonb(step["result"]),
        "step_error": None if step["error"] is None else Jsonb(step["error"]),
        **attempt,
        "exchanges": Jsonb(attempt.get("exchanges", [])),
    }


def _of_order(change: OrderChange) -> Row:
    return {
        "order": change.after.order_id,
        "order_status": change.after.status.value,
        "order_version": change.after.version,
        "order_was": change.before.version,
        "order_error": None if change.error is None else Jsonb(error_json(change.error)),
        "transitions": Jsonb(change.transitions),
    }


def _of_service(claim: StoreClaim, ending: Ending, version: int) -> Row:
    change = _service_change(ending)
    return {
        "service": claim.service_row["id"],
        "service_was": claim.service_row["version"],
        "service_version": version,
        "service_status": change.status.value,
        "ref": change.ref,
        "data": Jsonb(dict(change.data or {})),
        "attributes": Jsonb(dict(change.attributes or {})),
        "keeps_upkeep": change.upkeep is None,
        "upkeep_at": None,
        "upkeep_workflow": None,
        **upkeep_values(change.upkeep),
        "warnings": Jsonb(list(ending.warnings)),
        "new_warnings": Jsonb(list(ending.warnings)) if ending.warnings else None,
    }
