"""The kinds of fields that contracts are made of. A pattern stands once, beside the rule in words that users read."""

import base64
import re
from datetime import date, datetime
from ipaddress import ip_address
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError


class Contract(BaseModel):
    """A part of a message: strict types, no field that is not named here, never changed once read."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


def broken(rule: str, at: str = "") -> PydanticCustomError:
    """The error of a check of our own. `rule` follows the name of the place; `at` is a JSON pointer from there on."""
    return PydanticCustomError("rule", rule, {"at": at})


_NO_LINE = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_NO_BLOCK = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"

IDENTIFIER: Final = r"^[A-Za-z0-9._:-]+$"
REFERENCE: Final = r"^[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]+$"
LINE: Final = rf"^[^{_NO_LINE}]*[^\s{_NO_LINE}][^{_NO_LINE}]*$"
BLOCK: Final = rf"^[^{_NO_BLOCK}]*[^\s{_NO_BLOCK}][^{_NO_BLOCK}]*$"
EMAIL: Final = (
    r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]+$"
)
PHONE: Final = r"^\+?[0-9][0-9 ()./-]*$"
COUNTRY: Final = r"^[A-Z]{2}$"
LOCALE: Final = r"^[a-z]{2,3}([-_][A-Z]{2})?$"
LOGIN: Final = r"^[A-Za-z][A-Za-z0-9._-]*$"
WORD: Final = r"^[a-z][a-z0-9_]*$"
NAME: Final = r"^[A-Za-z][A-Za-z0-9._-]*$"
DAY: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
AMOUNT: Final = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,4})?$"
CURRENCY: Final = r"^[A-Z]{3}$"
ADDRESS: Final = r"^[0-9A-Fa-f:.]+$"
HEX: Final = r"^([0-9A-Fa-f]{2})+$"
BASE64: Final = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}(==|[A-Za-z0-9+/]=))?$"
CERTIFICATE_NAME: Final = r"^(\*\.)?[^*]+$"
JSON_TYPE: Final = r"^application/json(; ?charset=[Uu][Tt][Ff]-8)?$"

RULES: Final[dict[str, str]] = {
    IDENTIFIER: "may only have letters, digits, and . _ : -",
    REFERENCE: "must be a URI reference (RFC 3986), without spaces",
    LINE: "must be one line of text, not blank, without control characters",
    BLOCK: "must be text, not blank, without control characters other than line breaks and tabs",
    EMAIL: "must be an e-mail address such as name@example.com",
    PHONE: "must be a telephone number: digits, spaces and + ( ) . / -",
    COUNTRY: "must be an ISO 3166-1 country code of two capital letters, such as DE",
    LOCALE: "must be a language, or a language and a country, such as de or de-DE",
    LOGIN: "may only have letters, digits, and . _ -, with a letter first",
    WORD: "must be a word of small letters, digits and _",
    NAME: "may only have letters, digits, and . _ -, with a letter first",
    DAY: "must be a date such as 2026-01-31",
    AMOUNT: "must be an amount as text with a point, such as 12.00",
    CURRENCY: "must be an ISO 4217 currency of three capital letters, such as EUR",
    ADDRESS: "must be an IPv4 or IPv6 address",
    HEX: "must be an even number of hexadecimal digits",
    BASE64: "must be base64 (RFC 4648, with padding)",
    CERTIFICATE_NAME: "must be a domain name in A-labels, or one with *. in front",
    JSON_TYPE: "must be application/json",
}

Identifier = Annotated[str, Field(min_length=1, max_length=100, pattern=IDENTIFIER)]
Reference = Annotated[str, Field(min_length=1, max_length=200, pattern=REFERENCE)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=LINE)]
Text = Annotated[str, Field(min_length=1, max_length=4_000, pattern=BLOCK)]
Email = Annotated[str, Field(max_length=254, pattern=EMAIL)]
Phone = Annotated[str, Field(max_length=40, pattern=PHONE)]
Country = Annotated[str, Field(pattern=COUNTRY)]
Locale = Annotated[str, Field(max_length=10, pattern=LOCALE)]
Login = Annotated[str, Field(min_length=1, max_length=32, pattern=LOGIN)]
Word = Annotated[str, Field(max_length=60, pattern=WORD)]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=NAME)]
Amount = Annotated[str, Field(max_length=14, pattern=AMOUNT)]
Currency = Annotated[str, Field(max_length=3, pattern=CURRENCY)]
Hex = Annotated[str, Field(min_length=2, max_length=256, pattern=HEX)]
Base64 = Annotated[str, Field(min_length=4, max_length=4_096, pattern=BASE64)]

_Element = TypeVar("_Element")
# A JSON array is a list in Python, which strict typing does not take for a tuple; the elements stay strict.
Several = Annotated[tuple[_Element, ...], Field(strict=False, max_length=100)]
OneOrMore = Annotated[tuple[_Element, ...], Field(strict=False, min_length=1, max_length=100)]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _moment(value: Any) -> datetime:
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise broken("must be a time with its offset (RFC 3339), such as 2026-01-31T12:00:00Z")


Moment = Annotated[
    datetime,
    BeforeValidator(_moment, json_schema_input_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise broken(RULES[DAY]) from None
    return text


# A day as EPP writes it, YYYY-MM-DD; it stays text.
Day = Annotated[str, Field(max_length=10, pattern=DAY), AfterValidator(_day)]


def _address(text: str) -> str:
    try:
        return ip_address(text).compressed
    except ValueError:
        raise broken(RULES[ADDRESS]) from None


# An IP address in its shortest form.
IpAddress = Annotated[str, Field(min_length=2, max_length=45, pattern=ADDRESS), AfterValidator(_address)]

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_RESERVED_LABEL = re.compile(r"..--")
_NAME_AND_TOP_LEVEL = 2
_LONGEST_NAME = 253


def domain_name(name: str) -> str:
    """The name in small letters. Raises PydanticCustomError for what is no full domain name in A-labels."""
    if not name.isascii():
        raise broken("must be given as A-labels (RFC 5890): write each such label as xn--…")
    lowered = name.lower()
    labels = lowered.split(".")
    if len(labels) < _NAME_AND_TOP_LEVEL or len(lowered) > _LONGEST_NAME or not labels[-1] or labels[-1].isdigit():
        raise broken("must be a full domain name such as example.com, without a dot at the end")
    if not all(_LABEL.fullmatch(label) and _is_real(label) for label in labels):
        raise broken("must be a domain name: labels of letters, digits and inner hyphens")
    return lowered


def _is_real(label: str) -> bool:
    if not label.startswith("xn--"):
        return _RESERVED_LABEL.match(label) is None
    try:
        return not label[4:].encode().decode("punycode").isascii()
    except UnicodeError:
        return False


# A name in A-labels; capital letters are taken and lowered (DNS does not tell them apart).
DomainName = Annotated[
    str,
    Field(min_length=1, max_length=_LONGEST_NAME),
    AfterValidator(domain_name),
    WithJsonSchema({"type": "string", "format": "hostname", "maxLength": _LONGEST_NAME}),
]

_SEAL_OVERHEAD = 48  # bytes that a libsodium sealed box adds: an ephemeral key of 32 and a tag of 16
_LONGEST_SECRET = 1_024
LONGEST_KEY: Final = 32_768  # bytes; one of RSA with 16,384 bits has 13,000
LONGEST_PEM: Final = 1_048_576  # characters that are read; how many are taken is said where they are checked
LONGEST_BOX: Final = 16_777_216  # characters; the limit of the whole body, which is checked first, is mostly lower


def _box(text: str) -> str:
    return _box_of_at_most(text, _LONGEST_SECRET)


def _key_box(text: str) -> str:
    return _box_of_at_most(text, LONGEST_KEY)


def _file_box(text: str) -> str:
    return _box_of_at_most(text, LONGEST_BOX)


def _box_of_at_most(text: str, most: int) -> str:
    try:
        size = len(base64.b64decode(text, validate=True))
    except ValueError:
        size = 0
    if not _SEAL_OVERHEAD < size <= _SEAL_OVERHEAD + most:
        raise broken("must be a libsodium sealed box in base64 (RFC 4648, with padding)")
    return text


class Sealed(Contract):
    """A secret that only the worker can open: a libsodium sealed box made with its public key `key_id`."""

    key_id: Identifier
    box: Annotated[
        str,
        Field(max_length=2_000),
        AfterValidator(_box),
        WithJsonSchema({"type": "string", "contentEncoding": "base64", "maxLength": 2_000}),
    ]


class SealedFile(Contract):
    """A whole file that only the worker can open: a libsodium sealed box made with its public key `key_id`.

    It may be as large as fits into a message.
    """

    key_id: Identifier
    box: Annotated[
        str,
        Field(max_length=LONGEST_BOX),
        AfterValidator(_file_box),
        WithJsonSchema({"type": "string", "contentEncoding": "base64", "maxLength": LONGEST_BOX}),
    ]


class SealedKey(Contract):
    """A private key in PEM that only the worker can open: a libsodium sealed box made with its public key `key_id`."""

    key_id: Identifier
    box: Annotated[
        str,
        Field(max_length=2 * LONGEST_KEY),
        AfterValidator(_key_box),
        WithJsonSchema({"type": "string", "contentEncoding": "base64", "maxLength": 2 * LONGEST_KEY}),
    ]


# Certificates as text; what they are is checked against their hosting at acceptance, in words for customers.
PemText = Annotated[str, Field(min_length=1, max_length=LONGEST_PEM, pattern=BLOCK)]
