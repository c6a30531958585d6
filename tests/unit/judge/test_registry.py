"""What happens at a registry is judged: each rule condemns a small forged history, and a good one passes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.support.judge.history import History
from tests.support.judge.registry import judge
from tests.support.judge.verdict import Wrong

NAME = "a.example"


def _effect(operation: str, reference: str = NAME, account: str = "registrar-a") -> dict[str, Any]:
    return {"simulator": "epp", "account": account, "operation": operation, "reference": reference, "details": {}}


def _step(operation: str, name: str, state: str = "done") -> dict[str, Any]:
    return {"operation_id": operation, "name": name, "state": state}


def _operation(name: str, workflow: str) -> dict[str, Any]:
    return {"id": name, "workflow": workflow, "service_id": "s1", "ended_at": "2026-01-01T00:00:09+00:00"}


EFFECTS = [_effect("contact:create", "P1"), _effect("domain:create"), _effect("domain:update"), _effect("domain:renew")]
STEPS = [
    _step("op1", "contact-registrant"),
    _step("op1", "register"),
    _step("op1", "lock"),
    _step("op2", "look"),
    _step("op2", "renew"),
]


def _history(
    effects: list[dict[str, Any]] = EFFECTS, steps: list[dict[str, Any]] = STEPS, status: str = "active"
) -> History:
    numbered = [{**effect, "seq": number} for number, effect in enumerate(effects, start=1)]
    tables: Mapping[str, list[dict[str, Any]]] = {
        "services": [{"id": "s1", "product": "domain", "status": status, "attributes": {"domain": NAME}}],
        "operations": [_operation("op1", "domain.register"), _operation("op2", "domain.renew")],
        "steps": steps,
    }
    return History(taken_at="2026-01-01T00:01:00+00:00", lease_seconds=3, effects=numbered, tables=tables)


FORGED: dict[str, tuple[Wrong, History]] = {
    "a domain that was bought twice": (Wrong.DOUBLED, _history([*EFFECTS, _effect("domain:create")])),
    "a renewal that nobody asked for": (Wrong.DOUBLED, _history([*EFFECTS, _effect("domain:renew")])),
    "a renewal that was never sent": (
        Wrong.DOUBLED,
        _history(steps=[*STEPS[:4], _step("op2", "renew", "retry")]),
    ),
    "a renewal that is done and did not happen": (Wrong.LOST, _history(EFFECTS[:3])),
    "a registration that is done and did not happen": (Wrong.LOST, _history([EFFECTS[0], *EFFECTS[2:]])),
    "a contact that was made twice": (Wrong.DOUBLED, _history([*EFFECTS, EFFECTS[0]])),
    "a change that nobody asked for": (Wrong.DOUBLED, _history([*EFFECTS, _effect("domain:update")])),
    "a deletion that nobody asked for": (Wrong.DOUBLED, _history([*EFFECTS, _effect("domain:delete")])),
    "a domain in use that was purged": (
        Wrong.LOST,
        _history([*EFFECTS, _effect("registry:purge", account="registry")]),
    ),
    "a failed service whose domain was bought": (Wrong.LOST, _history(status="failed")),
    "a step that is not known": (Wrong.LOST, _history(steps=[*STEPS, _step("op1", "surprise")])),
}


def test_a_good_history_passes() -> None:
    assert list(judge(_history())) == []


def test_what_another_registrar_does_concerns_nobody() -> None:
    assert list(judge(_history([*EFFECTS, _effect("domain:renew", "b.example", "registrar-b")]))) == []


ANSWERED = [*STEPS, _step("op3", "answer")]


def _leaving(*answers: str, status: str = "cancelled") -> History:
    """Another registrar asks for the domain, and is answered so."""
    history = _history([*EFFECTS, *map(_effect, answers)], ANSWERED, status)
    operations = [*history.table("operations"), _operation("op3", "domain.transfer-out")]
    return replace(history, tables={**history.tables, "operations": operations})


@pytest.mark.parametrize("answer", ["domain:transfer-approve", "domain:transfer-reject"])
def test_a_request_is_answered_with_yes_or_no(answer: str) -> None:
    assert list(judge(_leaving(answer))) == []


def test_a_request_that_is_answered_twice_is_condemned() -> None:
    findings = list(judge(_leaving("domain:transfer-reject", "domain:transfer-approve")))
    assert [finding.wrong for finding in findings] == [Wrong.DOUBLED]


def test_a_domain_that_was_let_go_is_not_in_use() -> None:
    findings = list(judge(_leaving("domain:transfer-approve", status="active")))
    assert [finding.wrong for finding in findings] == [Wrong.LOST]


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_history_is_condemned(forged: str) -> None:
    wrong, history = FORGED[forged]
    assert wrong in {finding.wrong for finding in judge(history)}
