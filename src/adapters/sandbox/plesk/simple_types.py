"""The simple types that the content models name. No facets are published; what the names say is checked."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final

Check = Callable[[str], bool]

_INTEGER = re.compile(r"[+-]?[0-9]{1,400}")
_DOUBLE = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

EMPTY: Final = frozenset(
    {
        "NoneType",
        "GetProtosType",
        "DomainRestrictionListType",
        "DomainRestrictionEnableType",
        "DomainRestrictionDisableType",
    }
)
ENUMERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "domainHType": ("vrt_hst", "std_fwd", "frm_fwd", "none"),
    "ipType": ("shared", "exclusive"),
    "booleanWithDefault": ("true", "false", "default"),
    "ZoneType": ("master", "slave"),
    "result_status": ("ok", "error"),
}


def _whole(low: int, high: int) -> Check:
    return lambda text: _INTEGER.fullmatch(text) is not None and low <= int(text) <= high


def _parses(parse: Callable[[str], object], shape: re.Pattern[str] | None = None) -> Check:
    def check(text: str) -> bool:
        if shape is not None and not shape.fullmatch(text):
            return False
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


_INT = _whole(-(2**31), 2**31 - 1)
_UNSIGNED = _whole(0, 2**32 - 1)
_LONG = _whole(-(2**63), 2**63 - 1)
_DATE_TIME = _parses(datetime.fromisoformat, re.compile(r"[0-9]{4}-.*T.*"))

ATOMIC: Final[Mapping[str, Check]] = {
    "int": _INT,
    "integer": lambda text: _INTEGER.fullmatch(text) is not None,
    "long": _LONG,
    "size": _LONG,
    "unsignedInt": _UNSIGNED,
    "id_type": _UNSIGNED,
    "objectStatus": _UNSIGNED,
    "boolean": lambda text: text in ("true", "false", "1", "0"),
    "double": lambda text: _DOUBLE.fullmatch(text) is not None,
    "date": _parses(date.fromisoformat, _DATE),
    "datetime": _DATE_TIME,
    "dateTime": _DATE_TIME,
    "ip_address": _parses(ipaddress.ip_address),
}


def fault_of(type_name: str, text: str) -> str | None:
    """Why `text` is no value of that type, in libxml's words; None when it is one, or when any text would be."""
    name = type_name.removeprefix("base: ")
    value = text.strip()
    if name in EMPTY and value:
        return "Character content is not allowed, because the content type is empty."
    if name in ENUMERATIONS and value not in ENUMERATIONS[name]:
        allowed = ", ".join(f"'{each}'" for each in ENUMERATIONS[name])
        return f"[facet 'enumeration'] The value '{text}' is not an element of the set {{{allowed}}}."
    if name in ATOMIC and not ATOMIC[name](value):
        return f"'{text}' is not a valid value of the atomic type '{name}'."
    return None
