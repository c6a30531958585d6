"""What a matrix (each call of an adapter with each fault of its simulator) should have, and what its tests have."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import adapters.sandbox
from adapters.sandbox.faults import Fault

Prepare = Callable[..., Any]
Cell = tuple[str, Fault]


@dataclass(frozen=True)
class Matrix:
    """`calls`: for each operation of the ports how it is prepared; `elsewhere`: those without, each with the reason.

    `without` has the cells that there are not, with the reason; `simulator` is a folder of the sandbox.
    """

    ports: Sequence[type]
    simulator: str
    tests: Sequence[ModuleType]
    calls: Mapping[str, Sequence[Prepare]]
    elsewhere: Mapping[str, str]
    without: Mapping[Cell, str]

    def wanted(self) -> set[Cell]:
        """Each call with each fault that the simulator knows, but for the exceptions."""
        prepared = [prepare.__name__ for each in self.calls.values() for prepare in each]
        return set(itertools.product(prepared, known_faults(self.simulator))) - set(self.without)

    def there(self) -> set[Cell]:
        """The cells that the tests have."""
        return {cell for module in self.tests for cell in cells(module)}


def operations(ports: Iterable[type]) -> set[str]:
    """The names of all that can be asked of some ports."""
    return {name for port in ports for name, each in vars(port).items() if callable(each) and not name.startswith("_")}


def known_faults(simulator: str) -> set[Fault]:
    """The faults that a simulator's code names: it does nothing about the others."""
    folder = Path(adapters.sandbox.__file__).parent / simulator
    code = "\n".join(module.read_text() for module in folder.rglob("*.py"))
    return {fault for fault in Fault if f"Fault.{fault.name}" in code}


def cells(module: ModuleType) -> Iterator[Cell]:
    """What the tests of a module are parametrized with, under the names `prepare` and `fault`."""
    for name, test in vars(module).items():
        if name.startswith("test_"):
            marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
            for values in itertools.product(*map(_values, marks)):
                given = dict(itertools.chain(*(each.items() for each in values)))
                if {"prepare", "fault"} <= set(given):
                    yield given["prepare"].__name__, given["fault"]


def _values(mark: pytest.Mark) -> Iterator[dict[str, Any]]:
    """Each set of arguments of one `parametrize`, by name."""
    names, values = mark.args[:2]
    listed = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    for value in values:
        one = value.values if isinstance(value, type(pytest.param())) else (value if len(listed) > 1 else (value,))
        yield dict(zip(listed, one, strict=True))
