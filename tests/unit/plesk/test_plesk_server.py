import pytest

from provisioner.ports.outcomes import Misconfigured
from tests.unit.plesk.scripted import PLAN, ScriptedServer, hosting, refused

PROTOCOLS = "<result><status>ok</status><protos><proto>1.6.8.0</proto><proto>1.6.9.1</proto></protos></result>"
SERVER = (
    "<result><status>ok</status><key><property><name>lim_dom</name><value>30</value></property>"
    "<property><name>plesk_key_id</name><value>canary-licence</value></property></key>"
    "<stat><version><plesk_version>18.0.60</plesk_version></version></stat></result>"
)


def server() -> ScriptedServer:
    return ScriptedServer().on("server/get_protos", PROTOCOLS).on("server/get", SERVER)


def test_a_ping_tells_protocol_version_and_the_licences_limits() -> None:
    assert hosting(server()).ping().data == {"protocol": "1.6.9.1", "version": "18.0.60", "lim_dom": "30"}


def test_a_resellers_ping_asks_for_nothing_that_only_administrators_may_see() -> None:
    asked = server()
    assert hosting(asked, role="reseller").ping().data == {"protocol": "1.6.9.1"}
    assert asked.operations() == ["server/get_protos"]


def test_a_server_that_does_not_speak_our_protocol_is_for_an_operator() -> None:
    old = server().on(
        "server/get_protos", "<result><status>ok</status><protos><proto>1.6.3.5</proto></protos></result>"
    )
    with pytest.raises(Misconfigured, match=r"1\.6\.3\.5"):
        hosting(old).ping()


def test_a_refused_login_is_for_an_operator() -> None:
    refusing = server().on("server/get_protos", "<system><status>error</status><errcode>1001</errcode></system>")
    with pytest.raises(Misconfigured) as parked:
        hosting(refusing).ping()
    assert parked.value.code == "login_refused"


def test_plans_are_listed_by_name() -> None:
    two = PLAN + PLAN.replace("Gold", "Silver")
    assert hosting(ScriptedServer().on("service-plan/get", two)).plans() == ("Gold", "Silver")


@pytest.mark.parametrize("none", ["<result><status>ok</status></result>", refused(1013), ""])
def test_a_server_without_plans_lists_none(none: str) -> None:
    assert hosting(ScriptedServer().on("service-plan/get", none)).plans() == ()
