"""Waiting until somebody says stop."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

STOPPING: Final = frozenset({signal.SIGINT, signal.SIGTERM})


def wait_for_stop() -> None:
    """Return after SIGINT or SIGTERM. Only for the main thread.

    It reads the pipe into which Python writes a signal's number. An event that the handler sets would not do: a handler
    runs within the main thread, at times while that holds the event's own lock, and would then wait for itself for
    ever.
    """
    with _told() as told:
        while os.read(told, 1)[0] not in STOPPING:
            pass


@contextmanager
def _told() -> Iterator[int]:
    """The end of a pipe from which the numbers of signals can be read, the stopping ones among them."""
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    pipe_before = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    before = {number: signal.signal(number, _wake) for number in STOPPING}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(pipe_before)
        os.close(told)
        os.close(tell)


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Nothing: that there is a handler makes Python write the signal's number into the pipe."""
