"""Certificates that customers bring: checked before anything is written, kept with their keys sealed."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.store.certificate_desk import (
    DOMAIN,
    HOSTING,
    CertificateStage,
    add_hosting,
    desk,
    made_for,
    upload,
)
from tests.support.stores import ACCOUNT
from tests.unit.orders.certificate_chains import intermediate

__all__ = ["desk"]


class TestWithAKey:
    def test_it_is_a_service_of_its_hosting_at_the_panel(self, desk: CertificateStage) -> None:
        assert upload(desk, made_for(desk, DOMAIN, f"www.{DOMAIN}")) == ("accepted", "")
        row = desk.service()
        assert (row["product"], row["parent_id"], row["vendor_account"]) == ("certificate", HOSTING, ACCOUNT)
        assert row["attributes"] == {"names": [DOMAIN, f"www.{DOMAIN}"], "auto_renew": False}

    def test_the_key_is_the_operation_s_secret_and_the_chain_its_input(self, desk: CertificateStage) -> None:
        made = made_for(desk)
        upload(desk, made, install=False)
        row = desk.operation("upload")
        assert desk.secret(row) == made.secret
        assert row["inputs"] == {"chain": made.pem + intermediate().pem, "warnings": [], "install": False}

    def test_what_was_mended_is_a_warning(self, desk: CertificateStage) -> None:
        made = made_for(desk)
        upload(desk, made, certificate=intermediate().pem + made.pem)
        inputs = desk.operation("upload")["inputs"]
        assert (inputs["warnings"], inputs["chain"]) == (["reordered"], made.pem + intermediate().pem)

    def test_a_key_in_another_form_is_kept_in_the_usual_one(self, desk: CertificateStage) -> None:
        made = made_for(desk)
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL)
        other = made.key.private_bytes(*form, serialization.NoEncryption())
        upload(desk, made, key=desk.shop.sealed(other))
        assert desk.secret(desk.operation("upload")) == made.secret

    def test_the_key_is_nowhere_in_clear(self, desk: CertificateStage) -> None:
        made = made_for(desk)
        upload(desk, made)
        line = made.secret.reveal().splitlines()[1]
        tables = ("services", "operations", "inbox", "outbox", "audit")
        assert line not in json.dumps([desk.stage.rows(table) for table in tables], default=repr)

    def test_the_next_certificate_takes_its_place(self, desk: CertificateStage) -> None:
        upload(desk, made_for(desk))
        desk.becomes("active")
        made = made_for(desk, DOMAIN, f"shop.{DOMAIN}")
        assert upload(desk, made) == ("accepted", "")
        row, operation = desk.service(), desk.operation("upload")
        assert (row["status"], row["attributes"]["names"]) == ("active", [DOMAIN, f"shop.{DOMAIN}"])
        assert (operation["generation"], desk.secret(operation)) == (row["generation"], made.secret)

    def test_what_has_failed_begins_anew(self, desk: CertificateStage) -> None:
        upload(desk, made_for(desk))
        desk.becomes("failed")
        assert upload(desk, made_for(desk)) == ("accepted", "")
        assert desk.service()["status"] == "provisioning"

    def test_one_that_an_authority_issues_is_not_replaced(self, desk: CertificateStage) -> None:
        desk.issue()
        assert upload(desk, made_for(desk)) == ("rejected", "certificate_issued_here")

    def test_one_of_another_hosting_is_not_replaced(self, desk: CertificateStage) -> None:
        add_hosting(desk.stage, 2)
        upload(desk, made_for(desk))
        assert upload(desk, made_for(desk, "shop-2.example"), service_id="s-2") == ("rejected", "service_exists")

    def test_one_that_is_cancelled_stays_so(self, desk: CertificateStage) -> None:
        upload(desk, made_for(desk))
        desk.becomes("cancelled")
        assert upload(desk, made_for(desk)) == ("rejected", "invalid_transition")


class TestWithTheKeyOfACsr:
    def test_the_key_that_was_made_here_is_used(self, desk: CertificateStage) -> None:
        desk.csr()
        assert upload(desk, made_for(desk, key=desk.key()), key=None) == ("accepted", "")
        assert desk.secret(desk.operation("upload")) == desk.key()

    def test_the_csr_stays_with_the_certificate(self, desk: CertificateStage) -> None:
        desk.csr(key_kind="ec")
        csr = desk.service()["attributes"]["csr"]
        upload(desk, made_for(desk, key=desk.key()), key=None)
        kept = desk.service()["attributes"]
        assert (kept["csr"], kept["key"], kept["names"]) == (csr, "ec", [DOMAIN])

    def test_a_certificate_with_a_key_of_its_own_has_no_csr(self, desk: CertificateStage) -> None:
        desk.csr()
        assert upload(desk, made_for(desk)) == ("accepted", "")
        assert "csr" not in desk.service()["attributes"]

    def test_a_certificate_for_another_key_is_refused(self, desk: CertificateStage) -> None:
        desk.csr()
        assert upload(desk, made_for(desk), key=None) == ("rejected", "key_mismatch")

    def test_without_any_key_it_is_refused(self, desk: CertificateStage) -> None:
        assert upload(desk, made_for(desk), key=None) == ("rejected", "key_missing")


class TestRefusals:
    def test_the_storefront_is_told_and_nothing_is_written(self, desk: CertificateStage) -> None:
        upload(desk, made_for(desk, "elsewhere.example"))
        told = desk.stage.rows("outbox", type="message.rejected.v1")
        assert json.loads(told[0]["body"])["data"]["reason"] == "san_missing"
        assert (desk.stage.count("operations"), desk.stage.count("services")) == (0, 1)

    def test_a_certificate_that_has_expired(self, desk: CertificateStage) -> None:
        assert upload(desk, made_for(desk, days=0.5)) == ("rejected", "expired")

    @pytest.mark.parametrize(
        ("given", "why"),
        [
            ({"certificate": "no certificate"}, "cert_unparseable"),
            ({"certificate": "-----BEGIN CERTIFICATE-----\n" + 70_000 * "A"}, "cert_too_large"),
        ],
    )
    def test_what_is_no_certificate(self, desk: CertificateStage, given: dict[str, Any], why: str) -> None:
        assert upload(desk, made_for(desk), **given) == ("rejected", why)

    @pytest.mark.parametrize("content", [b"no key", b"\xff\xfe\x00 binary"])
    def test_what_is_no_key(self, desk: CertificateStage, content: bytes) -> None:
        assert upload(desk, made_for(desk), key=desk.shop.sealed(content)) == ("rejected", "key_unparseable")

    def test_a_key_with_a_password(self, desk: CertificateStage) -> None:
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
        locked = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            *form, serialization.BestAvailableEncryption(b"hidden")
        )
        assert upload(desk, made_for(desk), key=desk.shop.sealed(locked)) == ("rejected", "key_encrypted")

    def test_a_box_that_does_not_open_is_put_aside(self, desk: CertificateStage) -> None:
        box = {"key_id": "k-9", "box": desk.shop.sealed("key")["box"]}
        assert upload(desk, made_for(desk), key=box) == ("quarantined", "key_ring")
