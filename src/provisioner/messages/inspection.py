"""One walk over a parsed body, before any model sees it: lengths, characters that cannot be stored, plain secrets."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from provisioner.kernel.redaction import is_secret_key
from provisioner.messages.fields import LONGEST_BOX, LONGEST_PEM
from provisioner.messages.unreadable import Fault, Reason

LONGEST_TEXT: Final = 16_384
LONGEST_KEY: Final = 100
MOST_ELEMENTS: Final = 1_000
MOST_MEMBERS: Final = 200

# Keys below these are identifiers that the storefront chose, not names of fields.
_KEYED_BY_ID: Final = frozenset({"corrections"})
_BOX: Final = "box"
# What is sealed may be a whole file, and a chain is long; each contract says how long its own may be.
_LONG_TEXTS: Final = {_BOX: LONGEST_BOX, "certificate": LONGEST_PEM}
_SEALED: Final = frozenset({"key_id", _BOX})
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_PRIVATE_KEY: Final = "PRIVATE KEY-----"

_SEAL_IT: Final = 'seal it to the worker\'s public key as {"key_id": …, "box": …}, or leave it out'
_UNSTORABLE_RULE: Final = "has a NUL character or half of a surrogate pair, which cannot be stored"


@lru_cache(maxsize=1024)
def sounds_secret(name: str) -> bool:
    """Whether what is filed under this name would be redacted, and so must not come in clear. Remembered, for speed."""
    return is_secret_key(name)


def inspect(value: Any) -> None:
    """Raise Fault at the first text, key, array or object that is too long, cannot be stored, or shows a secret."""
    _look_at(value, "", fields=True)


def child(pointer: str, piece: str | int) -> str:
    """The JSON pointer (RFC 6901) of a member or an element."""
    escaped = str(piece).replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{escaped}"


def _look_at(value: Any, pointer: str, *, fields: bool, longest: int = LONGEST_TEXT) -> None:
    if isinstance(value, str):
        _text(value, pointer, longest)
    elif isinstance(value, dict):
        _object(value, pointer, fields=fields)
    elif isinstance(value, list):
        _array(value, pointer)


def _text(text: str, pointer: str, longest: int) -> None:
    _no_longer(len(text), longest, "characters", pointer)
    if _UNSTORABLE.search(text):
        raise _fault(Reason.BAD_CHARACTERS, pointer, _UNSTORABLE_RULE)
    if _PRIVATE_KEY in text:
        raise _fault(Reason.PLAIN_SECRET, pointer, f"shows a private key: {_SEAL_IT}")


def _array(elements: list[Any], pointer: str) -> None:
    _no_longer(len(elements), MOST_ELEMENTS, "elements", pointer)
    for index, element in enumerate(elements):
        _look_at(element, child(pointer, index), fields=True)


def _object(members: dict[str, Any], pointer: str, *, fields: bool) -> None:
    _no_longer(len(members), MOST_MEMBERS, "members", pointer)
    for key, value in members.items():
        _no_longer(len(key), LONGEST_KEY, "characters in a key", pointer)
        if _UNSTORABLE.search(key):
            raise _fault(Reason.BAD_CHARACTERS, pointer, f"has a key that {_UNSTORABLE_RULE}")
        place = child(pointer, key)
        if fields and sounds_secret(key):
            _sealed(value, place)
        longest = _LONG_TEXTS.get(key, LONGEST_TEXT)
        _look_at(value, place, fields=key not in _KEYED_BY_ID, longest=longest)


def _sealed(value: Any, pointer: str) -> None:
    if any(True for _ in _readable(value)):
        raise _fault(Reason.PLAIN_SECRET, pointer, f"must not be readable: {_SEAL_IT}")


def _readable(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.keys() - _SEALED
    return () if value is None else (value,)


def _no_longer(length: int, most: int, what: str, pointer: str) -> None:
    if length > most:
        raise _fault(Reason.TOO_LONG, pointer, f"has {length} {what}; the limit is {most}")


def _fault(reason: Reason, pointer: str, complaint: str) -> Fault:
    return Fault(reason, f"{pointer or 'The body'} {complaint}.", pointer)
