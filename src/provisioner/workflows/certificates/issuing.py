"""The first certificate of a website: from the authority, or found where the panel obtains it by itself."""

from datetime import timedelta
from typing import Final

from provisioner.orders.certificates import PANEL
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Done, Rejected
from provisioner.workflows.certificates import serving
from provisioner.workflows.certificates.obtaining import SUSPENDED, Terms, obtain
from provisioner.workflows.certificates.problems import (
    AUTHORITY_UNAVAILABLE,
    NO_METHOD,
    NOT_SERVED,
    VALIDATION_FAILED,
    as_data,
)
from provisioner.workflows.certificates.standing import found_on_panel, install_next, issued_by_authority, next_week
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import NEVER, ServiceChange
from provisioner.workflows.operation import Operation

NOBODY: Final = "none"
PATIENCE: Final = timedelta(days=30)
FOR_SUSPENDED: Final = (NO_METHOD, AUTHORITY_UNAVAILABLE, VALIDATION_FAILED, NOT_SERVED)
"""Codes with which it ends for suspended hosting, whose pages show nothing."""
NOT_HERE: Final = "on this server nobody obtains certificates; you can upload one"


@workflow("certificate.issue")
def issue(op: Operation) -> ServiceChange:
    """Obtain the certificate when the names lead here; then it is installed, and renewed for ever.

    Where the hosting stays suspended, or becomes so, the upkeep begins this anew when it is back.
    """
    try:
        return _issued(op)
    except Rejected as refused:
        if refused.code not in FOR_SUSPENDED or op.parent.status is not ServiceStatus.SUSPENDED:
            raise
        return ServiceChange(None, data=as_data(Rejected(NO_METHOD, SUSPENDED)), upkeep=next_week(op))


def _issued(op: Operation) -> ServiceChange:
    terms = Terms.when_names_lead_here(op, PATIENCE)
    if terms.source == PANEL:
        return found_on_panel(op, ServiceStatus.ACTIVE, serving.await_any(op, PATIENCE))
    if terms.source == NOBODY:
        told = {"problem": NOT_HERE, "problem_code": NO_METHOD}
        return op.service_is(ServiceStatus.FAILED, Done(data=told), upkeep=NEVER, reason=NOT_HERE)
    issued, csr = obtain(op, terms, PATIENCE)
    install_next(op, automatic=True)
    return issued_by_authority(op, ServiceStatus.ACTIVE, issued, csr)
