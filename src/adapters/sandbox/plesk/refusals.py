"""How the panel says no: error codes of the XML API, for one operation or for the whole packet.

Source: Plesk's reduced list of error codes; the words are those of public recordings where there are any.
"""

from enum import IntEnum


class Code(IntEnum):
    """The error codes that are given here."""

    AUTHENTICATION_FAILED = 1001
    VERSION_UNKNOWN = 1005
    PERMISSION_DENIED = 1006
    ALREADY_EXISTS = 1007
    MISSING = 1013
    INVALID_PACKET = 1014
    OWNER_MISSING = 1015
    NOT_SUPPORTED = 1017
    IP_MISSING = 1018
    INVALID_VALUE = 1019
    FAILED = 1023
    LIMIT_REACHED = 1024
    STATUS_WRONG = 1025
    BAD_PRIVATE_KEY = 8002
    SECRET_KEY_INVALID = 11003


# A fault with one of these codes answers for the whole packet, as the panel's own checks before any operation do.
SYSTEM_CODES = frozenset({1001, 1003, 1004, 1005, 1008, 1009, 1010, 1011, 1012, 1014, 1029, 1030, 11003})


class Refusal(Exception):
    """One operation (or one object of it) is refused."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class SystemRefusal(Refusal):
    """The whole packet is refused; no operation was looked at."""


def invalid(text: str) -> Refusal:
    """A value that the panel does not take (1019)."""
    return Refusal(Code.INVALID_VALUE, text)


def missing(text: str) -> Refusal:
    """An object that does not exist (1013)."""
    return Refusal(Code.MISSING, text)


def exists(text: str) -> Refusal:
    """An object that is there already (1007)."""
    return Refusal(Code.ALREADY_EXISTS, text)
