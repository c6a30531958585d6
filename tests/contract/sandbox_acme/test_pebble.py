"""Pebble as the sandbox's authority: a child process that nothing is left of."""

import os
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.sandbox.acme.pebble import RunningPebble, start_simulator
from provisioner.kernel.errors import NotFoundError
from tests.support.processes import start, wait_for

WORLD = {"http_address": "127.0.0.1:8080", "tls_address": "127.0.0.1:8443", "dns_server": "127.0.0.1:5353"}
STARTS_AND_WAITS = """
import signal
from adapters.sandbox.acme.pebble import start_simulator
with start_simulator() as pebble:
    print("pid", pebble.pid, flush=True)
    signal.pause()
"""


@pytest.fixture
def pebble() -> Iterator[RunningPebble]:
    with start_simulator(world=WORLD) as running:
        yield running


def alive(pid: int) -> bool:
    """Whether a process is there; one that has ended and was not looked after is not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_it_is_an_acme_server_that_its_file_is_trusted_with(pebble: RunningPebble) -> None:
    trust = ssl.create_default_context(cafile=pebble.settings["ca_file"])
    with httpx.Client(verify=trust) as talking:
        directory = talking.get(pebble.settings["directory_url"]).json()
    assert {"newNonce", "newAccount", "newOrder"} <= set(directory)


def test_it_listens_where_it_says(pebble: RunningPebble) -> None:
    assert pebble.settings["directory_url"].startswith(f"{pebble.endpoint}/")


def test_an_account_begins_its_looks_where_the_authority_does(pebble: RunningPebble) -> None:
    assert (pebble.settings["resolvers"], pebble.settings["nameserver_port"]) == ("127.0.0.1:5353", "5353")


def test_without_a_world_an_account_asks_the_systems_name_servers() -> None:
    with start_simulator() as alone:
        assert set(alone.settings) == {"directory_url", "terms_agreed", "ca_file"}


def test_its_end_leaves_no_process_and_no_file() -> None:
    running = start_simulator()
    running.close()
    running.close()
    assert (alive(running.pid), running.log.parent.exists()) == (False, False)


def test_a_folder_that_was_given_stays(tmp_path: Path) -> None:
    start_simulator(data_dir=tmp_path / "pebble").close()
    assert (tmp_path / "pebble" / "pebble.log").exists()


def test_what_verified_it_once_verifies_it_after_a_restart(tmp_path: Path) -> None:
    start_simulator(data_dir=tmp_path).close()
    first = (tmp_path / "ca.pem").read_bytes()
    start_simulator(data_dir=tmp_path).close()
    assert (tmp_path / "ca.pem").read_bytes() == first


def test_it_ends_with_the_process_that_started_it_even_if_that_is_killed(tmp_path: Path) -> None:
    parent = start([sys.executable, "-c", STARTS_AND_WAITS], log=tmp_path / "log")
    try:
        parent.wait_output("pid ")
        pid = int(parent.output().split()[1])
        os.kill(parent.pid, signal.SIGKILL)  # the process alone, not its group
        wait_for(lambda: not alive(pid), "the end of Pebble")
    finally:
        parent.kill()


def test_a_port_that_is_taken_is_told_with_pebbles_own_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="address already in use"):
        start_simulator(port=taken.getsockname()[1])


def test_where_it_is_not_installed_our_own_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFoundError, match="acme"):
        start_simulator()
