"""Commands to domains and contacts: checked before anything is queued, done in order, told where they are used."""

from typing import Any

import pytest
import sqlalchemy as sa

from provisioner.store.tables import services
from provisioner.workflows.domains.contacts import handle_of
from tests.integration.store.registrars import NAME, DomainStage, desk, item
from tests.support.domains import contact, contacts
from tests.support.engine.vendor import down
from tests.support.stores import hosting, together

__all__ = ["desk"]

SHORT_DIGEST = {"key_tag": 1, "algorithm": 13, "digest_type": 2, "digest": "AB"}


def code(detail: str) -> str:
    return detail.partition(":")[0]


@pytest.fixture
def active(desk: DomainStage) -> DomainStage:
    """With name1.com active."""
    desk.order()
    desk.work()
    return desk


def look_after(desk: DomainStage) -> None:
    """The time for its upkeep has come."""
    desk.stage.let_pass(40 * 86_400)
    assert desk.stage.store.upkeep.start_due()
    desk.work()


def uses_a_host_of_ours(desk: DomainStage) -> None:
    """Another domain has a name server within ours, so that ours is not deleted."""
    desk.registry.have("other.test", hosts=(f"ns1.{NAME}",))
    desk.registry.hosts.add(f"ns1.{NAME}")


class TestCommands:
    def test_a_domain_is_renewed(self, active: DomainStage) -> None:
        before = active.registry.domains[NAME].expires
        active.say("renew", years=1)
        active.work()
        assert active.registry.domains[NAME].expires.year == before.year + 1
        assert active.service()["data"]["expires_at"].startswith(str(before.year + 1))

    def test_new_name_servers_are_its_name_servers(self, active: DomainStage) -> None:
        active.say("set-nameservers", nameservers=[{"name": "a.example.net"}])
        active.work()
        assert active.registry.domains[NAME].hosts == ("a.example.net",)
        assert active.service()["attributes"]["nameservers"] == [{"name": "a.example.net", "addresses": []}]

    def test_a_preference_is_the_service_s(self, active: DomainStage) -> None:
        active.say("set-auto-renew", auto_renew=False)
        active.work()
        assert active.service()["attributes"]["auto_renew"] is False

    def test_a_command_leaves_status_and_history_as_they_are(self, active: DomainStage) -> None:
        told = active.stage.told("service/domain-1")
        active.say("unlock")
        active.work()
        assert (active.service()["status"], active.stage.told("service/domain-1")) == ("active", told)

    def test_a_domain_is_suspended_and_resumed_by_the_commands_of_all_services(self, active: DomainStage) -> None:
        active.shop.suspend("domain-1")
        active.work()
        assert active.service()["status"] == "suspended"
        active.shop.resume("domain-1")
        active.work()
        assert active.service()["status"] == "active"

    def test_who_may_not_resume_is_refused(self, active: DomainStage) -> None:
        active.shop.suspend("domain-1", actorrole="admin")
        active.work()
        receipt = active.shop.resume("domain-1", actorrole="customer")
        assert (receipt.outcome, code(receipt.detail)) == ("rejected", "not_allowed")

    def test_a_deleted_domain_is_gone_and_its_name_free(self, active: DomainStage) -> None:
        active.say("delete", reason="not wanted")
        active.work()
        assert (active.service()["status"], active.service()["upkeep_at"]) == ("cancelled", None)
        assert active.register(service_id="domain-2").outcome == "accepted"

    def test_in_redemption_it_can_be_restored_and_its_name_is_not_free(self, active: DomainStage) -> None:
        active.registry.add_grace = False
        active.say("delete", reason="not wanted")
        active.work()
        assert active.service()["status"] == "cancelling"
        assert code(active.register(service_id="domain-2").detail) == "domain_exists"
        active.say("restore", reason="wanted after all")
        active.work()
        assert active.service()["status"] == "active"

    def test_a_domain_whose_deletion_was_refused_is_looked_after_again(self, active: DomainStage) -> None:
        uses_a_host_of_ours(active)
        active.say("delete", reason="not wanted")
        active.work()
        assert active.stage.operation("domain-1", "domain.delete")["error"]["code"] == "in_use"
        assert active.stage.store.upkeep.start_due(), "it is looked at at once"
        active.work()
        assert (active.service()["status"], active.service()["upkeep_workflow"]) == ("active", "domain.upkeep")

    def test_a_domain_whose_upkeep_gave_way_to_a_refused_deletion_is_looked_after_again(
        self, active: DomainStage
    ) -> None:
        uses_a_host_of_ours(active)
        active.stage.let_pass(40 * 86_400)
        (upkeep,) = active.stage.store.upkeep.start_due()
        active.say("delete", reason="not wanted")
        active.work()
        assert active.stage.row("operations", id=upkeep)["state"] == "superseded"
        assert active.stage.store.upkeep.start_due(), "it is looked at at once"
        active.work()
        assert (active.service()["status"], active.service()["upkeep_workflow"]) == ("active", "domain.upkeep")

    def test_upkeep_that_waits_behind_a_refused_deletion_finds_the_domain_as_it_is(self, active: DomainStage) -> None:
        uses_a_host_of_ours(active)
        active.stage.let_pass(40 * 86_400)
        active.say("delete", reason="not wanted")
        assert active.stage.store.upkeep.start_due()
        active.work()
        assert (active.service()["status"], active.service()["intended_status"]) == ("active", "active")
        assert active.stage.count("operations", workflow="domain.upkeep") == 1
        assert active.service()["upkeep_workflow"] == "domain.upkeep"

    def test_operators_are_told_what_a_deletion_that_was_called_off_could_not_give_back(
        self, active: DomainStage
    ) -> None:
        active.registry.hosts.add(f"ns1.{NAME}")
        active.registry.domains[NAME].hosts += (f"ns1.{NAME}",)
        active.registry.will("delete", down())
        active.say("delete", reason="not wanted")
        active.work()
        active.say("restore", reason="wanted after all")
        active.work()
        told = [event["data"] for event in active.stage.events("service/domain-1") if "detail" in event["data"]]
        assert [each["detail"].partition("; ")[2] for each in told] == [f"what could not be given back: ns1.{NAME}"]
        assert active.service()["status"] == "active"

    def test_a_domain_in_redemption_that_is_looked_after_stays_on_its_way_out(self, active: DomainStage) -> None:
        active.registry.add_grace = False
        active.say("delete", reason="not wanted")
        active.work()
        look_after(active)
        assert active.service()["status"] == "cancelling"

    def test_the_same_command_message_twice_is_one_operation(self, active: DomainStage) -> None:
        message = active.shop.message("domain.renew.v1", {"service_id": "domain-1", "years": 1})
        receipts = together(*[lambda: active.shop.send(message)] * 4)
        assert sorted(receipt.outcome for receipt in receipts) == ["accepted", "duplicate", "duplicate", "duplicate"]
        assert active.stage.count("operations", workflow="domain.renew") == 1

    @pytest.mark.parametrize(
        ("verb", "data", "expected"),
        [
            ("renew", {"years": 11}, "years_out_of_range"),
            ("set-nameservers", {"nameservers": [{"name": "ns1.name1.com"}]}, "nameservers_invalid"),
            (
                "set-dnssec",
                {"records": [{"key_tag": 1, "algorithm": 13, "digest_type": 2, "digest": "AB"}]},
                "dnssec_invalid",
            ),
            ("set-contacts", {"contacts": {"registrant": {**contact(), "country": "XX"}}}, "country_unknown"),
        ],
    )
    def test_what_cannot_be_right_is_refused(
        self, active: DomainStage, verb: str, data: dict[str, Any], expected: str
    ) -> None:
        receipt = active.say(verb, **data)
        assert (receipt.outcome, code(receipt.detail)) == ("rejected", expected)

    def test_hosting_has_no_such_commands(self, desk: DomainStage) -> None:
        desk.stage.add_account()
        desk.shop.place("o-2", [hosting("s-1")])
        assert code(desk.say("renew", "s-1", years=1).detail) == "operation_not_supported"

    def test_a_domain_that_is_gone_takes_none(self, active: DomainStage) -> None:
        active.say("delete", reason="not wanted")
        active.work()
        assert code(active.say("renew", years=1).detail) == "invalid_transition"


class TestTransfers:
    def test_a_waiting_transfer_is_withdrawn_by_an_operation_beside_it(self, desk: DomainStage) -> None:
        desk.registry.have(NAME, registrar="another-registrar", auth_code="canary")
        desk.order(change="transfer", auth_code=desk.shop.sealed("canary"))
        desk.work()
        assert desk.stage.row("operations")["state"] == "waiting"
        desk.say("transfer-cancel", reason="changed their mind")
        desk.work()
        assert desk.stage.operation("domain-1", "domain.transfer")["state"] == "failed"
        assert desk.registry.transfers[NAME] == "cancelled"

    def test_a_service_that_is_cancelled_while_its_transfer_waits_is_withdrawn_and_not_deleted(
        self, desk: DomainStage
    ) -> None:
        desk.registry.have(NAME, registrar="another-registrar", auth_code="canary")
        desk.order(change="transfer", auth_code=desk.shop.sealed("canary"))
        desk.work()
        desk.shop.cancel("domain-1")
        desk.work()
        states = [
            desk.stage.operation("domain-1", f"domain.{verb}")["state"]
            for verb in ("transfer", "transfer-cancel", "cancel")
        ]
        assert states == ["failed", "succeeded", "succeeded"]
        assert (desk.registry.transfers[NAME], desk.service()["status"]) == ("cancelled", "cancelled")
        assert desk.registry.count("domain:delete") == 0

    def test_a_wait_that_is_foreseen_puts_the_deadline_off(self, desk: DomainStage) -> None:
        desk.registry.have(NAME, registrar="another-registrar", auth_code="canary")
        desk.order(change="transfer", auth_code=desk.shop.sealed("canary"))
        before = desk.stage.row("operations")["deadline"]
        desk.work()
        row = desk.stage.row("operations")
        assert row["patient_until"] is not None
        assert row["deadline"] >= max(before, row["patient_until"])

    def test_what_may_well_take_days_is_told_to_nobody_after_an_hour(self, desk: DomainStage) -> None:
        desk.registry.have(NAME, registrar="another-registrar", auth_code="canary")
        desk.order(change="transfer", auth_code=desk.shop.sealed("canary"))
        desk.work()
        desk.stage.let_pass(7_200)
        assert desk.stage.store.housekeeping.tell_late() == 0


class TestContacts:
    def test_a_contact_is_created_and_named(self, desk: DomainStage) -> None:
        assert desk.shop.say("contact.create.v1", _of("customer-1", contact("ada"))).outcome == "accepted"
        assert desk.order(contacts={"registrant": "ada"}).outcome == "accepted"

    def test_the_same_contact_again_does_no_harm_and_another_is_refused(self, desk: DomainStage) -> None:
        desk.shop.say("contact.create.v1", _of("customer-1", contact("ada")))
        assert desk.shop.say("contact.create.v1", _of("customer-1", contact("ada"))).outcome == "accepted"
        other = {**contact("ada"), "name": "Bob"}
        assert code(desk.shop.say("contact.create.v1", _of("customer-1", other)).detail) == "contact_exists"

    def test_a_change_reaches_the_registry_and_every_service(self, active: DomainStage) -> None:
        changed = {**contact("owner-1"), "email": "new@example.com"}
        active.shop.say("contact.update.v1", _of("customer-1", changed))
        active.work()
        assert active.stage.operation(None, "contact.update")["state"] == "succeeded"
        assert {each.email for each in active.registry.contacts.values()} == {"new@example.com"}
        assert active.service()["attributes"]["contacts"]["registrant"]["email"] == "new@example.com"

    def test_an_order_that_gives_a_known_contact_anew_changes_it_too(self, active: DomainStage) -> None:
        changed = {**contact("owner-1"), "email": "new@example.com"}
        active.shop.place("o-2", [item(2, contacts={"registrant": changed})], customer_id="customer-1")
        active.work()
        assert active.stage.row("contacts")["version"] == 2
        assert active.service()["attributes"]["contacts"]["registrant"]["email"] == "new@example.com"

    def test_a_registry_that_keeps_no_contacts_hears_of_no_change(self, active: DomainStage) -> None:
        attributes = active.service()["attributes"]
        rules = {**attributes["rules"], "data_model": "thin"}
        with active.stage.store.database.begin() as connection:
            connection.execute(sa.update(services).values(attributes={**attributes, "rules": rules}))
        active.shop.say("contact.update.v1", _of("customer-1", {**contact("owner-1"), "city": "Hamburg"}))
        assert active.stage.count("operations", workflow="contact.update") == 0
        assert active.service()["attributes"]["contacts"]["registrant"]["city"] == "Hamburg"

    def test_a_change_of_nothing_does_nothing(self, active: DomainStage) -> None:
        active.shop.say("contact.update.v1", _of("customer-1", contact("owner-1")))
        assert active.stage.count("operations", workflow="contact.update") == 0

    def test_an_unknown_contact_is_put_aside(self, desk: DomainStage) -> None:
        receipt = desk.shop.say("contact.update.v1", _of("customer-1", contact("ada")))
        assert (receipt.outcome, code(receipt.detail)) == ("quarantined", "unknown_contact")

    def test_a_domain_gets_other_contacts(self, active: DomainStage) -> None:
        active.say("set-contacts", contacts=contacts("grace"))
        active.work()
        assert active.service()["attributes"]["contacts"]["registrant"]["contact_id"] == "grace"
        assert active.stage.count("contacts", contact_id="grace", customer_id="customer-1") == 1

    def test_two_changes_of_contacts_that_wait_together_are_both_made(self, active: DomainStage) -> None:
        active.say("set-contacts", contacts={"admin": contact("ada")})
        active.say("set-contacts", contacts={"tech": contact("grace")})
        active.work()
        kept = active.service()["attributes"]["contacts"]
        assert [kept[role]["contact_id"] for role in ("registrant", "admin", "tech")] == ["owner-1", "ada", "grace"]
        at_registry = active.registry.domains[NAME].contacts
        assert (at_registry["admin"], at_registry["tech"]) == (handle_of("ada"), handle_of("grace"))

    def test_a_contact_that_changes_while_another_role_s_change_waits_stays_changed(self, active: DomainStage) -> None:
        active.say("set-contacts", contacts={"tech": contact("grace")})
        active.shop.say("contact.update.v1", _of("customer-1", {**contact("owner-1"), "city": "Hamburg"}))
        active.work()
        assert active.service()["attributes"]["contacts"]["registrant"]["city"] == "Hamburg"

    def test_a_contact_that_changed_while_no_domain_had_it_is_as_new_for_the_next_one(
        self, active: DomainStage
    ) -> None:
        active.say("set-contacts", contacts=contacts("grace"))
        active.work()
        active.shop.say("contact.update.v1", _of("customer-1", {**contact("owner-1"), "city": "Hamburg"}))
        active.say("set-contacts", contacts={"tech": "owner-1"})
        active.work()
        assert active.registry.contacts[handle_of("owner-1")].city == "Hamburg"

    def test_a_contact_that_changes_while_it_waits_to_be_a_domain_s_gets_there_as_new(
        self, active: DomainStage
    ) -> None:
        active.say("set-contacts", contacts={"tech": contact("grace")})
        active.shop.say("contact.update.v1", _of("customer-1", {**contact("grace"), "city": "Hamburg"}))
        active.work()
        assert active.registry.contacts[handle_of("grace")].city == "Hamburg"
        assert active.service()["attributes"]["contacts"]["tech"]["city"] == "Hamburg"


def _of(customer_id: str, given: dict[str, Any]) -> dict[str, Any]:
    return {"customer_id": customer_id, "contact": given}
