"""What happens at a registry is judged: each rule condemns a small forged history, and a good one passes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.support.judge.history import History
from tests.support.judge.registry import judge
from tests.support.judge.verdict import Wrong

NAME = "a.example"


def _effect(operation: str, reference: str = NAME, account: str = "registrar-a", **details: str) -> dict[str, Any]:
    what = {"operation": operation, "reference": reference, "details": details}
    return {"simulator": "epp", "account": account, **what}


def _step(operation: str, name: str, state: str = "done") -> dict[str, Any]:
    return {"operation_id": operation, "name": name, "state": state}


def _operation(name: str, workflow: str) -> dict[str, Any]:
    return {"id": name, "workflow": workflow, "service_id": "s1", "ended_at": "2026-01-01T00:00:09+00:00"}


LOCKED = _effect("domain:update", statuses_added="clientTransferProhibited")
UNLOCKED = _effect("domain:update", statuses_removed="clientTransferProhibited")
EFFECTS = [_effect("contact:create", "P1"), _effect("domain:create"), LOCKED, _effect("domain:renew")]
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
    "a renewal that happened although it has failed": (
        Wrong.DOUBLED,
        _history(steps=[*STEPS[:4], _step("op2", "renew", "failed")]),
    ),
    "a registration that happened twice, once for a try that has failed": (
        Wrong.DOUBLED,
        _history([*EFFECTS, _effect("domain:create")], [*STEPS, _step("op2", "register", "failed")]),
    ),
    "a change that happened although it has failed": (
        Wrong.DOUBLED,
        _history([*EFFECTS, UNLOCKED], [*STEPS, _step("op2", "unlock", "failed")]),
    ),
    "a lock that is done and did not happen": (Wrong.LOST, _history([*EFFECTS[:2], EFFECTS[3]])),
    "an unlock that is done and did not happen": (Wrong.LOST, _history(steps=[*STEPS, _step("op2", "unlock")])),
    "a lock that is done again and was not set again": (
        Wrong.LOST,
        _history([*EFFECTS, UNLOCKED], [*STEPS, _step("op2", "unlock"), _step("op2", "lock")]),
    ),
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


@pytest.mark.parametrize(
    ("step", "effects"),
    [
        (("op2", "renew"), ["registry:renew-refused"]),
        (("op1", "register"), ["registry:create-refused"]),
    ],
)
def test_what_the_registry_took_in_and_refused_later_has_failed(step: tuple[str, str], effects: list[str]) -> None:
    kept = [each for each in STEPS if (each["operation_id"], each["name"]) != step and each["name"] != "lock"]
    bought = [effect for effect in EFFECTS if effect != LOCKED]
    refused = _history([*bought, *map(_effect, effects)], [*kept, _step(*step, "failed")], status="cancelled")
    assert list(judge(refused)) == []


def _transfer(*effects: dict[str, Any], cancelled: str | None) -> History:
    """A transfer that was withdrawn while its request was on its way."""
    history = _history([_effect("domain:transfer-request"), *effects], [_step("op3", "request", "failed")], "failed")
    operations = [
        _operation("op3", "domain.transfer"),
        {**_operation("op4", "domain.transfer-cancel"), "ended_at": cancelled},
    ]
    return replace(history, tables={**history.tables, "operations": operations})


def test_a_transfer_that_was_rejected_has_failed() -> None:
    rejected = _effect("domain:transfer-reject", account="registrar-b")
    assert list(judge(_transfer(rejected, cancelled="2026-01-01"))) == []


def test_a_request_that_came_through_is_about_to_be_withdrawn() -> None:
    assert list(judge(_transfer(cancelled=None))) == []


def test_a_request_that_came_through_and_is_not_withdrawn_is_condemned() -> None:
    assert [finding.wrong for finding in judge(_transfer(cancelled="2026-01-01"))] == [Wrong.DOUBLED]


def test_a_change_that_failed_after_a_call_without_an_answer_may_have_happened() -> None:
    failed = {**_step("op2", "unlock", "failed"), "attempts": 2}
    refused = {"operation_id": "op2", "step": "unlock", "number": 2, "action": "call", "outcome": "rejected"}
    history = _history([*EFFECTS, UNLOCKED], [*STEPS, failed])
    assert list(judge(replace(history, tables={**history.tables, "attempts": [refused]}))) == []
