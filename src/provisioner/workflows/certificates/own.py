"""Certificates that customers bring: a CSR for another authority, and what they have got there.

What they bring was checked when it was accepted, and refused with the reason if it cannot be used.
"""

from provisioner.workflows.certificates.problems import NO_PROBLEM
from provisioner.workflows.certificates.standing import brought_by_customer, install_next
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import ServiceChange
from provisioner.workflows.operation import Operation


@workflow("certificate.generate-csr")
def generate_csr(op: Operation) -> ServiceChange:
    """Tell of the CSR that was made with the service's key. The service waits for the certificate."""
    return ServiceChange(None, data=NO_PROBLEM, attributes={"csr": op.service.attributes["csr"]})


@workflow("certificate.upload")
def upload(op: Operation) -> ServiceChange:
    """Keep the certificate with its key, and install it if that is wanted."""
    install = bool(op.inputs.get("install", True))
    if install:
        install_next(op, automatic=False)
    csr = str(op.service.attributes.get("csr") or "")
    return brought_by_customer(op, op.inputs["chain"], csr, install=install, warnings=op.inputs.get("warnings") or ())
