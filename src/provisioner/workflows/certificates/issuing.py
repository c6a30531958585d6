"""The first certificate of a website: from the authority, or found where the panel obtains it by itself."""

from datetime import timedelta
from typing import Final

from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Done
from provisioner.workflows.certificates import serving
from provisioner.workflows.certificates.obtaining import Terms, obtain
from provisioner.workflows.certificates.ordered import PANEL
from provisioner.workflows.certificates.problems import NO_METHOD
from provisioner.workflows.certificates.standing import found_on_panel, install_next, issued_by_authority
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import NEVER, ServiceChange
from provisioner.workflows.operation import Operation

NOBODY: Final = "none"
PATIENCE: Final = timedelta(days=30)
NOT_HERE: Final = "on this server nobody obtains certificates; you can upload one"


@workflow("certificate.issue")
def issue(op: Operation) -> ServiceChange:
    """Obtain the certificate when the names lead here; then it is installed, and renewed for ever."""
    terms = Terms.asked(op, PATIENCE)
    if terms.source == PANEL:
        return found_on_panel(op, ServiceStatus.ACTIVE, serving.await_any(op, PATIENCE))
    if terms.source == NOBODY:
        told = {"problem": NOT_HERE, "problem_code": NO_METHOD}
        return op.service_is(ServiceStatus.FAILED, Done(data=told), upkeep=NEVER, reason=NOT_HERE)
    issued, csr = obtain(op, terms, PATIENCE)
    install_next(op, automatic=True)
    return issued_by_authority(op, ServiceStatus.ACTIVE, issued, csr)
