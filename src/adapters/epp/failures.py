"""What trouble on the wire, and a login that was refused, mean for the caller: outcomes of `ports.outcomes`.

Result codes of other commands are not judged here.
"""

from typing import Final

from adapters.epp.commands import Command
from adapters.epp.replies import Reply
from adapters.epp.transport import Closed, Garbled, NotTrusted, Sent, TooSlow, WireError
from provisioner.ports.outcomes import Failure, Misconfigured, Unavailable, Uncertain

CREDENTIALS: Final = frozenset({2200, 2201, 2202, 2501})
SET_UP: Final = frozenset({2000, 2001, 2003, 2004, 2005, 2100, 2101, 2102, 2103, 2306, 2307})

_CODES: Final[dict[type[WireError], str]] = {
    Closed: "connection_lost",
    TooSlow: "no_answer",
    Garbled: "answer_unreadable",
}


def while_opening(error: WireError) -> Failure:
    """No session: nothing that a caller wanted was sent."""
    if isinstance(error, NotTrusted):
        return Misconfigured("not_trusted", str(error))
    return Unavailable(_code(error, "unreachable"), f"no session with the registry: {error}")


def not_let_in(times: int) -> Failure:
    """The server hangs up before its greeting; that often means an address that is not on its list."""
    message = f"the server closed the connection before its greeting, {times} times in a row"
    hint = "is this machine's address on the registry's list of allowed addresses?"
    return Misconfigured("not_let_in", f"{message}: {hint}")


def of_login(reply: Reply) -> Failure:
    """A login that was refused."""
    message = " ".join(filter(None, (reply.message, *(reason.text for reason in reply.reasons))))
    vendor_code = str(reply.code)
    if reply.code in CREDENTIALS:
        return Misconfigured("login_refused", f"the registry refuses the login: {message}", vendor_code=vendor_code)
    if reply.code in SET_UP:
        return Misconfigured("login_not_valid", f"the login does not suit: {message}", vendor_code=vendor_code)
    return Unavailable("login_failed", f"the registry lets nobody in now: {message}", vendor_code=vendor_code)


def while_sending(error: WireError, command: Command) -> Failure:
    """A command without a usable reply."""
    message = f"{command.name}: {error}"
    if command.transform and error.sent is not Sent.NO:
        return Uncertain(_code(error, "connection_lost"), f"{message} ({error.sent.value})")
    return Unavailable(_code(error, "connection_lost"), message)


def _code(error: WireError, default: str) -> str:
    return _CODES.get(type(error), default)
