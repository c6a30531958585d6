"""The table: every type to exactly one outcome for each call."""

import ssl

import pytest
import requests
import urllib3.exceptions
from acme import messages
from urllib3.connection import HTTPSConnection

from adapters.acme import errors, problems
from adapters.acme.errors import Call
from adapters.acme.problems import Problem, ProblemDocument
from provisioner.ports.certificates import CertificateAuthority
from provisioner.ports.outcomes import Done, Failure, Misconfigured, Rejected, Throttled, Unavailable, Uncertain

KINDS = sorted(errors.TABLE)
REQUESTS = [call for call in Call if call is not Call.VALIDATION]

# RFC 8555 section 6.7, RFC 9773 section 7.4, the profiles draft; and what authorities still send of older drafts.
REGISTERED = {
    "accountDoesNotExist",
    "alreadyReplaced",
    "alreadyRevoked",
    "badCSR",
    "badNonce",
    "badPublicKey",
    "badRevocationReason",
    "badSignatureAlgorithm",
    "caa",
    "compound",
    "connection",
    "dns",
    "externalAccountRequired",
    "incorrectResponse",
    "invalidContact",
    "invalidProfile",
    "malformed",
    "orderNotReady",
    "rateLimited",
    "rejectedIdentifier",
    "serverInternal",
    "tls",
    "unauthorized",
    "unsupportedContact",
    "unsupportedIdentifier",
    "userActionRequired",
}


def problem(kind: str, status: int = 400, retry_after: float | None = None) -> Problem:
    return Problem(ProblemDocument(kind, "the authority's words"), status, retry_after)


def test_every_registered_type_is_in_the_table() -> None:
    assert set(errors.TABLE) >= REGISTERED


def test_every_type_that_the_library_knows_is_in_the_table() -> None:
    assert set(errors.TABLE) >= set(messages.ERROR_CODES)


@pytest.mark.parametrize("call", Call)
@pytest.mark.parametrize("kind", [*KINDS, "neverHeardOf", ""])
def test_every_type_has_one_outcome_for_every_call(kind: str, call: Call) -> None:
    found = errors.verdict(kind, call)
    assert found.outcome in (Done, Rejected, Unavailable, Throttled, Uncertain, Misconfigured)
    assert found.code


@pytest.mark.parametrize("call", REQUESTS)
@pytest.mark.parametrize("kind", [*KINDS, "neverHeardOf", ""])
def test_the_outcome_is_the_tables(kind: str, call: Call) -> None:
    found, failed = errors.verdict(kind, call), errors.failure(problem(kind), call)
    if found.outcome is Done:
        assert failed is None
    else:
        assert (type(failed), getattr(failed, "code", "")) == (found.outcome, found.code)


@pytest.mark.parametrize("call", [call for call in REQUESTS if call is not Call.FINALIZE])
@pytest.mark.parametrize("kind", KINDS)
def test_only_issuing_can_be_uncertain(kind: str, call: Call) -> None:
    assert errors.verdict(kind, call).outcome is not Uncertain


@pytest.mark.parametrize("kind", [*KINDS, "neverHeardOf", ""])
def test_an_order_that_came_to_nothing_ends_as_the_port_has_declared(kind: str) -> None:
    refused = errors.refusal(kind, "words")
    assert refused.code in CertificateAuthority.issue.__effect__.ends  # type: ignore[attr-defined]  # a declaration
    assert refused.message == "words"


@pytest.mark.parametrize("kind", [*KINDS, "neverHeardOf", ""])
def test_looking_for_a_certificate_is_refused_only_as_the_port_has_declared(kind: str) -> None:
    found = errors.verdict(kind, Call.READ)
    assert found.outcome is not Rejected or found.code == "order_gone"


@pytest.mark.parametrize("kind", ["connection", "dns", "tls", "unauthorized", "incorrectResponse", "dnssec"])
def test_what_a_customer_can_mend_is_a_failed_validation(kind: str) -> None:
    refused = errors.refusal(kind, "words")
    assert (refused.code, refused.fields, refused.vendor_code) == ("validation_failed", ("/names",), kind)


def test_a_validation_that_caa_records_forbid_is_told_as_what_it_is() -> None:
    refused = errors.refusal("caa", "words")
    assert (refused.code, refused.fields, refused.vendor_code) == ("caa_forbids", ("/names",), "caa")


@pytest.mark.parametrize("kind", ["rateLimited", "busy"])
@pytest.mark.parametrize("call", REQUESTS)
def test_a_limit_is_throttled_for_every_call(kind: str, call: Call) -> None:
    failed = errors.failure(problem(kind, 429, 12.0), call)
    assert isinstance(failed, Throttled)
    assert failed.retry_after == 12.0


@pytest.mark.parametrize(
    ("kind", "status", "wait", "row"),
    [
        ("malformed", 404, None, "notFound"),
        ("", 404, None, "notFound"),
        ("", 410, None, "notFound"),
        ("unauthorized", 404, None, "unauthorized"),
        ("", 429, None, "rateLimited"),
        ("", 500, None, "serverInternal"),
        ("", 502, None, "serverInternal"),
        ("", 503, None, "serverInternal"),
        ("", 503, 30.0, "busy"),
        ("serverInternal", 503, 30.0, "busy"),
        ("rateLimited", 503, 30.0, "rateLimited"),
        ("", 418, None, ""),
    ],
)
def test_a_status_speaks_where_the_type_says_nothing(kind: str, status: int, wait: float | None, row: str) -> None:
    assert problem(kind, status, wait).kind == row


@pytest.mark.parametrize("call", [Call.ACCOUNT, Call.OPEN, Call.READ, Call.ANSWER, Call.REVOKE])
def test_a_refusal_that_names_no_type_may_be_of_something_before_the_authority_and_passes(call: Call) -> None:
    failed = errors.failure(problem("", 403), call)
    assert (type(failed), getattr(failed, "code", "")) == (Unavailable, "vendor_error")


def test_a_refusal_to_issue_that_names_no_type_is_looked_up() -> None:
    failed = errors.failure(problem("", 403), Call.FINALIZE)
    assert (type(failed), getattr(failed, "code", "")) == (Uncertain, "vendor_error")


def test_a_renewal_window_that_is_refused_without_a_type_is_not_known() -> None:
    assert errors.failure(problem("", 403), Call.RENEWAL) is None


def test_the_raw_code_is_kept() -> None:
    failed = errors.failure(problem("neverHeardOf", 400), Call.OPEN)
    assert isinstance(failed, Rejected)
    assert (failed.code, failed.vendor_code) == ("vendor_error", "neverHeardOf")
    assert "the authority's words" in failed.message


# -- connections

NOT_SENT = [
    (requests.ConnectTimeout("slow"), "connect_timeout"),
    (
        requests.ConnectionError(
            urllib3.exceptions.NewConnectionError(HTTPSConnection("ca.example"), "connection refused")
        ),
        "unreachable",
    ),
]
PERHAPS = [
    (requests.ReadTimeout("slow"), "read_timeout"),
    (requests.ConnectionError("aborted"), "connection_lost"),
    (requests.exceptions.ChunkedEncodingError("cut"), "connection_lost"),
    (requests.exceptions.ContentDecodingError("odd"), "connection_lost"),
    (requests.exceptions.SSLError("broken off"), "connection_lost"),
]


@pytest.mark.parametrize("call", REQUESTS)
@pytest.mark.parametrize(("error", "code"), NOT_SENT)
def test_what_was_never_sent_is_unavailable_for_every_call(
    error: requests.RequestException, code: str, call: Call
) -> None:
    failed = errors.from_transport(error, call)
    assert (type(failed), failed.code) == (Unavailable, code)


@pytest.mark.parametrize("call", REQUESTS)
@pytest.mark.parametrize(("error", "code"), PERHAPS)
def test_what_may_have_been_received_is_uncertain_for_issuing_alone(
    error: requests.RequestException, code: str, call: Call
) -> None:
    failed = errors.from_transport(error, call)
    expected: type[Failure] = Uncertain if call is Call.FINALIZE else Unavailable
    assert (type(failed), failed.code) == (expected, code)


@pytest.mark.parametrize("error", [requests.exceptions.InvalidURL("x"), requests.TooManyRedirects("x")])
def test_what_can_never_be_sent_is_for_an_operator(error: requests.RequestException) -> None:
    assert isinstance(errors.from_transport(error, Call.FINALIZE), Misconfigured)


def test_a_server_that_is_not_trusted_is_for_an_operator() -> None:
    inner = urllib3.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed certificate"))
    failed = errors.from_transport(requests.exceptions.SSLError(inner), Call.FINALIZE)
    assert (type(failed), failed.code) == (Misconfigured, "certificate_not_trusted")


@pytest.mark.parametrize("call", REQUESTS)
def test_an_answer_that_cannot_be_understood_is_uncertain_for_issuing_alone(call: Call) -> None:
    failed = errors.unreadable("no JSON", call)
    assert isinstance(failed, Uncertain if call is Call.FINALIZE else Unavailable)


def test_the_kinds_that_are_ours_are_no_registered_ones() -> None:
    assert {problems.NOT_FOUND, problems.BUSY}.isdisjoint(REGISTERED)
