"""Whatever arrives is a valid packet or refused; whatever is written can be read."""

from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox.plesk import answers, packet
from adapters.sandbox.plesk.refusals import SystemRefusal

PROTOS = "<packet><server><get_protos/></server></packet>"
LAUGHS = '<!DOCTYPE packet [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><packet>&b;</packet>'
OUTSIDE = '<!DOCTYPE packet SYSTEM "file:///etc/passwd"><packet/>'


def code(body: bytes | None) -> int:
    """The code with which a body is refused, 0 for a packet."""
    try:
        packet.read(body)
    except SystemRefusal as refusal:
        return int(refusal.code)
    return 0


def test_a_packet_without_a_version_speaks_the_newest() -> None:
    assert packet.read(PROTOS.encode()).version == "1.6.9.1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_a_packet_may_be_in_any_encoding_that_it_declares(encoding: str) -> None:
    assert code(f'<?xml version="1.0" encoding="{encoding}"?>{PROTOS}'.encode(encoding)) == 0


@pytest.mark.parametrize("body", [LAUGHS, OUTSIDE])
def test_a_document_type_is_refused(body: str) -> None:
    assert code(body.encode()) == 1014


def test_a_body_that_was_too_large_is_refused() -> None:
    assert code(None) == 1014


def test_elements_nested_a_hundred_thousand_deep_are_refused() -> None:
    assert code(b"<packet>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</packet>") == 1014


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(body: bytes) -> None:
    assert code(body) == 1014


@given(st.text(max_size=200))
def test_any_text_inside_a_packet_is_refused_or_read(text: str) -> None:
    assert code(f"<packet><server>{text}<get_protos/></server></packet>".encode()) in (0, 1014)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn"))))
def test_any_value_comes_back_from_an_answer(value: str) -> None:
    written = packet.write(answers.packet("1.6", [answers.leaf("name", value)]))
    read: Element = fromstring(written, forbid_dtd=True)
    assert (read.findtext("name") or "") == value
