"""The postal addresses and other particulars of contacts, checked as registries do (RFC 5733 §2)."""

import re
from typing import Final

from adapters.sandbox.epp.reading import Part
from adapters.sandbox.epp.records import Disclosure, PostalAddress
from adapters.sandbox.epp.refusals import Code, Refusal

HANDLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,14}[A-Za-z0-9]")
_PHONE: Final = re.compile(r"\+[0-9]{1,3}\.[0-9]{1,14}")
_EMAIL: Final = re.compile(r"[^@\s]+@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]{2,}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_POSTAL_CODE: Final = re.compile(r"[A-Za-z0-9 .-]{0,16}")
_MAX_LINE, _MAX_PHONE, _MAX_STREETS = 255, 17, 3
_NO_PLACES: Final = frozenset({"AA", "XX", "ZZ"})


def handle(text: str) -> str:
    """A contact's handle. Raises Refusal (2005)."""
    return _matching(HANDLE, text, "contact:id", "A handle has 3 to 16 letters and digits")


def phone(part: Part | None, name: str) -> str:
    """A telephone number, `+CC.NUMBER`, or nothing. Raises Refusal (2005)."""
    text = "" if part is None else part.value(name)
    if not text:
        return ""
    if len(text) > _MAX_PHONE:
        raise Refusal(Code.VALUE, "The number is too long", name, text)
    return _matching(_PHONE, text, name, "A number is +CC.NUMBER")


def email(text: str) -> str:
    """An e-mail address. Raises Refusal (2005)."""
    if not text.isascii():
        raise Refusal(Code.VALUE, "An e-mail address is in ASCII", "contact:email", text)
    return _matching(_EMAIL, text, "contact:email", "This is no e-mail address")


def postal(body: Part) -> tuple[PostalAddress, ...]:
    """The addresses of a create or change. Raises Refusal (2003, 2005, 2306)."""
    found = tuple(_postal(part) for part in body.all("contact:postalInfo"))
    if len({each.form for each in found}) < len(found):
        raise Refusal(Code.POLICY, "There is one address of each type", "contact:postalInfo")
    return found


def disclosure(body: Part) -> Disclosure | None:
    """What may be shown. Raises Refusal (2005)."""
    part = body.find("contact:disclose")
    if part is None:
        return None
    if part.attributes.get("flag") not in ("0", "1", "true", "false"):
        raise Refusal(Code.VALUE, "flag is 0 or 1", "contact:disclose")
    elements = tuple((each.name.partition(":")[2], each.attributes.get("type", "")) for each in part.children)
    return Disclosure(flag=part.attributes["flag"] in ("1", "true"), elements=elements)


def _postal(part: Part) -> PostalAddress:
    form = part.attributes.get("type", "")
    if form not in ("int", "loc"):
        raise Refusal(Code.VALUE, "type is int or loc", "contact:postalInfo", form)
    address = part.find("contact:addr")
    if part.find("contact:name") is None or address is None or not address.children:
        raise Refusal(Code.MISSING, "An address is given as a whole: name, city, country", "contact:postalInfo")
    for each in part.walk():
        _check_text(each, form)
    return PostalAddress(
        form=form,
        name=_name(part.value("contact:name")),
        organisation=part.value("contact:org"),
        street=_streets(address),
        city=_needed(address, "contact:city"),
        state=address.value("contact:sp"),
        postal_code=_matching(_POSTAL_CODE, address.value("contact:pc"), "contact:pc", "This is no postal code"),
        country=_country(address.value("contact:cc")),
    )


def _check_text(part: Part, form: str) -> None:
    if len(part.text) > _MAX_LINE:
        raise Refusal(Code.VALUE, "A line has at most 255 characters", part.name, part.text)
    if form == "int" and not part.text.isascii():
        raise Refusal(Code.VALUE, "An address of type int is in ASCII", part.name, part.text)


def _name(text: str) -> str:
    """A person's name: no angle brackets, and no part of it a single letter."""
    if not text:
        raise Refusal(Code.MISSING, "A contact needs a name", "contact:name")
    if "<" in text or ">" in text or any(len(word) == 1 and word.isalpha() for word in text.split()):
        raise Refusal(Code.VALUE, "This is no name", "contact:name", text)
    return text


def _streets(address: Part) -> tuple[str, ...]:
    lines = tuple(part.text for part in address.all("contact:street"))
    if len(lines) > _MAX_STREETS:
        raise Refusal(Code.SYNTAX, "An address has at most three lines of street")
    return tuple(line for line in lines if line)


def _needed(address: Part, name: str) -> str:
    text = address.value(name)
    if not text:
        raise Refusal(Code.MISSING, "An address needs it", name)
    return text


def _country(text: str) -> str:
    if text in _NO_PLACES:
        raise Refusal(Code.VALUE, "There is no such country", "contact:cc", text)
    return _matching(_COUNTRY, text, "contact:cc", "A country is two capital letters")


def _matching(pattern: re.Pattern[str], text: str, element: str, reason: str) -> str:
    if not pattern.fullmatch(text):
        raise Refusal(Code.VALUE, reason, element, text)
    return text
