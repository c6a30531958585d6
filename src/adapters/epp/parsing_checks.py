"""Answers to checks, with what a name would cost (RFC 8748 §5.1.1)."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element

from epptools import Response

from adapters.epp import xml
from adapters.epp.namespaces import FEE
from adapters.epp.replies import Checked, Fee

_DECIMAL: Final = re.compile(r"[+-]?(\d{1,15}(\.\d{0,10})?|\.\d{1,10})")


def checked(data: Element, response: Response) -> tuple[Checked, ...]:
    """Each name or handle with its fee, if the answer has one. Raises ValueError."""
    fees = dict(_fees(response))
    return tuple(_checked(each, fees) for each in xml.children(data, "cd"))


def _checked(element: Element, fees: dict[str, Fee]) -> Checked:
    subject = next((each for each in element if "avail" in each.attrib), None)
    name = xml.own_text(subject)
    available = subject is not None and xml.true(subject.get("avail"))
    return Checked(name, available, xml.text(element, "reason"), fees.get(name.lower()))


def _fees(response: Response) -> Iterator[tuple[str, Fee]]:
    for data in response.root.iter(f"{{{FEE}}}chkData"):
        currency = xml.text(data, "currency")
        for element in xml.children(data, "cd"):
            yield xml.text(element, "objID").lower(), _fee(element, currency)


def _fee(element: Element, currency: str) -> Fee:
    command = xml.child(element, "command")
    served = element.get("avail", "1") not in ("0", "false")
    return Fee(
        command="" if command is None else command.get("name", ""),
        amount=_sum(command) if served else "",
        currency=currency,
        years=int(xml.text(command, "period") or 1),
        fee_class=xml.text(element, "class"),
        reason=xml.text(element, "reason") or xml.text(command, "reason"),
    )


def _sum(command: Element | None) -> str:
    """All fees and credits together; empty when there is none. A single one stays as the registry wrote it."""
    amounts = (*xml.texts(command, "fee"), *xml.texts(command, "credit"))
    if not all(map(_DECIMAL.fullmatch, amounts)):
        raise ValueError("an amount is no decimal")
    if len(amounts) == 1:
        return amounts[0]
    return format(sum(map(Decimal, amounts)), "f") if amounts else ""
