"""Commands: what to send, and what to know about it before it is sent.

A `Command` is a recipe. The session that sends it gives it a client transaction id, which is new each time, and the
extensions that this server serves. epptools writes the XML; no module outside this package knows that.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from epptools import Client, Contact, Domain, EppException, Frame, Host, Poll

from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Rejected

Build = Callable[[str, frozenset[str]], str]
"""Writes the frame: (client transaction id, URIs of the extensions in use) -> XML."""

_ILLEGAL: Final = frozenset(map(chr, (*range(0x20), 0xFFFE, 0xFFFF))) - {"\t", "\n", "\r"}  # XML 1.0 §2.2
_writing: Final = threading.Lock()  # epptools swaps a table of the interpreter while it writes a frame


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `transform`: it changes something, so that a lost reply leaves an unknown outcome.

    `name` is the object and the verb (`domain-create`, `poll-ack`), at most 24 characters; the table of result codes
    goes by it, and it is part of the client transaction id. `secrets` are hidden wherever the exchange is shown.
    """

    name: str
    build: Build
    transform: bool = False
    secrets: tuple[Secret, ...] = ()

    @property
    def is_check(self) -> bool:
        """True for checks, which registries limit apart from other commands."""
        return self.name.endswith("-check")

    def frame(self, cl_trid: str, extensions: frozenset[str] = frozenset()) -> bytes:
        """The frame's XML. Raises Rejected `command_invalid` when EPP cannot say it; nothing was sent then."""
        try:
            text = self.build(cl_trid, extensions)
            _refuse_illegal(text)
            return text.encode()
        except (EppException, UnicodeEncodeError, _IllegalCharacter) as error:
            raise Rejected("command_invalid", f"{self.name} cannot be written: {_said(error)}") from None


class Draft:
    """Takes epptools' frame where its client would send it."""

    def __init__(self, cl_trid: str) -> None:
        self._frame = Frame.command(cl_trid)
        client = cast("Client", self)  # its commands call nothing but `frame` and `request`
        self.domain, self.contact, self.host, self.poll = Domain(client), Contact(client), Host(client), Poll(client)

    def frame(self) -> Frame:
        """The one frame of this draft."""
        return self._frame

    def request(self, frame: Frame) -> None:
        """Nothing is sent."""

    def text(self) -> str:
        """The frame as XML."""
        with _writing:
            return self._frame.to_xml()


class _IllegalCharacter(ValueError):
    """XML cannot carry one of the characters."""


def _refuse_illegal(text: str) -> None:
    if not _ILLEGAL.isdisjoint(text):
        raise _IllegalCharacter("XML cannot carry one of the characters")


def _said(error: Exception) -> str:
    """What may be repeated of it: the error of an encoding quotes the whole text, secrets included."""
    return "UTF-8 cannot carry one of the characters" if isinstance(error, UnicodeEncodeError) else str(error)
