"""What messages about certificates mean: a certificate for a hosting service, and commands to one that exists."""

import json
from typing import Any

import pytest

from provisioner.messages import certificates, envelope, examples
from provisioner.orders.certificates import REVOCATION_REASONS, automatic, settle
from provisioner.orders.commands import NewCertificateService, NewCommand, plan_certificate, plan_command

SEALED: dict[str, str] = examples.EXAMPLES["certificate.upload.v1"]["key"]
IDS = {"certificate_id": "certificate-5", "service_id": "hosting-77"}


def decoded(name: str, data: dict[str, Any]) -> Any:
    return envelope.decode(json.dumps(examples.message(name) | {"data": data}).encode()).data


def asked(name: str, **data: Any) -> NewCertificateService:
    return plan_certificate(decoded(name, {**IDS, **data}))


def command(name: str) -> NewCommand:
    return plan_command(decoded(name, {"certificate_id": "certificate-5"}))


def test_a_certificate_that_is_to_be_issued_is_renewed_and_has_a_new_key() -> None:
    planned = asked("certificate.issue.v1")

    assert planned.attributes == {"method": "auto", "key": "ec", "auto_renew": True}
    assert planned.key_kind == "ec"


def test_it_is_about_the_certificate_and_for_the_hosting() -> None:
    planned = asked("certificate.issue.v1")

    assert (planned.certificate_id, planned.hosting_id) == ("certificate-5", "hosting-77")
    assert planned.resource == "service:certificate-5"


def test_all_that_was_asked_for_is_kept() -> None:
    wanted = {"names": ["*.example.com"], "method": "dns-01", "profile": "shortlived", "auto_renew": False}

    planned = asked("certificate.issue.v1", **wanted, key_kind="rsa", account="authority-1")

    assert planned.attributes == {**wanted, "key": "rsa"}
    assert (planned.key_kind, planned.account) == ("rsa", "authority-1")


def test_the_request_for_a_csr_says_who_asks() -> None:
    planned = asked("certificate.generate-csr.v1", names=["example.com"], subject={"organisation": "Example Ltd"})

    assert planned.workflow == "certificate.generate-csr"
    assert planned.inputs == {"subject": {"organisation": "Example Ltd"}}
    assert planned.attributes == {"names": ["example.com"], "key": "ec", "auto_renew": False}


def test_the_key_of_an_upload_stays_sealed_beside_its_inputs() -> None:
    planned = asked("certificate.upload.v1", certificate="PEM", key=SEALED)

    assert planned.sealed_key == (SEALED["key_id"], SEALED["box"])
    assert planned.inputs == {"certificate": "PEM", "install": True}


def test_for_an_upload_no_key_is_made() -> None:
    planned = asked("certificate.upload.v1", certificate="PEM")

    assert (planned.key_kind, planned.sealed_key) == (None, None)


@pytest.mark.parametrize("name", ["certificate.install.v1", "certificate.remove.v1"])
def test_what_is_done_at_a_site_waits_for_what_else_is_done_there(name: str) -> None:
    assert command(name).resource_under("hosting-77") == "site:hosting-77"


@pytest.mark.parametrize("name", ["certificate.renew.v1", "certificate.revoke.v1"])
def test_what_is_done_at_the_authority_waits_for_its_certificate_alone(name: str) -> None:
    assert command(name).resource_under("hosting-77") == "service:certificate-5"


def test_an_automatic_certificate_has_the_name_with_www_where_that_leads_to_the_site() -> None:
    attributes = automatic("example.com")

    assert attributes["names"] == ["example.com", "www.example.com"]
    assert attributes["optional"] == ["www.example.com"]


def test_a_site_that_begins_with_www_has_one_name() -> None:
    assert automatic("www.example.com")["names"] == ["www.example.com"]


def test_names_that_were_left_out_are_those_of_an_automatic_certificate() -> None:
    settled = settle({"method": "dns-01", "key": "rsa", "auto_renew": False}, "example.com")

    assert settled == {**automatic("example.com"), "method": "dns-01", "key": "rsa", "auto_renew": False}


def test_names_that_were_given_are_all_wanted() -> None:
    assert settle({"names": ["example.com", "www.example.com"]}, "example.com").get("optional") is None


def test_every_reason_of_a_revocation_has_its_number() -> None:
    schema = certificates.RevokeCertificate.model_json_schema()

    assert set(schema["properties"]["reason"]["enum"]) == REVOCATION_REASONS.keys()
