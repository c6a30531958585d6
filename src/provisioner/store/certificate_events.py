"""What became of a certificate, told in the transaction of the ending that made it so."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa

from provisioner.messages.events_certificates import CertificateChange, certificate_changed
from provisioner.orders.certificates import CUSTOMER
from provisioner.orders.rollup import ItemError
from provisioner.orders.statuses import OperationState
from provisioner.store.services import lock_service
from provisioner.store.tables import services
from provisioner.store.tables_certificates import certificates
from provisioner.store.writing import Writing
from provisioner.workflows.journal import CertificateUse, Claim, Ending, ServiceChange, ServiceRecord

PRODUCT: Final = "certificate"
CSR_MADE: Final = "certificate.generate-csr"
BY_ITSELF: Final = "automatic"
FAILED: Final = (OperationState.FAILED, OperationState.COMPENSATED)

Change = tuple[CertificateChange, str | None]  # with the certificate's fingerprint, None: the service's newest


def tell_certificate(writing: Writing, claim: Claim, ending: Ending) -> None:
    """Tell each change, at its own place in the service's events; nothing of a service that is no certificate.

    What the operation has failed for is kept as the service's last problem.
    """
    before = claim.service
    if before is None or before.product != PRODUCT:
        return
    for change in _changes(claim, before, ending):
        _tell(writing, before.service_id, change, ending, claim.inputs)


def tell_given_up(writing: Writing, row: Mapping[str, Any], ending: Ending) -> None:
    """Tell the problem of an operation that an operator has ended; nothing of a service that is no certificate."""
    here = (services.c.id == row["service_id"], services.c.product == PRODUCT)
    service_id = writing.connection.scalar(sa.select(services.c.id).where(*here))
    if service_id is not None:
        _tell(writing, service_id, ("problem", None), ending, {})


def _tell(writing: Writing, service_id: str, told: Change, ending: Ending, inputs: Mapping[str, Any]) -> None:
    change, fingerprint = told
    service = _next_version(writing, service_id, ending.problem if change == "problem" else {})
    facts = {"names": service["attributes"].get("names", ()), **_facts(writing, service, fingerprint)}
    if change == "csr_made":
        made = {**service["attributes"], **inputs}
        facts = {"names": made.get("names", ()), "csr": made.get("csr")}
    if change == "problem":
        facts |= _problem(service, ending)
    event = certificate_changed(service["id"], service_id=service["parent_id"], change=change, **facts)
    writing.tell(event, f"service/{service['id']}", service["version"])


def _changes(claim: Claim, before: ServiceRecord, ending: Ending) -> Iterator[Change]:
    if ending.service is not None and ending.state is OperationState.SUCCEEDED:
        yield from _made(claim, before, ending.service)
    if ending.state in FAILED:
        if not is_told(claim.inputs, before.data, ending.error):
            yield "problem", None
    elif ending.service is not None and _is_new_problem(before, ending.service):
        yield "problem", None


def _made(claim: Claim, before: ServiceRecord, change: ServiceChange) -> Iterator[Change]:
    if claim.workflow == CSR_MADE:
        yield "csr_made", None
    if change.certificate is not None and change.certificate.source == CUSTOMER:
        yield "uploaded", None
    elif change.certificate is not None:
        yield ("renewed" if before.data.get("fingerprint") else "issued"), None
    if change.uses:
        yield _use(change.uses)


def _use(uses: tuple[CertificateUse, ...]) -> Change:
    """Where one is installed, that another was removed for it is no news."""
    for use in uses:
        if use.installed_as is not None:
            return "installed", use.fingerprint
    return ("revoked" if uses[0].revoked else "removed"), uses[0].fingerprint


def is_told(inputs: Mapping[str, Any], data: Mapping[str, Any], error: ItemError | None) -> bool:
    """Whether what nobody asked for has failed for what the service has as its last problem: it is tried each day."""
    return error is not None and BY_ITSELF in inputs and data.get("problem_code") == error.code


def _is_new_problem(before: ServiceRecord, change: ServiceChange) -> bool:
    told = dict(change.data or {})
    names = ("problem_code", "problem")
    is_one = told.get("problem_code") is not None
    return is_one and [told.get(name) for name in names] != [before.data.get(name) for name in names]


def _next_version(writing: Writing, service_id: str, problem: Mapping[str, str]) -> Mapping[str, Any]:
    """The service as it is now with this problem, under the number of its next event."""
    service = lock_service(writing.connection, service_id)
    values = {"version": service["version"] + 1, "data": {**service["data"], **problem}}
    writing.execute(sa.update(services).where(services.c.id == service_id).values(**values, updated_at=writing.now()))
    return {**service, **values}


def _facts(writing: Writing, service: Mapping[str, Any], fingerprint: str | None) -> dict[str, Any]:
    """What the certificate says; nothing where there is none yet."""
    wanted = fingerprint or service["data"].get("fingerprint")
    here = (certificates.c.service_id == service["id"], certificates.c.fingerprint == wanted)
    row = writing.connection.execute(sa.select(certificates).where(*here)).mappings().first()
    return {} if row is None else {name: row[name] for name in ("names", "issuer", "not_after", "fingerprint")}


def _problem(service: Mapping[str, Any], ending: Ending) -> dict[str, str | None]:
    """What the operation failed for, else what the service keeps of it."""
    if ending.error is not None:
        return {"code": ending.error.code, "message": ending.error.message}
    return {"code": service["data"].get("problem_code"), "message": service["data"].get("problem")}
