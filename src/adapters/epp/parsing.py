"""From a frame to a `Reply`. Raises UnreadableError where the answer is no EPP, or says what makes no sense."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from xml.etree.ElementTree import Element

from epptools import Response

from adapters.epp import parsing_checks, parsing_objects, parsing_polls, redaction, xml
from adapters.epp.namespaces import CONTACT, DOMAIN, HOST
from adapters.epp.replies import Greeting, Queue, Reason, Reply, ReplyData
from provisioner.kernel.secret import Secret

MESSAGE: Final = 1301
_CODES: Final = range(1000, 3000)

_READERS: Final[Mapping[tuple[str, str], Callable[[Element, Response], ReplyData]]] = {
    (DOMAIN, "chkData"): parsing_checks.checked,
    (CONTACT, "chkData"): parsing_checks.checked,
    (HOST, "chkData"): parsing_checks.checked,
    (DOMAIN, "infData"): parsing_objects.domain,
    (CONTACT, "infData"): parsing_objects.contact,
    (HOST, "infData"): parsing_objects.host,
    (DOMAIN, "creData"): parsing_objects.created,
    (CONTACT, "creData"): parsing_objects.created,
    (HOST, "creData"): parsing_objects.created,
    (DOMAIN, "renData"): parsing_objects.renewed,
    (DOMAIN, "trnData"): parsing_objects.transfer,
    (CONTACT, "trnData"): parsing_objects.transfer,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One frame that came, and what may be shown of it."""

    text: str
    response: Response
    secrets: tuple[Secret, ...] = ()
    is_whole: bool = True

    @classmethod
    def read(cls, frame: bytes, secrets: Iterable[Secret] = (), *, lenient: bool = False) -> "Answer":
        """Parse a frame; `lenient` as in `xml.parse`. Raises UnreadableError."""
        text, response = xml.parse(frame, lenient=lenient)
        return cls(text, response, tuple(secrets), is_whole=frame.endswith(text.encode()))

    def shown(self) -> str:
        """The frame without secrets."""
        return redaction.shown(self.text, self.secrets)

    def reply(self, extensions: frozenset[str] = frozenset()) -> Reply:
        """What it says. Raises UnreadableError."""
        try:
            return self._greeted() if self.response.is_greeting() else self._replied(extensions)
        except (ValueError, ArithmeticError):
            raise xml.UnreadableError("a number in it is none") from None

    def security_events(self) -> tuple[dict[str, str], ...]:
        """What the server warns of at a login (RFC 8807 §3.2): type, level, text, and what else it tells."""
        return tuple(
            {key: self._scrubbed(value) for key, value in event.items()} for event in self.response.security_events()
        )

    def _greeted(self) -> Reply:
        response = self.response
        menu = xml.child(xml.child(response.root, "greeting"), "svcMenu")
        greeting = Greeting(
            server=response.value("svID") or "",
            server_date=response.value("svDate") or "",
            languages=xml.texts(menu, "lang"),
            objects=xml.texts(menu, "objURI"),
            extensions=xml.texts(xml.child(menu, "svcExtension"), "extURI"),
        )
        return Reply(_CODES.start, "", data=greeting, extensions=frozenset(greeting.extensions))

    def _replied(self, extensions: frozenset[str]) -> Reply:
        response = self.response
        if response.code() not in _CODES:
            raise xml.UnreadableError("it has no result code")
        return Reply(
            code=response.code(),
            message=self._scrubbed(response.message() or ""),
            cl_trid=response.cl_trid() or "",
            sv_trid=response.sv_trid() or "",
            reasons=tuple(self._reasons()),
            data=self._data(),
            queue=self._queue(),
            extensions=extensions,
        )

    def _reasons(self) -> Iterable[Reason]:
        for result in xml.children(xml.child(self.response.root, "response"), "result"):
            for extra in xml.children(result, "extValue"):
                yield self._reason(xml.child(extra, "value"), xml.text(extra, "reason"))
            for value in xml.children(result, "value"):
                yield self._reason(value, "")

    def _reason(self, value: Element | None, text: str) -> Reason:
        refused = xml.first(value)
        element = "" if refused is None else xml.local(refused)
        said = xml.own_text(value if refused is None else refused)
        hidden = redaction.HIDDEN if redaction.is_secret(element) else self._scrubbed(said)
        return Reason(element, hidden, self._scrubbed(text))

    def _data(self) -> ReplyData | None:
        if self.response.code() == MESSAGE and self.response.message_id() is not None:
            polled = parsing_polls.polled(self.response, self._scrubbed, self.shown)
            return replace(polled, is_whole=self.is_whole)
        found = xml.first(self.response.res_data())
        if found is None:
            return None
        reader = _READERS.get((xml.namespace(found), xml.local(found)))
        return None if reader is None else reader(found, self.response)

    def _queue(self) -> Queue | None:
        message_id = self.response.message_id()
        return None if message_id is None else Queue(self.response.message_count(), message_id)

    def _scrubbed(self, text: str) -> str:
        return redaction.scrubbed(text, self.secrets)
