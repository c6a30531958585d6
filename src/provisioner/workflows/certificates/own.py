"""Certificates that customers bring: a CSR for another authority, and what they have got there.

What they bring was checked when it was accepted, and refused with the reason if it cannot be used.
"""

from provisioner.workflows.certificates.ordered import csr_of
from provisioner.workflows.certificates.problems import NO_PROBLEM
from provisioner.workflows.certificates.standing import brought_by_customer, install_next
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import ServiceChange
from provisioner.workflows.operation import Operation


@workflow("certificate.generate-csr")
def generate_csr(_op: Operation) -> ServiceChange:
    """Tell of the CSR that was made when this was accepted. The service waits for the certificate."""
    return ServiceChange(None, data=NO_PROBLEM)


@workflow("certificate.upload")
def upload(op: Operation) -> ServiceChange:
    """Keep the certificate with its key, and install it if that is wanted."""
    install = bool(op.inputs.get("install", True))
    if install:
        install_next(op, automatic=False)
    chain = str(op.inputs["chain"])
    csr = str(op.inputs.get("csr") or csr_of(op, chain))
    return brought_by_customer(op, chain, csr, install=install, warnings=op.inputs.get("warnings") or ())
