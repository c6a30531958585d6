"""What happens to certificates is judged: each rule condemns a small forged history, and a good one passes."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.judge.certificates import effect_of, judge
from tests.support.judge.history import History
from tests.support.judge.verdict import Wrong

MARK = "svc:h1"
NAME = "provisioner-0123456789abcdef"
FILE = "/httpdocs/.well-known/acme-challenge/token"


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


def _step(operation: str, name: str, state: str = "done", attempts: int = 1) -> dict[str, Any]:
    return {"operation_id": operation, "name": name, "state": state, "attempts": attempts}


def _operation(name: str, verb: str, resource: str = "service:c1", ended: str | None = "2026-01-01") -> dict[str, Any]:
    workflow = f"certificate.{verb}"
    return {"id": name, "workflow": workflow, "service_id": "c1", "resource": resource, "ended_at": ended}


ORDER = _at_authority("order:create")
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
KEPT = [{"id": "op1", "service_id": "c1", "source": "authority", "serial": "ab"}]


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

FORGED: dict[str, tuple[Wrong, History]] = {
    "a second certificate for one operation": (
        Wrong.DOUBLED,
        _history([*EFFECTS, AGAIN], [*STEPS, _step("op1", "issue-2")], [*KEPT, {**KEPT[0], "serial": "cd"}]),
    ),
    "a certificate that nobody asked for": (
        Wrong.DOUBLED,
        _history([*EFFECTS, {**AGAIN, "details": {"key_sha256": "22"}}], kept=[*KEPT, {**KEPT[0], "serial": "cd"}]),
    ),
    "a certificate that was thrown away": (Wrong.LOST, _history(kept=[])),
    "a certificate that was never issued": (Wrong.LOST, _history(_without(ISSUE))),
    "an order that nobody asked for": (Wrong.DOUBLED, _history([ORDER, *EFFECTS])),
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
    steps = [{**step, "attempts": 2} if step["name"] == "order-1" else step for step in STEPS]
    assert list(judge(_history([ORDER, *EFFECTS], steps))) == []


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
