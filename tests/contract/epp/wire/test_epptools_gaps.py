"""What epptools does not do well enough by itself, one test or more for each gap."""

import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import pytest

from adapters.epp import commands, identifiers
from provisioner.ports.outcomes import Unavailable, Uncertain
from tests.contract.epp.wire.conftest import Opened
from tests.contract.epp.wire.every_command import ALL_EXTENSIONS, COMMANDS, REPORT
from tests.contract.epp.wire.scripted import Registry, drip, framed, hang_up, raw, reply

MAKE_IDS = "from adapters.epp import identifiers\nfor _ in range(200): print(identifiers.new('PRV', 'domain-create'))"


def test_1_transaction_ids_of_one_second_and_several_processes_differ() -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", MAKE_IDS], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    made = [line for process in processes for line in process.communicate(timeout=60)[0].split()]
    assert len(made) == 600
    assert len(set(made)) == 600


def test_1_a_transaction_id_names_its_command() -> None:
    made = identifiers.new("PRV", "domain-transfer-approve")
    assert identifiers.command_of(made) == "domain-transfer-approve"


@pytest.mark.parametrize("foreign", ["", "ABC-12345", "RS8f2b0d2a-20261121215820-23925-0001", "order-77/step-create/1"])
def test_1_a_strangers_transaction_id_names_no_command(foreign: str) -> None:
    assert identifiers.command_of(foreign) == ""


def test_2_a_reply_that_drips_is_given_up_at_the_deadline_of_the_whole(server: Registry, opened: Opened) -> None:
    server.script(drip)
    with opened(server, command_seconds="2") as sessions, pytest.raises(Uncertain) as raised:
        sessions.send(commands.domain_delete("a.test"))
    assert raised.value.code == "no_answer"


def test_3_a_reply_that_is_not_utf_8_closes_the_session(server: Registry, opened: Opened) -> None:
    server.script(raw(framed(b"<epp>\xff\xfe</epp>")))
    with opened(server) as sessions:
        with pytest.raises(Unavailable) as raised:
            sessions.send(commands.domain_info("a.test"))
        sessions.send(commands.domain_info("a.test"))
    assert raised.value.code == "answer_unreadable"
    assert server.connections == 2


def test_4_not_sent_is_told_from_sent_without_a_reply(server: Registry, opened: Opened) -> None:
    delete = commands.domain_delete("a.test")
    server.logins.append(hang_up)
    server.script(hang_up)
    with opened(server) as sessions:
        with pytest.raises(Unavailable):
            sessions.send(delete)
        with pytest.raises(Uncertain):
            sessions.send(delete)


@pytest.mark.parametrize("code", [2400, 2500, 2502, 2104, 2302])
def test_5_no_refused_change_is_sent_again(server: Registry, opened: Opened, code: int) -> None:
    server.script(reply(code))
    with opened(server) as sessions:
        assert sessions.send(commands.domain_delete("a.test")).code == code
    assert len(server.of("delete")) == 1


def test_6_a_restore_is_reported() -> None:
    text = commands.domain_restore_report(REPORT).frame("PRV-1").decode()
    assert '<rgp:restore op="report">' in text
    assert "<rgp:delTime>2026-01-01T00:00:00Z</rgp:delTime>" in text
    assert text.count("<rgp:statement>") == 2


def test_6_a_host_is_renamed() -> None:
    text = commands.host_rename("ns1.a.test", "ns1.b.test").frame("PRV-1").decode()
    assert "<host:chg><host:name>ns1.b.test</host:name></host:chg>" in text


def test_6_an_amount_may_have_three_decimals() -> None:
    text = COMMANDS["create"].frame("PRV-1", ALL_EXTENSIONS).decode()
    assert "<fee:create><fee:currency>EUR</fee:currency><fee:fee>12.345</fee:fee></fee:create>" in text


def test_6_an_authorisation_code_is_taken_away() -> None:
    text = commands.domain_update_auth_code("a.test", None).frame("PRV-1").decode()
    assert re.search(r"<domain:chg><domain:authInfo><domain:null ?/></domain:authInfo></domain:chg>", text)


def test_7_frames_of_many_threads_leave_the_interpreters_prefixes_as_they_were() -> None:
    before = dict(ET._namespace_map)  # type: ignore[attr-defined]  # the table that epptools swaps
    started = threading.Barrier(8)

    def write(_thread: int) -> None:
        started.wait()
        for command in list(COMMANDS.values()) * 3:
            command.frame("PRV-1", ALL_EXTENSIONS)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    assert dict(ET._namespace_map) == before  # type: ignore[attr-defined]  # see above
