"""The fault plan on the wire."""

import pytest

from adapters.sandbox.epp import RunningRegistry
from adapters.sandbox.faults import Fault
from tests.contract.sandbox_epp import frames, wire

NEW = frames.create("new.test")


def made(simulator: RunningRegistry) -> bool:
    return bool(simulator.ledger.effects(operation="domain:create", reference="new.test"))


@pytest.mark.parametrize("code", [2400, 2304])
def test_a_planned_refusal_does_nothing(code: int, client: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("domain:create", Fault.REFUSE, code=code)
    assert (client.code(NEW), made(simulator)) == (code, False)
    assert (client.code(NEW), made(simulator)) == (1000, True)


@pytest.mark.parametrize("code", [2500, 2501, 2502])
def test_a_planned_refusal_of_that_kind_ends_the_session(
    code: int, client: wire.Client, simulator: RunningRegistry
) -> None:
    simulator.faults.plan("domain:create", Fault.REFUSE, code=code)
    assert client.code(NEW) == code
    assert client.is_cut()


@pytest.mark.parametrize(("code", "told"), [(0, 2400), (2500, 2500)])
def test_a_command_may_be_done_and_said_to_have_failed(
    code: int, told: int, client: wire.Client, simulator: RunningRegistry
) -> None:
    simulator.faults.plan("domain:create", Fault.FAIL_AFTER_EFFECT, code=code)
    assert (client.code(NEW), made(simulator)) == (told, True)


@pytest.mark.parametrize(("fault", "effect"), [(Fault.RESET_BEFORE_EFFECT, False), (Fault.RESET_AFTER_EFFECT, True)])
def test_a_connection_may_be_cut_before_or_after_the_effect(
    fault: Fault, effect: bool, client: wire.Client, simulator: RunningRegistry
) -> None:
    simulator.faults.plan("domain:create", fault)
    client.send(wire.command(NEW))
    assert client.is_cut()
    assert made(simulator) is effect


@pytest.mark.parametrize(
    ("fault", "effect"), [(Fault.TIMEOUT_BEFORE_EFFECT, False), (Fault.TIMEOUT_AFTER_EFFECT, True)]
)
def test_an_answer_may_never_come(fault: Fault, effect: bool, client: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("domain:create", fault, seconds=0.2)
    client.send(wire.command(NEW))
    assert client.is_cut()
    assert made(simulator) is effect


def test_a_command_may_be_done_after_the_client_has_left(simulator: RunningRegistry, client: wire.Client) -> None:
    simulator.faults.plan("domain:create", Fault.LATE_SUCCESS, seconds=0.05)
    client.send(wire.command(NEW))
    client.close()
    with wire.Client(simulator) as later:
        later.log_in(simulator.credentials)
        while later.code(frames.info("new.test")) == 2303:
            pass
    assert made(simulator)


def test_a_delayed_answer_comes(client: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("domain:check", Fault.DELAY, seconds=0.05)
    assert client.code(frames.check("a.test")) == 1000


def test_others_are_served_during_a_delay(client: wire.Client, other: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("domain:check", Fault.DELAY, match="slow.test", seconds=3600)
    client.send(wire.command(frames.check("slow.test")))
    assert other.code(frames.check("fast.test")) == 1000


def test_an_answer_may_come_in_drips(client: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("domain:check", Fault.SLOW_DRIP, seconds=0.05)
    assert client.code(frames.check("a.test")) == 1000


def test_an_answer_may_be_cut_in_the_middle(client: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("domain:create", Fault.CUT_IN_REPLY)
    client.send(wire.command(NEW))
    with pytest.raises(EOFError, match="<epp"):
        client.receive()
    assert made(simulator)


@pytest.mark.parametrize(("code", "length"), [(0, 2), (2_000_000_000, 2_000_000_000)])
def test_an_answer_may_have_a_wrong_length(
    code: int, length: int, client: wire.Client, simulator: RunningRegistry
) -> None:
    simulator.faults.plan("domain:create", Fault.BAD_LENGTH, code=code)
    client.send(wire.command(NEW))
    assert int.from_bytes(client.exactly(4), "big") == length


def test_an_answer_may_be_no_utf8(client: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("domain:create", Fault.BAD_UTF8)
    client.send(wire.command(NEW))
    with pytest.raises(UnicodeDecodeError):
        client.frame().decode()


@pytest.mark.parametrize(
    ("fault", "effect"), [(Fault.GARBAGE_BEFORE_EFFECT, False), (Fault.GARBAGE_AFTER_EFFECT, True)]
)
def test_an_answer_may_be_any_text(fault: Fault, effect: bool, client: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("domain:create", fault, text="<!DOCTYPE epp><epp/>")
    client.send(wire.command(NEW))
    assert client.frame() == b"<!DOCTYPE epp><epp/>"
    assert made(simulator) is effect


def test_an_answer_may_be_to_another_transaction(client: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("domain:create", Fault.WRONG_TRANSACTION)
    assert client.ask(NEW, transaction="MINE-1").text("epp:clTRID") not in ("", "MINE-1")


@pytest.mark.parametrize(
    ("operation", "body", "element"),
    [
        ("domain:info", frames.info("ours.test"), "domain:name"),
        ("contact:info", frames.of_contact("info", "OWNER-1"), "contact:id"),
        ("host:info", frames.of_host("info", "ns1.hosting.example"), "host:name"),
    ],
)
def test_an_answer_may_be_about_another_object(
    operation: str, body: str, element: str, registered: wire.Client, simulator: RunningRegistry
) -> None:
    right = registered.ask(body).text(element)
    simulator.faults.plan(operation, Fault.WRONG_OBJECT)
    assert registered.ask(body).text(element) not in ("", right)


def test_logins_may_fail_for_a_while(stranger: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("login", Fault.REFUSE, code=2400, times=2)
    assert [stranger.log_in(simulator.credentials).code for _ in range(3)] == [2400, 2400, 1000]


@pytest.mark.usefixtures("stranger")  # its certificate is known by then
def test_connections_may_be_closed_before_the_greeting(simulator: RunningRegistry) -> None:
    simulator.faults.plan("connect", Fault.RESET_BEFORE_EFFECT)
    with wire.Client(simulator, greeted=False) as refused:
        assert refused.is_cut()
    with wire.Client(simulator) as welcome:
        assert welcome.greeting is not None


@pytest.mark.usefixtures("stranger")
def test_a_connection_may_be_refused_with_a_code(simulator: RunningRegistry) -> None:
    simulator.faults.plan("connect", Fault.REFUSE, code=2502)
    with wire.Client(simulator, greeted=False) as refused:
        assert refused.receive().code == 2502
        assert refused.is_cut()


def test_a_fault_can_be_aimed_at_one_name(client: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("domain:*", Fault.REFUSE, match="new.test", code=2400)
    assert client.code(frames.check("other.test")) == 1000
    assert client.code(frames.check("new.test")) == 2400


def test_a_fault_can_be_aimed_at_one_registrar(
    client: wire.Client, other: wire.Client, simulator: RunningRegistry
) -> None:
    simulator.faults.plan("poll:*", Fault.REFUSE, match="registrar-b", code=2400)
    assert (client.code(frames.POLL), other.code(frames.POLL)) == (1300, 2400)


def test_a_fault_cannot_be_aimed_at_a_secret(client: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("*", Fault.REFUSE, match=frames.CODE, code=2400)
    assert client.code(NEW) == 1000
