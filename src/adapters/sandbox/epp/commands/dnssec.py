"""Reading the DNSSEC extension (RFC 5910)."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

from adapters.sandbox.epp.commands.parameters import changed
from adapters.sandbox.epp.reading import Part
from adapters.sandbox.epp.records import Domain, DsRecord, KeyRecord
from adapters.sandbox.epp.refusals import Code, Refusal
from adapters.sandbox.epp.settings import RegistrySettings

DnssecRecord = DsRecord | KeyRecord
_DIGEST_LENGTHS: Final = {1: 40, 2: 64, 4: 96}
_BYTE, _WORD = 255, 65535
_TRUE: Final = ("1", "true")


def records(part: Part | None, settings: RegistrySettings) -> tuple[DnssecRecord, ...]:
    """The records of a create, add or rem. Raises Refusal (2005, 2306)."""
    if part is None:
        return ()
    found: list[DnssecRecord] = [_ds(each) for each in part.all("secDNS:dsData")]
    found += [_key(each) for each in part.all("secDNS:keyData")]
    wanted = KeyRecord if settings.dnssec == "key" else DsRecord
    if any(not isinstance(record, wanted) for record in found):
        raise Refusal(Code.POLICY, f"This registry takes {settings.dnssec} data", "secDNS:dsData")
    return tuple(found)


def updated(domain: Domain, extensions: Mapping[str, Part], settings: RegistrySettings) -> tuple[DnssecRecord, ...]:
    """The records after an update. Raises Refusal (2003, 2005, 2306)."""
    update = extensions.get("secDNS:update")
    if update is None:
        return domain.dnssec
    if not update.children:
        raise Refusal(Code.MISSING, "Nothing is to be changed", "secDNS:update")
    removal = update.find("secDNS:rem")
    removed = domain.dnssec if _is_all(removal) else records(removal, settings)
    return changed("record", domain.dnssec, records(update.find("secDNS:add"), settings), removed, "secDNS:dsData")


def signature_life(extension: Part | None, present: int = 0) -> int:
    """`maxSigLife` in seconds, 0 without one. Raises Refusal (2005)."""
    parts = [] if extension is None else [p for p in extension.walk() if p.name == "secDNS:maxSigLife"]
    return _number(parts[-1], 2**31 - 1) if parts else present


def _is_all(removal: Part | None) -> bool:
    return removal is not None and removal.value("secDNS:all") in _TRUE


def _ds(part: Part) -> DsRecord:
    digest, kind = _leaf(part, "secDNS:digest"), _number(_leaf(part, "secDNS:digestType"), _BYTE)
    expected = _DIGEST_LENGTHS.get(kind, len(digest.text))
    if not re.fullmatch(r"([0-9A-Fa-f]{2})+", digest.text) or len(digest.text) != expected:
        raise Refusal(Code.VALUE, "This is no digest of its type", digest.name, digest.text)
    key = part.find("secDNS:keyData")
    return DsRecord(
        _number(_leaf(part, "secDNS:keyTag"), _WORD),
        _number(_leaf(part, "secDNS:alg"), _BYTE),
        kind,
        digest.text.upper(),
        None if key is None else _key(key),
    )


def _key(part: Part) -> KeyRecord:
    public = _leaf(part, "secDNS:pubKey")
    text = public.text.replace(" ", "")
    try:
        valid = bool(base64.b64decode(text, validate=True))
    except binascii.Error:
        valid = False
    if not valid:
        raise Refusal(Code.VALUE, "This is no key in base64", public.name, public.text)
    return KeyRecord(
        _number(_leaf(part, "secDNS:flags"), _WORD),
        _number(_leaf(part, "secDNS:protocol"), _BYTE),
        _number(_leaf(part, "secDNS:alg"), _BYTE),
        text,
    )


def _leaf(part: Part, name: str) -> Part:
    found = part.find(name)
    if found is None:
        raise Refusal(Code.SYNTAX, f"{part.name} needs {name}")
    return found


def _number(part: Part, highest: int) -> int:
    if not part.text.isdecimal() or int(part.text) > highest:
        raise Refusal(Code.VALUE, f"This is a number up to {highest}", part.name, part.text)
    return int(part.text)
