"""Certificates and requests for them in PEM, as far as this adapter looks into them."""

from cryptography import x509
from cryptography.x509.oid import NameOID

from provisioner.ports.certificates import CertificateRequest
from provisioner.ports.outcomes import Rejected


def leaf_of(chain: str) -> x509.Certificate | None:
    """The first certificate of a chain; None when there is none that can be read."""
    try:
        return x509.load_pem_x509_certificates(chain.encode())[0]
    except (ValueError, IndexError):
        return None


def is_issued_by(chain: str, name: str) -> bool:
    """Whether the topmost certificate of a chain is issued by an authority of this common name."""
    top = x509.load_pem_x509_certificates(chain.encode())[-1]
    return name in [found.value for found in top.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)]


def tidy(chain: str) -> str:
    """The chain without empty lines, ending in one line break."""
    return "\n".join(line.strip() for line in chain.strip().splitlines() if line.strip()) + "\n"


def csr_of(request: CertificateRequest) -> x509.CertificateSigningRequest:
    """The CSR. Raises Rejected `bad_csr` for what is none, and for one with other names than the request's.

    Authorities refuse that too, some as `unauthorized`, which elsewhere says that an order is not ours.
    """
    try:
        csr = x509.load_pem_x509_csr(request.csr.encode())
    except ValueError:
        raise _bad_csr("this is no certificate signing request in PEM") from None
    if _names(csr) != {name.lower() for name in request.names}:
        raise _bad_csr("the certificate signing request has other names than the order")
    return csr


def _names(csr: x509.CertificateSigningRequest) -> set[str]:
    try:
        names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return set()
    return {name.lower() for name in names.value.get_values_for_type(x509.DNSName)}


def _bad_csr(reason: str) -> Rejected:
    return Rejected("bad_csr", reason, fields=("/csr",))
