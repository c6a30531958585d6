"""Where the registered workflows call their steps, read from their source, and which of these calls were made."""

import ast
import inspect
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import Final

from provisioner.workflows.definition import WORKFLOWS
from provisioner.workflows.operation import Operation

STEPPING: Final = frozenset({"step", "wait_until", "sleep_until", "wait_for_event"})


@dataclass(frozen=True, slots=True, order=True)
class CallSite:
    """One call of `op.step` and the like. `undo` names what would take it back, if anything does."""

    file: str
    first: int
    last: int
    undo: str = ""

    def was_run(self, lines: Iterable[tuple[str, int]]) -> bool:
        """Whether one of these lines (file and number) is in the call."""
        return any(file == self.file and self.first <= line <= self.last for file, line in lines)

    def __str__(self) -> str:
        return f"{self.file}:{self.first}"


def workflow_modules() -> list[ModuleType]:
    """The modules in which workflows are registered."""
    modules = {inspect.getmodule(definition.function) for definition in WORKFLOWS.values()}
    return sorted((module for module in modules if module is not None), key=lambda module: module.__name__)


def call_sites() -> list[CallSite]:
    """Every call of a step in these modules."""
    return sorted(site for module in workflow_modules() for site in _in_module(module))


def _in_module(module: ModuleType) -> Iterator[CallSite]:
    file = inspect.getsourcefile(module) or ""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in STEPPING:
            undo = next((ast.unparse(each.value) for each in node.keywords if each.arg == "undo"), "")
            yield CallSite(file, node.lineno, node.end_lineno or node.lineno, undo)


@contextmanager
def callers_of_steps() -> Iterator[set[tuple[str, int]]]:
    """While this is open: the lines (file and number) from which threads that start now call steps."""
    codes = {getattr(Operation, name).__code__ for name in STEPPING}
    lines: set[tuple[str, int]] = set()

    def called(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code in codes and frame.f_back is not None:
            lines.add((frame.f_back.f_code.co_filename, frame.f_back.f_lineno))

    threading.setprofile(called)
    try:
        yield lines
    finally:
        threading.setprofile(None)
