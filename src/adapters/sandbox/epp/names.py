"""Domain and host names: their syntax, and which zone they belong to."""

import ipaddress
import re
from typing import Final

from adapters.sandbox.epp.records import Address
from adapters.sandbox.epp.refusals import Code, Refusal

_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAX_NAME: Final = 253
_NAME_AND_SUFFIX: Final = 2


def normal(text: str, element: str) -> str:
    """A name in small letters. Raises Refusal (2005) for what is none; names are A-labels."""
    name = text.strip().lower()
    labels = name.split(".")
    if len(labels) < _NAME_AND_SUFFIX or len(name) > _MAX_NAME or not all(_is_label(label) for label in labels):
        raise Refusal(Code.VALUE, f"{element} is no name", element, text)
    return name


def zone_of(name: str, zones: tuple[str, ...]) -> str:
    """The longest zone that this name lies in, or nothing."""
    fitting = [zone for zone in zones if name.endswith(f".{zone}")]
    return max(fitting, key=len, default="")


def registrable(name: str, zones: tuple[str, ...]) -> str:
    """The domain that could be registered and that this name is or lies within, or nothing."""
    zone = zone_of(name, zones)
    if not zone:
        return ""
    label = name[: -len(zone) - 1].rpartition(".")[2]
    return f"{label}.{zone}"


def address(text: str, version: str, element: str) -> Address:
    """An address of a host. Raises Refusal (2005)."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError as error:
        raise Refusal(Code.VALUE, "This is no IP address", element, text) from error
    if version not in ("v4", "v6") or found.version != int(version[1]):
        raise Refusal(Code.VALUE, f"This is no IP{version} address", element, text)
    return Address(str(found), version)


def _is_label(label: str) -> bool:
    return _LABEL.fullmatch(label) is not None and (label[2:4] != "--" or label.startswith("xn--"))
