"""The end of a certificate service. What is installed stays in use until it expires."""

from provisioner.orders.statuses import ServiceStatus
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import NEVER, ServiceChange
from provisioner.workflows.operation import Operation


@workflow("certificate.cancel")
def cancel(_op: Operation) -> ServiceChange:
    """Look after it no longer."""
    return ServiceChange(ServiceStatus.CANCELLED, upkeep=NEVER, wakes=True)
