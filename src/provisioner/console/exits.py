"""Exit codes: one table, and the one place that turns an error into a sentence and a code."""

import sys
from enum import IntEnum
from typing import Final

from provisioner.kernel.errors import (
    KeyRingError,
    NotFoundError,
    ProvisionerError,
    RefusedError,
    SettingsError,
    StoreUnavailable,
)
from provisioner.kernel.redaction import redact_text
from provisioner.ports.outcomes import Failure, Misconfigured, Unavailable, Uncertain


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    NOT_FOUND = 3
    SETTINGS = 4
    AWAY = 5
    BUG = 70
    INTERRUPTED = 130


MEANING: Final[dict[Exit, str]] = {
    Exit.OK: "Done.",
    Exit.REFUSED: "Refused or failed: not allowed now, a message was not accepted, `doctor` found something wrong.",
    Exit.USAGE: "The command line was not understood.",
    Exit.NOT_FOUND: "There is no such order, service, operation, server, …",
    Exit.SETTINGS: "A setting, a key or a vendor account is missing or wrong.",
    Exit.AWAY: "The database, the broker or a vendor does not answer; try again later.",
    Exit.BUG: "A fault of the program.",
    Exit.INTERRUPTED: "Interrupted from the keyboard.",
}

# An error's stable code, where it says more than its class.
_BY_CODE: Final[dict[str, Exit]] = {
    "unknown_order": Exit.NOT_FOUND,
    "unknown_service": Exit.NOT_FOUND,
    "unknown_server": Exit.NOT_FOUND,
    "broker_unavailable": Exit.AWAY,
}
_BY_CLASS: Final[tuple[tuple[type[Exception], Exit], ...]] = (
    (NotFoundError, Exit.NOT_FOUND),
    (SettingsError, Exit.SETTINGS),
    (KeyRingError, Exit.SETTINGS),
    (StoreUnavailable, Exit.AWAY),
    (RefusedError, Exit.REFUSED),
    (Misconfigured, Exit.SETTINGS),
    (Unavailable, Exit.AWAY),
    (Uncertain, Exit.AWAY),
    (ProvisionerError, Exit.REFUSED),
    (Failure, Exit.REFUSED),
)


def exit_of(error: ProvisionerError | Failure) -> Exit:
    """The code for an error that a user may meet."""
    by_class = next(code for kind, code in _BY_CLASS if isinstance(error, kind))
    return _BY_CODE.get(error.code, by_class)


def sentence_of(error: ProvisionerError | Failure) -> str:
    """What a user is told: one line, without secrets."""
    return " ".join(redact_text(str(error)).split())


def complain(text: str) -> None:
    """One line on standard error."""
    print(f"provisioner: {text}", file=sys.stderr)  # noqa: T201 - the console's own voice
