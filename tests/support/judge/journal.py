"""What the journal says of a step: whether its call may have had an effect."""

from typing import Final

from tests.support.judge.history import History, Row

SENT: Final = frozenset({"done", "intended", "uncertain", "pending"})
"""A step in one of these states has had its effect, or may have had it."""

WITHOUT_EFFECT: Final = frozenset({"rejected", "unavailable", "throttled", "misconfigured"})
"""How a call ends that is known to have done nothing."""

GIVEN_UP: Final = "given_up"


def may_have_happened(history: History, step: Row) -> bool:
    """Whether the journal leaves room for an effect: of a failed step, where one of its calls was never answered."""
    return step["state"] in SENT or (step["state"] == "failed" and _was_unanswered(history, step))


def may_go_on(operation: Row) -> bool:
    """Whether something may be left half done: an operation that is at work, or was given up by an operator."""
    return not operation["ended_at"] or (operation.get("error") or {}).get("code") == GIVEN_UP


def _was_unanswered(history: History, step: Row) -> bool:
    """Whether a call ended without an answer, or in a crash, which leaves no line."""
    answered = {
        row["number"]
        for row in history.rows_of("attempts", "operation_id", step["operation_id"])
        if row["step"] == step["name"] and row["action"] == "call" and row["outcome"] in WITHOUT_EFFECT
    }
    return bool(set(range(1, step.get("attempts", 0) + 1)) - answered)
