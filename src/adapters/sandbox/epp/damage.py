"""What the fault plan makes of an exchange."""

from dataclasses import replace
from typing import Final

from adapters.sandbox.epp.nodes import Node, write
from adapters.sandbox.epp.wire import Ended, Wire, framed
from adapters.sandbox.faults import Fault, Rule

BEFORE_EFFECT: Final = frozenset({Fault.TIMEOUT_BEFORE_EFFECT, Fault.RESET_BEFORE_EFFECT, Fault.GARBAGE_BEFORE_EFFECT})
AFTER_EFFECT: Final = frozenset({Fault.TIMEOUT_AFTER_EFFECT, Fault.RESET_AFTER_EFFECT, Fault.GARBAGE_AFTER_EFFECT})
_GARBAGE: Final = "<epp><response><result code="
_WRONG_TRANSACTION: Final = "WRONG-TRANSACTION"
_WRONG_NAME, _WRONG_HANDLE = "another-resource.test", "WRONGHANDLE"
_SHORT: Final = 2
_DRIP_SECONDS: Final = 1.0


def deliver(wire: Wire, document: Node, rule: Rule) -> None:
    """Send a document as the rule wants it. Raises Ended when the connection is over after it."""
    if rule.fault in (Fault.TIMEOUT_BEFORE_EFFECT, Fault.TIMEOUT_AFTER_EFFECT):
        wire.wait_until_gone(rule.seconds)
        raise Ended("no answer, by the fault plan")
    if rule.fault in (Fault.RESET_BEFORE_EFFECT, Fault.RESET_AFTER_EFFECT):
        wire.cut()
    if rule.fault in (Fault.GARBAGE_BEFORE_EFFECT, Fault.GARBAGE_AFTER_EFFECT):
        wire.send((rule.text or _GARBAGE).encode())
    elif rule.fault in _BYTES:
        _deliver_bytes(wire, write(document), rule)
    else:
        wire.send(write(_changed(document, rule.fault)))


_BYTES: Final = frozenset({Fault.CUT_IN_REPLY, Fault.BAD_LENGTH, Fault.BAD_UTF8, Fault.SLOW_DRIP})


def _deliver_bytes(wire: Wire, content: bytes, rule: Rule) -> None:
    if rule.fault is Fault.BAD_UTF8:
        wire.send(content.replace(b"</msg>", b"\xff\xfe\xc3</msg>").replace(b"</svID>", b"\xff\xfe\xc3</svID>"))
    elif rule.fault is Fault.SLOW_DRIP:
        wire.drip(framed(content), rule.seconds or _DRIP_SECONDS)
    elif rule.fault is Fault.BAD_LENGTH:
        wire.send_raw((rule.code or _SHORT).to_bytes(4, "big") + content)
    else:
        whole = framed(content)
        wire.send_raw(whole[: len(whole) // 2])
        raise Ended("cut in the answer, by the fault plan")


def _changed(document: Node, fault: Fault) -> Node:
    if fault is Fault.WRONG_TRANSACTION:
        return _with_texts(document, {"clTRID": _WRONG_TRANSACTION})
    if fault is Fault.WRONG_OBJECT:
        names = {f"{prefix}:name": _WRONG_NAME for prefix in ("domain", "host")}
        return _with_texts(document, {**names, "contact:id": _WRONG_HANDLE})
    return document


def _with_texts(node: Node, texts: dict[str, str]) -> Node:
    children = tuple(_with_texts(child, texts) for child in node.children)
    return replace(node, text=texts.get(node.name, node.text) if node.text else "", children=children)
