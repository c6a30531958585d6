"""A worker process for tests that kill it: takes messages in and appends each to a file when it is committed.

    python -m tests.support.rabbit_worker_process URL FILE [MILLISECONDS-PER-MESSAGE]

A line of the file is `queue body-in-hex`. The body `die` ends one of the worker's threads, as no message should.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path

from provisioner.intake.worker import IntakeWorker
from provisioner.kernel.secret import Secret

HEARTBEAT = 2
THREAD_DIED = 70


class CommitFile:
    """Appends lines that are whole or absent."""

    def __init__(self, file: Path, seconds: float) -> None:
        self._descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._seconds = seconds

    def receive(self, raw: bytes, queue: str) -> None:
        """Take the time that a message takes, then commit it."""
        if raw == b"die":
            threading.Timer(0.5, _end_thread, args=(threading.get_ident(),)).start()
            return
        time.sleep(self._seconds)
        os.write(self._descriptor, f"{queue} {raw.hex()}\n".encode())


def _end_thread(identity: int) -> None:
    """Raise SystemExit in a thread from outside, between two messages."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(identity), ctypes.py_object(SystemExit))


def _refuse(raw: bytes, queue: str, error: Exception) -> None:
    raise RuntimeError(f"nothing is set aside here: {len(raw)} bytes of {queue}") from error


def main() -> None:
    """Run until SIGTERM."""
    url, file, *rest = sys.argv[1:]
    commits = CommitFile(Path(file), int(rest[0]) / 1000 if rest else 0.0)
    worker = IntakeWorker(Secret(url), commits.receive, _refuse, heartbeat=HEARTBEAT)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker.start()
    print("started", flush=True)  # noqa: T201 - the test waits for this line
    while not stop.wait(0.2):
        if not worker.healthy():
            os._exit(THREAD_DIED)
    worker.stop()


if __name__ == "__main__":
    main()
