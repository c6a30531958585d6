"""Bytes to JSON values, with every limit checked before it can hurt."""

import json
import math
import re
from collections import Counter
from typing import Any, Final

from provisioner.messages.unreadable import Fault, Reason

DEEPEST: Final = 16
LONGEST_INTEGER: Final = 18  # digits: every such number fits into 64 bits

# Strings are consumed whole, an unterminated one to the end, so that the search is linear in the size of the body.
_BRACKET_OR_STRING = re.compile(rb'[\[\]{}]|"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def parse(raw: bytes, size_limit: int) -> Any:
    """The JSON value of `raw`, at most `size_limit` bytes. Raises Fault for anything that is not strict JSON.

    Stricter than RFC 8259 where it leaves room: no key twice, no number beyond 64 bits, no nesting beyond 16 levels.
    """
    if len(raw) > size_limit:
        raise Fault(Reason.TOO_LARGE, f"The body has {len(raw)} bytes; the limit is {size_limit}.")
    text = _text(raw)
    if _depth(raw) > DEEPEST:
        raise Fault(Reason.TOO_DEEP, f"Objects and arrays are nested more than {DEEPEST} levels deep.")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Fault(Reason.NOT_JSON, f"The body is not JSON: {error.msg} at {where}.") from None


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault(Reason.NOT_UTF8, f"The body is not UTF-8: byte {error.start} does not fit.") from None


def _depth(raw: bytes) -> int:
    opened = raw.count(b"[") + raw.count(b"{")
    return opened if opened <= DEEPEST else _exact_depth(raw)


def _exact_depth(raw: bytes) -> int:
    depth = deepest = 0
    for token in _BRACKET_OR_STRING.finditer(raw):
        match token[0]:
            case b"[" | b"{":
                depth += 1
                deepest = max(deepest, depth)
            case b"]" | b"}":
                depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise Fault(Reason.DUPLICATE_KEY, f'The key "{twice[:60]}" appears twice in one object.')
    return members


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > LONGEST_INTEGER:
        raise Fault(Reason.TOO_LONG, f"A whole number has more than {LONGEST_INTEGER} digits.")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Fault(Reason.TOO_LONG, "A number is too large.")
    return number


def _constant(name: str) -> Any:
    raise Fault(Reason.NOT_JSON, f"The body is not JSON: {name} is no JSON number.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)
