"""Workflows drawn by lot: a plan is a list of parts, carried in the operation's inputs as JSON."""

import random
from datetime import datetime, timedelta
from typing import Any

from provisioner.orders.statuses import ServiceStatus
from provisioner.workflows.journal import ServiceChange
from provisioner.workflows.operation import Operation
from tests.support.engine.vendor import Vendor

Plan = list[dict[str, Any]]

METHODS = ("put", "order", "buy", "make", "send")
UNDO_OF = {"put": "remove", "order": "remove", "make": "destroy"}
STEPS = frozenset(METHODS)


def draw(dice: random.Random, now: datetime) -> Plan:
    """One to six parts, each a step of any effect class, a wait, or a follow-up at the end."""
    plan = [_part(dice, number, now) for number in range(dice.randint(1, 6))]
    if dice.random() < 0.3:
        plan.append({"kind": "follow-up", "plan": [_step(dice, number) for number in range(2)]})
    return plan


def _part(dice: random.Random, number: int, now: datetime) -> dict[str, Any]:
    kind = dice.choices(["step", "wait", "sleep", "event"], weights=[12, 2, 1, 1])[0]
    if kind == "sleep":
        until = now + timedelta(seconds=dice.uniform(0, 20_000))
        return {"kind": kind, "name": f"part-{number}", "until": until.isoformat()}
    return {"kind": kind, "name": f"part-{number}"} if kind != "step" else _step(dice, number)


def _step(dice: random.Random, number: int) -> dict[str, Any]:
    method = dice.choices(METHODS, weights=[4, 4, 1, 6, 2])[0]
    undo = UNDO_OF.get(method) if dice.random() < 0.8 else None
    return {"kind": "step", "name": f"part-{number}", "method": method, "undo": undo}


def run(op: Operation, vendor: Vendor) -> ServiceChange | None:
    """The workflow: carry out the plan, part by part."""
    for part in op.inputs["plan"]:
        _carry_out(op, vendor, part)
    return None


def cancel(op: Operation, vendor: Vendor) -> ServiceChange:
    """The workflow that makes the others pointless."""
    op.step("cancel", vendor.put, f"{op.id}/cancel")
    return op.service_is(ServiceStatus.CANCELLED)


def _carry_out(op: Operation, vendor: Vendor, part: dict[str, Any]) -> None:
    match part["kind"]:
        case "step":
            undo = getattr(vendor, part["undo"]) if part["undo"] else None
            op.step(part["name"], getattr(vendor, part["method"]), f"{op.id}/{part['name']}", undo=undo)
        case "wait":
            op.wait_until(part["name"], vendor.is_ready, op.id, every=60, reason="it is not ready")
        case "sleep":
            op.sleep_until(part["name"], datetime.fromisoformat(part["until"]), reason="it is not time yet")
        case "event":
            op.wait_for_event(part["name"], f"approval/{op.id}", reason="somebody has to approve it")
        case "follow-up":
            op.follow_up("hosting.follow", resource=f"follow:{op.id}", plan=part["plan"])


def steps_of(plan: Plan) -> list[dict[str, Any]]:
    """The parts that call a vendor."""
    return [part for part in plan if part["kind"] == "step"]
