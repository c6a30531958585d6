"""What a certificate's list and page tell."""

from typing import Any

from provisioner.console.certificate_views import certificate_sections, current, list_headers, list_row
from provisioner.store.query_certificates import CertificateDetails, CertificateRecord, LeftBehind, ObtainedCertificate
from tests.unit.console.rows import NOW, after, before

NEW, OLD = "9f" * 32, "5a" * 32


def record(**given: Any) -> CertificateRecord:
    usual: dict[str, Any] = {
        "id": "certificate-5",
        "parent_id": "hosting-77",
        "customer_id": "C-42",
        "environment": "live",
        "status": "active",
        "vendor_account": "authority-1",
        "created_at": before(days=100),
        "names": ("example.com", "www.example.com"),
        "method": "auto",
        "auto_renew": True,
        "source": "authority",
        "issuer": "CN=R11",
        "serial": "abc",
        "fingerprint": NEW,
        "not_before": before(days=1),
        "not_after": after(days=89),
        "installed": True,
        "installed_as": "provisioner-9f9f9f9f9f9f9f9f",
        "renew_at": after(days=59),
        "problem_code": None,
        "problem": None,
        "left_behind": (),
    }
    return CertificateRecord(**usual | given)


def waiting(**given: Any) -> CertificateRecord:
    """One that there is no certificate of yet."""
    nothing = ("source", "issuer", "serial", "fingerprint", "not_before", "not_after", "installed_as", "renew_at")
    return record(**{**dict.fromkeys(nothing), "status": "provisioning", "installed": False, **given})


def obtained(**given: Any) -> ObtainedCertificate:
    usual: dict[str, Any] = {
        "id": "op-2",
        "source": "authority",
        "names": ("example.com",),
        "issuer": "CN=R11",
        "serial": "abc",
        "fingerprint": NEW,
        "not_before": before(days=1),
        "not_after": after(days=89),
        "chain": "NEW",
        "csr": None,
        "vendor_account": "authority-1",
        "order_url": None,
        "obtained_at": NOW,
        "installed_at": NOW,
        "installed_as": "provisioner-9f9f9f9f9f9f9f9f",
        "removed_at": None,
        "revoked_at": None,
        "key_revealed_at": None,
        "has_key": True,
    }
    return ObtainedCertificate(**usual | given)


def facts(certificate: CertificateRecord) -> dict[str, str]:
    first, _ = certificate_sections(CertificateDetails(certificate, None, ()))
    return {row[0]: row[1] for row in first.rows}


def test_a_line_of_the_list_has_what_an_operator_looks_for() -> None:
    told = dict(zip(list_headers(), list_row(record()), strict=True))

    assert told["names"] == "example.com, www.example.com"
    assert (told["expires"], told["renewal"], told["installed"]) == ("2026-05-29", "2026-04-29", "yes")


def test_of_many_names_the_first_are_told() -> None:
    line = list_row(record(names=tuple(f"{number}.example.com" for number in range(5))))

    assert "0.example.com, 1.example.com, 2.example.com and 2 more" in line


def test_a_certificate_that_is_waited_for_leaves_the_rest_empty() -> None:
    told = dict(zip(list_headers(), list_row(waiting(problem_code="dns_elsewhere", problem="…")), strict=True))

    assert (told["expires"], told["issuer"], told["problem"]) == ("", "", "dns_elsewhere")


def test_the_page_tells_where_it_is_installed_and_when_it_is_renewed() -> None:
    told = facts(record())

    assert told["installed"] == "as provisioner-9f9f9f9f9f9f9f9f"
    assert told["next renewal"] == "2026-04-29 12:05:11"


def test_the_page_tells_the_last_problem_in_words() -> None:
    told = facts(waiting(problem_code="dns_elsewhere", problem="example.com leads to 192.0.2.7"))

    assert told["last problem"] == "dns_elsewhere: example.com leads to 192.0.2.7"


def test_the_page_leaves_out_what_there_is_not() -> None:
    assert not {"issuer", "valid until", "next renewal", "last problem", "fingerprint"} & facts(waiting()).keys()


def test_all_that_were_ever_obtained_are_told() -> None:
    history = (obtained(), obtained(id="op-1", fingerprint=OLD, removed_at=before(days=1), key_revealed_at=NOW))
    _, section = certificate_sections(CertificateDetails(record(), None, history))

    assert [row[6] for row in section.rows] == ["", "2026-02-28 12:05:11"]


def test_the_current_one_is_that_of_the_service_and_not_the_newest() -> None:
    history = (obtained(id="op-3", fingerprint=OLD), obtained())
    found = current(CertificateDetails(record(), None, history))

    assert found is not None
    assert found.id == "op-2"


def test_there_may_be_none() -> None:
    assert current(CertificateDetails(waiting(), None, ())) is None


def test_what_was_shown_and_could_not_be_taken_away_is_told() -> None:
    left = (
        LeftBehind("token-1", "http-01", "example.com"),
        LeftBehind("_acme-challenge.example.com", "dns-01", "example.com"),
        LeftBehind("token-0"),
    )
    told = facts(record(left_behind=left))["still shown"]

    assert told == "file token-1 of example.com; record _acme-challenge.example.com; token-0"
    assert "still shown" not in facts(record())
