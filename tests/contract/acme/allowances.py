"""What an account may spend, counted in memory."""

from provisioner.kernel.clock import Clock


class CountedAllowance:
    """Implements `ports.accounts.Allowance` for one process, by a clock that a test may set."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.spent: dict[tuple[str, str, str], float] = {}

    def spend(self, kind: str, subject: str, *, once: str, most: int, seconds: float) -> float:
        """Spend one of `most` in any `seconds`: 0.0, or how long to wait."""
        wait = self.room(kind, subject, once=once, most=most, seconds=seconds)
        if wait == 0.0:
            self.spent.setdefault((kind, subject, once), self._clock.monotonic())
        return wait

    def room(self, kind: str, subject: str, *, once: str, most: int, seconds: float) -> float:
        """How long to wait until it can be spent."""
        now = self._clock.monotonic()
        if (kind, subject, once) in self.spent:
            return 0.0
        counted = sorted(
            at for (a_kind, a_subject, _), at in self.spent.items() if (a_kind, a_subject) == (kind, subject)
        )
        recent = [at for at in counted if at > now - seconds]
        return recent[-most] + seconds - now if len(recent) >= most else 0.0

    def give_back(self, kind: str, subject: str, *, once: str) -> None:
        """Give back what was spent under `once`."""
        self.spent.pop((kind, subject, once), None)

    def count(self, kind: str) -> int:
        """How much of a kind was spent."""
        return sum(1 for a_kind, _, _ in self.spent if a_kind == kind)
