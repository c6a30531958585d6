"""Who takes part in the making of a certificate: the authority, the DNS of the world, and the hosting's panel."""

from typing import Final

from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.certificates import CertificateAuthority, CertificateHost, NameChecks, Site
from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.workflows.certificates.looking import ever_more_slowly
from provisioner.workflows.certificates.problems import AUTHORITY_UNAVAILABLE, HOSTING_GONE, HOSTING_NOT_MADE, WORDS
from provisioner.workflows.operation import Operation

LOOK_EVERY: Final = 60.0
"""In seconds, while the hosting is being made."""


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


def not_made_yet(op: Operation) -> Done | Pending | None:
    """What a wait is to say while the hosting is being made, or may be tried again; None when it is there or gone."""
    if hosting_is_made(op) or hosting_is_gone(op):
        return None
    return ever_more_slowly(Pending(LOOK_EVERY, WORDS[HOSTING_NOT_MADE]), since=op.accepted_at, now=op.now)


def late(op: Operation) -> str:
    """The code of a wait for the hosting's panel that its deadline has ended."""
    return AUTHORITY_UNAVAILABLE if not_made_yet(op) is None else HOSTING_NOT_MADE
