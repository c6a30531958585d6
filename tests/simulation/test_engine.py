"""The promise, tried with many seeds: nothing lost, nothing done twice, nothing stuck without somebody being told.

PROVISIONER_SIMULATION_SEEDS=5000 tries so many; each failure tells how to repeat it.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.orders.statuses import OperationState
from provisioner.workflows.definition import WORKFLOWS, Definition
from provisioner.workflows.journal import StepState
from provisioner.workflows.memory import KeptOperation
from tests.simulation import plans
from tests.simulation.simulation import Simulation
from tests.support.engine.vendor import Vendor

SEEDS = int(os.environ.get("PROVISIONER_SIMULATION_SEEDS", "200"))


@pytest.fixture(autouse=True)
def _workflows(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, function in {
        "hosting.create": plans.run,
        "hosting.follow": plans.run,
        "hosting.cancel": plans.cancel,
    }.items():
        monkeypatch.setitem(WORKFLOWS, name, Definition(name, function, Vendor, frozenset()))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_promise_is_kept(seed: int) -> None:
    simulation = Simulation(seed)
    simulation.run()
    simulation.vendor.settle()
    broken = list(_broken(simulation))
    assert not broken, "\n".join([*broken, f"repeat it with: {_command(seed)}"])


def _command(seed: int) -> str:
    test = f"tests/simulation/test_engine.py::test_the_promise_is_kept[{seed}]"
    return f"PROVISIONER_SIMULATION_SEEDS={seed + 1} .venv/bin/pytest '{test}'"


def _broken(simulation: Simulation) -> Iterator[str]:
    ledger = simulation.vendor.ledger
    yield from (f"{ref} was made {times} times" for ref, times in ledger.made.items() if times > 1)
    for kept in simulation.memory.operations.values():
        yield from _not_ended(simulation, kept)
        yield from _not_as_told(simulation, kept)
        yield from _follow_ups(simulation, kept)
        yield from _lost_money(simulation, kept)


def _not_ended(simulation: Simulation, kept: KeptOperation) -> Iterator[str]:
    """An open operation is held and somebody was told why, or it stands behind one that is."""
    if kept.state is OperationState.HELD and not (kept.attention and kept.reason):
        yield f"{kept.asked.operation_id} is held, and nobody was told why"
    held = {other.asked.resource for other in simulation.open_operations if other.state is OperationState.HELD}
    if kept.is_open and kept.asked.resource not in held:
        yield f"{kept.asked.operation_id} is still {kept.state}: {kept.reason}"


def _not_as_told(simulation: Simulation, kept: KeptOperation) -> Iterator[str]:
    """What stands at the vendor is what the journal says: all of it, and nothing else."""
    for part in plans.steps_of(kept.asked.inputs.get("plan", [])):
        ref = f"{part['method']}:{kept.asked.operation_id}/{part['name']}"
        expected, found = _is_expected(kept, part), simulation.vendor.ledger.there[ref]
        if found != expected:
            yield f"{ref} should be there {expected} times and is {found} times; {kept.asked.operation_id} {kept.state}"


def _is_expected(kept: KeptOperation, part: dict[str, Any]) -> bool:
    if kept.state is OperationState.SUCCEEDED:
        return True
    record = kept.steps.get(part["name"])
    undone = part["undo"] is not None and kept.state is not OperationState.HELD
    return record is not None and record.state is StepState.DONE and not undone


def _follow_ups(simulation: Simulation, kept: KeptOperation) -> Iterator[str]:
    wanted = any(part["kind"] == "follow-up" for part in kept.asked.inputs.get("plan", []))
    started = f"{kept.asked.operation_id}/hosting.follow" in simulation.memory.operations
    if started != (wanted and kept.state is OperationState.SUCCEEDED):
        yield f"{kept.asked.operation_id} is {kept.state}; its follow-up {'has' if started else 'has not'} started"


def _lost_money(simulation: Simulation, kept: KeptOperation) -> Iterator[str]:
    """Money that was spent for an operation that did not succeed waits for an operator."""
    if kept.is_open or kept.state is OperationState.SUCCEEDED:
        return
    for ref, times in simulation.vendor.ledger.there.items():
        if times and ref.startswith(f"buy:{kept.asked.operation_id}/part-"):
            yield f"{ref} was paid for, and {kept.asked.operation_id} is {kept.state}"
