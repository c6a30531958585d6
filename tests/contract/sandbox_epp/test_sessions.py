"""Greeting, login, logout, limits, and frames that are none."""

import struct

import pytest
from lxml import etree

from adapters.sandbox.epp import RunningRegistry
from tests.contract.sandbox_epp import frames, wire


def test_the_registry_greets_first(stranger: wire.Client) -> None:
    assert stranger.greeting is not None
    assert wire.NAMESPACES["domain"] in stranger.greeting.texts("epp:objURI")
    assert wire.NAMESPACES["fee"] in stranger.greeting.texts("epp:extURI")


def test_hello_is_answered_with_the_greeting(stranger: wire.Client) -> None:
    stranger.send(wire.document("<hello/>"))
    assert stranger.receive().has("epp:greeting")


def test_answers_are_held_to_the_schemas() -> None:
    schema = wire.schema()
    if schema is None:
        pytest.skip("the shared schemas are not at hand; name their folder in PROVISIONER_CONTRACT_DIR")
    assert schema.validate(etree.fromstring(wire.document("<hello/>")))
    assert not schema.validate(etree.fromstring(wire.document("<undo/>")))


def test_a_logout_ends_the_session(client: wire.Client) -> None:
    assert client.code("<logout/>") == 1500
    assert client.is_cut()


def test_nothing_can_be_done_before_the_login(stranger: wire.Client) -> None:
    assert stranger.code(frames.check("a.test")) == 2002


def test_a_second_login_is_out_of_place(client: wire.Client, simulator: RunningRegistry) -> None:
    assert client.log_in(simulator.credentials).code == 2002


@pytest.mark.parametrize(
    ("replaced", "code"),
    [
        ({"version": "2.0"}, 2100),
        ({"lang": "fr"}, 2102),
        ({"objects": "domain urn:x:other-1.0"}, 2307),
    ],
)
def test_a_login_that_asks_for_what_is_not_there_is_refused(
    replaced: dict[str, str], code: int, stranger: wire.Client, simulator: RunningRegistry
) -> None:
    assert stranger.log_in(simulator.credentials, **replaced).code == code


def test_an_extension_that_is_not_there_is_refused_at_login(stranger: wire.Client, simulator: RunningRegistry) -> None:
    assert stranger.log_in(simulator.credentials, extensions=("urn:ietf:params:xml:ns:fee-0.7",)).code == 2103


def test_an_extension_that_was_not_chosen_cannot_be_used(stranger: wire.Client, simulator: RunningRegistry) -> None:
    stranger.log_in(simulator.credentials, extensions=())
    assert stranger.code(frames.check("a.test"), frames.fee_check("create")) == 2103


def test_an_extension_that_was_not_chosen_is_not_in_the_answers(
    registered: wire.Client, simulator: RunningRegistry
) -> None:
    assert registered.ask(frames.info("ours.test")).has("rgp:infData")
    with wire.Client(simulator) as plain:
        plain.log_in(simulator.credentials, extensions=())
        assert not plain.ask(frames.info("ours.test")).has("rgp:infData")


def test_wrong_passwords_end_the_connection_at_last(stranger: wire.Client) -> None:
    wrong = wire.login("registrar-a", "not-this-one")
    assert [stranger.code(wrong) for _ in range(3)] == [2200, 2200, 2501]
    assert stranger.is_cut()


def test_failed_logins_are_told_at_the_next_good_one(stranger: wire.Client, simulator: RunningRegistry) -> None:
    stranger.code(wire.login("registrar-a", "not-this-one"))
    assert stranger.log_in(simulator.credentials).attribute("loginSec:event", "value") == "1"


def test_a_long_password_comes_in_the_extension(simulator: RunningRegistry, stranger: wire.Client) -> None:
    username = simulator.credentials["username"].reveal()
    old, long = simulator.credentials["password"].reveal(), "a long password of 31 characters"
    security = f"<loginSec:loginSec><loginSec:newPW>{long}</loginSec:newPW></loginSec:loginSec>"
    assert stranger.code(wire.login(username, old, new="[LOGIN-SECURITY]"), security) == 1000
    given = f"<loginSec:loginSec><loginSec:pw>{long}</loginSec:pw></loginSec:loginSec>"
    with wire.Client(simulator) as later:
        assert later.code(wire.login(username, "[LOGIN-SECURITY]"), given) == 1000


def test_more_sessions_than_allowed_are_refused_and_closed(
    client: wire.Client, simulator: RunningRegistry, adjust: wire.Adjust
) -> None:
    adjust({"settings": {"max_sessions": 1}})
    with wire.Client(simulator) as second:
        assert second.log_in(simulator.credentials).code == 2502
        assert second.is_cut()
    assert client.code(frames.POLL) == 1300


def test_a_session_that_logged_out_makes_room(simulator: RunningRegistry, adjust: wire.Adjust) -> None:
    adjust({"settings": {"max_sessions": 1}})
    for _ in range(3):
        with wire.Client(simulator) as one:
            assert one.log_in(simulator.credentials).code == 1000
            assert one.code("<logout/>") == 1500


def test_too_many_commands_in_a_second_end_the_session(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"max_commands_per_second": 1}})
    codes = [client.code(frames.POLL)]
    while codes[-1] != 2502:
        codes.append(client.code(frames.POLL))
    assert client.is_cut()


def test_a_connection_without_a_login_is_closed(simulator: RunningRegistry, adjust: wire.Adjust) -> None:
    adjust({"settings": {"login_seconds": 0.1}})
    with wire.Client(simulator) as silent:
        assert silent.is_cut()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<undo/>", 2000),
        ("<poll op='drain'/>", 2001),
        ("<check><domain:info><domain:name>a.test</domain:name></domain:info></check>", 2001),
        ("<check><domain:check/></check>", 2001),
        ("<info><domain:info><domain:authInfo/><domain:name>a.test</domain:name></domain:info></info>", 2001),
        ("<info><other:info xmlns:other='urn:x:other-1.0'/></info>", 2307),
        (
            "<transfer op='request'><contact:transfer><contact:id>OWNER-1</contact:id></contact:transfer></transfer>",
            2101,
        ),
        ("<check/>", 2001),
        ("", 2001),
    ],
)
def test_a_command_that_is_not_understood_is_refused(body: str, code: int, client: wire.Client) -> None:
    assert client.code(body) == code


def test_an_unknown_extension_is_refused(client: wire.Client) -> None:
    assert client.code(frames.check("a.test"), "<other:check xmlns:other='urn:x:other-1.0'/>") == 2103


@pytest.mark.parametrize(
    "frame",
    [
        b"not xml",
        b"<epp><command></epp>",
        b'<?xml version="1.0"?><!DOCTYPE epp []><epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><hello/></epp>',
        b"\xff\xfe\xfd",
        b"<epp/>",
        b'<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><greeting/></epp>',
    ],
    ids=["text", "unbalanced", "document type", "no UTF-8", "no namespace", "greeting"],
)
def test_a_frame_that_is_no_request_is_a_syntax_error(frame: bytes, client: wire.Client) -> None:
    client.send(frame)
    assert client.receive().code == 2001


@pytest.mark.parametrize("length", [0, 3, 4, 1024 * 1024 + 1, 2**32 - 1])
def test_a_frame_of_an_impossible_length_ends_the_connection(length: int, client: wire.Client) -> None:
    client.socket.sendall(struct.pack(">I", length))
    assert client.is_cut()


@pytest.mark.parametrize("transaction", ["ab", "x" * 65])
def test_a_clTRID_has_three_to_64_characters(transaction: str, client: wire.Client) -> None:  # noqa: N802 - EPP's own word
    assert client.ask(frames.check("a.test"), transaction=transaction).code == 2001


def test_the_clTRID_comes_back(client: wire.Client) -> None:  # noqa: N802 - EPP's own word
    assert client.ask(frames.check("a.test"), transaction="COMES-BACK").text("epp:clTRID") == "COMES-BACK"


def test_two_registrars_may_use_the_same_clTRID(client: wire.Client, other: wire.Client) -> None:  # noqa: N802 - EPP's own word
    assert client.ask(frames.POLL, transaction="SHARED-1").code == 1300
    assert other.ask(frames.POLL, transaction="SHARED-1").code == 1300
