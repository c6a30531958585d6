"""The table: every result code of RFC 5730 §3 has exactly one outcome for each kind of command.

    1xxx        Done, or Pending where the registry decides later (1001)
    20xx-23xx   the command was refused: Rejected, Misconfigured, or not executed for now (Unavailable)
    2400, 2500  failed somewhere within: a question is asked again, of a change nobody knows whether it took effect
    2501, 2502  the session was refused, and the command with it

Questions have answers among the refusals: 2303 is "absent", 2201 "not ours", 2202 "another authorisation code".
A verdict with `look` is only as good as what is there: the registry may have refused a repetition of what we did
ourselves, so the operation looks before it believes the refusal. Codes that no RFC names are judged by their hundreds.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from adapters.epp import pointers
from adapters.epp.commands import Command
from adapters.epp.replies import Reply
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done, Failure, Misconfigured, Pending, Rejected, Unavailable, Uncertain

Outcome: TypeAlias = type[Failure] | type[Done] | type[Pending]


class Act(StrEnum):
    """A kind of command, a column of the table."""

    ASK = "question"
    CREATE = "create"
    RENEW = "renew"
    UPDATE = "update"
    DELETE = "delete"
    TRANSFER = "transfer"
    ANSWER = "answer"
    RESTORE = "restore"
    REPORT = "report"
    CONTACT = "contact"
    HOST = "host"
    ACK = "ack"


ACTS: Final[Mapping[str, Act]] = {
    "domain-create": Act.CREATE,
    "domain-renew": Act.RENEW,
    "domain-update": Act.UPDATE,
    "domain-delete": Act.DELETE,
    "domain-transfer-request": Act.TRANSFER,
    "domain-transfer-cancel": Act.ANSWER,
    "domain-transfer-approve": Act.ANSWER,
    "domain-transfer-reject": Act.ANSWER,
    "domain-restore-request": Act.RESTORE,
    "domain-restore-report": Act.REPORT,
    "contact-create": Act.CONTACT,
    "contact-update": Act.CONTACT,
    "host-create": Act.HOST,
    "host-update": Act.HOST,
    "host-delete": Act.HOST,
    "poll-ack": Act.ACK,
}
"""The column of each command that changes something."""

SPENDING: Final = frozenset({Act.CREATE, Act.RENEW, Act.TRANSFER, Act.RESTORE})
"""Commands that carry the fee which we agree to."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One outcome and our stable code; `look`: it stands only if a look does not show that it is so already."""

    outcome: Outcome
    code: str
    look: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What one code means: for most commands `usual`, for some another verdict."""

    meaning: str
    usual: Verdict
    other: Mapping[Act, Verdict] = field(default_factory=dict)

    def verdict(self, act: Act) -> Verdict:
        """The column of this kind of command."""
        return self.other.get(act, self.usual)


def _done(code: str = "done") -> Verdict:
    return Verdict(Done, code)


def _no(code: str) -> Verdict:
    return Verdict(Rejected, code)


def _look(code: str) -> Verdict:
    return Verdict(Rejected, code, look=True)


def _later(code: str) -> Verdict:
    return Verdict(Unavailable, code)


def _operator(code: str) -> Verdict:
    return Verdict(Misconfigured, code)


_ODD_ANSWER: Final = _later("vendor_error")
_FAILED: Final = (Verdict(Uncertain, "command_failed"), {Act.ASK: _later("command_failed")})
_NOT_SUPPORTED: Final = (
    _operator("not_supported"),
    {act: _no("not_supported") for act in (Act.UPDATE, Act.DELETE, Act.ANSWER, Act.RESTORE, Act.REPORT, Act.ACK)},
)
"""What every order needs is for an operator to set right; what some registries do without is refused alone."""

_INCOMPLETE: Final = (_no("invalid_request"), {Act.CONTACT: _no("contact_invalid")})
_BAD_VALUE: Final = (_no("invalid_value"), {Act.CONTACT: _no("contact_invalid"), Act.CREATE: _no("name_not_allowed")})
_POLICY: Final = (
    _look("policy"),
    {
        Act.ASK: _no("name_not_allowed"),
        Act.CREATE: _look("name_not_allowed"),
        Act.RENEW: _look("not_renewable"),
        Act.TRANSFER: _look("transfer_refused"),
        Act.RESTORE: _look("not_restorable"),
        Act.REPORT: _look("not_restorable"),
        Act.CONTACT: _look("contact_invalid"),
        Act.HOST: _look("host_refused"),
        Act.ACK: _no("policy"),
    },
)

TABLE: Final[Mapping[int, Row]] = {
    1000: Row("completed", _done()),
    1001: Row(
        "completed; action pending",
        _done("accepted"),
        {act: Verdict(Pending, "accepted") for act in SPENDING},
    ),
    1300: Row("completed; no messages", _done("no_messages")),
    1301: Row("completed; acknowledge to dequeue", _done("message")),
    1500: Row("completed; ending session", _done()),
    2000: Row("unknown command", *_NOT_SUPPORTED),
    2001: Row("command syntax error", *_INCOMPLETE),
    2002: Row("command use error", _later("command_use")),
    2003: Row("required parameter missing", *_INCOMPLETE),
    2004: Row("parameter value range error", *_BAD_VALUE),
    2005: Row("parameter value syntax error", *_BAD_VALUE),
    2100: Row("unimplemented protocol version", *_NOT_SUPPORTED),
    2101: Row("unimplemented command", *_NOT_SUPPORTED),
    2102: Row("unimplemented option", *_NOT_SUPPORTED),
    2103: Row("unimplemented extension", *_NOT_SUPPORTED),
    2104: Row("billing failure", _operator("balance_too_low")),
    2105: Row(
        "not eligible for renewal",
        _no("not_renewable"),
        {Act.ASK: _ODD_ANSWER, Act.RENEW: _look("not_renewable"), Act.RESTORE: _look("not_restorable")},
    ),
    2106: Row(
        "not eligible for transfer",
        _no("transfer_locked"),
        {Act.ASK: _ODD_ANSWER, Act.TRANSFER: _look("transfer_locked"), Act.ANSWER: _look("transfer_locked")},
    ),
    2200: Row("authentication error", _operator("login_refused")),
    2201: Row(
        "authorisation error",
        _no("not_ours"),
        {
            Act.ASK: _done("not_ours"),
            Act.CREATE: _look("not_authorised"),
            Act.TRANSFER: _look("transfer_locked"),
            Act.ANSWER: _look("not_ours"),
        },
    ),
    2202: Row(
        "invalid authorisation information",
        _no("auth_code_refused"),
        {Act.ASK: _done("auth_code_differs"), Act.TRANSFER: _no("auth_code_wrong")},
    ),
    2300: Row(
        "object pending transfer",
        _later("transfer_pending"),
        {Act.CREATE: _look("domain_taken"), Act.TRANSFER: _look("transfer_locked")},
    ),
    2301: Row(
        "object not pending transfer",
        _look("no_transfer"),
        {Act.ASK: _done("no_transfer"), Act.ANSWER: _done("no_transfer"), Act.ACK: _no("no_transfer")},
    ),
    2302: Row(
        "object exists",
        _look("exists"),
        {
            Act.ASK: _ODD_ANSWER,
            Act.CREATE: _look("domain_taken"),
            Act.CONTACT: _look("handle_taken"),
            Act.ACK: _no("exists"),
        },
    ),
    2303: Row(
        "object does not exist",
        _look("not_found"),
        {
            Act.ASK: _done("absent"),
            Act.DELETE: _done("gone_already"),
            Act.ANSWER: _done("gone_already"),
            Act.ACK: _done("gone_already"),
            Act.CREATE: _no("object_unknown"),
            Act.UPDATE: _look("object_unknown"),
            Act.RESTORE: _look("not_restorable"),
            Act.REPORT: _look("not_restorable"),
            Act.CONTACT: _no("not_found"),
            Act.HOST: _no("host_refused"),
        },
    ),
    2304: Row(
        "object status prohibits operation",
        _look("status_prohibits"),
        {
            Act.ASK: _ODD_ANSWER,
            Act.TRANSFER: _look("transfer_locked"),
            Act.RESTORE: _look("not_restorable"),
            Act.REPORT: _look("not_restorable"),
            Act.ACK: _no("status_prohibits"),
        },
    ),
    2305: Row("object association prohibits operation", _no("in_use"), {Act.ASK: _ODD_ANSWER}),
    2306: Row("parameter value policy error", *_POLICY),
    2307: Row("unimplemented object service", *_NOT_SUPPORTED),
    2308: Row("data management policy violation", *_POLICY),
    2400: Row("command failed", *_FAILED),
    2500: Row("command failed; server closing connection", *_FAILED),
    2501: Row("authentication error; server closing connection", _operator("login_refused")),
    2502: Row("session limit exceeded; server closing connection", _later("session_limit")),
}

UNKNOWN_DONE: Final = Row("1xxx, in no RFC", _done())
UNKNOWN_REFUSAL: Final = Row("2xxx, in no RFC", _look("vendor_error"), {Act.ASK: _ODD_ANSWER})
UNKNOWN_FAILURE: Final = Row("24xx and above, in no RFC", *_FAILED)

ABSENT: Final = 2303
"""To a question: there is no such object."""

ANOTHER_CODE: Final = 2202
"""To a question: the object has another authorisation code."""

PRICE: Final = 2004
"""With a fee in the command, this code means that the fee is not enough (RFC 8748 §3.8)."""


_FIRST_REFUSAL: Final = 2000
_FIRST_FAILURE: Final = 2400
_DEFAULT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "auth_code_wrong": ("/auth_code",),
    "domain_taken": (pointers.DOMAIN,),
    "host_refused": ("/name",),
    "name_not_allowed": (pointers.DOMAIN,),
    "price_too_high": ("/max_price",),
}
"""What a code of ours is about, where the registry names nothing."""
_UNKNOWN_OBJECTS: Final = {"/nameservers": "host_unknown", "/contacts": "contact_unknown"}


def row(code: int) -> Row:
    """The table's row; for a code that no RFC names, the row of its hundreds."""
    if code in TABLE:
        return TABLE[code]
    if code < _FIRST_REFUSAL:
        return UNKNOWN_DONE
    return UNKNOWN_REFUSAL if code < _FIRST_FAILURE else UNKNOWN_FAILURE


def verdict(code: int, act: Act) -> Verdict:
    """The table's entry."""
    return row(code).verdict(act)


def act_of(command: Command) -> Act:
    """The column of a command. What changes nothing is a question."""
    return ACTS[command.name] if command.transform else Act.ASK


def failure(
    reply: Reply, command: Command, *, priced: bool = False, values: Mapping[str, str] | None = None
) -> Failure | None:
    """The outcome for a reply; None when it is an answer or a success.

    `priced`: the command named a fee. `values`: what of the customer's was sent, with its JSON pointer.
    """
    act = act_of(command)
    found = verdict(reply.code, act)
    if not issubclass(found.outcome, Failure):
        return None
    fields = pointers.named_in(reply, command.name, values or {})
    code = _refined(found.code, reply.code, act, fields, priced=priced)
    message = f"EPP result {reply.code} ({row(reply.code).meaning}): {_words(reply, command.secrets)}"
    if found.outcome is Rejected:
        return Rejected(code, message, vendor_code=str(reply.code), fields=fields or _DEFAULT_FIELDS.get(code, ()))
    return found.outcome(code, message, vendor_code=str(reply.code))


def wants_a_look(refused: Rejected, act: Act) -> bool:
    """Whether what the registry refused may be so already."""
    code = refused.vendor_code or ""
    return code.isdigit() and verdict(int(code), act).look


def with_words(refused: Rejected, code: str, words: str, *fields: str) -> Rejected:
    """The same refusal, of which a look has shown more."""
    message = f"{words} ({refused.message})"
    return Rejected(code, message, vendor_code=refused.vendor_code, fields=fields or refused.fields)


@contextmanager
def after_effect() -> Iterator[None]:
    """Something was changed in this call already: what fails from here on is no longer known not to be executed."""
    try:
        yield
    except Unavailable as failed:
        message = f"{failed.message} (after a change that was accepted)"
        raise Uncertain(failed.code, message, vendor_code=failed.vendor_code) from failed


def _refined(code: str, vendor_code: int, act: Act, fields: tuple[str, ...], *, priced: bool) -> str:
    """The table's code, or a closer one when the registry names the element that it did not like."""
    if vendor_code == PRICE and priced and set(fields) <= {"/max_price"}:
        return "price_too_high"
    if act is Act.CREATE and code == "name_not_allowed" and fields and pointers.DOMAIN not in fields:
        return "invalid_value"
    if code == "object_unknown" and fields:
        return next((closer for start, closer in _UNKNOWN_OBJECTS.items() if fields[0].startswith(start)), code)
    return code


def _words(reply: Reply, secrets: tuple[Secret, ...]) -> str:
    """What the registry said, and its transaction id, by which its support finds the command."""
    said = [reply.message, *(reason.text for reason in reply.reasons)]
    told = "; ".join(dict.fromkeys(text for text in said if text)) or "no text"
    for secret in filter(None, secrets):
        told = told.replace(secret.reveal(), "***")
    return f"{told} (svTRID {reply.sv_trid})" if reply.sv_trid else told
