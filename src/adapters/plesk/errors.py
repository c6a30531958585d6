"""The table: every Plesk code, HTTP status and broken connection has exactly one outcome for each kind of command.

    Plesk code            PLESK            row by code, column by command
    HTTP status           from_status()    4xx: the account is set up wrongly; 5xx: by command
    httpx.RequestError    TRANSPORT        by what may have been sent
    anything unreadable   unreadable()     Uncertain after a command that may have changed something

Codes: docs.plesk.com, "Reduced List of Error Codes". No code is documented as transient, so the outcomes are ours.
Unknown codes are final for a command, with the raw code kept; the caller looks first whether it happened anyway. An
unknown code for a mere look-up changes nothing and is asked again later.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Final

import httpx

from adapters.plesk.packet import Command
from provisioner.ports.outcomes import Done, Failure, Misconfigured, Rejected, Throttled, Unavailable, Uncertain


@dataclass(frozen=True, slots=True)
class Verdict:
    """One outcome and our stable code. `Done`: no failure, an answer (absent for `get`, gone already for `del`)."""

    outcome: type[Failure] | type[Done]
    code: str


@dataclass(frozen=True, slots=True)
class Row:
    """What one Plesk code means, for each kind of command."""

    meaning: str
    get: Verdict
    mutate: Verdict
    delete: Verdict

    def verdict(self, command: Command) -> Verdict:
        """The column of this command."""
        return {Command.GET: self.get, Command.MUTATE: self.mutate, Command.DELETE: self.delete}[command]


class Sent(Enum):
    """How far a request got before the connection failed."""

    NOTHING = "nothing was sent"
    PERHAPS = "it may have been received and executed"
    NEVER = "it cannot be sent at all"


ALREADY_EXISTS: Final = "already_exists"
NOT_FOUND: Final = "not_found"
VENDOR_ERROR: Final = "vendor_error"
FEATURE_MISSING: Final = "feature_missing"
PERMISSION_DENIED: Final = "permission_denied"
INVALID_VALUE: Final = 1019
LOOK_AGAIN: Final = frozenset({ALREADY_EXISTS, VENDOR_ERROR})
"""Refusals after which the object may be there all the same, from an earlier attempt of ours."""

_ODD_LOOK_UP: Final = Verdict(Unavailable, VENDOR_ERROR)
UNKNOWN: Final = Row(
    "not in the vendor's list", _ODD_LOOK_UP, Verdict(Rejected, VENDOR_ERROR), Verdict(Rejected, VENDOR_ERROR)
)


def _always(outcome: type[Failure], code: str, meaning: str) -> Row:
    verdict = Verdict(outcome, code)
    return Row(meaning, verdict, verdict, verdict)


def _operator(code: str, meaning: str) -> Row:
    return _always(Misconfigured, code, meaning)


def _later(code: str, meaning: str) -> Row:
    return _always(Unavailable, code, meaning)


def _bug(meaning: str) -> Row:
    return _always(Rejected, "invalid_request", meaning)


def _refused(code: str, meaning: str) -> Row:
    verdict = Verdict(Rejected, code)
    return Row(meaning, _ODD_LOOK_UP, verdict, verdict)


PLESK: Final[Mapping[int, Row]] = {
    1001: _operator("login_refused", "authentication failed"),
    1002: _refused(ALREADY_EXISTS, "user account already exists"),
    1003: _later("panel_not_ready", "agent initialisation failed"),
    1004: _operator("panel_not_set_up", "initial setup not completed"),
    1005: _operator("protocol_not_supported", "XML API version not supported"),
    1006: _operator(PERMISSION_DENIED, "permission denied"),
    1007: _refused(ALREADY_EXISTS, "inserted data already exists"),
    1008: _later("panel_busy", "multiple access denied"),
    1009: _operator("licence", "licence key is bad"),
    1010: _operator("access_denied", "access to the panel denied"),
    1011: _operator("account_disabled", "account disabled"),
    1012: _operator("login_locked", "login locked"),
    1013: Row(
        "object does not exist", Verdict(Done, "absent"), Verdict(Rejected, NOT_FOUND), Verdict(Done, "gone_already")
    ),
    1014: _bug("request invalid"),
    1015: _refused("owner_not_found", "owner of the object not found"),
    1017: _operator(FEATURE_MISSING, "feature not available"),
    1018: _operator("ip_address", "IP address not found"),
    INVALID_VALUE: _refused("invalid_value", "invalid value"),
    1023: Row(
        "operation failed",
        Verdict(Unavailable, "operation_failed"),
        Verdict(Uncertain, "operation_failed"),
        Verdict(Uncertain, "operation_failed"),
    ),
    1024: _operator("limit_reached", "limit of the licence, plan or reseller reached"),
    1025: _bug("wrong status value"),
    1026: _operator(FEATURE_MISSING, "component not installed"),
    1027: _operator("ip_address", "operation with an IP address failed"),
    1029: _operator("login_refused", "unknown authentication method"),
    1030: _operator("licence", "licence expired"),
    1031: _operator(FEATURE_MISSING, "component not configured"),
    1032: _operator("ip_address", "wrong network interface"),
    1033: _refused("customer_incomplete", "customer account incomplete"),
    1050: _operator(FEATURE_MISSING, "webmail not available"),
    2300: _refused(VENDOR_ERROR, "old extended code"),
    8002: _refused("certificate_refused", "the contents of a certificate cannot be used"),
    11003: _operator("secret_key_refused", "secret key not valid, often from another address"),
    14008: _operator("database_server", "type of database server not supported"),
    14009: _operator("database_server", "database server not configured"),
}

TRANSPORT: Final[Mapping[type[httpx.RequestError], tuple[Sent, str]]] = {
    httpx.ConnectTimeout: (Sent.NOTHING, "connect_timeout"),
    httpx.ConnectError: (Sent.NOTHING, "unreachable"),
    httpx.PoolTimeout: (Sent.NOTHING, "connections_busy"),
    httpx.ProxyError: (Sent.NOTHING, "unreachable"),
    httpx.UnsupportedProtocol: (Sent.NEVER, "endpoint"),
    httpx.LocalProtocolError: (Sent.NEVER, "endpoint"),
    httpx.TooManyRedirects: (Sent.NEVER, "endpoint"),
    httpx.ReadTimeout: (Sent.PERHAPS, "read_timeout"),
    httpx.WriteTimeout: (Sent.PERHAPS, "write_timeout"),
    httpx.ReadError: (Sent.PERHAPS, "connection_lost"),
    httpx.WriteError: (Sent.PERHAPS, "connection_lost"),
    httpx.CloseError: (Sent.PERHAPS, "connection_lost"),
    httpx.RemoteProtocolError: (Sent.PERHAPS, "connection_lost"),
    httpx.DecodingError: (Sent.PERHAPS, "unreadable_answer"),
    # The families, for what a later version of httpx may add.
    httpx.TimeoutException: (Sent.PERHAPS, "timeout"),
    httpx.NetworkError: (Sent.PERHAPS, "connection_lost"),
    httpx.ProtocolError: (Sent.PERHAPS, "connection_lost"),
    httpx.TransportError: (Sent.PERHAPS, "connection_lost"),
    httpx.RequestError: (Sent.PERHAPS, "connection_lost"),
}

THROTTLED: Final = 429
STATUS: Final[Mapping[int, str]] = {401: "login_refused", 403: "access_denied", 404: "endpoint"}
DEFAULT_RETRY_AFTER: Final = 60.0


def verdict(code: int, text: str, command: Command) -> Verdict:
    """The table's entry. One code has two meanings that only its text tells apart: 1019 also means "login taken"."""
    if code == INVALID_VALUE and "already exist" in text.lower():
        return PLESK[1007].verdict(command)
    return PLESK.get(code, UNKNOWN).verdict(command)


def failure(code: int, text: str, command: Command) -> Failure | None:
    """The outcome for an error that Plesk reported; None when it is an answer (absent, gone already)."""
    found = verdict(code, text, command)
    if issubclass(found.outcome, Done):
        return None
    meaning = PLESK.get(code, UNKNOWN).meaning
    return found.outcome(found.code, f"Plesk error {code} ({meaning}): {text or 'no text'}", vendor_code=str(code))


def from_transport(error: httpx.RequestError, command: Command) -> Failure:
    """The outcome for a connection that failed."""
    if _distrust(error):
        return Misconfigured("certificate_not_trusted", f"the server's certificate is not trusted: {error}")
    sent, code = next(TRANSPORT[kind] for kind in type(error).__mro__ if kind in TRANSPORT)
    if sent is Sent.NEVER:  # not quoted: it may be a header, credentials and all, that it complains about
        return Misconfigured(code, f"{type(error).__name__}; {sent.value}")
    message = f"{type(error).__name__}: {error}; {sent.value}"
    return Unavailable(code, message) if sent is Sent.NOTHING else _broken(code, message, command)


def from_status(response: httpx.Response, command: Command) -> Failure | None:
    """The outcome for an HTTP status other than success; None for success, with which Plesk reports errors too."""
    status = response.status_code
    if response.is_success:
        return None
    message = f"HTTP status {status} instead of an answer"
    if status == THROTTLED:
        return Throttled("throttled", message, retry_after=_retry_after(response), vendor_code=str(status))
    if response.is_server_error or status == httpx.codes.REQUEST_TIMEOUT:
        return _broken("bad_gateway", message, command)
    return Misconfigured(STATUS.get(status, "endpoint"), message, vendor_code=str(status))


def unreadable(reason: str, command: Command) -> Failure:
    """The outcome for an answer that cannot be understood."""
    return _broken("unreadable_answer", f"the answer cannot be understood: {reason}", command)


@contextmanager
def after_effect() -> Iterator[None]:
    """Something was changed in this call already: what fails from here on is no longer known not to be executed."""
    try:
        yield
    except Unavailable as failed:
        message = f"{failed.message} (after a change that was accepted)"
        raise Uncertain(failed.code, message, vendor_code=failed.vendor_code) from failed


def _broken(code: str, message: str, command: Command) -> Failure:
    """A look-up is simply asked again; for anything else nobody knows whether it happened."""
    return Unavailable(code, message) if command is Command.GET else Uncertain(code, message)


def _distrust(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else DEFAULT_RETRY_AFTER
