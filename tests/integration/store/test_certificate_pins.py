"""What is said about a certificate is about the one that was there when it was said."""

from typing import Any

import pytest

from provisioner.intake.accept import Receipt
from tests.integration.store.certificate_desk import (
    AUTHORITY,
    CertificateStage,
    add_authority,
    add_certificate,
    code,
    desk,
    keep,
)

__all__ = ["desk"]

FIRST, SECOND = f"{1:064x}", f"{2:064x}"


@pytest.fixture
def renewed(desk: CertificateStage) -> CertificateStage:
    """A desk whose certificate `cert-1` was renewed once, the first time at another authority."""
    add_authority(desk.stage, "ca-2")
    add_certificate(desk.stage, data={"fingerprint": SECOND})
    keep(desk, 1, vendor_account="ca-2")
    keep(desk, 2)
    return desk


class TestRevocations:
    def given(self, desk: CertificateStage, receipt: Receipt) -> dict[str, Any]:
        assert receipt.outcome == "accepted"
        inputs: dict[str, Any] = desk.operation("revoke")["inputs"]
        return inputs

    def test_the_newest_one_is_meant(self, renewed: CertificateStage) -> None:
        pinned = {"fingerprint": SECOND, "chain": "chain 2", "source": "authority", "account": AUTHORITY}
        receipt = renewed.say("revoke", reason="keyCompromise")
        assert self.given(renewed, receipt) == {"reason": "keyCompromise", **pinned}

    def test_an_older_one_is_meant_by_its_fingerprint(self, renewed: CertificateStage) -> None:
        pinned = {"fingerprint": FIRST, "chain": "chain 1", "source": "authority", "account": "ca-2"}
        receipt = renewed.say("revoke", fingerprint=FIRST.upper())
        assert self.given(renewed, receipt) == {"reason": "unspecified", **pinned}

    def test_nothing_secret_is_taken_along(self, renewed: CertificateStage) -> None:
        self.given(renewed, renewed.say("revoke"))
        assert renewed.operation("revoke")["sealed_secret"] is None

    def test_one_of_another_service_is_refused(self, renewed: CertificateStage) -> None:
        add_certificate(renewed.stage, 2)
        keep(renewed, 3, "cert-2")
        assert code(renewed.say("revoke", fingerprint=f"{3:064x}")) == ("rejected", "certificate_not_its_own")
        assert renewed.stage.count("operations") == 0

    def test_where_there_is_none_yet_none_is_revoked(self, desk: CertificateStage) -> None:
        desk.issue()
        assert code(desk.say("revoke")) == ("rejected", "no_certificate_yet")
        assert desk.stage.count("operations") == 1

    def test_one_that_was_not_kept_is_meant_as_its_service_has_it(self, desk: CertificateStage) -> None:
        add_certificate(desk.stage, data={"fingerprint": FIRST})
        assert self.given(desk, desk.say("revoke")) == {"reason": "unspecified"}


class TestRenewals:
    def test_the_newest_one_is_to_be_replaced(self, renewed: CertificateStage) -> None:
        assert renewed.say("renew").outcome == "accepted"
        assert renewed.operation("renew")["inputs"] == {"reason": None, "fingerprint": SECOND}

    def test_where_there_is_none_yet_none_is_renewed(self, desk: CertificateStage) -> None:
        desk.issue()
        assert code(desk.say("renew")) == ("rejected", "no_certificate_yet")
        assert desk.stage.count("operations") == 1
