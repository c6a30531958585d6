"""service-plan, service-plan-addon, and what they do to subscriptions."""

import pytest

from adapters.sandbox.running import RunningSimulator
from tests.contract.sandbox_plesk import wire


def get(operator: str, key: str = "") -> str:
    return f"<{operator}><get><filter>{key}</filter></get></{operator}>"


def guid(client: wire.Client, name: str, operator: str = "service-plan") -> str:
    return client.result(get(operator, f"<name>{name}</name>")).findtext("guid") or ""


def act(operation: str, how: str) -> str:
    return f"<webspace><{operation}><filter><id>1</id></filter>{how}</{operation}></webspace>"


def switch(client: wire.Client, plan: str) -> str:
    return act("switch-subscription", f"<plan-guid>{guid(client, plan)}</plan-guid>")


def plans_of(client: wire.Client) -> list[str | None]:
    result = client.result(wire.webspace_get("<id>1</id>", "subscriptions"))
    return [plan.text for plan in result.iter("plan-guid")]


def limit(client: wire.Client, name: str) -> str:
    result = client.result(wire.webspace_get("<id>1</id>", "limits"))
    return {each.findtext("name"): each.findtext("value") or "" for each in result.iter("limit")}[name]


def test_a_fresh_panel_has_plans_and_an_add_on(client: wire.Client) -> None:
    assert [plan.findtext("name") for plan in client.results(get("service-plan"))] == ["basic", "business", "premium"]
    assert [plan.findtext("name") for plan in client.results(get("service-plan-addon"))] == ["extra-space"]


@pytest.mark.parametrize("operator", ["service-plan", "service-plan-addon"])
def test_an_unknown_plan_is_1013(operator: str, client: wire.Client) -> None:
    assert client.code(get(operator, "<name>gold</name>")) == 1013


def test_an_add_on_is_no_plan(client: wire.Client) -> None:
    assert client.code(get("service-plan", f"<guid>{guid(client, 'extra-space', 'service-plan-addon')}</guid>")) == 1013


def test_another_owners_plans_are_none(client: wire.Client) -> None:
    operation = "<service-plan><get><filter/><owner-login>nobody</owner-login></get></service-plan>"
    assert [child.tag for child in client.result(operation)] == ["status"]


@pytest.mark.parametrize("operator", ["service-plan", "service-plan-addon"])
def test_a_plan_can_be_added_once(operator: str, client: wire.Client) -> None:
    limits = "<limits><limit><name>max_box</name><value>5</value></limit></limits>"
    add = f"<{operator}><add><name>mine</name>{limits}<external-id>plan:1</external-id></add></{operator}>"
    assert [client.code(add), client.code(add)] == [0, 1007]
    assert client.result(get(operator, "<external-id>plan:1</external-id>")).findtext("name") == "mine"


def test_a_plan_in_use_cannot_be_removed(hosted: wire.Client) -> None:
    remove = "<service-plan><del><filter><name>{}</name></filter></del></service-plan>"
    assert hosted.code(remove.format("basic")) == 1023
    assert hosted.code(remove.format("premium")) == 0


def test_a_subscription_names_its_plan(hosted: wire.Client) -> None:
    assert plans_of(hosted) == [guid(hosted, "basic")]


@pytest.mark.parametrize("key", ["plan-id", "plan-name", "plan-guid", "plan-external-id"])
def test_a_plan_may_be_named_by_any_key(key: str, client: wire.Client) -> None:
    made = client.result("<service-plan><add><name>mine</name><external-id>plan:1</external-id></add></service-plan>")
    values = {"plan-id": made.findtext("id"), "plan-name": "mine", "plan-guid": made.findtext("guid")}
    value = values.get(key, "plan:1")
    client.result(wire.webspace_add(owner="", plan=f"<{key}>{value}</{key}>"))
    assert plans_of(client) == [made.findtext("guid")]


def test_a_switch_gives_the_new_plans_limits(hosted: wire.Client) -> None:
    result = hosted.result(switch(hosted, "business"))
    assert (wire.code_of(result), result.find("problems")) == (0, None)
    assert limit(hosted, "max_box") == "100"


def test_a_switch_to_an_unknown_plan_is_1013(hosted: wire.Client) -> None:
    assert hosted.code(act("switch-subscription", "<plan-guid>none</plan-guid>")) == 1013


def test_a_switch_to_no_plan_leaves_the_subscription_without_one(hosted: wire.Client) -> None:
    hosted.result(act("switch-subscription", "<no-plan/>"))
    assert plans_of(hosted) == []


def test_a_switch_below_what_is_used_is_ok_with_problems(hosted: wire.Client, adjust: wire.Adjust) -> None:
    hosted.result(switch(hosted, "business"))
    adjust({"webspaces": [{"webspace": "svc:1", "real_size": 20 * 1024**3}]})
    result = hosted.result(switch(hosted, "basic"))
    assert wire.code_of(result) == 0
    assert "Disk space" in (result.findtext("problems") or "")
    assert limit(hosted, "disk_space") == str(50 * 1024**3)


def test_an_add_on_adds_to_the_limits_and_goes_again(hosted: wire.Client) -> None:
    addon = f"<plan-guid>{guid(hosted, 'extra-space', 'service-plan-addon')}</plan-guid>"
    assert hosted.code(act("add-subscription", addon)) == 0
    assert limit(hosted, "disk_space") == str(20 * 1024**3)
    assert hosted.code(act("add-subscription", addon)) == 1007
    assert hosted.code(act("remove-subscription", addon)) == 0
    assert limit(hosted, "disk_space") == str(10 * 1024**3)


def test_main_plan_and_add_ons_stand_in_one_list(hosted: wire.Client) -> None:
    addon = guid(hosted, "extra-space", "service-plan-addon")
    hosted.result(act("add-subscription", f"<plan-guid>{addon}</plan-guid>"))
    assert plans_of(hosted) == [guid(hosted, "basic"), addon]


def test_a_service_plan_is_no_add_on(hosted: wire.Client) -> None:
    assert hosted.code(act("add-subscription", f"<plan-guid>{guid(hosted, 'premium')}</plan-guid>")) == 1013


def test_a_sync_brings_the_plans_limits_back_and_unlocks(hosted: wire.Client) -> None:
    limits = "<limits><limit><name>max_box</name><value>3</value></limit></limits>"
    hosted.result(wire.webspace_set("<id>1</id>", limits))
    hosted.result(act("sync-subscription", ""))
    result = hosted.result(wire.webspace_get("<id>1</id>", "subscriptions"))
    assert (limit(hosted, "max_box"), result.findtext(".//locked")) == ("10", "false")


def test_a_switch_is_in_the_ledger(hosted: wire.Client, simulator: RunningSimulator) -> None:
    hosted.result(switch(hosted, "business"))
    (effect,) = simulator.ledger.effects(operation="webspace.switch-subscription")
    assert (effect.reference, effect.details) == ("svc:1", {"plan": "business"})
