"""What may be shown of a frame: everything but secrets, by the element's name and by the value.

By value too, because servers quote what they refuse. Texts are brought into canonical form first (C14N 2.0), so that
a secret cannot hide in a CDATA section or behind character references.
"""

import re
from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import canonicalize
from xml.sax.saxutils import escape

from provisioner.kernel.secret import Secret

HIDDEN: Final = "***"
SHORTEST: Final = 4  # a shorter value is hidden by its element only: as a text it would be found everywhere
_SECRET: Final = re.compile(r"(<((?:[\w.-]+:)?(?:pw|newPW))(?:\s[^<>]*)?>)[^<>]*(</\2>)")
_INSIDE_AUTH_INFO: Final = re.compile(r"(<((?:[\w.-]+:)?authInfo)(?:\s[^<>]*)?>)(.*?)(</\2>)", re.DOTALL)
_UNREAD_SECRET: Final = re.compile(r"(<((?:[\w.-]+:)?(?:pw|newPW|authInfo))\b[^<>]*>).*?(</\2\s*>|\Z)", re.DOTALL)
_EXTENDED: Final = re.compile(r"<((?:[\w.-]+:)?ext)(?:\s[^<>]*)?>.*?</\1>", re.DOTALL)


def is_secret(element: str) -> bool:
    """Whether what stands in an element of this local name is a secret."""
    return element in ("pw", "newPW", "authInfo")


def shown(frame: str, secrets: Iterable[Secret] = ()) -> str:
    """A frame that was parsed already, free of secrets. `secrets` are values to hide wherever they appear."""
    text = canonicalize(frame)
    text = _SECRET.sub(rf"\1{HIDDEN}\3", text)
    text = _INSIDE_AUTH_INFO.sub(lambda match: match[1] + _EXTENDED.sub(HIDDEN, match[3]) + match[4], text)
    return scrubbed(text, secrets)


def shown_unread(text: str, secrets: Iterable[Secret] = ()) -> str:
    """The same of what cannot be parsed: the elements of secrets lose all that is in them, if need be to the end."""
    return scrubbed(_UNREAD_SECRET.sub(rf"\1{HIDDEN}\3", text), secrets)


def scrubbed(text: str, secrets: Iterable[Secret]) -> str:
    """The text with every secret value replaced, also as XML writes it."""
    values = {value for secret in secrets if len(value := secret.reveal()) >= SHORTEST}
    for form in sorted({*values, *map(_canonical, values), *map(escape, values)}, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text


def _canonical(value: str) -> str:
    return escape(value, {"\r": "&#xD;"})
