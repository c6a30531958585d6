"""A process that is told to stop does so, whatever its main thread is in the middle of."""

import subprocess
import sys

import pytest

TOLD_WITHIN_THE_LOCK = """
import os, signal
from provisioner.runner.supervisor import stop_on_signals

stop = stop_on_signals()
with stop._cond:  # as `stop.wait` holds it whenever it looks
    os.kill(os.getpid(), signal.{name})
    sum(range(100_000))  # the handler has its turn here
print("stopped" if stop.wait(20) else "deaf")
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_that_comes_while_the_main_thread_looks_is_obeyed(name: str) -> None:
    program = TOLD_WITHIN_THE_LOCK.format(name=name)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.splitlines()[-1:] == ["stopped"], done.stderr


def test_another_signal_stops_nothing() -> None:
    program = """
import os, signal
from provisioner.runner.supervisor import stop_on_signals

stop = stop_on_signals()
signal.signal(signal.SIGUSR1, lambda *_: None)
os.kill(os.getpid(), signal.SIGUSR1)
print("stopped" if stop.wait(0.5) else "goes on")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.splitlines()[-1:] == ["goes on"], done.stderr
