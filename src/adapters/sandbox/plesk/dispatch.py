"""From a packet to its answer: each operation in series, each with its own result, and the fault plan in between."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sandbox.faults import Fault, FaultPlan, Rule
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.plesk import answers, damage, packet
from adapters.sandbox.plesk.call import Call, Caller, Handler
from adapters.sandbox.plesk.operators import (
    access,
    certificate,
    customer,
    dns,
    mail,
    server,
    service_plan,
    site,
    webspace,
)
from adapters.sandbox.plesk.packet import Packet
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.refusals import SYSTEM_CODES, Code, Refusal, SystemRefusal
from adapters.sandbox.serving import Connection, Reply

OPERATIONS: Final[Mapping[str, Handler]] = {
    **customer.OPERATIONS,
    **webspace.OPERATIONS,
    **site.OPERATIONS,
    **dns.OPERATIONS,
    **mail.OPERATIONS,
    **certificate.OPERATIONS,
    **access.OPERATIONS,
    **service_plan.OPERATIONS,
    **server.OPERATIONS,
}
_UNMARKED: Final = frozenset({"passwd", "password", "value", "pvt", "csr", "cert", "ca"})


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Runs the operations of packets on one panel."""

    panel: Panel
    ledger: Ledger
    faults: FaultPlan

    def run(self, request: Packet, caller: Caller, connection: Connection, *, pretty: bool = False) -> Reply:
        """The answer to a packet. Raises SystemRefusal, and ConnectionError when the simulator stops meanwhile.

        An answer that the fault plan has damaged is damaged after all operations of the packet were run.
        """
        answer = answers.packet(request.version, ())
        struck: Rule | None = None
        for operator in request.root:
            if operator.tag == "request-settings":
                continue
            shown = answers.branch(operator.tag)
            answer.append(shown)
            for operation in operator:
                rule = self._take(operator, operation)
                if rule is not None and rule.fault in damage.BEFORE_EFFECT:
                    return damage.before_effect(rule)
                results = self._perform(f"{operator.tag}.{operation.tag}", operation, caller, connection, rule)
                shown.append(answers.branch(operation.tag, *results))
                struck = struck or rule
        reply = damage.whole(packet.write(answer, pretty=pretty))
        return reply if struck is None else damage.after_effect(struck, reply)

    def _take(self, operator: Element, operation: Element) -> Rule | None:
        return self.faults.take(f"{operator.tag}.{operation.tag}", marks(operation))

    def _perform(
        self, name: str, operation: Element, caller: Caller, connection: Connection, rule: Rule | None
    ) -> Sequence[Element]:
        call = Call(self.panel, caller, name, self.ledger)
        if rule is None:
            return self._apply(call, operation)
        if rule.fault is Fault.REFUSE:
            return [_refusal(rule)]
        if rule.fault is Fault.LATE_SUCCESS:
            connection.wait_until_gone()
        if rule.fault in (Fault.DELAY, Fault.LATE_SUCCESS):
            connection.wait(rule.seconds)
        results = self._apply(_marred(call, rule), operation)
        return [_failure(rule)] if rule.fault is Fault.FAIL_AFTER_EFFECT else results

    def _apply(self, call: Call, operation: Element) -> Sequence[Element]:
        handler = OPERATIONS.get(call.operation, _not_simulated)
        if not call.caller.is_admin:
            return [answers.refused(Refusal(Code.PERMISSION_DENIED, "Permission denied."))]
        try:
            with self.panel.lock:
                return handler(call, operation)
        except Refusal as refusal:
            return [answers.refused(refusal)]


def marks(operation: Element) -> Iterator[str]:
    """The texts of a request that a fault rule may match: names, references, identifiers; no passwords."""
    for element in operation.iter():
        if element.tag not in _UNMARKED and element.text and element.text.strip():
            yield element.text.strip()


def _refusal(rule: Rule) -> Element:
    """The refusal that a rule asks for; some codes answer for the whole packet."""
    text = rule.text or "Refused by the fault plan."
    if rule.code in SYSTEM_CODES:
        raise SystemRefusal(rule.code, text)
    return answers.refused(Refusal(rule.code, text))


def _failure(rule: Rule) -> Element:
    return answers.refused(Refusal(rule.code or Code.FAILED, rule.text or "Operation failed."))


def _marred(call: Call, rule: Rule) -> Call:
    """The operation with what the rule changes in it."""
    return replace(
        call,
        problems=rule.text if rule.fault is Fault.PROBLEMS else "",
        half_done=rule.fault is Fault.HALF_DONE,
        seen_after=rule.seconds if rule.fault is Fault.SEEN_LATE else 0.0,
    )


def _not_simulated(call: Call, operation: Element) -> Sequence[Element]:
    del operation
    raise Refusal(Code.NOT_SUPPORTED, f"{call.operation} is not simulated.")
