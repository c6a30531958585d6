"""Worker processes are killed and frozen; what was confirmed to the publisher is committed in the end."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner.intake import topology
from tests.support.processes import Child, start, wait_for
from tests.support.rabbit_vhost import Vhost
from tests.support.rabbit_worker_process import THREAD_DIED

ROOT = Path(__file__).parents[3]
StartWorker = Callable[..., Child]


class Commits:
    """What the worker processes have committed so far."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def bodies(self) -> list[bytes]:
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [bytes.fromhex(line.split(" ")[1]) for line in lines]

    def wait_for_more_than(self, count: int) -> None:
        wait_for(lambda: len(set(self.bodies())) > count, f"more than {count} are committed")

    def wait_for(self, wanted: set[bytes]) -> None:
        wait_for(lambda: wanted <= set(self.bodies()), "all are committed", timeout=60)


@pytest.fixture
def commits(tmp_path: Path) -> Commits:
    return Commits(tmp_path / "commits")


@pytest.fixture
def start_worker(vhost: Vhost, commits: Commits, tmp_path: Path) -> Iterator[StartWorker]:
    workers: list[Child] = []

    def start_one(milliseconds: int = 0) -> Child:
        command = [sys.executable, "-m", "tests.support.rabbit_worker_process", vhost.url.reveal(), str(commits.file)]
        worker = start([*command, str(milliseconds)], log=tmp_path / f"worker-{len(workers)}.log", cwd=ROOT)
        workers.append(worker)
        worker.wait_output("started")
        return worker

    yield start_one
    for worker in workers:
        worker.send(signal.SIGCONT)
        worker.kill()


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


def test_a_killed_worker_loses_nothing(vhost: Vhost, commits: Commits, start_worker: StartWorker) -> None:
    """L6: what it held comes to the next one."""
    bodies = numbered(60)
    victim = start_worker(milliseconds=20)
    vhost.publish(*bodies, key=topology.ORDERS)
    commits.wait_for_more_than(5)
    victim.send(signal.SIGKILL)
    victim.wait()
    start_worker()
    commits.wait_for(set(bodies))
    vhost.wait_empty(topology.ORDERS)


def test_many_kills_in_a_row_lose_nothing(vhost: Vhost, commits: Commits, start_worker: StartWorker) -> None:
    bodies = numbered(200)
    start_worker().stop()
    vhost.publish(*bodies, key=topology.ORDERS)
    for enough in (10, 30, 50):
        victim = start_worker(milliseconds=20)
        commits.wait_for_more_than(enough)
        victim.send(signal.SIGKILL)
        victim.wait()
    start_worker()
    commits.wait_for(set(bodies))


@pytest.mark.slow
def test_a_frozen_workers_messages_go_to_another(vhost: Vhost, commits: Commits, start_worker: StartWorker) -> None:
    """L19: a stopped process sends no heartbeat, and the broker takes its messages back."""
    bodies = numbered(10)
    frozen = start_worker(milliseconds=2_000)
    vhost.publish(*bodies, key=topology.ORDERS)
    wait_for(lambda: vhost.ready(topology.ORDERS) == 0, "the worker holds all messages")
    frozen.send(signal.SIGSTOP)
    start_worker()
    commits.wait_for(set(bodies))
    vhost.wait_empty(topology.ORDERS)


@pytest.mark.slow
def test_a_worker_that_thaws_acks_nothing_that_is_not_its_own(
    vhost: Vhost, commits: Commits, start_worker: StartWorker
) -> None:
    """L19, L9: it commits what it had in hand once more; the inbox knows the message, and its ack goes nowhere."""
    frozen = start_worker(milliseconds=1_000)
    vhost.publish(*numbered(10), key=topology.ORDERS)
    wait_for(lambda: vhost.ready(topology.ORDERS) == 0, "the worker holds all messages")
    frozen.send(signal.SIGSTOP)
    other = start_worker()
    commits.wait_for(set(numbered(10)))
    other.stop()
    vhost.publish(*numbered(30), key=topology.ORDERS)
    frozen.send(signal.SIGCONT)
    commits.wait_for(set(numbered(30)))
    vhost.wait_empty(topology.ORDERS)


def test_a_worker_told_to_stop_ends_well(vhost: Vhost, commits: Commits, start_worker: StartWorker) -> None:
    """L20."""
    worker = start_worker(milliseconds=100)
    vhost.publish(*numbered(10), key=topology.ORDERS)
    wait_for(commits.bodies, "the worker is busy")
    assert worker.stop() == 0
    assert vhost.total(topology.ORDERS) == 10 - len(commits.bodies())


def test_a_worker_whose_thread_died_ends_with_a_code_that_says_so(vhost: Vhost, start_worker: StartWorker) -> None:
    """L2, L3: a process that has lost its threads would look healthy for ever."""
    worker = start_worker()
    vhost.publish(b"die", key=topology.ORDERS)
    assert worker.wait() == THREAD_DIED
