import pytest

from adapters.plesk import operations, reply
from adapters.plesk.packet import Operation
from provisioner.ports.outcomes import Rejected, Unavailable, Uncertain

BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><packet>&a;</packet>'
FOREIGN = b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><packet/>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"<html><body>502 Bad Gateway</body></html>",
        b"<html><p>unclosed",
        b"<packet><customer>",
        BOMB,
        FOREIGN,
        b'<?xml version="1.0" encoding="no-such-encoding"?><packet/>',
        b"\xff\xfe\x00",
        b"<packet>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</packet>",
    ],
)
def test_anything_but_a_packet_is_unreadable(body: bytes) -> None:
    with pytest.raises(reply.UnreadableError):
        reply.parse(body)


def results(text: str, operation: Operation = operations.WEBSPACE_GET) -> tuple[reply.Result, ...]:
    return reply.results(reply.parse(text.encode()), operation)


def test_objects_that_do_not_exist_are_left_out() -> None:
    absent = "<result><status>error</status><errcode>1013</errcode></result>"
    there = "<result><status>ok</status><id>7</id></result>"
    found = results(f"<packet><webspace><get>{absent}{there}</get></webspace></packet>")
    assert [each.id for each in found] == ["7"]


def test_one_error_among_several_results_is_raised() -> None:
    wrong = "<result><status>error</status><errcode>1006</errcode></result>"
    there = "<result><status>ok</status><id>7</id></result>"
    with pytest.raises(Exception, match="1006"):
        results(f"<packet><webspace><get>{there}{wrong}</get></webspace></packet>")


def test_a_system_error_stands_for_the_whole_packet() -> None:
    system = "<system><status>error</status><errcode>1014</errcode><errtext>Parser error</errtext></system>"
    with pytest.raises(Rejected) as refused:
        results(f"<packet>{system}<output/></packet>", operations.WEBSPACE_ADD)
    assert (refused.value.code, refused.value.vendor_code) == ("invalid_request", "1014")


@pytest.mark.parametrize(
    "inner",
    [
        "<mail/>",
        "<webspace><add><result><status>perhaps</status></result></add></webspace>",
        "<webspace><add><result><status>error</status></result></add></webspace>",
        "<webspace><add><result><status>error</status><errcode>x</errcode></result></add></webspace>",
        "<webspace><add><result><status>error</status><errcode>²</errcode></result></add></webspace>",
    ],
)
def test_an_answer_to_something_else_leaves_a_change_uncertain(inner: str) -> None:
    with pytest.raises(Uncertain):
        results(f"<packet>{inner}</packet>", operations.WEBSPACE_ADD)


def test_an_answer_to_something_else_makes_a_look_up_unavailable() -> None:
    with pytest.raises(Unavailable):
        results("<packet><mail/></packet>")
