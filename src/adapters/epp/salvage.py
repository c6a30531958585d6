"""A message of the queue whose answer cannot be read: it is known by its id, so that it does not stay in the way."""

import re
from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import unescape

from adapters.epp import redaction
from adapters.epp.parsing import MESSAGE
from adapters.epp.replies import Polled, Reply
from provisioner.kernel.secret import Secret

_PREFIX: Final = r"<(?:[\w.-]+:)?"
_IS_MESSAGE: Final = re.compile(rf"{_PREFIX}result\s[^<>]*?\bcode\s*=\s*[\"']{MESSAGE}[\"']")
_ID: Final = re.compile(rf"{_PREFIX}msgQ\s(?:[^<>]*?\s)?id\s*=\s*(?:\"([^\"<>]+)\"|'([^'<>]+)')")
_QUEUED_AT: Final = re.compile(rf"{_PREFIX}qDate>\s*([^<>]*?)\s*</")
_CL_TRID: Final = re.compile(rf"{_PREFIX}trID>\s*{_PREFIX}clTRID>\s*([^<>]*?)\s*</")
_QUOTES: Final = {"&quot;": '"', "&apos;": "'"}


def polled(frame: bytes, cl_trid: str, why: str, secrets: Iterable[Secret] = ()) -> Reply | None:
    """The answer to a poll of this transaction id as far as it goes; None where it names no message."""
    text = frame.decode("utf-8", "replace")
    message_id, answered = _ID.search(text), _CL_TRID.search(text)
    if _IS_MESSAGE.search(text) is None or message_id is None or (answered and answered[1] != cl_trid):
        return None
    queued_at = _QUEUED_AT.search(text)
    message = Polled(
        message_id=unescape(message_id[1] or message_id[2], _QUOTES),
        queued_at=queued_at[1] if queued_at else "",
        text=f"The registry's message cannot be read: {why}.",
        kind="other",
        domain="",
        data={},
        raw=redaction.shown_unread(text, secrets),
        is_whole=False,
    )
    return Reply(MESSAGE, message.text, cl_trid, data=message)
