"""Which of the customer's values a registry did not like, as JSON pointers.

A registry names it in `value` or `extValue` of a result (RFC 5730 §2.6), by the element and what was in it; some only
quote the element's name or the value in their text. Where neither says anything, no field is named.
A contact's pointers begin at the contact, a host's at the host; all others at the item's attributes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from adapters.epp.replies import Reason, Reply

DOMAIN: Final = "/domain"

_ELEMENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "domain": {
        "name": DOMAIN,
        "period": "/years",
        "registrant": "/contacts/registrant",
        "contact": "/contacts",
        "ns": "/nameservers",
        "hostObj": "/nameservers",
        "hostAttr": "/nameservers",
        "hostName": "/nameservers",
        "hostAddr": "/nameservers",
        "authInfo": "/auth_code",
        "pw": "/auth_code",
        "curExpDate": "/current_expiry",
        "fee": "/max_price",
        "currency": "/max_price",
        "dsData": "/dnssec",
        "keyTag": "/dnssec",
        "alg": "/dnssec",
        "digestType": "/dnssec",
        "digest": "/dnssec",
        "keyData": "/dnssec",
        "flags": "/dnssec",
        "protocol": "/dnssec",
        "pubKey": "/dnssec",
    },
    "contact": {
        "name": "/name",
        "org": "/organisation",
        "street": "/street",
        "city": "/city",
        "sp": "/state",
        "pc": "/postal_code",
        "cc": "/country",
        "voice": "/phone",
        "fax": "/fax",
        "email": "/email",
    },
    "host": {"name": "/name", "addr": "/addresses"},
}
"""By the object of the command and the local name of the element."""

_QUOTED_ELEMENT: Final = re.compile(r"\b(domain|contact|host|fee|secDNS):([A-Za-z0-9]+)")
_SHORTEST_VALUE: Final = 4
_BETWEEN_WORDS: Final = re.compile(r"[\s'\"(),;]+")


def named_in(reply: Reply, command: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The pointers that a refusal names, without repetitions.

    `command` is the command's name; `values` what the customer gave, with its pointer.
    """
    elements = _ELEMENTS.get(command.partition("-")[0], {})
    found: list[str] = []
    for reason in reply.reasons:
        found.extend(_of_reason(reason, elements, values))
    return tuple(dict.fromkeys(found or _of_text(reply.message, elements, values)))


def _of_reason(reason: Reason, elements: Mapping[str, str], values: Mapping[str, str]) -> Iterable[str]:
    """By the value, which says which of several; else by the element; else by the text."""
    if reason.value in values:
        return (values[reason.value],)
    if reason.element in elements:
        return (elements[reason.element],)
    return _of_text(reason.text, elements, values)


def _of_text(text: str, elements: Mapping[str, str], values: Mapping[str, str]) -> Iterator[str]:
    """What a text quotes: a value, or an element with its prefix."""
    words = set(_BETWEEN_WORDS.split(text))
    yield from (pointer for value, pointer in values.items() if len(value) >= _SHORTEST_VALUE and value in words)
    yield from (elements[name] for _, name in _QUOTED_ELEMENT.findall(text) if name in elements)
