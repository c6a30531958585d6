import ssl
from collections.abc import Iterator

import httpx
import pytest

from adapters.plesk import errors
from adapters.plesk.packet import Command
from provisioner.ports.outcomes import FAILURES, Done, Misconfigured, Rejected, Throttled, Unavailable, Uncertain

# docs.plesk.com, "Reduced List of Error Codes", and the extended codes that were seen.
DOCUMENTED = [
    *(1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1017, 1018, 1019, 1023),
    *(1024, 1025, 1026, 1027, 1029, 1030, 1031, 1032, 1033, 1050, 2300, 8002, 11003, 14008, 14009),
]
OPERATORS = [
    *(1001, 1004, 1005, 1006, 1009, 1010, 1011, 1012, 1017, 1018, 1024, 1026, 1027, 1029, 1030, 1031, 1032, 1050),
    *(11003, 14008, 14009),
]
CHANGES = [Command.MUTATE, Command.DELETE]


def kinds(base: type[httpx.RequestError]) -> Iterator[type[httpx.RequestError]]:
    yield base
    for each in base.__subclasses__():
        yield from kinds(each)


def test_the_table_holds_every_documented_code() -> None:
    assert sorted(errors.PLESK) == sorted(DOCUMENTED)


@pytest.mark.parametrize("command", Command)
@pytest.mark.parametrize("code", DOCUMENTED)
def test_every_code_has_one_outcome_for_every_command(code: int, command: Command) -> None:
    assert errors.verdict(code, "", command).outcome in (*FAILURES, Done)


@pytest.mark.parametrize("code", DOCUMENTED)
def test_a_look_up_is_never_uncertain(code: int) -> None:
    assert errors.verdict(code, "", Command.GET).outcome is not Uncertain


@pytest.mark.parametrize("command", Command)
@pytest.mark.parametrize("code", OPERATORS)
def test_what_an_operator_must_mend_fails_no_order(code: int, command: Command) -> None:
    assert errors.verdict(code, "", command).outcome is Misconfigured


@pytest.mark.parametrize("command", Command)
@pytest.mark.parametrize("code", [1003, 1008])
def test_a_server_that_is_not_ready_is_asked_later(code: int, command: Command) -> None:
    assert errors.verdict(code, "", command).outcome is Unavailable


@pytest.mark.parametrize("command", Command)
@pytest.mark.parametrize("code", [1014, 1025])
def test_a_packet_that_plesk_finds_invalid_is_a_fault_of_ours(code: int, command: Command) -> None:
    assert errors.verdict(code, "", command) == errors.Verdict(Rejected, "invalid_request")


def test_operation_failed_leaves_a_change_uncertain() -> None:
    assert {errors.verdict(1023, "", command).outcome for command in CHANGES} == {Uncertain}


def test_what_does_not_exist_is_an_answer_to_a_look_up_and_to_a_removal() -> None:
    assert errors.failure(1013, "", Command.GET) is None
    assert errors.failure(1013, "", Command.DELETE) is None
    assert isinstance(errors.failure(1013, "", Command.MUTATE), Rejected)


@pytest.mark.parametrize(
    ("code", "text"), [(1002, ""), (1007, ""), (1019, 'A user with username "demo" already exists.')]
)
def test_what_exists_already_is_a_conflict(code: int, text: str) -> None:
    assert errors.verdict(code, text, Command.MUTATE).code == "already_exists"


def test_an_invalid_value_is_final() -> None:
    assert errors.verdict(1019, "Password too short", Command.MUTATE) == errors.Verdict(Rejected, "invalid_value")


@pytest.mark.parametrize("command", CHANGES)
def test_an_unknown_code_is_final_and_kept_as_it_came(command: Command) -> None:
    found = errors.failure(4242, "something new", command)
    assert isinstance(found, Rejected)
    assert found.vendor_code == "4242"
    assert "something new" in found.message


@pytest.mark.parametrize("kind", list(kinds(httpx.RequestError)), ids=lambda kind: kind.__name__)
def test_every_exception_of_httpx_is_in_the_table(kind: type[httpx.RequestError]) -> None:
    assert kind in errors.TRANSPORT


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_a_change_that_was_not_sent_may_be_repeated(kind: type[httpx.RequestError]) -> None:
    assert isinstance(errors.from_transport(kind("no"), Command.MUTATE), Unavailable)


def test_a_header_that_cannot_be_sent_is_not_quoted() -> None:
    found = errors.from_transport(httpx.LocalProtocolError("Illegal header value b'canary'"), Command.MUTATE)
    assert isinstance(found, Misconfigured)
    assert "canary" not in found.message


BROKEN = [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_connection_that_breaks_leaves_a_change_uncertain(kind: type[httpx.RequestError]) -> None:
    assert isinstance(errors.from_transport(kind("no"), Command.MUTATE), Uncertain)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_connection_that_breaks_makes_a_look_up_unavailable(kind: type[httpx.RequestError]) -> None:
    assert isinstance(errors.from_transport(kind("no"), Command.GET), Unavailable)


def test_a_certificate_that_is_not_trusted_is_for_an_operator() -> None:
    error = httpx.ConnectError("no")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed")
    found = errors.from_transport(error, Command.MUTATE)
    assert (type(found), found.code) == (Misconfigured, "certificate_not_trusted")


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 405])
def test_an_http_refusal_is_for_an_operator(status: int) -> None:
    assert isinstance(errors.from_status(httpx.Response(status), Command.MUTATE), Misconfigured)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_gateways_error_leaves_a_change_uncertain(status: int) -> None:
    assert isinstance(errors.from_status(httpx.Response(status), Command.MUTATE), Uncertain)
    assert isinstance(errors.from_status(httpx.Response(status), Command.GET), Unavailable)


@pytest.mark.parametrize(
    ("header", "seconds"), [({"Retry-After": "7"}, 7.0), ({}, 60.0), ({"Retry-After": "soon"}, 60.0)]
)
def test_a_server_that_is_asked_too_often_says_when_to_come_back(header: dict[str, str], seconds: float) -> None:
    found = errors.from_status(httpx.Response(429, headers=header), Command.MUTATE)
    assert isinstance(found, Throttled)
    assert found.retry_after == seconds


def test_after_a_change_nothing_is_known_not_to_be_executed() -> None:
    with pytest.raises(Uncertain) as failed, errors.after_effect():
        raise Unavailable("panel_not_ready", "no", vendor_code="1003")
    assert failed.value.vendor_code == "1003"
