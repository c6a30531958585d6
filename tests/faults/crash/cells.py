"""The matrix: every boundary that the scenarios pass, and each victim that is killed there."""

import ast
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

import provisioner
from provisioner.intake import topology
from tests.faults.crash.dry_run import Course, Passing, Step
from tests.faults.crash.lane import RELAY, SCHEDULER, WORKER
from tests.faults.crash.scenarios import BY_NAME
from tests.faults.crash.story import Scenario
from tests.support.judge import certificates, registry
from tests.support.production import REGISTRAR

CALL_POINTS: Final = (
    *("before_intent", "after_intent", "request_sent", "response_received"),
    *("after_call", "before_commit", "after_commit"),
)
WAIT_POINTS: Final = ("before_commit", "after_commit")
ACK_POINTS: Final = ("before_ack", "after_ack")
SENT_POINTS: Final = ("request_sent", "response_received")
POLL: Final = "poll/"
POLL_POINTS: Final = (*WAIT_POINTS, *SENT_POINTS, "after_ack")
Job = TypeVar("Job")

STOREFRONT_QUEUES: Final = (topology.ORDERS, topology.LIFECYCLE)
RELAY_POINTS: Final = ("before_publish", "after_confirm", "after_mark")

STEP: Final = "step"
FAMILIES: Final[Mapping[str, frozenset[str]]] = {
    "provisioner/intake": frozenset({"intake"}),
    "provisioner/relay": frozenset({RELAY}),
    "provisioner/runner": frozenset({"poll"}),
    "provisioner/workflows": frozenset({STEP}),
    "adapters/acme": frozenset({STEP}),
    "adapters/epp": frozenset({STEP, "poll"}),
    "adapters/plesk": frozenset({STEP}),
}
"""By package that passes points: the kinds of scope in which it does; see `family_of`."""


class Victim(StrEnum):
    """What is killed."""

    PROCESS = "process"  # the one that passes the point: the worker, or the relay
    BROKER = "broker"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Cell:
    """One kill."""

    scenario: Scenario
    passing: Passing
    victim: Victim

    @property
    def role(self) -> str:
        """The process that is armed."""
        if self.passing.scope == RELAY:
            return RELAY
        return SCHEDULER if self.passing.scope.startswith(POLL) else WORKER

    def __str__(self) -> str:
        return f"{self.scenario} / {self.passing} / {self.victim}"


def matrix(courses: Sequence[Course]) -> list[Cell]:
    """Every cell. What several stories pass alike is struck once; see `_is_needed`."""
    cells = []
    for victim in Victim:
        seen: set[tuple[str, str]] = set()
        for scenario, passing in _passings(courses):
            if _is_needed(passing, victim, seen):
                cells.append(Cell(scenario, passing, victim))
            seen |= {passing.boundary, (passing.workflow, "")}
    return cells


def _is_needed(passing: Passing, victim: Victim, seen: set[tuple[str, str]]) -> bool:
    """The process at each boundary, and whenever one is passed again.

    The database at each commit of what has an effect, and at each boundary of the relay. The broker at each boundary of
    those that talk to it, and once in each workflow.
    """
    match victim:
        case Victim.PROCESS:
            return passing.boundary not in seen or passing.count > 1
        case Victim.DATABASE:
            return passing.boundary not in seen and (passing.scope == RELAY or _commits_an_effect(passing))
        case Victim.BROKER:
            return passing.boundary not in seen if passing.is_of_broker else (passing.workflow, "") not in seen


def _commits_an_effect(passing: Passing) -> bool:
    return passing.point in WAIT_POINTS and not _only_looks(*passing.step)


def _only_looks(workflow: str, step: str) -> bool:
    """Whether a step of a registry's workflow, or one of certificates, changes nothing at its vendor."""
    if certificates.is_of_certificates(workflow):
        return not certificates.effect_of(step)
    return registry.is_of_registry(workflow) and not registry.effect_of(workflow, step)


def _passings(courses: Sequence[Course]) -> Iterator[tuple[Scenario, Passing]]:
    for course in courses:
        yield from ((course.scenario, passing) for passing in course.passings if not _is_another_look(course, passing))
        yield from ((course.scenario, passing) for passing in _acks(course))
    yield from ((BY_NAME["create"], Passing(RELAY, point, 1)) for point in RELAY_POINTS)


def _is_another_look(course: Course, passing: Passing) -> bool:
    """How often a wait looks again is a matter of time."""
    return passing.count > 1 and passing.scope in {step.scope for step in course.steps if not step.calls}


def _acks(course: Course) -> Iterator[Passing]:
    """A dry run has no broker to ack to; the ack follows each commit of the intake."""
    for passing in course.passings:
        if passing.point == "after_commit" and passing.scope.startswith("intake/"):
            yield from (Passing(passing.scope, point, passing.count) for point in ACK_POINTS)


def boundaries(courses: Sequence[Course]) -> set[tuple[str, str]]:
    """What must be covered: each step that ran, around its call and its commits; intake, relay and reader of queues."""
    steps = {step for course in courses for step in course.steps}
    of_steps = {(step.scope, point) for step in steps for point in _points_of(step)}
    of_intake = {(f"intake/{name}", point) for name in STOREFRONT_QUEUES for point in (*WAIT_POINTS, *ACK_POINTS)}
    of_polling = {(f"{POLL}{REGISTRAR}", point) for point in POLL_POINTS}
    return of_steps | of_intake | of_polling | {(RELAY, point) for point in RELAY_POINTS}


def _points_of(step: Step) -> tuple[str, ...]:
    """A step that only looks changes nothing, so that nothing that could be doubled is sent."""
    if not step.calls:
        return WAIT_POINTS
    looks = _only_looks(step.workflow, step.name)
    return tuple(point for point in CALL_POINTS if not (looks and point in SENT_POINTS))


def family_of(scope: str) -> str:
    """What kind of scope it is: `intake`, `relay`, `poll`, or `step` for those of workflows."""
    first = scope.partition("/")[0]
    return first if first in ("intake", RELAY, "poll") else STEP


def named_in_the_code() -> set[tuple[str, str]]:
    """Every point that the product's code passes, as (family, name). Raises KeyError for a package without a family."""
    root = Path(provisioner.__path__[0]).parent
    found = {
        ("/".join(file.relative_to(root).parts[:2]), name)
        for file in root.rglob("*.py")
        for name in _literals(ast.parse(file.read_text()))
    }
    return {(family, name) for package, name in found for family in FAMILIES[package]}


def _literals(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("crash"), attr="point"), args=[ast.Constant(str(name))]):
                yield name
            case ast.Call(func=ast.Name("points") | ast.Attribute(attr="_points"), args=[*_, ast.Constant(str(name))]):
                yield name
            case _:
                continue


def shuffled(cells: Sequence[Job], seed: int) -> list[Job]:
    """All, in an order of their own."""
    return random.Random(seed).sample(cells, len(cells))  # noqa: S311 - drawn to be drawn again, not to be secret
