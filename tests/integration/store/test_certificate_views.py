"""What people see of certificates: lists, histories, events; and a key, once."""

from datetime import timedelta

import pytest

from provisioner.kernel.errors import NotFoundError, RefusedError
from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import facts_of
from provisioner.store.query_certificates import CertificateQueries, LeftBehind
from provisioner.workflows import certificates as _certificates
from tests.integration.store.certificate_desk import (
    AUTHORITY,
    DOMAIN,
    HOSTING,
    CertificateStage,
    add_certificate,
    add_hosting,
    desk,
)
from tests.support.stores import together
from tests.unit.orders.certificate_chains import DAY, Made, certificate, intermediate

__all__ = ["desk"]

WORKFLOW_MODULES = (_certificates,)  # importing them registers their workflows


def made_for(desk: CertificateStage, name: str = DOMAIN, days: float = 90) -> Made:
    return certificate(name, intermediate(), sans=[name], begins=desk.stage.now() - DAY, lasts=DAY * days)


def upload(desk: CertificateStage, certificate_id: str = "cert-1", days: float = 90) -> Made:
    """Upload a certificate for the hosting, and have it taken."""
    made = made_for(desk, days=days)
    key = desk.shop.sealed(made.secret.reveal())
    text = made.pem + intermediate().pem
    receipt = desk.say("upload", certificate_id, service_id=HOSTING, certificate=text, key=key, install=False)
    assert receipt.outcome == "accepted"
    desk.stage.work()
    return made


def queries(desk: CertificateStage) -> CertificateQueries:
    return desk.stage.store.certificate_queries


class TestLists:
    def test_an_uploaded_certificate_tells_what_it_says(self, desk: CertificateStage) -> None:
        facts = facts_of(upload(desk).pem)
        found = queries(desk).certificates()[0]
        assert (found.id, found.parent_id, found.status, found.names) == ("cert-1", HOSTING, "active", (DOMAIN,))
        assert (found.source, found.issuer, found.fingerprint) == ("customer", facts.issuer, facts.fingerprint)
        assert (found.not_before, found.not_after) == (facts.not_before, facts.not_after)
        assert (found.installed, found.auto_renew, found.renew_at) == (False, False, None)

    def test_one_that_is_being_issued_tells_what_is_wanted(self, desk: CertificateStage) -> None:
        desk.issue()
        found = queries(desk).certificates()[0]
        assert (found.names, found.method, found.vendor_account) == ((DOMAIN, f"www.{DOMAIN}"), "auto", AUTHORITY)
        assert (found.fingerprint, found.not_after, found.installed) == (None, None, False)

    def test_a_problem_and_the_next_renewal_are_seen(self, desk: CertificateStage) -> None:
        at = desk.stage.now() + timedelta(days=3)
        data = {"problem_code": "dns_elsewhere", "problem": "it leads elsewhere", "renew_at": at.isoformat()}
        add_certificate(desk.stage, data=data)
        found = queries(desk).certificates()[0]
        assert (found.problem_code, found.problem, found.renew_at) == ("dns_elsewhere", "it leads elsewhere", at)

    def test_what_could_not_be_taken_away_is_seen(self, desk: CertificateStage) -> None:
        file = {"name": DOMAIN, "method": "http-01", "place": "token-1", "content": "x", "url": ""}
        add_certificate(desk.stage, data={"left_behind": [file, "token-0"]})
        found = queries(desk).certificates()[0]
        assert found.left_behind == (LeftBehind("token-1", "http-01", DOMAIN), LeftBehind("token-0"))

    def test_what_an_operation_failed_for_is_the_last_problem(self, desk: CertificateStage) -> None:
        upload(desk, days=2)
        desk.stage.let_pass(3 * 86_400)
        assert desk.say("install").outcome == "accepted"
        desk.stage.work()
        found = queries(desk).certificates()[0]
        told = "this certificate has expired, so it is not installed"
        assert (found.problem_code, found.problem) == ("expired", told)

    def test_those_of_one_hosting(self, desk: CertificateStage) -> None:
        add_hosting(desk.stage, 2)
        add_certificate(desk.stage, 1)
        add_certificate(desk.stage, 2, hosting=2)
        assert [found.id for found in queries(desk).certificates(service_id="s-2")] == ["cert-2"]

    def test_those_that_expire_soon_the_next_first(self, desk: CertificateStage) -> None:
        for number, days in enumerate((30, 10, 90), start=1):
            upload(desk, f"cert-{number}", days=days)
        until = desk.stage.now() + timedelta(days=40)
        assert [found.id for found in queries(desk).certificates(expires_before=until)] == ["cert-2", "cert-1"]

    def test_of_a_certificate_with_a_follower_only_that_counts(self, desk: CertificateStage) -> None:
        upload(desk, days=10)
        upload(desk, days=90)
        assert queries(desk).certificates(expires_before=desk.stage.now() + timedelta(days=40)) == []

    def test_those_that_are_cancelled_do_not_expire(self, desk: CertificateStage) -> None:
        upload(desk, days=10)
        desk.becomes("cancelled")
        assert queries(desk).certificates(expires_before=desk.stage.now() + timedelta(days=40)) == []

    def test_there_are_no_more_than_asked_for(self, desk: CertificateStage) -> None:
        for number in range(1, 4):
            add_certificate(desk.stage, number)
        assert len(queries(desk).certificates(limit=2)) == 2


class TestHistory:
    def test_every_certificate_is_kept_the_newest_first(self, desk: CertificateStage) -> None:
        chains: list[str] = []
        for _ in range(2):
            chains.insert(0, upload(desk).pem + intermediate().pem)
            desk.stage.let_pass(60)
        assert [each.chain for each in queries(desk).certificate("cert-1").history] == chains

    def test_it_says_that_there_is_a_key_and_does_not_show_it(self, desk: CertificateStage) -> None:
        made = upload(desk)
        found = queries(desk).certificate("cert-1")
        assert found.history[0].has_key
        assert made.secret.reveal().splitlines()[1] not in repr(found)

    def test_a_csr_is_seen_while_it_waits_for_its_certificate(self, desk: CertificateStage) -> None:
        desk.csr()
        found = queries(desk).certificate("cert-1")
        assert (found.csr, found.history) == (desk.service()["attributes"]["csr"], ())

    @pytest.mark.parametrize("service_id", ["cert-9", HOSTING])
    def test_what_is_no_certificate_is_not_found(self, desk: CertificateStage, service_id: str) -> None:
        with pytest.raises(NotFoundError, match=f"no certificate {service_id}"):
            queries(desk).certificate(service_id)


class TestReveal:
    def reveal(self, desk: CertificateStage, certificate_id: str = "cert-1") -> Secret:
        return desk.stage.store.credentials.reveal_key(certificate_id, "operator")

    def test_the_key_of_the_newest_certificate_is_shown(self, desk: CertificateStage) -> None:
        upload(desk)
        desk.stage.let_pass(60)
        made = upload(desk)
        assert self.reveal(desk) == made.secret

    def test_it_is_shown_once_and_written_down(self, desk: CertificateStage) -> None:
        made = upload(desk)
        results = together(*[lambda: self.reveal(desk)] * 4)
        assert [isinstance(result, RefusedError) for result in results].count(True) == 3
        line = desk.stage.row("audit", action="key.reveal")
        assert (line["actor"], line["subject_kind"], line["subject_id"]) == ("operator", "service", "cert-1")
        assert line["detail"]["fingerprint"] == facts_of(made.pem).fingerprint

    def test_each_certificate_s_key_is_shown_once(self, desk: CertificateStage) -> None:
        upload(desk)
        self.reveal(desk)
        desk.stage.let_pass(60)
        made = upload(desk)
        assert self.reveal(desk) == made.secret

    @pytest.mark.parametrize("certificate_id", ["cert-1", "cert-9"])
    def test_without_a_certificate_there_is_nothing_to_show(self, desk: CertificateStage, certificate_id: str) -> None:
        desk.csr()
        with pytest.raises(NotFoundError):
            self.reveal(desk, certificate_id)

    def test_a_key_is_no_password(self, desk: CertificateStage) -> None:
        upload(desk)
        with pytest.raises(NotFoundError, match="is a certificate"):
            desk.stage.store.credentials.reveal_password("cert-1", "operator")

    def test_it_opens_after_a_rotation(self, desk: CertificateStage) -> None:
        made = upload(desk)
        desk.stage.ring.rotate()
        desk.stage.store.credentials.reseal_all()
        assert self.reveal(desk) == made.secret


class TestEvents:
    def test_an_upload_is_told_after_the_service_is_active(self, desk: CertificateStage) -> None:
        made = upload(desk)
        events = desk.stage.events("service/cert-1")
        assert [event["type"] for event in events] == ["service.status-changed.v1", "certificate.changed.v1"]
        told = events[-1]["data"]
        assert (told["change"], told["certificate_id"], told["service_id"]) == ("uploaded", "cert-1", HOSTING)
        assert (told["names"], told["fingerprint"]) == ([DOMAIN], facts_of(made.pem).fingerprint)

    def test_a_csr_is_told_and_the_service_waits(self, desk: CertificateStage) -> None:
        desk.csr()
        desk.stage.work()
        told = desk.stage.events("service/cert-1")[-1]["data"]
        assert (told["change"], told["csr"]) == ("csr_made", desk.service()["attributes"]["csr"])
        assert desk.service()["status"] == "provisioning"
