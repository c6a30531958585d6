"""Result codes of RFC 5730 §3, and the refusal that carries one."""

from enum import IntEnum
from typing import Final


class Code(IntEnum):
    """The result codes that this registry gives."""

    DONE = 1000
    PENDING = 1001
    NO_MESSAGES = 1300
    MESSAGE = 1301
    ENDING = 1500
    UNKNOWN_COMMAND = 2000
    SYNTAX = 2001
    USE = 2002
    MISSING = 2003
    RANGE = 2004
    VALUE = 2005
    VERSION = 2100
    NOT_IMPLEMENTED = 2101
    OPTION = 2102
    EXTENSION = 2103
    BILLING = 2104
    NOT_RENEWABLE = 2105
    NOT_TRANSFERABLE = 2106
    AUTHENTICATION = 2200
    AUTHORIZATION = 2201
    AUTH_INFO = 2202
    TRANSFER_PENDING = 2300
    TRANSFER_NOT_PENDING = 2301
    EXISTS = 2302
    NOT_FOUND = 2303
    STATUS = 2304
    ASSOCIATION = 2305
    POLICY = 2306
    SERVICE = 2307
    DATA_POLICY = 2308
    FAILED = 2400
    FAILED_CLOSING = 2500
    AUTHENTICATION_CLOSING = 2501
    SESSION_LIMIT = 2502


MESSAGES: Final[dict[int, str]] = {
    1000: "Command completed successfully",
    1001: "Command completed successfully; action pending",
    1300: "Command completed successfully; no messages",
    1301: "Command completed successfully; ack to dequeue",
    1500: "Command completed successfully; ending session",
    2000: "Unknown command",
    2001: "Command syntax error",
    2002: "Command use error",
    2003: "Required parameter missing",
    2004: "Parameter value range error",
    2005: "Parameter value syntax error",
    2100: "Unimplemented protocol version",
    2101: "Unimplemented command",
    2102: "Unimplemented option",
    2103: "Unimplemented extension",
    2104: "Billing failure",
    2105: "Object is not eligible for renewal",
    2106: "Object is not eligible for transfer",
    2200: "Authentication error",
    2201: "Authorization error",
    2202: "Invalid authorization information",
    2300: "Object pending transfer",
    2301: "Object not pending transfer",
    2302: "Object exists",
    2303: "Object does not exist",
    2304: "Object status prohibits operation",
    2305: "Object association prohibits operation",
    2306: "Parameter value policy error",
    2307: "Unimplemented object service",
    2308: "Data management policy violation",
    2400: "Command failed",
    2500: "Command failed; server closing connection",
    2501: "Authentication error; server closing connection",
    2502: "Session limit exceeded; server closing connection",
}
CLOSING: Final = frozenset({1500, 2500, 2501, 2502})


class SessionCrash(Exception):
    """The registry's session breaks down over a command; nothing was done."""


class Refusal(Exception):
    """A command is refused. `element` and `value` name what was wrong in it; never a secret."""

    def __init__(self, code: int, reason: str = "", element: str = "", value: str = "") -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason
        self.element = element
        self.value = value
