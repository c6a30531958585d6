"""A worker that dies at one place of `certificate.issue`, is started again, and has to come to one certificate."""

import os
import random
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from provisioner.kernel import crash
from provisioner.kernel.crash import SPEC_VARIABLE
from tests.faults.crash.lane import PACE as QUICK
from tests.faults.pebble_stack import Stack, stack
from tests.support.certificates import fits
from tests.support.forking import fork
from tests.support.processes import Child, wait_for
from tests.support.production import PACE, hosting_item

WORKFLOW: Final = "certificate.issue/"
HOSTING: Final = "service-1"
DOMAIN: Final = str(hosting_item(1)["domain"])
NAMES: Final[Mapping[str, Sequence[str]]] = {"http-01": (DOMAIN,), "dns-01": (DOMAIN, f"*.{DOMAIN}")}
TRIES: Final = 3
"""At each place: of a hundred orders for names that it knows, Pebble has one or two proven already."""
DYING_SECONDS: Final = 5.0
"""What is left to a process that has ended its operation, and dies right after."""
STACKS: Final = 3
"""At a time; most of a story is waiting for the authority."""

_numbers = count(1)


@dataclass(frozen=True, slots=True, order=True)
class Boundary:
    """A point that is passed on the way to a certificate by a method."""

    method: str
    scope: str
    point: str

    def __str__(self) -> str:
        return f"{self.method} {self.scope.removeprefix(WORKFLOW)}:{self.point}"


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of it. `faults`: in words, what is not as it must be."""

    boundary: Boundary
    died: bool
    faults: tuple[str, ...]


@contextmanager
def ready(folder: Path) -> Iterator[Stack]:
    """A stack with one hosting service that stands, and nothing that runs."""
    with stack(folder) as made:
        with made.working():
            made.order_hosting("1")
            made.wait_rests()
        yield made


def boundaries(made: Stack) -> list[Boundary]:
    """Every place that is passed, by both methods, by two runs in this process that nothing disturbs."""
    passed: dict[Boundary, None] = {}
    for method in (*NAMES, *NAMES):

        def note(scope: str, point: str, method: str = method) -> None:
            if scope.startswith(WORKFLOW):
                passed[Boundary(method, scope, point)] = None

        with crash.listening(note), made.working():
            _ask(made, f"undisturbed-{next(_numbers)}", method)
            made.wait_rests()
    return sorted(passed)


def drawn(places: Sequence[Boundary], seed: int, most: int) -> list[Boundary]:
    """Some of them, half by each method."""
    dice = random.Random(seed)  # noqa: S311 - a test is to be repeated
    by_method = [[place for place in places if place.method == method] for method in NAMES]
    return [place for each in by_method for place in dice.sample(each, min(most // len(NAMES), len(each)))]


def run_all(stacks: Sequence[Stack], places: Sequence[Boundary]) -> list[Ending]:
    """One death at each place, shared out among the stacks."""
    shares = [(made, places[number :: len(stacks)]) for number, made in enumerate(stacks)]
    with ThreadPoolExecutor(len(stacks)) as pool:
        done = list(pool.map(lambda share: [die_at(share[0], place) for place in share[1]], shares))
    return [ending for endings in done for ending in endings]


@contextmanager
def more_stacks(folder: Path) -> Iterator[list[Stack]]:
    """As many as work at a time, beside the one that listed the places."""
    with ExitStack() as undo:
        yield [undo.enter_context(ready(folder / str(number))) for number in range(1, STACKS)]


def die_at(made: Stack, place: Boundary) -> Ending:
    """The ending of the first try that came to the place, or went wrong; else of the last."""
    for _ in range(TRIES):
        ending = _die_once(made, place)
        if ending.died or ending.faults:
            break
    return ending


def _die_once(made: Stack, place: Boundary) -> Ending:
    """One certificate, one death, one new start."""
    certificate_id, before = f"crash-{next(_numbers)}", made.pebble.issued()
    _ask(made, certificate_id, place.method)
    died = _run_until_dead(made, place)
    again = _worker(made)
    try:
        made.wait_rests(120)
    finally:
        again.kill()
    return Ending(place, died, tuple(_faults(made, certificate_id, made.pebble.issued() - before)))


def _ask(made: Stack, certificate_id: str, method: str) -> None:
    made.ask_for_certificate(certificate_id, HOSTING, NAMES[method], method)


def _run_until_dead(made: Stack, place: Boundary) -> bool:
    """True when it has killed itself there; False when it has come to the end without passing there."""
    child = _worker(made, {SPEC_VARIABLE: f"{place.scope}:{place.point}:1"})
    try:
        wait_for(lambda: not child.running or made.rests(), f"a death at {place}", timeout=120, interval=0.05)
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(DYING_SECONDS)
        return child.process.poll() == -signal.SIGKILL
    finally:
        child.kill()


def _worker(made: Stack, armed: Mapping[str, str] | None = None) -> Child:
    environ = {
        **PACE,
        **QUICK,
        "PROVISIONER_DATA_DIR": str(made.folder),
        **(armed or {}),
    }
    return fork(["run"], log=made.folder / "worker.log", env=environ, cwd=made.folder)


def _faults(made: Stack, certificate_id: str, issued: int) -> Iterator[str]:
    if issued != 1:
        yield f"the authority has issued {issued} certificates"
    if (state := made.operation(certificate_id)["state"]) != "succeeded":
        yield f"the operation {state}"
    kept = made.kept(certificate_id)
    if len(kept) != 1 or not fits(made.key_of(kept[0]), kept[0]["chain"]):
        yield f"{len(kept)} certificates are kept, or the key is another's"
    if left := made.shown():
        yield f"{', '.join(left)} is still shown"


def wanted(default: int) -> int | None:
    """How many places: None for all of them."""
    told = os.environ.get("PEBBLE_CRASHES", str(default))
    return None if told == "all" else int(told)
