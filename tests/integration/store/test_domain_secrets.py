"""Authorisation codes: sealed for the operation that needs them, revealed once, forgotten afterwards; and retries."""

import json

import pytest

from provisioner.kernel.errors import RefusedError
from provisioner.kernel.sealing import KeyRing, SecretBox
from provisioner.ports.outcomes import Rejected
from provisioner.store import credentials
from provisioner.store.tables import metadata, operations
from tests.integration.store.registrars import NAME, DomainStage, desk
from tests.support.domains import contact, contacts
from tests.support.engine.vendor import Answer, refused

__all__ = ["desk"]

CANARY = "Zq7-canary-bird"
OTHERS = "another-registrar"


@pytest.fixture
def elsewhere(desk: DomainStage) -> DomainStage:
    """With name1.com at another registrar, under the code CANARY."""
    desk.registry.have(NAME, registrar=OTHERS, auth_code=CANARY)
    return desk


def order_transfer(desk: DomainStage, code: str = CANARY, **changes: object) -> None:
    desk.order(change="transfer", auth_code=desk.shop.sealed(code), **changes)


def finish(desk: DomainStage) -> None:
    """The losing registrar agrees, and everything is looked at again."""
    desk.work()
    desk.registry.approve(NAME)
    desk.stage.let_pass(86_400)
    desk.work()


class TestTheCodeOfATransfer:
    def test_the_operation_alone_may_see_it(self, elsewhere: DomainStage) -> None:
        order_transfer(elsewhere)
        claim = elsewhere.stage.claim()
        assert claim.secret is not None
        assert claim.secret.reveal() == CANARY

    def test_it_is_in_no_table(self, elsewhere: DomainStage) -> None:
        order_transfer(elsewhere)
        finish(elsewhere)
        assert elsewhere.service()["status"] == "active"
        assert CANARY.encode() not in _dump(elsewhere)

    def test_it_is_forgotten_when_the_domain_is_ours(self, elsewhere: DomainStage) -> None:
        order_transfer(elsewhere)
        finish(elsewhere)
        assert [row["sealed_secret"] for row in elsewhere.stage.rows("operations")] == [None]

    def test_it_is_sealed_anew_after_a_rotation(self, elsewhere: DomainStage) -> None:
        order_transfer(elsewhere)
        elsewhere.stage.ring.rotate()
        elsewhere.stage.store.credentials.reseal_all()
        row = elsewhere.stage.row("operations")
        assert elsewhere.stage.ring.active_id.encode() in row["sealed_secret"]
        box = SecretBox(KeyRing.load(elsewhere.stage.opening.folder / "keys.json"))
        opened = credentials.unseal_password(box, operations.c.sealed_secret, row["id"], row["sealed_secret"])
        assert opened is not None
        assert opened.reveal() == CANARY


class TestANewCode:
    def test_it_is_set_at_the_registry_and_revealed_once(self, desk: DomainStage) -> None:
        _active_and_revealed(desk)
        desk.say("auth-code")
        desk.work()
        shown = desk.stage.store.credentials.reveal_password("domain-1", "operator").reveal()
        assert desk.registry.domains[NAME].auth_code == shown
        with pytest.raises(RefusedError, match="shown once"):
            desk.stage.store.credentials.reveal_password("domain-1", "operator")

    def test_it_is_as_long_as_the_top_level_domain_wants(self, desk: DomainStage) -> None:
        _active_and_revealed(desk)
        desk.say("auth-code")
        desk.work()
        assert len(desk.registry.domains[NAME].auth_code) == desk.service()["attributes"]["rules"]["auth_code_length"]

    def test_what_the_registry_refused_is_not_revealed(self, desk: DomainStage) -> None:
        _active_and_revealed(desk)
        desk.registry.domains[NAME].registrar = OTHERS
        desk.say("auth-code")
        desk.work()
        with pytest.raises(RefusedError, match="shown once"):
            desk.stage.store.credentials.reveal_password("domain-1", "operator")

    def test_it_is_in_no_table(self, desk: DomainStage) -> None:
        _active_and_revealed(desk)
        desk.say("auth-code")
        desk.work()
        assert desk.registry.domains[NAME].auth_code.encode() not in _dump(desk)


class TestRetries:
    def test_a_wrong_code_is_corrected(self, elsewhere: DomainStage) -> None:
        order_transfer(elsewhere, "wrong-code-1")
        elsewhere.work()
        assert elsewhere.stage.row("orders")["status"] == "provisioning_failed"
        receipt = elsewhere.shop.retry(corrections={"domain": {"auth_code": elsewhere.shop.sealed(CANARY)}})
        assert receipt.outcome == "accepted"
        finish(elsewhere)
        assert elsewhere.stage.row("orders")["status"] == "completed"

    def test_a_code_that_was_right_is_not_asked_for_again(self, elsewhere: DomainStage) -> None:
        elsewhere.registry.will("request_transfer", refused("transfer_locked", fields=("/domain",)))
        order_transfer(elsewhere)
        elsewhere.work()
        elsewhere.shop.retry()
        finish(elsewhere)
        assert elsewhere.stage.row("orders")["status"] == "completed"

    def test_an_order_that_is_given_up_keeps_no_code(self, elsewhere: DomainStage) -> None:
        order_transfer(elsewhere, "wrong-code-1")
        elsewhere.work()
        assert elsewhere.stage.row("operations")["sealed_secret"] is not None
        elsewhere.shop.say("order.close.v1", {"order_id": "o-1", "reason": "not wanted"})
        assert elsewhere.stage.row("operations")["sealed_secret"] is None

    def test_a_contact_is_corrected(self, desk: DomainStage) -> None:
        desk.registry.will("ensure_contact", refused("contact_invalid", fields=("/email",)))
        desk.order()
        desk.work()
        right = {**contact("owner-1"), "email": "right@example.com"}
        roles = dict.fromkeys(("registrant", "admin", "tech"), right)
        assert desk.shop.retry(corrections={"domain": {"contacts": roles}}).outcome == "accepted"
        desk.work()
        assert desk.stage.row("orders")["status"] == "completed"
        assert {each.email for each in desk.registry.contacts.values()} == {"right@example.com"}

    def test_what_an_earlier_try_has_bought_is_not_taken_for_another_s(self, desk: DomainStage) -> None:
        desk.registry.hides_codes = True
        desk.registry.will("register", Answer(raises=Rejected("odd", "no", fields=("/years",))))
        desk.order()
        desk.work()
        desk.stage.let_pass(3 * 86_400)
        assert desk.shop.retry().outcome == "accepted"
        desk.work()
        assert desk.stage.row("orders")["status"] == "completed"
        assert desk.registry.count("domain:create") == 1

    def test_another_name_is_tried(self, desk: DomainStage) -> None:
        desk.registry.have(NAME, registrar=OTHERS)
        desk.order()
        desk.work()
        desk.shop.retry(corrections={"domain": {"domain": "name2.com"}})
        desk.work()
        assert (desk.service()["name"], desk.service()["status"]) == ("name2.com", "active")

    def test_a_name_that_was_ordered_again_meanwhile_is_not_tried(self, desk: DomainStage) -> None:
        desk.registry.have(NAME, registrar=OTHERS)
        desk.order()
        desk.work()
        desk.register(service_id="domain-2")
        receipt = desk.shop.retry()
        assert (receipt.outcome, receipt.detail.partition(":")[0]) == ("rejected", "domain_exists")

    @pytest.mark.parametrize(
        ("correction", "expected"),
        [
            ({"years": 11}, "years_out_of_range"),
            ({"plan": "Silver"}, "not_correctable"),
            ({"contacts": {"registrant": "nobody"}}, "contact_unknown"),
        ],
    )
    def test_what_cannot_be_right_is_refused(
        self, desk: DomainStage, correction: dict[str, object], expected: str
    ) -> None:
        desk.registry.have(NAME, registrar=OTHERS)
        desk.order()
        desk.work()
        receipt = desk.shop.retry(corrections={"domain": correction})
        assert receipt.detail.partition(":")[0] == expected


def _active_and_revealed(desk: DomainStage) -> None:
    desk.order(contacts=contacts("owner-1"))
    desk.work()
    desk.stage.store.credentials.reveal_password("domain-1", "operator")


def _dump(desk: DomainStage) -> bytes:
    """Everything in every table."""
    rows = [row for table in metadata.sorted_tables for row in desk.stage.rows(table)]
    values = [value for row in rows for value in row.values()]
    return b"\n".join(
        value if isinstance(value, bytes) else json.dumps(value, default=str, ensure_ascii=False).encode()
        for value in values
    )
