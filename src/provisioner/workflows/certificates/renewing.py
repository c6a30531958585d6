"""Renewing a certificate. The old one stays in use until the new one is installed."""

from datetime import timedelta
from typing import Final

from provisioner.orders.certificates import CUSTOMER, PANEL
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.certificates import serving
from provisioner.workflows.certificates.issuing import NOBODY, NOT_HERE
from provisioner.workflows.certificates.obtaining import Terms, obtain
from provisioner.workflows.certificates.ordered import Current
from provisioner.workflows.certificates.problems import NO_METHOD, as_data, is_problem
from provisioner.workflows.certificates.standing import (
    found_on_panel,
    install_next,
    is_urgent,
    issued_by_authority,
    next_try,
    tomorrow,
)
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import NEVER, ServiceChange
from provisioner.workflows.operation import Operation

PATIENCE: Final = timedelta(hours=3)
"""After it the renewal ends, and the upkeep starts it anew on the next day."""


@workflow("certificate.renew")
def renew(op: Operation) -> ServiceChange:
    """Obtain the certificate that follows `fingerprint`. Where another has followed it already, nothing is left to do.

    What goes wrong is told; operators hear of it when little time is left.
    """
    current = Current.of(op)
    if op.service.status is ServiceStatus.CANCELLED:  # by what was accepted while the upkeep began this
        return ServiceChange(None, upkeep=NEVER)
    if not _is_needed(op, current):
        return ServiceChange(None)
    if current is not None and current.source == CUSTOMER:
        raise Rejected("not_renewable", "this certificate was uploaded; please upload the one that follows it")
    try:
        return _renewed(op, current)
    except Rejected as refused:
        if not is_problem(refused) or current is None or _is_for_operators(op, current):
            raise
        again = tomorrow(op) if refused.code == NO_METHOD else next_try(op, current.facts)
        return ServiceChange(None, data=as_data(refused), upkeep=again)


def _is_needed(op: Operation, current: Current | None) -> bool:
    """Whether the service still has the certificate that this is to follow. Earlier versions do not say which."""
    replaced = op.inputs.get("fingerprint")
    if replaced is None:
        return current is not None or op.service.status is not ServiceStatus.FAILED
    return current is not None and current.facts.fingerprint == replaced


def _is_for_operators(op: Operation, current: Current) -> bool:
    """That the site of a suspended hosting has no certificate hurts nobody."""
    return is_urgent(current.facts, op.now) and op.parent.status is not ServiceStatus.SUSPENDED


def _patience(op: Operation, current: Current | None) -> timedelta:
    """What has expired long ago is seldom mended in these hours: one order is made for it."""
    is_over = current is not None and current.facts.not_after <= op.accepted_at
    return timedelta() if is_over else PATIENCE


def _renewed(op: Operation, current: Current | None) -> ServiceChange:
    patience = _patience(op, current)
    terms = Terms.when_names_lead_here(op, patience)
    if terms.source == PANEL:
        return found_on_panel(op, None, serving.await_any(op, PATIENCE))
    if terms.source == NOBODY:
        raise Rejected(NO_METHOD, NOT_HERE)
    issued, csr = obtain(op, terms, patience, replaces=_replaces(op, current))
    install_next(op, automatic=True)
    return issued_by_authority(op, None, issued, csr)


def _replaces(op: Operation, current: Current | None) -> str:
    """What was revoked has nothing that follows it."""
    return "" if current is None or current.source == PANEL or op.service.data.get("revoked") else current.chain
