"""The table: how each failure of an FTP connection ends, by how far it had got.

    ssl.SSLCertVerificationError   the certificate is a stranger's: this way of showing a challenge is not possible
    ftplib.error_perm (5xx)        refused for good: not possible
    ftplib.error_temp (4xx)        not now, unless something may have been changed
    OSError, EOFError, the others  the connection broke, or what came was no FTP

What makes a challenge impossible here is Rejected `challenge_not_possible`, so that another method may be tried: the
customer may have changed the password of the system user, or filled the disk, and neither is a fault of the account.
A change that broke off is Uncertain, and so is one that is answered with 4xx: it may have been made before that.
"""

import ftplib  # only the names of its exceptions are used here
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Final

from adapters.plesk import redaction
from provisioner.ports.outcomes import Failure, Rejected, Unavailable, Uncertain

NOT_POSSIBLE: Final = "challenge_not_possible"


class Stage(Enum):
    """How far a connection had got; the value says what cannot be done when it is refused there."""

    CONNECTING = "the server's FTP service does not offer TLS"
    LOGIN = "the FTP login of the web space was refused; its password may have been changed in the panel"
    LOOK = "the files of the web space cannot be read"
    CHANGE = "the file cannot be written into the web space"


class _Kind(Enum):
    REFUSED = "refused"
    BUSY = "busy"
    BROKEN = "broken"
    STRANGER = "stranger"


KINDS: Final[Mapping[type[Exception], _Kind]] = {
    ssl.SSLCertVerificationError: _Kind.STRANGER,
    ftplib.error_perm: _Kind.REFUSED,
    ftplib.error_temp: _Kind.BUSY,
    ftplib.error_reply: _Kind.BROKEN,
    ftplib.error_proto: _Kind.BROKEN,
    ftplib.Error: _Kind.BROKEN,
    EOFError: _Kind.BROKEN,
    UnicodeError: _Kind.BROKEN,
    OSError: _Kind.BROKEN,
}

RAISED: Final[tuple[type[Exception], ...]] = (*ftplib.all_errors, UnicodeError)


@contextmanager
def told(stage: Stage, secrets: Iterable[str]) -> Iterator[None]:
    """Turn what ftplib raises into the outcome of the table, with every one of `secrets` taken out of its text."""
    try:
        yield
    except RAISED as error:
        raise failure(error, stage, tuple(secrets)) from None  # the cause may quote what is secret


def failure(error: Exception, stage: Stage, secrets: tuple[str, ...] = ()) -> Failure:
    """The outcome for one exception of ftplib, or of the connection below it."""
    kind = next(KINDS[each] for each in type(error).__mro__ if each in KINDS)
    text = redaction.scrubbed(str(error), secrets) or type(error).__name__
    if kind is _Kind.STRANGER:
        return Rejected(NOT_POSSIBLE, f"the certificate of the server's FTP service is not trusted: {text}")
    if kind is _Kind.REFUSED:
        return Rejected(NOT_POSSIBLE, f"{stage.value}: {text}", vendor_code=text[:3])
    outcome = Uncertain if stage is Stage.CHANGE else Unavailable
    if kind is _Kind.BUSY:
        return outcome("file_server_busy", f"FTP: {text}", vendor_code=text[:3])
    return outcome("timeout" if isinstance(error, TimeoutError) else "file_server_lost", f"FTP: {text}")
