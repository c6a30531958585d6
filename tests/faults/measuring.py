"""Figures that a test measured: shown at the end of the run, and held against their goals by long runs alone."""

import json
import os
from collections.abc import Sequence
from typing import Protocol


class Measured(Protocol):
    """Called with figures by name."""

    def __call__(self, **figures: object) -> None: ...


def goals_count(size: str) -> bool:
    """Whether a test fails that misses its goals: in the long run, to which this variable gives its size."""
    return size in os.environ


def line(test: str, figures: dict[str, object]) -> str:
    """One line of the list at the end."""
    return f"{test}: {json.dumps(figures)}"


def distribution(seconds: Sequence[float]) -> dict[str, float]:
    """Least, median, p99 and most of some times in seconds."""
    ordered = sorted(seconds)

    def at(share: float) -> float:
        return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 2)

    return {"n": len(ordered), "least": at(0), "median": at(0.5), "p99": at(0.99), "most": at(1)}
