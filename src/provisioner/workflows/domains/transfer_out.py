"""Another registrar asks for a domain of ours."""

from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.registrar import Registrar
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains.missed import leaves
from provisioner.workflows.domains.ordered import Ordered
from provisioner.workflows.domains.standing import SOON, UPKEEP
from provisioner.workflows.journal import ServiceChange, Upkeep
from provisioner.workflows.operation import Operation

ANSWERS = frozenset({"approve", "reject"})


@workflow("domain.transfer-out", port=Registrar)
def answer_transfer(op: Operation, registrar: Registrar) -> ServiceChange:
    """Answer as the TLD's rules say, or let the registry decide; the domain is looked after soon.

    While a transfer is pending, nothing is renewed (see `upkeep`); when it is gone, its service ends. One that was
    approved here needs no second look for that.
    """
    ordered = Ordered.of(op)
    answer = ordered.rules.transfer_out
    if answer in ANSWERS:
        op.step("answer", registrar.answer_transfer, ordered.domain, answer)
    at = op.now if answer == "approve" else op.now + SOON
    upkeep = None if op.service.status is ServiceStatus.CANCELLED else Upkeep(at, UPKEEP)
    return ServiceChange(None, data=leaves(op.now) if answer == "approve" else None, upkeep=upkeep)
