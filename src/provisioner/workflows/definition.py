"""A workflow is a plain function with a name and the port that it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from provisioner.workflows.journal import ServiceChange

if TYPE_CHECKING:
    from provisioner.workflows.operation import Operation

_Function = TypeVar("_Function", bound="Callable[..., ServiceChange | None]")


@dataclass(frozen=True, slots=True)
class Definition:
    """One registered workflow. `retired` names steps of earlier versions that this one no longer has."""

    name: str
    function: Callable[..., ServiceChange | None]
    port: type | None
    retired: frozenset[str]

    def run(self, operation: "Operation", adapter: Any) -> ServiceChange | None:
        """Call the function with the operation and, when it needs one, the adapter."""
        return self.function(operation) if self.port is None else self.function(operation, adapter)


WORKFLOWS: Final[dict[str, Definition]] = {}


def workflow(name: str, *, port: type | None = None, retired: tuple[str, ...] = ()) -> Callable[[_Function], _Function]:
    """Register a function as the workflow `name` (`product.verb`)."""

    def register(function: _Function) -> _Function:
        if name in WORKFLOWS:
            raise ValueError(f"workflow {name} is registered twice")
        WORKFLOWS[name] = Definition(name, function, port, frozenset(retired))
        return function

    return register
