"""The fault plan, as a client on the other end of the wire meets it."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.plesk.grammar import ElementRule
from adapters.sandbox.running import RunningSimulator
from provisioner.kernel.clock import SystemClock
from tests.contract.sandbox_plesk import wire

ADD = f"<packet>{wire.customer_add()}</packet>"
FIND = (
    "<customer><get><filter><external-id>cust:1</external-id></filter><dataset><gen_info/></dataset></get></customer>"
)
PATIENCE = 20.0


def eventually(look: Callable[[], object], wanted: object) -> None:
    """Look until it is as wanted, or fail with what was seen last."""
    clock = SystemClock()
    end = clock.monotonic() + PATIENCE
    while look() != wanted and clock.monotonic() < end:
        clock.sleep(0.01)
    assert look() == wanted


def send(simulator: RunningSimulator, packet: str) -> ssl.SSLSocket:
    """Send a packet and leave the answer alone."""
    address = urlsplit(simulator.endpoint)
    plain = socket.create_connection((address.hostname, address.port), timeout=PATIENCE)
    connection = wire.trusting(simulator).wrap_socket(plain, server_hostname=address.hostname)
    key = simulator.credentials["secret_key"].reveal()
    head = (
        f"POST {wire.AGENT} HTTP/1.1\r\nHost: {address.netloc}\r\nKEY: {key}\r\nContent-Length: {len(packet)}\r\n\r\n"
    )
    connection.sendall(head.encode() + packet.encode())
    return connection


def received(connection: ssl.SSLSocket) -> bytes:
    """What comes next, nothing when the other side has ended."""
    try:
        return connection.recv(1)
    except (ConnectionError, ssl.SSLEOFError):
        return b""


@pytest.fixture
def hasty(simulator: RunningSimulator, model: ElementRule | None) -> Iterator[wire.Client]:
    """A client that gives up soon."""
    with wire.Client(simulator, model, timeout=0.3) as talking:
        yield talking


@contextmanager
def plan(
    simulator: RunningSimulator, fault: Fault, operation: str = "customer.add", **options: object
) -> Iterator[None]:
    simulator.faults.plan(operation, fault, **options)
    yield
    assert simulator.faults.remaining() == []


def effects(simulator: RunningSimulator) -> int:
    return len(simulator.ledger.effects(operation="customer.add"))


def test_a_refusal_has_its_code_and_text_and_no_effect(client: wire.Client, simulator: RunningSimulator) -> None:
    with plan(simulator, Fault.REFUSE, code=1024, text="No room."):
        result = client.result(wire.customer_add())
    assert (wire.code_of(result), result.findtext("errtext")) == (1024, "No room.")
    assert effects(simulator) == 0


def test_a_refusal_with_a_system_code_answers_for_the_packet(client: wire.Client, simulator: RunningSimulator) -> None:
    with plan(simulator, Fault.REFUSE, code=1003, times=2):
        codes = [client.system_code(ADD) for _ in range(2)]
    assert codes == [1003, 1003]
    assert client.code(wire.customer_add()) == 0


def test_a_rule_strikes_only_where_its_text_is(client: wire.Client, simulator: RunningSimulator) -> None:
    with plan(simulator, Fault.REFUSE, operation="*", code=1023, match="cust:2"):
        codes = [client.code(wire.customer_add(f"user{number}", f"cust:{number}")) for number in (1, 2)]
    assert codes == [0, 1023]


def test_one_operation_of_a_packet_may_be_struck(client: wire.Client, simulator: RunningSimulator) -> None:
    with plan(simulator, Fault.REFUSE, operation="customer.*", code=1023, match="two2"):
        results = client.results("".join(wire.customer_add(login, "") for login in ("one1", "two2", "three3")))
    assert [wire.code_of(result) for result in results] == [0, 1023, 0]


@pytest.mark.parametrize(("fault", "done"), [(Fault.TIMEOUT_BEFORE_EFFECT, 0), (Fault.TIMEOUT_AFTER_EFFECT, 1)])
def test_a_timeout_before_or_after_the_effect(
    fault: Fault, done: int, hasty: wire.Client, simulator: RunningSimulator
) -> None:
    with plan(simulator, fault), pytest.raises(httpx.ReadTimeout):
        hasty.post(ADD)
    assert effects(simulator) == done


@pytest.mark.parametrize(("fault", "done"), [(Fault.RESET_BEFORE_EFFECT, 0), (Fault.RESET_AFTER_EFFECT, 1)])
def test_a_reset_in_the_body_before_or_after_the_effect(
    fault: Fault, done: int, client: wire.Client, simulator: RunningSimulator
) -> None:
    with plan(simulator, fault), pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.post(ADD)
    assert effects(simulator) == done


@pytest.mark.parametrize(("fault", "done"), [(Fault.BAD_GATEWAY_BEFORE_EFFECT, 0), (Fault.BAD_GATEWAY_AFTER_EFFECT, 1)])
def test_a_bad_gateway_is_a_page_of_html(
    fault: Fault, done: int, client: wire.Client, simulator: RunningSimulator
) -> None:
    with plan(simulator, fault):
        response = client.post(ADD)
    assert (response.status_code, response.headers["Content-Type"]) == (502, "text/html")
    assert effects(simulator) == done


@pytest.mark.parametrize(("fault", "done"), [(Fault.GARBAGE_BEFORE_EFFECT, 0), (Fault.GARBAGE_AFTER_EFFECT, 1)])
def test_garbage_is_no_xml(fault: Fault, done: int, client: wire.Client, simulator: RunningSimulator) -> None:
    with plan(simulator, fault):
        response = client.post(ADD)
    assert b"\x00" in response.content
    assert effects(simulator) == done


def test_what_failed_after_its_effect_is_done(client: wire.Client, simulator: RunningSimulator) -> None:
    with plan(simulator, Fault.FAIL_AFTER_EFFECT):
        assert client.code(wire.customer_add()) == 1023
    assert client.code(FIND) == 0


def test_an_answer_in_drips_arrives_whole(client: wire.Client, simulator: RunningSimulator) -> None:
    with plan(simulator, Fault.SLOW_DRIP, seconds=0.2):
        assert client.code(wire.customer_add()) == 0


def test_a_delay_ends_in_the_usual_answer(client: wire.Client, simulator: RunningSimulator) -> None:
    with plan(simulator, Fault.DELAY, seconds=0.05):
        assert client.code(wire.customer_add()) == 0


def test_a_late_success_takes_place_when_the_client_has_left(client: wire.Client, simulator: RunningSimulator) -> None:
    simulator.faults.plan("customer.add", Fault.LATE_SUCCESS)
    connection = send(simulator, ADD)
    eventually(simulator.faults.remaining, [])
    assert client.code(FIND) == 1013
    connection.close()
    eventually(lambda: client.code(FIND), 0)


def test_questions_are_answered_while_a_creation_is_under_way(client: wire.Client, simulator: RunningSimulator) -> None:
    simulator.faults.plan("customer.add", Fault.DELAY, seconds=600)
    with send(simulator, ADD):
        eventually(simulator.faults.remaining, [])
        assert client.code(FIND) == 1013


def test_a_question_may_be_slow_while_a_creation_is_under_way(hasty: wire.Client, simulator: RunningSimulator) -> None:
    with plan(simulator, Fault.TIMEOUT_BEFORE_EFFECT, operation="customer.get"), pytest.raises(httpx.ReadTimeout):
        hasty.post(f"<packet>{FIND}</packet>")


def test_a_half_done_subscription_lacks_hosting_and_plan(hosted: wire.Client, simulator: RunningSimulator) -> None:
    with plan(simulator, Fault.HALF_DONE, operation="webspace.add"):
        assert hosted.code(wire.webspace_add("b.example", login="web2", external_id="svc:2")) == 1023
    shown = hosted.result(wire.webspace_get("<external-id>svc:2</external-id>", "gen_info", "subscriptions"))
    assert shown.findtext("data/gen_info/htype") == "none"
    assert shown.find(".//plan-guid") is None


def test_problems_come_with_an_ok(hosted: wire.Client, simulator: RunningSimulator) -> None:
    with plan(simulator, Fault.PROBLEMS, operation="webspace.sync-subscription", text="PHP stayed as it was."):
        sync = "<webspace><sync-subscription><filter><id>1</id></filter></sync-subscription></webspace>"
        result = hosted.result(sync)
    assert (wire.code_of(result), result.findtext("problems")) == (0, "PHP stayed as it was.")


def test_closing_the_simulator_ends_a_client_that_is_left_waiting(simulator: RunningSimulator) -> None:
    simulator.faults.plan("customer.add", Fault.TIMEOUT_BEFORE_EFFECT)
    with send(simulator, ADD) as connection:
        eventually(simulator.faults.remaining, [])
        simulator.close()
        assert received(connection) == b""
