"""Simulated vendors that start together and find one another."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Final, get_type_hints

from provisioner.app.plugins import product_of, simulator_starts
from provisioner.console.installation import RunningSandbox, SandboxOptions
from provisioner.kernel.errors import NotFoundError, RefusedError

WORLD: Final = "world"


@dataclass(frozen=True, slots=True)
class Simulator:
    """One that can be started. `start` is called with those of our arguments that it has parameters for.

    What it returns, and its class, tell the rest; see `adapters.sandbox.running.Running`.
    """

    name: str
    start: Callable[..., Any]

    @property
    def adapter(self) -> str:
        """The adapter that speaks with it."""
        return self._kind.adapter or self.name

    @property
    def program(self) -> str:
        """The program that it starts, if it is one of the machine's."""
        return str(self._kind.program)

    @property
    def wants(self) -> frozenset[str]:
        """The arguments that it takes."""
        return frozenset(signature(self.start).parameters)

    @property
    def startable(self) -> bool:
        """Whether everything is there that it needs."""
        return not self.program or shutil.which(self.program) is not None

    @property
    def _kind(self) -> Any:
        return get_type_hints(self.start)["return"]


@contextmanager
def simulators(options: SandboxOptions) -> Iterator[Sequence[RunningSandbox]]:
    """Simulators, stopped at the end. Without a name one for each adapter: a program of the machine before our own.

    Raises NotFoundError for one that is not installed, RefusedError for a control port that it has no use for, and
    OSError when it cannot be started.
    """
    chosen = _chosen(options.simulator)
    with ExitStack() as stack:
        started = _Starting(stack, options, together=len(chosen) > 1)
        running = [started.start(each) for each in sorted(chosen, key=lambda each: WORLD in each.wants)]
        yield sorted(running, key=lambda each: each.name)


def _chosen(name: str | None) -> Sequence[Simulator]:
    found = {each: Simulator(each, start) for each, start in sorted(simulator_starts().items())}
    if name is None:
        ours_first = sorted(found.values(), key=lambda each: each.program)
        return list({each.adapter: each for each in ours_first if each.startable}.values())
    if name not in found:
        raise NotFoundError(f"there is no simulator {name}; there are: {', '.join(found)}")
    return [found[name]]


@dataclass
class _Starting:
    """Starts one after the other, and collects what they show to the world."""

    stack: ExitStack
    options: SandboxOptions
    together: bool
    world: dict[str, str] = field(default_factory=dict)

    def start(self, simulator: Simulator) -> RunningSandbox:
        if self.options.control_port and "control_port" not in simulator.wants:
            raise RefusedError(f"{simulator.name} has no control interface, so it takes no port for one")
        offered = {name: value for name, value in self._offered(simulator).items() if name in simulator.wants}
        running = self.stack.enter_context(simulator.start(**offered))
        self.world.update(running.shows)
        return RunningSandbox(
            name=simulator.name,
            adapter=simulator.adapter,
            product=product_of(simulator.adapter),
            endpoint=running.endpoint,
            control_url=running.control_url,
            settings=running.settings,
            credentials=running.credentials,
        )

    def _offered(self, simulator: Simulator) -> Mapping[str, Any]:
        options = self.options
        return {
            "data_dir": options.data_dir / simulator.name if options.data_dir else None,
            "port": options.port,
            "control_port": options.control_port,
            "together": self.together,
            WORLD: dict(self.world),
        }
