"""What happens to certificates is judged: each rule condemns a small forged history, and a good one passes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.support.judge.certificates import effect_of, judge
from tests.support.judge.history import History
from tests.support.judge.verdict import Wrong
from tests.unit.judge.forged import change

MARK = "svc:h1"
NAME = "provisioner-0123456789abcdef"
TOKEN = "token"
FILE = f"/httpdocs/.well-known/acme-challenge/{TOKEN}"


def _at_authority(operation: str, **details: str) -> dict[str, Any]:
    return {
        "simulator": "acme",
        "operation": operation,
        "reference": "a.example",
        "object_id": "00ab",
        "details": details,
    }


def _at_panel(operation: str, **details: str) -> dict[str, Any]:
    return {"simulator": "plesk", "operation": operation, "reference": MARK, "object_id": "1", "details": details}


RESULTS = {
    "request": {"ref": None, "data": {"names": ["a.example"]}},
    "order-1": {"ref": "https://ca.example/order/1", "data": {"challenges": [{"place": TOKEN, "content": "proof"}]}},
    "issue-1": {"ref": "https://ca.example/order/1", "data": {}},
    "issue-2": {"ref": "https://ca.example/order/1", "data": {}},
}


def _step(operation: str, name: str, state: str = "done", attempts: int = 1) -> dict[str, Any]:
    result = RESULTS.get(name) if state == "done" else None
    return {"operation_id": operation, "name": name, "state": state, "attempts": attempts, "result": result}


def _call(operation: str, step: str, outcome: str = "rejected") -> dict[str, Any]:
    """How the first call of a step ended."""
    return {"operation_id": operation, "step": step, "number": 1, "action": "call", "outcome": outcome}


def _operation(name: str, verb: str, resource: str = "service:c1", ended: str | None = "2026-01-01") -> dict[str, Any]:
    workflow = f"certificate.{verb}"
    return {"id": name, "workflow": workflow, "service_id": "c1", "resource": resource, "ended_at": ended}


ORDER = {**_at_authority("order:create"), "object_id": "1"}
ISSUE = _at_authority("certificate:issue", key_sha256="11" * 32, order="1")
SHOW = _at_panel("ftp.store", path=FILE)
HIDE = _at_panel("ftp.delete", path=FILE)
INSTALL = _at_panel("certificate.install", name=NAME)
USE = _at_panel("site.set", certificate=NAME, changed="hosting")
EFFECTS = [ORDER, SHOW, ISSUE, HIDE, INSTALL, USE]
STEPS = [
    *(_step("op1", name) for name in ("terms", "names-lead-here", "leads-here-1", "request", "order-1")),
    *(_step("op1", name) for name in ("show-1-http-1", "seen-1-http-1", "answer-1-http-1", "validated-1", "issue-1")),
    _step("op1", "hide-1-http-1"),
    *(_step("op2", name) for name in ("certificate", "install", "use", "seen")),
]
KEPT = [{"id": "op1", "service_id": "c1", "source": "authority", "serial": "ab", "fingerprint": "f1"}]


def _history(
    effects: list[dict[str, Any]] = EFFECTS,
    steps: list[dict[str, Any]] = STEPS,
    kept: list[dict[str, Any]] = KEPT,
    *,
    issued_at: str | None = "2026-01-01",
    hosting: str = "active",
) -> History:
    numbered = [{**effect, "seq": number} for number, effect in enumerate(effects, start=1)]
    certificate = {"id": "c1", "product": "certificate", "status": "active", "parent_id": "h1"}
    tables: Mapping[str, list[dict[str, Any]]] = {
        "services": [
            {"id": "h1", "product": "hosting", "status": hosting, "ownership_mark": MARK, "parent_id": None},
            {**certificate, "data": {"installed_as": NAME}},
        ],
        "operations": [
            _operation("op1", "issue", ended=issued_at),
            _operation("op2", "install", resource="site:h1"),
        ],
        "steps": steps,
        "certificates": kept,
    }
    return History(taken_at="2026-01-01T00:01:00+00:00", lease_seconds=3, effects=numbered, tables=tables)


def _without(*left_out: dict[str, Any]) -> list[dict[str, Any]]:
    return [effect for effect in EFFECTS if effect not in left_out]


AGAIN = {**ISSUE, "object_id": "00cd"}
ANOTHER_ORDER = {**ORDER, "object_id": "2"}
ANSWERED = [{**step, "attempts": 2} if step["name"] == "order-1" else step for step in STEPS]
OTHER = "svc:h2"


def _beside(history: History, *, at_work: bool = True) -> History:
    """With the certificate of another website, whose order waits for the authority's limit, or whose issue failed."""
    ended = None if at_work else "2026-01-01"
    more: Mapping[str, list[dict[str, Any]]] = {
        "services": [
            {"id": "h2", "product": "hosting", "status": "active", "ownership_mark": OTHER, "parent_id": None},
            {"id": "c2", "product": "certificate", "status": "provisioning", "parent_id": "h2", "data": {}},
        ],
        "operations": [{**_operation("op9", "issue", "service:c2", ended), "service_id": "c2"}],
        "steps": [{**_step("op9", "order-1", "retry", 0), "result": None}],
        "certificates": [],
    }
    return replace(history, tables={name: [*rows, *more[name]] for name, rows in history.tables.items()})


def _failed(history: History, step: str) -> History:
    """The one whose first call was refused."""
    refused = change(history, "steps", {"name": step}, state="failed", result=None)
    operation = next(row["operation_id"] for row in refused.table("steps") if row["name"] == step)
    return replace(refused, tables={**refused.tables, "attempts": [_call(operation, step)]})


FORGED: dict[str, tuple[Wrong, History]] = {
    "a second certificate for one operation": (
        Wrong.DOUBLED,
        _history([*EFFECTS, AGAIN], [*STEPS, _step("op1", "issue-2")], [*KEPT, {**KEPT[0], "serial": "cd"}]),
    ),
    "a certificate that nobody asked for": (
        Wrong.DOUBLED,
        _history(
            [*EFFECTS, {**AGAIN, "details": {"key_sha256": "22", "order": "2"}}],
            kept=[*KEPT, {**KEPT[0], "serial": "cd"}],
        ),
    ),
    "a certificate that was thrown away": (Wrong.LOST, _history(kept=[])),
    "a certificate that was never issued": (Wrong.LOST, _history(_without(ISSUE))),
    "an order that nobody asked for": (Wrong.DOUBLED, _history([ANOTHER_ORDER, *EFFECTS])),
    "an order in place of another's": (
        Wrong.DOUBLED,
        _history([{**ANOTHER_ORDER, "reference": "b.example"}, *EFFECTS], ANSWERED),
    ),
    "a certificate that is thrown away while another is waited for": (Wrong.LOST, _beside(_history(kept=[]))),
    "a file that is left behind while another certificate is waited for": (
        Wrong.LOST,
        _beside(_history(_without(HIDE))),
    ),
    "a file of nobody's beside one at work": (
        Wrong.LOST,
        _history([*EFFECTS, _at_panel("ftp.store", path=f"{FILE}-2")], issued_at=None),
    ),
    "a certificate that was installed twice, and elsewhere not at all": (
        Wrong.DOUBLED,
        change(_beside(_history([*EFFECTS, INSTALL])), "steps", {"operation_id": "op9"}, name="install", state="done"),
    ),
    "a certificate that was issued although that has failed": (Wrong.DOUBLED, _failed(_history(), "issue-1")),
    "a certificate that was installed although that has failed": (Wrong.DOUBLED, _failed(_history(), "install")),
    "an order that was never opened": (Wrong.LOST, _history(_without(ORDER))),
    "a file that was left behind": (Wrong.LOST, _history(_without(HIDE))),
    "a record that was left behind": (
        Wrong.LOST,
        _history([*EFFECTS, _at_panel("dns.add_rec", type="TXT", host="_acme-challenge.a.example.", value="x")]),
    ),
    "a certificate that was not installed": (Wrong.LOST, _history(_without(INSTALL))),
    "a certificate that is not used": (Wrong.LOST, _history(_without(USE))),
    "a certificate that was installed again": (Wrong.DOUBLED, _history([*EFFECTS, INSTALL])),
    "a certificate that was removed": (Wrong.LOST, _history([*EFFECTS, _at_panel("certificate.remove", name=NAME)])),
    "a revocation that nobody asked for": (Wrong.DOUBLED, _history([*EFFECTS, _at_authority("certificate:revoke")])),
    "a step that is not known": (Wrong.LOST, _history(steps=[*STEPS, _step("op1", "surprise")])),
}


def test_a_good_history_passes() -> None:
    assert list(judge(_history())) == []


def test_an_operation_at_work_may_still_keep_its_certificate_and_tidy_up() -> None:
    steps = [step for step in STEPS if not step["name"].startswith("hide")]
    assert list(judge(_history(_without(HIDE), steps, kept=[], issued_at=None))) == []


def test_an_order_whose_answer_was_lost_may_be_opened_again() -> None:
    assert list(judge(_history([ANOTHER_ORDER, *EFFECTS], ANSWERED))) == []


def test_an_installation_that_failed_after_a_call_without_an_answer_may_have_happened() -> None:
    history = _failed(_history(), "install")
    unanswered = change(history, "attempts", {"step": "install"}, outcome="uncertain")
    assert list(judge(unanswered)) == []


def test_a_hosting_may_go_while_its_certificate_is_installed() -> None:
    gone = _failed(_history([*EFFECTS, _at_panel("webspace.del")], hosting="cancelled"), "use")
    assert list(judge(gone)) == []


def test_what_an_operator_has_given_up_is_left_as_it_is() -> None:
    history = change(_history(_without(HIDE), kept=[]), "operations", {"id": "op1"}, error={"code": "given_up"})
    assert list(judge(history)) == []


def test_what_a_panel_refused_to_take_away_is_told() -> None:
    record = _at_panel("dns.add_rec", type="TXT", host="_acme-challenge.a.example.", value="x")
    left = [{"place": TOKEN}, {"place": "_acme-challenge.a.example"}]
    told = {"installed_as": NAME, "left_behind": left}
    assert list(judge(change(_history([*_without(HIDE), record]), "services", {"id": "c1"}, data=told))) == []


def test_one_that_waits_for_the_limit_of_the_authority_is_well() -> None:
    assert list(judge(_beside(_history()))) == []


def test_what_was_to_be_revoked_is_revoked() -> None:
    history = _history([*EFFECTS, _at_authority("certificate:revoke")], [*STEPS, _step("op3", "revoke")])
    revoke = {**_operation("op3", "revoke"), "inputs": {"fingerprint": "f1"}}
    tables = {**history.tables, "operations": [*history.table("operations"), revoke]}
    assert list(judge(replace(history, tables=tables))) == []


def test_another_certificate_than_the_one_to_be_revoked_is_condemned() -> None:
    revoked = {**_at_authority("certificate:revoke"), "object_id": "00ee"}
    history = _history([*EFFECTS, revoked], [*STEPS, _step("op3", "revoke")])
    revoke = {**_operation("op3", "revoke"), "inputs": {"fingerprint": "f1"}}
    tables = {**history.tables, "operations": [*history.table("operations"), revoke]}
    assert [finding.wrong for finding in judge(replace(history, tables=tables))] == [Wrong.DOUBLED]


def test_of_a_hosting_that_is_gone_nothing_has_to_stand() -> None:
    assert list(judge(_history([*_without(USE, INSTALL, HIDE), _at_panel("webspace.del")], hosting="cancelled"))) == []


def test_other_changes_of_a_site_are_not_about_certificates() -> None:
    assert list(judge(_history([*EFFECTS, _at_panel("site.set", changed="hosting")]))) == []


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_history_is_condemned(forged: str) -> None:
    wrong, history = FORGED[forged]
    assert wrong in {finding.wrong for finding in judge(history)}


@pytest.mark.parametrize(
    ("step", "effect"),
    [
        ("order-3", "order:create"),
        ("order-1-anew", "order:create"),
        ("show-2-dns-10", "dns.add_rec"),
        ("hide-1-http-1", "ftp.delete"),
        ("issue-1", "certificate:issue"),
        ("seen-1-dns-1", ""),
        ("seen", ""),
        ("surprise-1", None),
    ],
)
def test_steps_are_known_by_their_names_without_numbers(step: str, effect: str | None) -> None:
    assert effect_of(step) == effect
