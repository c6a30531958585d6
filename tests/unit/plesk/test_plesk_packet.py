import re
from xml.etree.ElementTree import Element

import defusedxml.ElementTree
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.plesk import operations
from adapters.plesk.packet import FLAG, UNIQUE, Command, Filter, Operation, Values, build
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Rejected

CHANGING = [each for each in operations.ALL if each.command is not Command.GET and each.filters]
XML_TEXT = st.text(st.characters(exclude_categories=["Cs"])).filter(
    lambda text: not re.search("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
)


def parsed(body: bytes) -> Element:
    return defusedxml.ElementTree.fromstring(body, forbid_dtd=True)


def added(name: str) -> bytes:
    general: Values = {"pname": name, "login": "demo", "passwd": Secret("pw")}
    return build(operations.CUSTOMER_ADD, {"gen_info": general}).body()


@given(XML_TEXT.filter(bool))
def test_every_name_that_xml_can_hold_arrives_unchanged(name: str) -> None:
    assert parsed(added(name)).findtext("customer/add/gen_info/pname") == name


@given(st.sampled_from([chr(code) for code in (*range(9), 11, 12, *range(14, 32), 0xD800, 0xDFFF, 0xFFFE, 0xFFFF)]))
def test_a_character_that_xml_cannot_hold_is_rejected_as_input(character: str) -> None:
    with pytest.raises(Rejected) as refused:
        added(f"Demo{character}")
    assert refused.value.code == "invalid_input"


def test_a_secret_with_an_illegal_character_is_rejected_without_being_shown() -> None:
    with pytest.raises(Rejected) as refused:
        build(operations.CUSTOMER_ADD, {"gen_info": {"passwd": Secret("canary\x00")}})
    assert "canary" not in f"{refused.value} {refused.value!r}"


def test_elements_come_in_the_tables_order_whatever_the_order_of_the_values() -> None:
    general: Values = {"external-id": "x", "login": "demo", "pname": "Demo", "cname": "Example Ltd"}
    root = parsed(build(operations.CUSTOMER_ADD, {"gen_info": general}).body())
    assert [each.tag for each in root[0][0][0]] == ["cname", "pname", "login", "external-id"]


def test_the_plan_comes_after_hosting() -> None:
    values: Values = {"plan-guid": "p", "hosting": {"vrt_hst": {}}, "gen_setup": {"name": "a.example"}}
    root = parsed(build(operations.WEBSPACE_ADD, values).body())
    assert [each.tag for each in root[0][0]] == ["gen_setup", "hosting", "plan-guid"]


def test_empty_optional_values_are_left_out() -> None:
    root = parsed(build(operations.CUSTOMER_ADD, {"gen_info": {"pname": "Demo", "phone": "", "email": None}}).body())
    assert [each.tag for each in root[0][0][0]] == ["pname"]


def test_a_value_without_a_place_in_the_table_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="nickname"):
        build(operations.CUSTOMER_ADD, {"gen_info": {"nickname": "A"}})


@pytest.mark.parametrize("operation", CHANGING, ids=str)
def test_a_change_without_a_filter_cannot_be_built(operation: Operation) -> None:
    with pytest.raises(Rejected, match="exactly one filter"):
        build(operation)


@pytest.mark.parametrize("kind", sorted(UNIQUE | {"owner-guid", "login"}))
@pytest.mark.parametrize("value", ["", " ", "\n\t"])
def test_an_empty_filter_cannot_be_made(kind: str, value: str) -> None:
    with pytest.raises(Rejected, match="every object"):
        Filter(kind, value)


@pytest.mark.parametrize("kind", ["owner-guid", "owner-id", "owner-login", "login", "owner-external-id"])
@pytest.mark.parametrize("operation", CHANGING, ids=str)
def test_a_change_takes_no_filter_that_may_match_several(operation: Operation, kind: str) -> None:
    with pytest.raises(Rejected, match="does not take a filter"):
        build(operation, FLAG, Filter(kind, "1"))


@given(st.sampled_from(CHANGING), XML_TEXT.filter(str.strip))
def test_a_change_carries_exactly_one_filter(operation: Operation, value: str) -> None:
    kind = min(operation.filters & UNIQUE)
    root = parsed(build(operation, FLAG, Filter(kind, value)).body())
    found = list(root.iter("filter"))
    assert [[(each.tag, each.text) for each in one] for one in found] == [[(kind, value)]]


@pytest.mark.parametrize("operation", operations.ALL, ids=str)
def test_a_packet_holds_one_operation(operation: Operation) -> None:
    target = Filter(min(operation.filters), "g") if operation.filters else None
    root = parsed(build(operation, FLAG, target).body())
    assert (len(root), len(root[0])) == (1, 1)


def test_only_plans_may_be_listed_without_a_filter() -> None:
    assert [each for each in operations.ALL if each.lists_all] == [operations.PLAN_GET]


def test_a_packet_shows_no_secret_when_printed() -> None:
    packet = build(operations.CUSTOMER_ADD, {"gen_info": {"pname": "Demo", "passwd": Secret("canary")}})
    assert "canary" not in f"{packet} {packet!r} {packet.shown()}"
    assert b"canary" in packet.body()
