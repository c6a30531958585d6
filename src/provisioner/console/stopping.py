"""Waiting until somebody says stop."""

import signal
import threading
from types import FrameType


def wait_for_stop() -> None:
    """Return after SIGINT or SIGTERM. Only for the main thread."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        stopped.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
