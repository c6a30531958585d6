"""Who takes part in the making of a certificate: the authority, the DNS of the world, and the hosting's panel."""

from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.certificates import CertificateAuthority, CertificateHost, NameChecks, Site
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.certificates.problems import HOSTING_GONE, WORDS
from provisioner.workflows.operation import Operation


def authority(op: Operation) -> CertificateAuthority:
    """The authority of the certificate."""
    found: CertificateAuthority = op.at(op.service.vendor_account)
    return found


def name_checks(op: Operation) -> NameChecks:
    """What sees the names as the authority does; it goes with it."""
    found: NameChecks = op.at(op.service.vendor_account)
    return found


def host(op: Operation) -> CertificateHost:
    """The panel on which the website is."""
    found: CertificateHost = op.at(op.parent.vendor_account)
    return found


def site(op: Operation) -> Site:
    """The website that the certificate is for. Raises Rejected `hosting_gone` when it was never made."""
    hosting = op.parent
    if hosting.ref is None:
        raise Rejected(HOSTING_GONE, WORDS[HOSTING_GONE])
    return Site(
        hosting.ref,
        str(hosting.attributes["domain"]),
        str(hosting.data.get("login") or ""),
        hosting.password or Secret(""),
    )


def hosting_is_gone(op: Operation) -> bool:
    """Whether the hosting is gone for good: what is being cancelled may stay, and what failed may be tried again."""
    return op.parent.status is ServiceStatus.CANCELLED


def hosting_is_made(op: Operation) -> bool:
    """Whether the website has been made, as far as the hosting's own operations have come."""
    return op.parent.ref is not None and op.parent.status is not ServiceStatus.FAILED
