"""A worker process that loses one of its threads when it is told to by SIGUSR1.

    python -m tests.faults.dying_threads THREAD

It is the program itself, started as `provisioner worker` starts it. THREAD is the name of a thread, or of its class.
The thread meets SystemExit where it stands, as one that is ended from outside does; nothing catches that.
"""

import ctypes
import signal
import sys
import threading
from types import FrameType
from typing import Final

from provisioner.app.main import open_installation

REPEAT_SECONDS: Final = 0.5


def end_thread(wanted: str) -> None:
    """Let the first thread of this name or class end."""
    thread = next(each for each in threading.enumerate() if wanted in (each.name, type(each).__name__))
    while thread.is_alive():  # it may be met where Python swallows what is raised, such as in a finaliser
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
        thread.join(REPEAT_SECONDS)


def main(wanted: str) -> int:
    """Run the worker; its exit code."""

    def told(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=end_thread, args=(wanted,), daemon=True).start()

    signal.signal(signal.SIGUSR1, told)
    return open_installation(None).run("worker")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
