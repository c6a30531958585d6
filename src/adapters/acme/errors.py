"""The table: every problem of an authority has exactly one outcome for each kind of call.

    problem document      TABLE             row by type, column by call
    HTTP status alone     Problem.kind      its row: notFound, rateLimited, busy, serverInternal, or UNNAMED
    broken connection     from_transport()  by what may have been sent
    anything unreadable   unreadable()      Uncertain after a certificate may have been asked for

Types: RFC 8555 section 6.7, RFC 9773 section 7.4 and the profiles draft. What is asked again does no harm, so nothing
is uncertain but FINALIZE. A Retry-After is obeyed to the second.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import requests
import urllib3.exceptions

from adapters.acme import problems
from adapters.acme.problems import Problem
from provisioner.kernel.redaction import redact_text
from provisioner.ports.outcomes import Done, Failure, Misconfigured, Rejected, Throttled, Unavailable, Uncertain


class Call(StrEnum):
    """A kind of request, a column of the table. VALIDATION is none: what an order or authorization says of itself."""

    ACCOUNT = "account"
    OPEN = "open"
    READ = "read"
    ANSWER = "answer"
    FINALIZE = "finalize"
    REVOKE = "revoke"
    RENEWAL = "renewal"
    VALIDATION = "validation"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One outcome and our stable code. `Done`: no failure, but an answer."""

    outcome: type[Failure] | type[Done]
    code: str


@dataclass(frozen=True, slots=True)
class Row:
    """What one type means: for most calls `usual`, for some another verdict."""

    meaning: str
    usual: Verdict
    other: Mapping[Call, Verdict] = field(default_factory=dict)

    def verdict(self, call: Call) -> Verdict:
        """The column of this call."""
        return self.other.get(call, self.usual)


ORDER_GONE: Final = "order_gone"
VALIDATION_FAILED: Final = "validation_failed"
CAA_FORBIDS: Final = "caa_forbids"
NO_ACCOUNT: Final = "accountDoesNotExist"
NOT_READY: Final = "orderNotReady"
NAMES: Final = "/names"

_GONE: Final = Verdict(Rejected, ORDER_GONE)
_FAILED: Final = Verdict(Rejected, VALIDATION_FAILED)
_SILENT: Final = Verdict(Done, "no_renewal_window")


def _later(code: str) -> Verdict:
    return Verdict(Unavailable, code)


def _operator(code: str) -> Verdict:
    return Verdict(Misconfigured, code)


_ODD: Final = {Call.READ: _later("vendor_error"), Call.RENEWAL: _SILENT, Call.VALIDATION: _FAILED}
"""A refusal that makes no sense where nothing was asked for."""


def _refused(meaning: str, code: str, validation: Verdict = _FAILED) -> Row:
    others = {**_ODD, Call.ACCOUNT: _operator(code), Call.VALIDATION: validation}
    return Row(meaning, Verdict(Rejected, code), others)


def _account(meaning: str, code: str) -> Row:
    """What an operator must set right, whatever was asked for."""
    return Row(meaning, _operator(code), {Call.VALIDATION: _GONE, Call.RENEWAL: _SILENT})


def _validation(meaning: str) -> Row:
    """What is told of a name that could not be validated."""
    return Row(meaning, _FAILED, {**_ODD, Call.ACCOUNT: _later("vendor_error"), Call.REVOKE: _later("vendor_error")})


TABLE: Final[Mapping[str, Row]] = {
    NO_ACCOUNT: _account("there is no such account", "account_unknown"),
    "alreadyReplaced": _refused("another order replaces that certificate already", "already_replaced"),
    "alreadyRevoked": Row(
        "the certificate is revoked already",
        _later("vendor_error"),
        {Call.REVOKE: Verdict(Done, "revoked_already"), Call.RENEWAL: _SILENT, Call.VALIDATION: _FAILED},
    ),
    "badCSR": _refused("the CSR is not acceptable", "bad_csr"),
    "badNonce": Row("the nonce is not acceptable", _later("bad_nonce"), {Call.VALIDATION: _GONE}),
    "badPublicKey": _refused("the public key is not supported", "bad_key"),
    "badRevocationReason": _refused("the reason for revoking is not allowed", "bad_reason"),
    "badSignatureAlgorithm": _refused("the signature's algorithm is not supported", "bad_key"),
    "caa": _refused("CAA records forbid it", CAA_FORBIDS, Verdict(Rejected, CAA_FORBIDS)),
    "compound": _refused("several problems at once", "identifier_rejected"),
    "connection": _validation("a name could not be reached"),
    "dns": _validation("a name's DNS did not answer"),
    "dnssec": _validation("a name's DNSSEC is broken"),
    "externalAccountRequired": _account("an external account is required", "external_account_required"),
    "incorrectResponse": _validation("what was found is not what was asked for"),
    "invalidContact": _account("the contact is not acceptable", "contact_invalid"),
    "invalidEmail": _account("the contact is not acceptable (an older type)", "contact_invalid"),
    "invalidProfile": _refused("the profile is not offered", "profile_unknown"),
    "malformed": Row(
        "the request was malformed", Verdict(Rejected, "invalid_request"), {**_ODD, Call.ACCOUNT: _operator("account")}
    ),
    NOT_READY: Row("the order is not ready to be finalized", _later("order_not_ready"), {Call.VALIDATION: _GONE}),
    "rateLimited": Row("too many requests of a kind", Verdict(Throttled, "rate_limited"), {Call.VALIDATION: _GONE}),
    problems.BUSY: Row("status 503 with Retry-After", Verdict(Throttled, "authority_busy"), {Call.VALIDATION: _GONE}),
    "rejectedIdentifier": _refused("no certificate is issued for this name", "identifier_rejected"),
    problems.SERVER_ERROR: Row(
        "the authority has an internal error",
        _later("authority_unavailable"),
        {Call.FINALIZE: Verdict(Uncertain, "authority_unavailable"), Call.VALIDATION: _GONE},
    ),
    "tls": _validation("TLS failed when a name was validated"),
    "unauthorized": Row(
        "not authorised",
        _operator("account_unauthorized"),
        {
            Call.READ: _GONE,
            Call.ANSWER: _GONE,
            Call.FINALIZE: _GONE,
            Call.REVOKE: Verdict(Rejected, "not_ours"),
            Call.RENEWAL: _SILENT,
            Call.VALIDATION: _FAILED,
        },
    ),
    "unknownHost": _validation("a name could not be resolved (an older type)"),
    "unsupportedContact": _account("the contact's scheme is not supported", "contact_invalid"),
    "unsupportedIdentifier": _refused("names of this kind are not supported", "identifier_rejected"),
    "userActionRequired": _account("the terms must be agreed to anew", "terms_not_agreed"),
    problems.NOT_FOUND: Row(
        "status 404 or 410",
        _operator("directory"),
        {
            Call.READ: _GONE,
            Call.ANSWER: _GONE,
            Call.FINALIZE: _GONE,
            Call.REVOKE: Verdict(Rejected, "certificate_unknown"),
            Call.RENEWAL: _SILENT,
            Call.VALIDATION: _GONE,
        },
    ),
}

UNKNOWN: Final = Row(
    "any other",
    Verdict(Rejected, "vendor_error"),
    {**_ODD, Call.ACCOUNT: _operator("vendor_error")},
)

UNNAMED: Final = Row(
    "no type; it may come from something before the authority",
    _later("vendor_error"),
    {Call.FINALIZE: Verdict(Uncertain, "vendor_error"), Call.RENEWAL: _SILENT, Call.VALIDATION: _FAILED},
)

DEFAULT_RETRY_AFTER: Final = 3_600.0
"""Seconds, where a limit was met and nothing said for how long."""
_ABOUT_NAMES: Final = frozenset({"identifier_rejected", CAA_FORBIDS, VALIDATION_FAILED})

_NOT_SENT: Final[Mapping[type[BaseException], str]] = {
    requests.ConnectTimeout: "connect_timeout",
    urllib3.exceptions.NewConnectionError: "unreachable",
    urllib3.exceptions.NameResolutionError: "unreachable",
    urllib3.exceptions.ConnectTimeoutError: "connect_timeout",
    ConnectionRefusedError: "unreachable",
}
_NEVER_SENT: Final = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    requests.TooManyRedirects,
)


def verdict(kind: str, call: Call) -> Verdict:
    """The table's entry."""
    return _row(kind).verdict(call)


def failure(problem: Problem, call: Call) -> Failure | None:
    """The outcome for a problem that was answered; None when it is an answer."""
    found = verdict(problem.kind, call)
    if not issubclass(found.outcome, Failure):
        return None
    message = f"the authority says: {problem.document.words} ({_row(problem.kind).meaning}; HTTP {problem.status})"
    return _failure(found.outcome, found.code, message, problem)


def refusal(kind: str, words: str) -> Rejected:
    """Why an order or authorization says that it came to nothing: `order_gone`, `validation_failed`, `caa_forbids`."""
    code = verdict(kind, Call.VALIDATION).code
    return Rejected(code, words, vendor_code=kind or None, fields=_fields(code))


def from_transport(error: requests.RequestException, call: Call) -> Failure:
    """The outcome for a connection that failed."""
    if _caused_by(error, ssl.SSLCertVerificationError) is not None:
        return Misconfigured("certificate_not_trusted", f"the authority's own certificate is not trusted: {error}")
    if isinstance(error, _NEVER_SENT):
        return Misconfigured("directory", f"{type(error).__name__}; it cannot be sent at all")
    for kind, code in _NOT_SENT.items():
        if _caused_by(error, kind) is not None:
            return Unavailable(code, f"{type(error).__name__}: {redact_text(str(error))}; nothing was sent")
    code = "read_timeout" if isinstance(error, requests.Timeout) else "connection_lost"
    return _broken(code, f"{type(error).__name__}: {redact_text(str(error))}; it may have been received", call)


def unreadable(reason: str, call: Call) -> Failure:
    """The outcome for an answer that cannot be understood."""
    return _broken("unreadable_answer", f"the answer cannot be understood: {reason}", call)


def _row(kind: str) -> Row:
    return TABLE.get(kind, UNKNOWN) if kind else UNNAMED


def _failure(outcome: type[Failure], code: str, message: str, problem: Problem) -> Failure:
    vendor_code, wait = problem.kind or str(problem.status), problem.retry_after
    if outcome is Throttled:
        seconds = DEFAULT_RETRY_AFTER if wait is None else wait
        return Throttled(code, message, retry_after=seconds, vendor_code=vendor_code)
    failed = outcome(code, message, vendor_code=vendor_code, fields=_fields(code))
    if isinstance(failed, Unavailable):
        failed.retry_after = wait
    return failed


def _fields(code: str) -> tuple[str, ...]:
    return (NAMES,) if code in _ABOUT_NAMES else ()


def _broken(code: str, message: str, call: Call) -> Failure:
    """Only of a certificate that was asked for is it unknown whether it is being issued; the rest is asked again."""
    return Uncertain(code, message) if call is Call.FINALIZE else Unavailable(code, message)


def _caused_by(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The first of this kind among an error, its causes, and what requests and urllib3 wrap in their arguments."""
    seen: list[BaseException] = [error]
    for one in seen:  # grows while it is walked
        if isinstance(one, kind):
            return one
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        seen.extend(wrapped for wrapped in inner if isinstance(wrapped, BaseException) and wrapped not in seen)
    return None
