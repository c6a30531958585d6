"""Our table of content models is the vendor's, and requests are held to it."""

from pathlib import Path

import pytest

from adapters.sandbox.plesk import grammar
from adapters.sandbox.plesk.dispatch import OPERATIONS
from tests.contract.sandbox_plesk import wire

SERVED = (
    "server",
    "customer",
    "webspace",
    "dns",
    "mail",
    "certificate",
    "ip",
    "secret_key",
    "service-plan",
    "session",
    "service-plan-addon",
    "site",
    "php-handler",
)
FILTER = "<filter><id>1</id></filter>"
PLAN = "<plan-name>basic</plan-name>"
SETUP = "<gen_setup><name>a.example</name></gen_setup>"
NONE = "<hosting><none/></hosting>"
BAD_PACKETS = {
    "the operator of old protocols": "<client><get><filter/><dataset><gen_info/></dataset></get></client>",
    "a plan before the hosting": f"<webspace><add>{SETUP}{PLAN}{NONE}</add></webspace>",
    "a login before the name": "<customer><add><gen_info><login>a</login><pname>A</pname><passwd>p</passwd></gen_info>"
    "</add></customer>",
    "a hosting type in set": f"<webspace><set>{FILTER}<values><gen_setup><htype>none</htype></gen_setup></values></set>"
    "</webspace>",
    "general settings without their wrapper": f"<webspace><set>{FILTER}<values><status>16</status></values></set>"
    "</webspace>",
    "two kinds of keys in one filter": "<customer><del><filter><id>2</id><login>a</login></filter></del></customer>",
    "mail removed by `mailname`": "<mail><remove><filter><site-id>1</site-id><mailname><name>a</name></mailname>"
    "</filter></remove></mail>",
}


@pytest.mark.parametrize("operator", SERVED)
def test_the_model_of_a_served_operator_is_the_shared_one(operator: str, contracts: Path) -> None:
    shared = grammar.parse((contracts / "request-model.txt").read_text("utf-8"))
    assert grammar.request_model().find(operator) == shared.find(operator)


def test_the_table_holds_the_served_operators_and_no_others() -> None:
    (choice,) = [particle for particle in grammar.request_model().content if isinstance(particle, grammar.Group)]
    assert tuple(member.name for member in choice.members if isinstance(member, grammar.ElementRule)) == SERVED


def test_every_operation_that_is_simulated_is_in_the_table() -> None:
    model = grammar.request_model()
    for name in OPERATIONS:
        operator = model.find(name.partition(".")[0])
        assert operator is not None
        assert operator.find(name.partition(".")[2]) is not None, name


@pytest.mark.parametrize("packet", BAD_PACKETS.values(), ids=BAD_PACKETS.keys())
def test_a_packet_that_the_vendor_would_reject_is_rejected(packet: str, client: wire.Client) -> None:
    assert client.system_code(f"<packet>{packet}</packet>") == 1014


def test_a_rejected_packet_changes_nothing(hosted: wire.Client) -> None:
    hosted.packet(f"<packet><webspace><del>{FILTER}</del></webspace><client/></packet>")
    assert hosted.code(wire.webspace_get("<id>1</id>")) == 0


def test_the_message_names_the_element_and_what_was_expected_and_the_line(client: wire.Client) -> None:
    packet = "<packet>\n<customer>\n<add><gen_info>\n<login>a</login>\n</gen_info></add></customer></packet>"
    expected = "Error in line 4: Element 'login': This element is not expected. Expected is one of ( cname, pname )."
    assert client.system_text(packet) == f"Parser error: Request is invalid. {expected}"


def test_an_empty_number_is_told_as_libxml_tells_it(client: wire.Client) -> None:
    packet = "<packet><webspace><add><gen_setup><name>a.example</name><owner-id/></gen_setup></add></webspace></packet>"
    assert client.system_text(packet).endswith("Element 'owner-id': '' is not a valid value of the atomic type 'int'.")


def test_an_operation_of_the_model_that_is_not_simulated_says_so(client: wire.Client) -> None:
    answer = client.packet("<packet><server><reboot/></server></packet>")
    assert answer.findtext("server/reboot/result/errtext") == "server.reboot is not simulated."
