"""One CSR after the other, and certificates that come for any of them: none of the keys is lost, or mistaken."""

from typing import Any

import pytest

from provisioner.kernel.secret import Secret
from provisioner.workflows import certificates as workflows
from tests.integration.store.certificate_desk import (
    CERTIFICATE,
    DOMAIN,
    CertificateStage,
    code,
    desk,
    made_for,
    upload,
)
from tests.support.stores import together

__all__ = ["desk"]

REGISTERED = workflows  # by being imported


def csr(desk: CertificateStage) -> tuple[str, Secret]:
    """Have a CSR made; the CSR and its key."""
    assert desk.csr().outcome == "accepted"
    key = desk.key()
    assert key is not None
    return desk.service()["attributes"]["csr"], key


def bring(desk: CertificateStage, key: Secret) -> tuple[str, str]:
    """Upload a certificate that was made for this key, without the key."""
    return upload(desk, made_for(desk, key=key), key=None, install=False)


def told(desk: CertificateStage) -> list[dict[str, Any]]:
    events = [event["data"] for event in desk.stage.events(f"service/{CERTIFICATE}")]
    return [event for event in events if "change" in event]


class TestTheEarlierCsr:
    def test_a_certificate_for_it_is_taken(self, desk: CertificateStage) -> None:
        first, key = csr(desk)
        csr(desk)
        assert bring(desk, key) == ("accepted", "")
        assert desk.secret(desk.operation("upload")) == key
        assert desk.service()["attributes"]["csr"] == first

    def test_it_is_kept_with_the_certificate_for_it(self, desk: CertificateStage) -> None:
        first, key = csr(desk)
        csr(desk)
        bring(desk, key)
        desk.stage.work()
        assert (desk.stage.row("certificates")["csr"], desk.key()) == (first, key)

    def test_then_one_for_the_later_csr_is_taken_too(self, desk: CertificateStage) -> None:
        _, key = csr(desk)
        second, later = csr(desk)
        for each in (key, later):
            assert bring(desk, each) == ("accepted", "")
            desk.stage.work()
        assert (desk.key(), desk.service()["attributes"]["csr"]) == (later, second)
        assert {row["csr"] for row in desk.stage.rows("certificates")} >= {second}

    def test_a_certificate_with_a_key_of_its_own_loses_no_csr(self, desk: CertificateStage) -> None:
        first, key = csr(desk)
        assert upload(desk, made_for(desk), install=False) == ("accepted", "")
        desk.stage.work()
        assert bring(desk, key) == ("accepted", "")
        assert desk.service()["attributes"]["csr"] == first

    def test_a_certificate_for_no_csr_of_ours_is_refused(self, desk: CertificateStage) -> None:
        csr(desk)
        csr(desk)
        assert bring(desk, made_for(desk).secret) == ("rejected", "key_mismatch")

    def test_nothing_is_put_aside_for_a_certificate_that_has_its_key(self, desk: CertificateStage) -> None:
        _, key = csr(desk)
        bring(desk, key)
        assert desk.stage.rows("certificate_requests") == []

    def test_its_key_is_sealed_and_sealed_anew_when_keys_are_rotated(self, desk: CertificateStage) -> None:
        _, key = csr(desk)
        csr(desk)
        before = desk.stage.row("certificate_requests")["sealed_key"]
        desk.stage.ring.rotate()
        desk.stage.store.credentials.reseal_all()
        assert desk.stage.row("certificate_requests")["sealed_key"] != before
        assert key.reveal().encode() not in before
        assert bring(desk, key) == ("accepted", "")


class TestWhileOneIsUnderWay:
    def test_no_csr_is_made_while_a_certificate_is_uploaded(self, desk: CertificateStage) -> None:
        first, key = csr(desk)
        bring(desk, key)
        assert code(desk.csr()) == ("rejected", "certificate_exists")
        desk.stage.work()
        assert (desk.stage.row("certificates")["csr"], desk.key()) == (first, key)

    def test_of_a_csr_and_an_upload_at_once_the_certificate_has_its_own_key(self, desk: CertificateStage) -> None:
        first, key = csr(desk)
        together(lambda: desk.csr().outcome, lambda: bring(desk, key))
        desk.stage.work()
        assert (desk.stage.row("certificates")["csr"], desk.key()) == (first, key)

    def test_each_csr_is_told_though_both_were_asked_for_at_once(self, desk: CertificateStage) -> None:
        made = [csr(desk)[0], csr(desk)[0]]
        desk.stage.work()
        assert [each["csr"] for each in told(desk)] == made

    def test_a_csr_is_told_though_a_certificate_with_its_own_key_came_first(self, desk: CertificateStage) -> None:
        made, _ = csr(desk)
        upload(desk, made_for(desk, DOMAIN, f"www.{DOMAIN}"), install=False)
        desk.stage.work()
        assert [(each["change"], each["csr"], each["names"]) for each in told(desk)] == [
            ("csr_made", made, [DOMAIN]),
            ("uploaded", None, [DOMAIN, f"www.{DOMAIN}"]),
        ]


@pytest.mark.parametrize("number", [2, 4])
def test_the_key_of_none_of_many_is_lost(desk: CertificateStage, number: int) -> None:
    keys = [csr(desk)[1] for _ in range(number)]
    for key in keys:
        assert bring(desk, key) == ("accepted", "")
        desk.stage.work()
