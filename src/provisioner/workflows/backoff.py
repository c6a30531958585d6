"""How long to wait before looking or trying again."""

from dataclasses import dataclass
from typing import Protocol


class Jitter(Protocol):
    """A source of randomness; `random.Random` is one."""

    def uniform(self, a: float, b: float, /) -> float:
        """A number between a and b."""
        ...


@dataclass(frozen=True, slots=True)
class Waits:
    """All in seconds. `lookups`: the growing waits before each look-up of an uncertain step."""

    first: float = 15.0
    most: float = 900.0
    lookups: tuple[float, ...] = (2.0, 5.0, 10.0, 30.0, 60.0)

    def retry(self, attempt: int, jitter: Jitter) -> float:
        """Full jitter under a doubling ceiling, for the wait after the given attempt (1, 2, …)."""
        ceiling = min(self.most, self.first * 2 ** min(attempt - 1, 16))
        return jitter.uniform(min(1.0, ceiling / 2), ceiling)

    def lookup(self, looks: int) -> float:
        """The wait before look-up number `looks` + 1; the last one is repeated."""
        return self.lookups[min(looks, len(self.lookups) - 1)]
