"""Extensions that epptools writes too narrowly, or not at all."""

import re
from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element

from epptools import EppException, Frame

from adapters.epp import xml
from adapters.epp.namespaces import FEE, RGP
from adapters.epp.templates import Filling
from provisioner.ports.registrar import Price, RestoreReport

_AMOUNT: Final = re.compile(r"\d{1,12}(\.\d{1,6})?")
_OURS: Final = (
    "This registrar has not restored the Registered Name in order to assume the rights to use or sell the Registered "
    "Name for itself or for any third party."
)
_TRUE: Final = (
    "The information in this report is true to best of this registrar's knowledge, and this registrar acknowledges "
    "that intentionally supplying false information in this report shall constitute an incurable material breach of "
    "the Registry-Registrar Agreement."
)
_STATEMENTS: Final = (_OURS, _TRUE)  # RFC 3915 §5: the two that every registrar makes
_MOST_STATEMENTS: Final = 2


class NotExpressible(EppException):
    """EPP has no way to say this."""


def add_fee(frame: Frame, verb: str, price: Price | None, extensions: frozenset[str]) -> None:
    """The most that may be charged (RFC 8748 §5.2), always with its currency.

    Left out where the registry serves no fees: it would refuse the command, and has one price for every name.
    """
    if price is None or FEE not in extensions:
        return
    if not _AMOUNT.fullmatch(price.amount):
        raise NotExpressible(f"{price.amount!a} is not a decimal amount")
    agreed = frame.ns(frame.extension(), FEE, f"fee:{verb}")
    frame.ns(agreed, FEE, "fee:currency", price.currency.upper())
    frame.ns(agreed, FEE, "fee:fee", price.amount)


def add_restore_report(frame: Frame, report: RestoreReport) -> None:
    """The report after a restore (RFC 3915 §4.2.5)."""
    restore = frame.ns(frame.ns(frame.extension(), RGP, "rgp:update"), RGP, "rgp:restore", None, {"op": "report"})
    element = frame.ns(restore, RGP, "rgp:report")
    unchanged = f"{report.domain}: the same before its deletion and after its restore."
    for name, text in (
        ("preData", unchanged),
        ("postData", unchanged),
        ("delTime", report.deleted_at),
        ("resTime", report.restored_at),
        ("resReason", report.reason),
    ):
        frame.ns(element, RGP, f"rgp:{name}", text)
    for statement in (report.statements or _STATEMENTS)[:_MOST_STATEMENTS]:
        frame.ns(element, RGP, "rgp:statement", statement)


def add_filling(frame: Frame, filling: Filling | None) -> None:
    """What a registry wants beyond the RFCs, as the operator wrote it down."""
    if filling is not None:
        _add_copy(frame, frame.extension(), filling.root, filling.prefixes)


def _add_copy(frame: Frame, parent: Element, element: Element, prefixes: Mapping[str, str]) -> None:
    uri = xml.namespace(element)
    made = frame.ns(parent, uri, f"{prefixes[uri]}:{xml.local(element)}", element.text, dict(element.attrib))
    made.tail = element.tail
    for child in element:
        _add_copy(frame, made, child, prefixes)
