"""What every side's process does alike: say that it is ready, and end when its parent does."""

import sys
import threading
from collections.abc import Callable, Iterator


def say_ready() -> None:
    """Tell the parent that orders may come."""
    print("ready", flush=True)


def wanted() -> Iterator[tuple[str, int]]:
    """The prefix and the count of each lot of orders that the parent asks for, until it asks for no more."""
    for line in sys.stdin:
        prefix, count = line.split()
        yield prefix, int(count)


def when_parent_ends(act: Callable[[], None]) -> None:
    """Call `act`, from a thread of its own, when the parent has closed our standard input or is gone."""

    def watch() -> None:
        sys.stdin.read()
        act()

    threading.Thread(target=watch, name="parent", daemon=True).start()
