from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from adapters.epp import redaction
from adapters.epp.commands import domain_update_auth_code
from provisioner.kernel.secret import Secret

PRINTABLE = st.text(st.characters(codec="utf-8", min_codepoint=0x20, max_codepoint=0xFFFD), min_size=6)


@given(PRINTABLE)
def test_no_code_of_any_kind_is_shown(code: str) -> None:
    frame = domain_update_auth_code("a.test", Secret(code)).frame("PRV-1").decode()
    shown = redaction.shown(frame)
    assert fromstring(shown).findtext(".//{urn:ietf:params:xml:ns:domain-1.0}pw") == "***"


@given(PRINTABLE)
def test_every_code_reaches_the_frame_as_it_is(code: str) -> None:
    frame = domain_update_auth_code("a.test", Secret(code)).frame("PRV-1")
    assert fromstring(frame).findtext(".//{urn:ietf:params:xml:ns:domain-1.0}pw") == code


def test_what_is_no_secret_stays() -> None:
    text = '<epp xmlns="urn:e"><command><poll op="req" /><power>on</power></command></epp>'
    assert (
        redaction.shown(text) == '<epp xmlns="urn:e"><command><poll op="req"></poll><power>on</power></command></epp>'
    )


def test_a_cleared_code_is_seen_to_be_cleared() -> None:
    frame = domain_update_auth_code("a.test", None).frame("PRV-1").decode()
    assert "<domain:authInfo><domain:null></domain:null></domain:authInfo>" in redaction.shown(frame)


def test_a_value_too_short_to_search_for_is_hidden_by_its_element_only() -> None:
    assert redaction.scrubbed("a domain", [Secret("a")]) == "a domain"


def test_values_are_hidden_as_xml_writes_them() -> None:
    assert redaction.scrubbed("was a&amp;b&lt;c or a&b<c", [Secret("a&b<c")]) == "was *** or ***"
