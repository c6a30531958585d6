"""C2, C3, C4: the vendors' ledgers and the journal tell the same story, and everything in it happened once."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.support.judge.certificates import AT_PANEL, is_of_certificates
from tests.support.judge.certificates import PRODUCT as CERTIFICATE
from tests.support.judge.declared import ACTIVE, OUR_MARKS, Declared, Kind, declared
from tests.support.judge.history import History, Row, moment
from tests.support.judge.registry import DOMAIN, is_of_registry
from tests.support.judge.verdict import Finding, Wrong

MADE: Final = frozenset({"customer.add", "webspace.add"})
REMOVED: Final = frozenset({"customer.del", "webspace.del"})
UNDO: Final = "undo:"
ELSEWHERE: Final = (DOMAIN, CERTIFICATE)
"""Products that are judged by what else is known of them."""
# A step in one of these states may have had its effect without the journal knowing.
OPEN_STEPS: Final = frozenset({"intended", "uncertain", "pending"})
AFTER_FAILURE: Final = frozenset({"compensated", "compensating", "superseded", "held", "running"})


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the journal with its operation and its declaration."""

    row: Row
    operation: Row
    declared: Declared

    @property
    def reference(self) -> str:
        """Our mark on what it works on."""
        return self.declared.reference(self.operation)

    @property
    def done(self) -> bool:
        """Whether the journal says that it was done."""
        return bool(self.row["state"] == "done")

    def __str__(self) -> str:
        return f"step {self.row['name']} of {self.operation['workflow']} {self.operation['id']}"


def judge(history: History, *, repeats: bool = False) -> Iterator[Finding]:
    """Breaches of C2 to C4. With `repeats` a change that is idempotent may have been made again."""
    yield from _undeclared(history)
    steps = list(_steps(history))
    yield from _successes(history, steps)
    yield from _unexplained(history, steps, repeats=repeats)
    yield from _sequence(history)
    yield from _standing(history)
    yield from _compensations(steps)


def _steps(history: History) -> Iterator[Step]:
    operations = history.by_id("operations")
    for row in history.table("steps"):
        operation = operations.get(row["operation_id"])
        effect = declared(operation["workflow"], row["name"]) if operation else None
        if operation and effect:
            yield Step(row, operation, effect)


def _undeclared(history: History) -> Iterator[Finding]:
    operations = history.by_id("operations")
    for row in history.table("steps"):
        workflow = operations.get(row["operation_id"], {}).get("workflow")
        judged_elsewhere = workflow and (is_of_registry(workflow) or is_of_certificates(workflow))
        if workflow and not judged_elsewhere and declared(workflow, row["name"]) is None:
            yield Finding("C2", Wrong.LOST, f"the judge does not know what {workflow}/{row['name']} does; declare it")


# -- C2: the same effects


def _successes(history: History, steps: list[Step]) -> Iterator[Finding]:
    """What the journal says was made is in the ledger."""
    made = {(effect["operation"], effect["reference"]) for effect in history.effects}
    for step in steps:
        wanted = (step.declared.operation, step.reference)
        if step.done and step.declared.kind is Kind.MAKES and wanted not in made:
            yield Finding("C2", Wrong.LOST, f"{step} is done, and no ledger has {wanted[0]} of {wanted[1]}")


def _unexplained(history: History, steps: list[Step], *, repeats: bool) -> Iterator[Finding]:
    """What a ledger has was asked for by a step, as often."""
    by_reference: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        if step.row["state"] in {"done", *OPEN_STEPS}:
            by_reference[step.reference].append(step)
    for (operation, reference), effects in _grouped(history).items():
        may = by_reference[reference]
        for detail, count in Counter(_detail(effect) for effect in effects).items():
            effect = next(effect for effect in effects if _detail(effect) == detail)
            asked = sum(step.declared.explains(effect) for step in may)
            finishing = not detail and any(operation in step.declared.also for step in may)
            harmless = finishing or (repeats and asked and operation not in MADE | REMOVED)
            if count > asked and not harmless:
                yield Finding("C2", Wrong.DOUBLED, f"{operation} of {reference} happened {count}x, asked for {asked}x")


def _grouped(history: History) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for effect in history.effects:
        if effect["reference"].startswith(OUR_MARKS) and effect["operation"] not in AT_PANEL:
            found.setdefault((effect["operation"], effect["reference"]), []).append(effect)
    return found


def _detail(effect: Row) -> str:
    return str(effect["details"].get("status", ""))


# -- C3: nothing twice


def _sequence(history: History) -> Iterator[Finding]:
    """Nothing is made that is there, nothing is removed that is not."""
    there: Counter[tuple[str, str]] = Counter()
    for effect in sorted(history.effects, key=lambda row: row["seq"]):
        kind, reference = effect["operation"].partition(".")[0], effect["reference"]
        if not reference.startswith(OUR_MARKS):
            continue
        was = there[kind, reference]
        there[kind, reference] += (effect["operation"] in MADE) - (effect["operation"] in REMOVED)
        if there[kind, reference] not in (0, 1):
            yield Finding("C3", Wrong.DOUBLED, f"{effect['operation']} of {reference}, when {was} were there already")


# -- C2: what stands at the vendor is what the services say


def _standing(history: History) -> Iterator[Finding]:
    flags = _flags(history)
    at_work = {row["service_id"] for row in history.table("operations") if row["ended_at"] is None}
    for service in history.table("services"):
        if service["id"] in at_work or service.get("product") in ELSEWHERE:
            continue
        flag = flags.get(service["ownership_mark"])
        yield from _one_standing(service, flag)
    yield from _customers(history, flags)


def _one_standing(service: Row, flag: str | None) -> Iterator[Finding]:
    name = f"service {service['id']} is {service['status']}"
    if service["status"] in ("active", "suspended") and flag is None:
        yield Finding("C2", Wrong.LOST, f"{name}, and nothing stands at the vendor")
    if service["status"] in ("failed", "cancelled") and flag is not None:
        yield Finding("C2", Wrong.LOST, f"{name}, and what was made still stands at the vendor")
    if service["status"] == "active" and flag not in (None, ACTIVE):
        yield Finding("C2", Wrong.LOST, f"{name}, and the vendor has it switched off")
    if service["status"] == "suspended" and flag == ACTIVE:
        yield Finding("C2", Wrong.LOST, f"{name}, and the vendor has it switched on")


def _customers(history: History, flags: dict[str, str]) -> Iterator[Finding]:
    """A customer stands while one of its services does; an account in which nothing is left stays."""
    at_work = {row["customer_id"] for row in history.table("operations") if row["ended_at"] is None}
    standing = {
        row["customer_id"]
        for row in history.table("services")
        if row["status"] in ("active", "suspended") and row.get("product") not in ELSEWHERE
    }
    for customer in standing - at_work:
        if f"cust:{customer}" not in flags:
            yield Finding("C2", Wrong.LOST, f"customer {customer} is not at the vendor, and has services that are")


def _flags(history: History) -> dict[str, str]:
    """The status of everything of ours that stands at the vendor, by its mark."""
    flags: dict[str, str] = {}
    for effect in sorted(history.effects, key=lambda row: row["seq"]):
        reference = effect["reference"]
        if effect["operation"] in MADE:
            flags[reference] = ACTIVE
        elif effect["operation"] in REMOVED:
            flags.pop(reference, None)
        elif effect["details"].get("status"):
            flags[reference] = effect["details"]["status"]
    return flags


# -- C4: compensation


def _compensations(steps: list[Step]) -> Iterator[Finding]:
    by_name = {(step.operation["id"], step.row["name"]): step for step in steps}
    for step in steps:
        if step.row["name"].startswith(UNDO):
            yield from _undo(step, by_name.get((step.operation["id"], step.row["name"].removeprefix(UNDO))))
        elif step.operation["state"] == "compensated" and step.done and step.declared.kind is Kind.MAKES:
            undone = by_name.get((step.operation["id"], UNDO + step.row["name"]))
            if undone is None or not undone.done:
                yield Finding("C4", Wrong.LOST, f"{step} was not undone, although its operation says so")


def _undo(undo: Step, done: Step | None) -> Iterator[Finding]:
    if undo.operation["state"] not in AFTER_FAILURE:
        yield Finding("C4", Wrong.LOST, f"{undo} ran, although the operation {undo.operation['state']}")
    if done is None or not done.done:
        yield Finding("C4", Wrong.LOST, f"{undo} ran, although there was nothing to undo")
    elif moment(undo.row["started_at"]) < moment(done.row["updated_at"]):
        yield Finding("C4", Wrong.LOST, f"{undo} began before the step that it undoes had ended")
