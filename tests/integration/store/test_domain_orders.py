"""Domains in orders and without: accepted whole, or refused with the reason; never one name twice."""

import json
from typing import Any

import pytest

from provisioner.kernel.secret import Secret
from provisioner.store.accounts import NewAccount
from tests.integration.store.registrars import NAME, DomainStage, desk, item, without
from tests.support.domains import contact, contacts, customer, terms
from tests.support.engine.vendor import refused
from tests.support.stores import Stage, hosting, together

__all__ = ["desk"]


def told_operators(desk: DomainStage) -> list[str]:
    """Why operators were told of the order."""
    events = [each for each in desk.stage.events("order/o-1") if each["type"] == "operation.needs-attention.v1"]
    return [each["data"]["reason"] for each in events]


def code(detail: str) -> str:
    return detail.partition(":")[0]


class TestAnOrder:
    def test_a_domain_is_registered(self, desk: DomainStage) -> None:
        assert desk.order().outcome == "accepted"
        desk.work()
        assert (desk.service()["status"], desk.stage.row("orders")["status"]) == ("active", "completed")
        assert list(desk.registry.domains) == [NAME]

    def test_the_service_has_its_name_and_its_terms_complete(self, desk: DomainStage) -> None:
        desk.order()
        service = desk.service()
        assert (service["name"], service["attributes"]["rules"]["tld"]) == (NAME, "com")
        assert service["attributes"]["contacts"]["registrant"]["phone"] == "+49.301234567"

    def test_contacts_given_as_a_whole_are_kept(self, desk: DomainStage) -> None:
        desk.order()
        kept = desk.stage.row("contacts")
        assert (kept["contact_id"], kept["customer_id"], kept["version"]) == ("owner-1", "customer-1", 1)

    def test_a_contact_is_named_by_its_id(self, desk: DomainStage) -> None:
        desk.order()
        desk.shop.place("o-2", [item(2, contacts={"registrant": "owner-1"})], customer_id="customer-1")
        assert desk.service("domain-2")["attributes"]["contacts"]["registrant"]["name"] == "Ada Owner"

    def test_the_next_upkeep_is_planned_when_it_is_done(self, desk: DomainStage) -> None:
        desk.order()
        desk.work()
        assert desk.service()["upkeep_workflow"] == "domain.upkeep"
        assert desk.service()["upkeep_at"] > desk.stage.now()

    def test_the_same_message_twice_is_one_order(self, desk: DomainStage) -> None:
        message = desk.shop.order("o-1", [item()], customer_id="customer-1")
        outcomes = [receipt.outcome for receipt in together(*[lambda: desk.shop.send(message)] * 4)]
        assert sorted(outcomes) == ["accepted", "duplicate", "duplicate", "duplicate"]
        assert desk.stage.count("operations") == 1

    def test_a_message_that_came_before_is_a_duplicate_whatever_has_changed_since(self, desk: DomainStage) -> None:
        message = desk.shop.order("o-1", [item(nameservers=None)], customer_id="customer-1")
        del message["data"]["items"][0]["nameservers"]
        desk.shop.send(message)
        desk.stage.sql("DELETE FROM contacts")
        assert desk.shop.send(message).outcome == "duplicate"


class TestNames:
    def test_two_orders_for_a_name_at_the_same_time_are_one_order(self, desk: DomainStage) -> None:
        orders = [desk.shop.order(f"o-{n}", [item(service_id=f"domain-{n}")]) for n in range(4)]
        receipts = together(*[lambda order=order: desk.shop.send(order) for order in orders])
        assert sorted(receipt.outcome for receipt in receipts) == ["accepted", "rejected", "rejected", "rejected"]
        assert {code(each.detail) for each in receipts if each.outcome == "rejected"} == {"domain_exists"}

    def test_an_order_and_a_message_without_one_at_the_same_time_are_one_service(self, desk: DomainStage) -> None:
        receipts = together(desk.order, lambda: desk.register(service_id="domain-2"))
        assert sorted(receipt.outcome for receipt in receipts) == ["accepted", "rejected"]
        assert desk.stage.count("services", name=NAME) == 1

    def test_the_refusal_names_the_service(self, desk: DomainStage) -> None:
        desk.order()
        receipt = desk.register(service_id="domain-2")
        assert (code(receipt.detail), "domain-1" in receipt.detail) == ("domain_exists", True)

    def test_a_name_whose_order_failed_is_free(self, desk: DomainStage) -> None:
        desk.registry.have(NAME, registrar="another-registrar")
        desk.order()
        desk.work()
        assert desk.service()["status"] == "failed"
        assert desk.register(service_id="domain-2").outcome == "accepted"

    def test_the_sandbox_has_names_of_its_own(self, desk: DomainStage) -> None:
        desk.order()
        data = {"customer": customer(1), **terms(1, service_id="domain-2")}
        assert desk.shop.say("domain.register.v1", data, environment="sandbox").outcome == "accepted"


class TestOurFaults:
    @pytest.mark.parametrize("fault", ["invalid_request", "not_supported"])
    def test_operators_are_told_of_what_no_customer_can_correct(self, desk: DomainStage, fault: str) -> None:
        desk.registry.will("register", refused(fault))
        desk.order()
        desk.work()
        assert told_operators(desk) == ["request_malformed"]

    def test_operators_are_not_told_of_a_name_that_is_taken(self, desk: DomainStage) -> None:
        desk.registry.have(NAME, registrar="another-registrar")
        desk.order()
        desk.work()
        assert (desk.service()["status"], told_operators(desk)) == ("failed", [])


class TestWithoutAnOrder:
    def test_a_domain_is_registered(self, desk: DomainStage) -> None:
        desk.register()
        desk.work()
        assert (desk.service()["status"], desk.stage.count("orders")) == ("active", 0)

    def test_a_failure_is_told_to_operators(self, desk: DomainStage) -> None:
        desk.registry.have(NAME, registrar="another-registrar")
        desk.register()
        desk.work()
        assert desk.service()["status"] == "failed"
        types = [event["type"] for event in desk.stage.events("service/domain-1")]
        assert "operation.needs-attention.v1" in types

    def test_a_service_s_id_is_its_own(self, desk: DomainStage) -> None:
        desk.register()
        assert code(desk.register(2, service_id="domain-1").detail) == "service_exists"

    def test_the_same_message_twice_is_one_service(self, desk: DomainStage) -> None:
        message = desk.shop.message("domain.register.v1", {"customer": customer(1), **terms(1)})
        outcomes = [receipt.outcome for receipt in together(*[lambda: desk.shop.send(message)] * 3)]
        assert sorted(outcomes) == ["accepted", "duplicate", "duplicate"]


class TestNameServers:
    def test_they_are_those_of_the_hosting_that_is_ordered_with_it(self, desk: DomainStage) -> None:
        _add_panel(desk.stage, nameservers="ns1.panel.net,ns2.panel.net")
        items = [hosting("s-1"), without(item(hosting="i-s-1"), "nameservers")]
        assert desk.shop.place("o-1", items).outcome == "accepted"
        assert _names(desk) == ["ns1.panel.net", "ns2.panel.net"]

    def test_they_are_those_of_a_hosting_service(self, desk: DomainStage) -> None:
        _add_panel(desk.stage, nameservers="ns1.panel.net")
        desk.shop.place("o-1", [hosting("s-1")])
        desk.shop.place("o-2", [without(item(hosting="s-1"), "nameservers")])
        assert _names(desk) == ["ns1.panel.net"]

    def test_they_are_the_registrar_account_s_when_the_panel_has_none(self, desk: DomainStage) -> None:
        _add_panel(desk.stage)
        desk.shop.place("o-1", [hosting("s-1"), without(item(hosting="i-s-1"), "nameservers")])
        assert _names(desk) == ["ns1.parking.net", "ns2.parking.net"]

    def test_an_order_for_the_hosting_of_nobody_s_server_is_put_aside(self, desk: DomainStage) -> None:
        desk.stage.sql("UPDATE vendor_accounts SET settings = '{}'")
        receipt = desk.shop.place("o-1", [hosting("s-1"), without(item(hosting="i-s-1"), "nameservers")])
        assert (receipt.outcome, code(receipt.detail)) == ("quarantined", "nameservers_unknown")

    def test_another_customer_s_hosting_is_unknown(self, desk: DomainStage) -> None:
        _add_panel(desk.stage, nameservers="ns1.panel.net")
        desk.shop.place("o-1", [hosting("s-1")], customer_id="c-9")
        receipt = desk.shop.place("o-2", [without(item(hosting="s-1"), "nameservers")])
        assert (receipt.outcome, code(receipt.detail)) == ("quarantined", "unknown_service")


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"domain": "name.nowhere"}, "unknown_tld"),
            ({"years": 11}, "years_out_of_range"),
            ({"contacts": {"registrant": {**contact(), "phone": "0301234567"}}}, "phone_invalid"),
            ({"nameservers": [{"name": "ns1.name1.com"}]}, "nameservers_invalid"),
            ({"change": "transfer"}, "auth_code_required"),
            ({"contacts": {"registrant": contact(), "admin": {**contact(), "name": "Bob"}}}, "contact_ambiguous"),
        ],
    )
    def test_what_cannot_be_right_is_refused(self, desk: DomainStage, changes: dict[str, Any], expected: str) -> None:
        receipt = desk.order(**changes)
        assert (receipt.outcome, code(receipt.detail)) == ("rejected", expected)
        assert (desk.stage.count("services"), desk.stage.count("contacts")) == (0, 0)

    def test_a_contact_that_is_not_there_yet_puts_the_order_aside(self, desk: DomainStage) -> None:
        receipt = desk.order(contacts={"registrant": "owner-9"})
        assert (receipt.outcome, code(receipt.detail)) == ("quarantined", "contact_unknown")

    def test_another_customer_s_contact_is_unknown(self, desk: DomainStage) -> None:
        desk.order()
        receipt = desk.shop.place("o-2", [item(2, contacts={"registrant": "owner-1"})], customer_id="c-2")
        assert code(receipt.detail) == "contact_unknown"

    def test_another_customer_s_contact_is_not_taken_over(self, desk: DomainStage) -> None:
        desk.order()
        receipt = desk.shop.place("o-2", [item(2, contacts=contacts("owner-1"))], customer_id="c-2")
        assert (code(receipt.detail), desk.stage.count("orders")) == ("contact_exists", 1)

    def test_a_registrar_that_is_not_there_puts_the_order_aside(self, desk: DomainStage) -> None:
        assert code(desk.order(registrar="nobody").detail) == "unknown_server"

    def test_the_storefront_is_told_the_place(self, desk: DomainStage) -> None:
        desk.order(years=11)
        told = [json.loads(row["body"])["data"]["pointer"] for row in desk.stage.rows("outbox")]
        assert told == ["/data/items/0/years"]


def _add_panel(stage: Stage, **settings: str) -> None:
    given = {"endpoint": "in-process", **settings}
    account = NewAccount("panel-1", "fake", "hosting", "live", given, {"token": Secret("t-1")}, 2)
    stage.store.accounts.add(account, "tester")


def _names(desk: DomainStage) -> list[str]:
    return [server["name"] for server in desk.service()["attributes"]["nameservers"]]
