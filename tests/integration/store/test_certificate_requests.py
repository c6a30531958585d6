"""Certificates that a storefront asks for become services of their hosting, each with an operation and a key."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from provisioner.kernel.private_keys import open_private_key
from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import installed_name
from provisioner.ports.outcomes import Rejected
from tests.integration.store.certificate_desk import (
    AUTHORITY,
    DOMAIN,
    HOSTING,
    CertificateStage,
    add_authority,
    add_certificate,
    add_hosting,
    code,
    desk,
    keep,
)
from tests.support.postgres import PostgresCluster
from tests.support.stores import ACCOUNT, Stage, together, while_locked

__all__ = ["desk"]


def is_key(secret: Secret | None) -> bool:
    return secret is not None and open_private_key(secret) is not None


def refuse(operation: str, _subject: str) -> None:
    raise Rejected("locked", f"{operation} is not possible now")


class TestIssuing:
    def test_a_certificate_is_a_service_of_its_hosting(self, desk: CertificateStage) -> None:
        assert desk.issue().outcome == "accepted"
        row = desk.service()
        assert (row["product"], row["parent_id"], row["status"]) == ("certificate", HOSTING, "provisioning")
        assert (row["customer_id"], row["vendor_account"], row["sealed_password"]) == ("c-1", AUTHORITY, None)

    def test_its_operation_has_a_new_key_of_its_own(self, desk: CertificateStage) -> None:
        receipt = desk.issue()
        row = desk.operation("issue")
        assert receipt.operations == (row["id"],)
        assert (row["resource"], row["vendor_account"]) == ("service:cert-1", AUTHORITY)
        assert is_key(desk.secret(row))

    def test_without_names_it_is_for_the_domain_and_perhaps_www(self, desk: CertificateStage) -> None:
        desk.issue()
        attributes = desk.service()["attributes"]
        assert attributes["names"] == [DOMAIN, f"www.{DOMAIN}"]
        assert attributes["optional"] == [f"www.{DOMAIN}"]
        assert (attributes["method"], attributes["key"], attributes["auto_renew"]) == ("auto", "ec", True)

    def test_with_names_all_of_them_are_wanted(self, desk: CertificateStage) -> None:
        desk.issue(names=[f"*.{DOMAIN}"], method="dns-01", key_kind="rsa", profile="shortlived", auto_renew=False)
        wanted = {"method": "dns-01", "key": "rsa", "profile": "shortlived", "auto_renew": False}
        assert desk.service()["attributes"] == {"names": [f"*.{DOMAIN}"], **wanted}

    def test_an_account_is_chosen_by_name(self, desk: CertificateStage) -> None:
        for number in range(2, 5):
            add_authority(desk.stage, f"ca-{number}")
        desk.issue(account="ca-3")
        assert desk.service()["vendor_account"] == "ca-3"

    def test_an_account_that_is_not_there_may_come(self, desk: CertificateStage) -> None:
        assert code(desk.issue(account="ca-9")) == ("quarantined", "unknown_server")

    def test_without_an_account_it_waits_for_one(self, stage: Stage) -> None:
        stage.add_account()
        add_hosting(stage)
        stage.shop.say("certificate.issue.v1", {"certificate_id": "cert-1", "service_id": HOSTING})
        assert stage.row("services", id="cert-1")["vendor_account"] is None
        add_authority(stage)
        assert stage.row("services", id="cert-1")["vendor_account"] == AUTHORITY
        assert stage.operation("cert-1", "certificate.issue")["vendor_account"] == AUTHORITY

    def test_the_same_message_twice_is_one_certificate(self, desk: CertificateStage) -> None:
        message = desk.shop.message("certificate.issue.v1", {"certificate_id": "cert-1", "service_id": HOSTING})
        assert [desk.shop.send(message).outcome for _ in range(2)] == ["accepted", "duplicate"]
        assert desk.stage.count("operations") == 1

    def test_of_two_messages_at_once_one_is_refused(self, desk: CertificateStage) -> None:
        receipts = together(desk.issue, desk.issue)
        assert sorted(code(receipt) for receipt in receipts) == [("accepted", ""), ("rejected", "certificate_exists")]
        assert desk.stage.count("operations") == 1

    def test_two_hostings_cannot_have_one_certificate_each_of_the_same_id(self, desk: CertificateStage) -> None:
        add_hosting(desk.stage, 2)
        receipts = together(desk.issue, lambda: desk.issue(service_id="s-2"))
        assert sorted(code(receipt) for receipt in receipts) == [("accepted", ""), ("rejected", "service_exists")]


class TestTheHosting:
    def test_that_is_not_there_may_come(self, desk: CertificateStage) -> None:
        assert code(desk.issue(service_id="s-9")) == ("quarantined", "unknown_service")

    def test_must_be_hosting(self, desk: CertificateStage) -> None:
        desk.issue()
        assert code(desk.issue("cert-2", service_id="cert-1")) == ("quarantined", "unknown_service")

    def test_must_be_of_the_same_environment(self, desk: CertificateStage) -> None:
        data = {"certificate_id": "cert-1", "service_id": HOSTING}
        receipt = desk.shop.say("certificate.issue.v1", data, environment="sandbox")
        assert code(receipt) == ("rejected", "wrong_environment")

    @pytest.mark.parametrize("status", ["cancelling", "cancelled"])
    def test_must_not_be_cancelled(self, desk: CertificateStage, status: str) -> None:
        desk.becomes(status, HOSTING)
        assert code(desk.issue()) == ("rejected", "hosting_gone")

    def test_whose_cancellation_was_refused_gets_one(self, stage: Stage) -> None:
        stage.add_account()
        stage.shop.place()
        stage.work()
        stage.panel.before = refuse
        stage.shop.cancel(HOSTING)
        wanted = {"certificate_id": "cert-1", "service_id": HOSTING}
        assert code(stage.shop.say("certificate.issue.v1", wanted)) == ("rejected", "hosting_gone")
        stage.work()
        assert stage.operation(HOSTING, "hosting.cancel")["state"] == "failed"
        assert stage.shop.say("certificate.issue.v1", wanted).outcome == "accepted"

    def test_that_is_just_being_cancelled_gets_no_certificate(
        self, postgres_stage: Stage, postgres: PostgresCluster
    ) -> None:
        desk = CertificateStage(postgres_stage)
        ending = "UPDATE services SET status = 'cancelled', intended_status = 'cancelled' WHERE id = 's-1'"
        receipts = while_locked(postgres, postgres_stage, ending, desk.issue)
        assert code(receipts[0]) == ("rejected", "hosting_gone")

    def test_may_still_be_on_its_way(self, desk: CertificateStage) -> None:
        desk.becomes("provisioning", HOSTING, intended_status="active", ref=None)
        assert desk.issue().outcome == "accepted"
        desk.stage.work()
        row = desk.operation("issue")
        assert (row["state"], row["reason"]) == (
            "waiting",
            "the web hosting that the certificate is for is not made yet",
        )


class TestAnotherTry:
    @pytest.fixture
    def failed(self, desk: CertificateStage) -> CertificateStage:
        desk.issue()
        desk.becomes("failed")
        return desk

    def test_what_has_failed_is_tried_again(self, failed: CertificateStage) -> None:
        before = failed.secret(failed.operation("issue"))
        assert failed.issue(names=[DOMAIN]).outcome == "accepted"
        row, operation = failed.service(), failed.operation("issue")
        assert (row["status"], row["intended_status"], row["attributes"]["names"]) == (
            "provisioning",
            "active",
            [DOMAIN],
        )
        assert (operation["state"], operation["generation"]) == ("ready", row["generation"])
        assert failed.secret(operation) != before

    def test_the_storefront_is_told(self, failed: CertificateStage) -> None:
        failed.issue()
        assert failed.stage.told("service/cert-1") == ["provisioning"]

    def test_what_is_there_is_not_issued_twice(self, desk: CertificateStage) -> None:
        desk.issue()
        assert code(desk.issue()) == ("rejected", "certificate_exists")

    def test_a_service_of_another_kind_is_no_certificate(self, desk: CertificateStage) -> None:
        assert code(desk.issue(HOSTING)) == ("rejected", "service_exists")


class TestCsrs:
    def test_the_key_stays_here_and_the_csr_is_kept(self, desk: CertificateStage) -> None:
        assert desk.csr(subject={"organisation": "Shop Ltd", "country": "GB"}).outcome == "accepted"
        row, key = desk.service(), desk.key()
        csr = x509.load_pem_x509_csr(row["attributes"]["csr"].encode())
        assert key is not None
        assert csr.public_key() == open_private_key(key).public_key()
        assert (csr.subject.rfc4514_string(), row["vendor_account"]) == ("O=Shop Ltd,C=GB", ACCOUNT)

    def test_its_operation_asks_no_vendor_and_has_no_secret(self, desk: CertificateStage) -> None:
        desk.csr()
        row = desk.operation("generate-csr")
        assert (row["vendor_account"], row["sealed_secret"]) == (None, None)
        assert row["inputs"] == {"csr": desk.service()["attributes"]["csr"], "names": [DOMAIN]}

    def test_a_csr_can_be_made_again_until_there_is_a_certificate(self, desk: CertificateStage) -> None:
        desk.csr()
        first = desk.key()
        assert desk.csr(names=[DOMAIN, f"www.{DOMAIN}"], key_kind="rsa").outcome == "accepted"
        assert (desk.service()["attributes"]["names"], desk.key() != first) == ([DOMAIN, f"www.{DOMAIN}"], True)

    def test_the_key_of_a_certificate_in_use_is_not_replaced(self, desk: CertificateStage) -> None:
        desk.csr()
        desk.becomes("active")
        assert code(desk.csr()) == ("rejected", "certificate_exists")

    def test_nor_of_one_that_is_being_issued(self, desk: CertificateStage) -> None:
        desk.issue()
        assert code(desk.csr()) == ("rejected", "certificate_exists")


class TestCommands:
    @pytest.fixture
    def active(self, desk: CertificateStage) -> CertificateStage:
        desk.issue()
        desk.becomes("active")
        return desk

    def test_a_renewal_has_a_new_key(self, active: CertificateStage) -> None:
        active.becomes("active", data={"fingerprint": "ab" * 32})
        before = active.secret(active.operation("issue"))
        assert active.say("renew").outcome == "accepted"
        row = active.operation("renew")
        assert (row["resource"], row["vendor_account"]) == ("service:cert-1", AUTHORITY)
        assert is_key(active.secret(row))
        assert active.secret(row) != before

    @pytest.mark.parametrize(
        ("verb", "given", "resource", "inputs"),
        [
            ("install", {}, "site:s-1", {"reason": None}),
            ("remove", {"force": True}, "site:s-1", {"reason": None, "force": True}),
            ("revoke", {"reason": "keyCompromise"}, "service:cert-1", {"reason": "keyCompromise"}),
        ],
    )
    def test_other_commands_have_their_place_and_no_key(
        self, active: CertificateStage, verb: str, given: dict[str, Any], resource: str, inputs: dict[str, Any]
    ) -> None:
        active.becomes("active", data={"fingerprint": "ab" * 32})
        assert active.say(verb, **given).outcome == "accepted"
        row = active.operation(verb)
        assert (row["resource"], row["inputs"], row["sealed_secret"]) == (resource, inputs, None)

    def test_a_site_goes_on_with_the_certificate_that_is_valid_longest(self, active: CertificateStage) -> None:
        for number, days in enumerate((20, 30, -1), start=2):
            ends = (active.stage.now() + timedelta(days=days)).isoformat()
            add_certificate(active.stage, number, data={"installed_as": f"provisioner-{number}", "not_after": ends})
        add_certificate(active.stage, 5)
        active.say("remove")
        assert active.operation("remove")["inputs"]["replacement"] == "provisioner-3"

    def test_a_certificate_is_cancelled_like_any_service(self, active: CertificateStage) -> None:
        assert active.shop.cancel("cert-1").outcome == "accepted"
        assert (active.service()["status"], active.operation("cancel")["state"]) == ("cancelling", "ready")

    def test_it_cannot_be_suspended(self, active: CertificateStage) -> None:
        assert code(active.shop.suspend("cert-1")) == ("rejected", "operation_not_supported")

    @pytest.mark.parametrize("verb", ["renew", "install", "remove", "revoke"])
    def test_a_certificate_that_is_not_there_may_come(self, desk: CertificateStage, verb: str) -> None:
        assert code(desk.say(verb, "cert-9")) == ("quarantined", "unknown_service")

    @pytest.mark.parametrize("verb", ["renew", "revoke"])
    def test_only_its_authority_renews_or_revokes_what_a_customer_brought(
        self, desk: CertificateStage, verb: str
    ) -> None:
        desk.csr()
        desk.becomes("active")
        assert code(desk.say(verb)) == ("rejected", "certificate_not_issued_here")


class TestRemovals:
    def looked_for(self, desk: CertificateStage) -> list[dict[str, str]]:
        """What the removal looks for."""
        assert desk.say("remove").outcome == "accepted"
        return list(desk.operation("remove")["inputs"].get("kept", ()))

    def fingerprints(self, desk: CertificateStage) -> list[int]:
        """Those that the removal looks for, as numbers."""
        return [int(found["fingerprint"], 16) for found in self.looked_for(desk)]

    def test_each_has_the_name_under_which_it_was_installed_or_the_one_of_its_chain(
        self, desk: CertificateStage
    ) -> None:
        add_certificate(desk.stage)
        keep(desk, 1, installed_as="provisioner-1")
        keep(desk, 2)
        assert [found["name"] for found in self.looked_for(desk)] == [installed_name("chain 2"), "provisioner-1"]

    def test_what_an_installation_may_have_left_is_looked_for(self, desk: CertificateStage) -> None:
        add_certificate(desk.stage)
        for number in (1, 2):
            keep(desk, number)
        assert self.fingerprints(desk) == [2, 1]

    def test_what_was_removed_or_is_the_panel_s_own_is_not(self, desk: CertificateStage) -> None:
        add_certificate(desk.stage)
        keep(desk, 1, removed_at=desk.stage.now())
        keep(desk, 2, source="panel", sealed_key=None)
        assert self.fingerprints(desk) == []

    def test_only_the_newest_are_looked_for(self, desk: CertificateStage) -> None:
        add_certificate(desk.stage)
        for number in range(1, 13):
            keep(desk, number)
        assert self.fingerprints(desk) == list(range(12, 2, -1))
