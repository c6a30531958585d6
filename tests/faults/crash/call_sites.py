"""Where workflows and their helpers call steps, read from their source, and which of these calls were made."""

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from provisioner import workflows
from provisioner.workflows.operation import Operation

STEPPING: Final = frozenset({"step", "wait_until", "sleep_until", "wait_for_event", "write_down"})


@dataclass(frozen=True, slots=True, order=True)
class CallSite:
    """One call of `op.step` and the like. `step`: the name that it is given, as it is written there.

    `undo` names what would take it back, if anything does.
    """

    file: str
    first: int
    last: int
    step: str
    undo: str = ""

    @property
    def known_as(self) -> str:
        """By which it is known whatever its line: its file's name, and its step's."""
        return f"{Path(self.file).name} {self.step}"

    def was_run(self, lines: Iterable[tuple[str, int]]) -> bool:
        """Whether one of these lines (file and number) is in the call."""
        return any(file == self.file and self.first <= line <= self.last for file, line in lines)

    def __str__(self) -> str:
        return f"{self.file}:{self.first}"


def workflow_modules() -> list[ModuleType]:
    """Every module of the workflows; those of the engine are among them, and call no step by these names."""
    found = pkgutil.walk_packages(workflows.__path__, f"{workflows.__name__}.")
    return [importlib.import_module(each.name) for each in found]


def call_sites() -> list[CallSite]:
    """Every call of a step in these modules."""
    return sorted(site for module in workflow_modules() for site in _in_module(module))


def _in_module(module: ModuleType) -> Iterator[CallSite]:
    file = inspect.getsourcefile(module) or ""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in STEPPING:
            undo = next((ast.unparse(each.value) for each in node.keywords if each.arg == "undo"), "")
            yield CallSite(file, node.lineno, node.end_lineno or node.lineno, ast.unparse(node.args[0]), undo)


@contextmanager
def callers_of_steps() -> Iterator[set[tuple[str, int]]]:
    """While this is open: the lines (file and number) from which steps are called."""
    lines: set[tuple[str, int]] = set()
    methods = {name: getattr(Operation, name) for name in STEPPING}
    for name, method in methods.items():
        setattr(Operation, name, _told_of_its_caller(method, lines))
    try:
        yield lines
    finally:
        for name, method in methods.items():
            setattr(Operation, name, method)


def _told_of_its_caller(method: Callable[..., Any], lines: set[tuple[str, int]]) -> Callable[..., Any]:
    @wraps(method)
    def called(*arguments: Any, **named: Any) -> Any:
        caller = sys._getframe(1)
        lines.add((caller.f_code.co_filename, caller.f_lineno))
        return method(*arguments, **named)

    return called
