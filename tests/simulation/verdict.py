"""What the judge of the simulation says: the promise, as rules over the memory journal and the vendor's ledger."""

from collections.abc import Iterator
from typing import Any

from provisioner.orders.statuses import OperationState
from provisioner.workflows.journal import StepState
from provisioner.workflows.memory import KeptOperation
from tests.simulation import plans
from tests.simulation.simulation import CANARY, Simulation
from tests.support.judge.verdict import Finding, Verdict, Wrong


def judge(simulation: Simulation) -> Verdict:
    """All breaches. Whatever is on its way to the vendor has to have arrived."""
    return Verdict([*_made_twice(simulation), *_of_operations(simulation), *_leaked(simulation)])


def _made_twice(simulation: Simulation) -> Iterator[Finding]:
    for ref, times in simulation.vendor.ledger.made.items():
        if times > 1:
            yield Finding("C3", Wrong.DOUBLED, f"{ref} was made {times} times")


def _of_operations(simulation: Simulation) -> Iterator[Finding]:
    for kept in simulation.memory.operations.values():
        yield from _not_ended(simulation, kept)
        yield from _not_as_told(simulation, kept)
        yield from _follow_ups(simulation, kept)
        yield from _lost_money(simulation, kept)


def _not_ended(simulation: Simulation, kept: KeptOperation) -> Iterator[Finding]:
    """An open operation is held and somebody was told why, or it stands behind one that is."""
    if kept.state is OperationState.HELD and not (kept.attention and kept.reason):
        yield Finding("C1", Wrong.STUCK, f"{kept.asked.operation_id} is held, and nobody was told why")
    held = {other.asked.resource for other in simulation.open_operations if other.state is OperationState.HELD}
    if kept.is_open and kept.asked.resource not in held:
        yield Finding("C1", Wrong.STUCK, f"{kept.asked.operation_id} is still {kept.state}: {kept.reason}")


def _not_as_told(simulation: Simulation, kept: KeptOperation) -> Iterator[Finding]:
    """What stands at the vendor is what the journal says: all of it, and nothing else."""
    for part in plans.steps_of(kept.asked.inputs.get("plan", [])):
        ref = f"{part['method']}:{kept.asked.operation_id}/{part['name']}"
        expected, found = int(_is_expected(kept, part)), simulation.vendor.ledger.there[ref]
        if found != expected:
            wrong = Wrong.LOST if found < expected else Wrong.DOUBLED
            words = f"{ref} should be there {expected} times and is {found} times"
            yield Finding("C2", wrong, f"{words}; {kept.asked.operation_id} {kept.state}")


def _is_expected(kept: KeptOperation, part: dict[str, Any]) -> bool:
    if kept.state is OperationState.SUCCEEDED:
        return True
    record = kept.steps.get(part["name"])
    undone = part["undo"] is not None and kept.state is not OperationState.HELD
    return record is not None and record.state is StepState.DONE and not undone


def _follow_ups(simulation: Simulation, kept: KeptOperation) -> Iterator[Finding]:
    wanted = any(part["kind"] == "follow-up" for part in kept.asked.inputs.get("plan", []))
    started = f"{kept.asked.operation_id}/hosting.follow" in simulation.memory.operations
    if started != (wanted and kept.state is OperationState.SUCCEEDED):
        words = f"{kept.asked.operation_id} is {kept.state}; its follow-up {'has' if started else 'has not'} started"
        yield Finding("C1", Wrong.DOUBLED if started else Wrong.LOST, words)


def _lost_money(simulation: Simulation, kept: KeptOperation) -> Iterator[Finding]:
    """Money that was spent for an operation that did not succeed waits for an operator."""
    if kept.is_open or kept.state is OperationState.SUCCEEDED:
        return
    for ref, times in simulation.vendor.ledger.there.items():
        if times and ref.startswith(f"buy:{kept.asked.operation_id}/part-"):
            yield Finding("C4", Wrong.LOST, f"{ref} was paid for, and {kept.asked.operation_id} is {kept.state}")


def _leaked(simulation: Simulation) -> Iterator[Finding]:
    """No secret is in anything that the journal was given to write."""
    if any(CANARY in repr(commit) for commit in simulation.memory.commits):
        yield Finding("C8", Wrong.LEAKED, "a password was written to the journal")
