"""Whoever waits until it is told to stop does stop, wherever in its waiting the signal finds it."""

import subprocess
import sys

import pytest

# A child for each line of the waiting: the signal comes when its main thread is there. The first that comes to rest,
# in the line that reads, before it has come to its line is told then, and is the last. An alarm ends a child that does
# not stop.
TOLD_AT_EVERY_LINE = """
import inspect, itertools, os, signal, sys, threading, time
from provisioner.console.stopping import wait_for_stop

signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background begins with SIGINT ignored
AT_REST = 7
lines, first = inspect.getsourcelines(wait_for_stop)
RESTS_AT = first + next(number for number, line in enumerate(lines) if "os.read" in line)

def child(line):
    left, code, rests = line, 0, threading.Event()

    def at_line(frame, event, argument):
        nonlocal left
        left -= event == "line"
        if event == "line" and left == 0:
            os.kill(os.getpid(), signal.{name})
        if event == "line" and frame.f_code is wait_for_stop.__code__ and frame.f_lineno == RESTS_AT:
            rests.set()
        return at_line

    def when_at_rest():
        nonlocal code
        rests.wait()
        time.sleep(0.5)
        if left > 0:
            code = AT_REST
            os.kill(os.getpid(), signal.{name})

    threading.Thread(target=when_at_rest, daemon=True).start()
    signal.alarm(20)
    sys.settrace(at_line)
    wait_for_stop()
    sys.settrace(None)
    os._exit(code)

for line in itertools.count(1):
    pid = os.fork() or child(line)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if ended == -signal.SIGALRM:
        sys.exit(f"deaf at line {{line}}")
    if ended == AT_REST:
        print("obeyed at every line")
        break
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_at_any_line_of_the_waiting_ends_it(name: str) -> None:
    program = TOLD_AT_EVERY_LINE.format(name=name)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "obeyed at every line\n", done.stderr


def test_another_signal_ends_nothing_and_what_was_before_comes_back() -> None:
    program = """
import os, signal, threading
from provisioner.console.stopping import wait_for_stop

def tell():
    for number in (signal.SIGUSR1, signal.SIGTERM):
        os.kill(os.getpid(), number)

had = []
signal.signal(signal.SIGUSR1, lambda *_: had.append("user"))
threading.Timer(0.2, tell).start()
wait_for_stop()
print(had, signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, signal.set_wakeup_fd(-1))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "['user'] True -1\n", done.stderr
