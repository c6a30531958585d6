"""A message of the queue that is badly written: what is told of it, and that it can be taken off the queue."""

import ssl

import pytest

from adapters.epp import commands
from adapters.epp.replies import Polled
from provisioner.ports.outcomes import Unavailable
from tests.contract.epp.wire.conftest import Opened
from tests.contract.epp.wire.scripted import Act, Registry, Request, framed, raw, response

POLL = commands.poll_request()
QUEUE = '<msgQ count="3" id="42&amp;7"><qDate>2026-01-01T00:00:00Z</qDate><msg>{}</msg></msgQ>'
DOMAIN = 'xmlns:domain="urn:ietf:params:xml:ns:domain-1.0"'
TRANSFER = (
    f"<resData><domain:trnData {DOMAIN}><domain:name>a.test</domain:name><domain:trStatus>pending</domain:trStatus>"
    "<domain:reID>other</domain:reID><domain:reDate>2026-01-01T00:00:00Z</domain:reDate><domain:acID>us</domain:acID>"
    "<domain:acDate>2026-01-06T00:00:00Z</domain:acDate></domain:trnData></resData>"
)


def polled(request: Request, text: str = "Hear!", inner: str = "", cl_trid: str | None = None) -> str:
    """A message of the queue."""
    return response(request, 1301, inner=QUEUE.format(text) + inner, cl_trid=cl_trid)


def message(text: str = "Hear!", inner: str = "", *, before: str = "", cl_trid: str | None = None) -> Act:
    """An answer with a message."""

    def act(channel: ssl.SSLSocket, request: Request) -> None:
        channel.sendall(framed(before + polled(request, text, inner, cl_trid)))

    return act


def in_latin_1(channel: ssl.SSLSocket, request: Request) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + polled(request, "fermé", TRANSFER)
    channel.sendall(framed(text.encode("latin-1")))


UNREADABLE: dict[str, Act] = {
    "above 1 MiB": message("m" * (1 << 20)),
    "behind a DOCTYPE": message(before="<!DOCTYPE epp>"),
    "nested too deep": message(inner="<extension>" + "<a>" * 100 + "</a>" * 100 + "</extension>"),
    "not well-formed": message("AT&T"),
    "of letters that XML has not": message("bell \x07"),
}


def read(server: Registry, opened: Opened, *acts: Act) -> Polled:
    """The message as the first command gets it; it is then taken off the queue."""
    server.script(*acts)
    with opened(server) as sessions:
        data = sessions.send(POLL).data
        assert isinstance(data, Polled)
        assert sessions.send(commands.poll_ack(data.message_id)).succeeded
    return data


def test_a_message_that_is_not_utf_8_is_whole_but_for_its_odd_letters(server: Registry, opened: Opened) -> None:
    data = read(server, opened, in_latin_1)
    assert (data.kind, data.domain, data.text, data.is_whole) == ("transfer", "a.test", "ferm\ufffd", False)


@pytest.mark.parametrize("act", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_message_that_cannot_be_read_is_known_by_its_id(server: Registry, opened: Opened, act: Act) -> None:
    data = read(server, opened, act)
    assert (data.message_id, data.queued_at, data.kind) == ("42&7", "2026-01-01T00:00:00Z", "other")
    assert "cannot be read" in data.text
    assert not data.is_whole
    assert "msgQ" in data.raw


def test_of_a_message_that_cannot_be_read_no_secret_is_kept(server: Registry, opened: Opened) -> None:
    secret = "<d:authInfo><d:pw><![CDATA[open & sesame]]></d:pw><d:ext>treasure</d:ext></d:authInfo><d:pw>sesame"
    data = read(server, opened, message("AT&T", secret))
    assert "sesame" not in data.raw
    assert "treasure" not in data.raw


@pytest.mark.parametrize(
    "act",
    [raw(framed("<epp><response>")), message("AT&T", cl_trid="PRV-other"), raw(framed('<msgQ id="42"/>'))],
    ids=["no message", "the answer to another command", "no code"],
)
def test_what_is_no_message_stays_where_it_is(server: Registry, opened: Opened, act: Act) -> None:
    server.script(act)
    with opened(server) as sessions, pytest.raises(Unavailable):
        sessions.send(POLL)
