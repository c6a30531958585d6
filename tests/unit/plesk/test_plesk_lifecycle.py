import pytest

from provisioner.ports.outcomes import Rejected, Unavailable, Uncertain
from tests.unit.plesk.scripted import ABSENT, OK, ScriptedServer, hosting, refused, webspace


def shown(*spaces: str) -> ScriptedServer:
    return ScriptedServer().on("webspace/get", *spaces).on("webspace/set", OK).on("webspace/del", OK)


def status_sent(server: ScriptedServer) -> str | None:
    return server.body("webspace/set").findtext("values/gen_setup/status")


@pytest.mark.parametrize(("role", "flag"), [("admin", 16), ("reseller", 32)])
def test_each_role_suspends_with_its_own_flag(role: str, flag: int) -> None:
    server = shown(webspace(), webspace(status=flag))
    hosting(server, role=role).suspend("guid-s")
    assert status_sent(server) == str(flag)


def test_one_that_is_suspended_already_is_not_touched() -> None:
    server = shown(webspace(status=16))
    hosting(server).suspend("guid-s")
    assert server.operations() == ["webspace/get"]


def test_a_value_that_plesk_names_is_set_although_others_switched_it_off_too() -> None:
    server = shown(webspace(status=64 + 4), webspace(status=64 + 16))
    assert hosting(server).suspend("guid-s").warnings == ()
    assert status_sent(server) == "16"


def test_suspending_says_when_it_made_plesk_forget_the_flag_of_others() -> None:
    server = shown(webspace(status=64), webspace(status=16))
    assert "status 64" in hosting(server).suspend("guid-s").warnings[0]


def test_a_suspension_that_does_not_show_is_uncertain() -> None:
    with pytest.raises(Uncertain):
        hosting(shown(webspace())).suspend("guid-s")


def test_resuming_clears_our_flag() -> None:
    server = shown(webspace(status=16), webspace())
    assert hosting(server).resume("guid-s").warnings == ()
    assert status_sent(server) == "0"


def test_resuming_leaves_the_flags_of_others_and_says_so() -> None:
    server = shown(webspace(status=16 + 64), webspace(status=64))
    assert "status 64" in hosting(server).resume("guid-s").warnings[0]
    assert status_sent(server) == "64"


@pytest.mark.parametrize("status", [16 + 256, 16 + 32 + 64])
def test_flags_that_cannot_be_set_are_not_put_at_risk_by_resuming(status: int) -> None:
    server = shown(webspace(status=status))
    assert f"status {status}" in hosting(server).resume("guid-s").warnings[0]
    assert "webspace/set" not in server.operations()


def test_resuming_what_others_switched_off_changes_nothing_and_says_so() -> None:
    server = shown(webspace(status=64))
    assert "status 64" in hosting(server).resume("guid-s").warnings[0]
    assert "webspace/set" not in server.operations()


def test_resuming_what_is_active_changes_nothing() -> None:
    server = shown(webspace())
    assert hosting(server).resume("guid-s").warnings == ()
    assert "webspace/set" not in server.operations()


def test_a_resumption_that_does_not_show_is_uncertain() -> None:
    with pytest.raises(Uncertain):
        hosting(shown(webspace(status=16))).resume("guid-s")


def test_a_look_after_the_change_that_fails_is_uncertain() -> None:
    with pytest.raises(Uncertain):
        hosting(shown(webspace(), refused(1003))).suspend("guid-s")


def test_a_change_that_the_server_was_not_ready_for_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        hosting(shown(webspace()).on("webspace/set", refused(1003))).suspend("guid-s")


@pytest.mark.parametrize("operation", ["suspend", "resume", "usage"])
def test_what_is_gone_cannot_be_changed_or_measured(operation: str) -> None:
    with pytest.raises(Rejected) as gone:
        getattr(hosting(shown(ABSENT)), operation)("guid-s")
    assert gone.value.code == "not_found"


@pytest.mark.parametrize("operation", ["suspend", "resume", "remove_subscription"])
def test_what_is_not_ours_is_left_alone(operation: str) -> None:
    server = shown(webspace(mark="someone's"))
    with pytest.raises(Rejected) as left:
        getattr(hosting(server), operation)("guid-s")
    assert left.value.code == "not_ours"
    assert server.operations() == ["webspace/get"]


@pytest.mark.parametrize("operation", ["suspend", "resume", "remove_subscription", "usage"])
def test_an_empty_reference_reaches_nobody(operation: str) -> None:
    server = shown(webspace())
    with pytest.raises(Rejected):
        getattr(hosting(server), operation)("")
    assert server.operations() == []


def test_removing_names_one_guid() -> None:
    server = shown(webspace())
    hosting(server).remove_subscription("guid-s")
    assert [(each.tag, each.text) for each in server.body("webspace/del")[0]] == [("guid", "guid-s")]


def test_removing_what_is_gone_is_done() -> None:
    server = shown(ABSENT)
    assert hosting(server).remove_subscription("guid-s").ref == "guid-s"
    assert server.operations() == ["webspace/get"]


def test_an_answer_without_data_is_no_proof_that_it_is_gone() -> None:
    with pytest.raises(Unavailable):
        hosting(shown(OK)).remove_subscription("guid-s")


def test_removing_what_goes_meanwhile_is_done() -> None:
    assert hosting(shown(webspace()).on("webspace/del", ABSENT)).remove_subscription("guid-s").ref == "guid-s"


LIMITS = (
    "<limits><limit><name>disk_space</name><value>5000</value></limit>"
    "<limit><name>max_traffic</name><value>-1</value></limit></limits>"
)
RESOURCES = "<resource-usage><resource><name>max_traffic</name><value>77</value></resource></resource-usage>"


def measured(extra: str) -> dict[str, int]:
    return dict(hosting(shown(webspace().replace("</data>", f"{extra}</data>"))).usage("guid-s"))


def test_usage_is_in_bytes_with_its_limits() -> None:
    expected = {"disk_space": 1000, "disk_limit": 5000, "traffic": 77, "traffic_limit": -1}
    assert measured(LIMITS + RESOURCES) == expected


def test_traffic_is_read_from_the_statistics_where_resources_are_not_told() -> None:
    assert measured("<stat><traffic>88</traffic></stat>")["traffic"] == 88


def test_limits_that_are_not_told_are_no_limits() -> None:
    assert measured("")["disk_limit"] == -1


def test_a_number_that_is_none_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        measured("<stat><traffic>much</traffic></stat>")
