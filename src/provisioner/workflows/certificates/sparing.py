"""What a website uses already, and whether an installation that follows by itself leaves it in use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provisioner.orders.certificates import CUSTOMER, CertificateFacts, covers, facts_of
from provisioner.orders.siblings import Sibling
from provisioner.workflows.certificates import parties, serving
from provisioner.workflows.certificates.ordered import Current
from provisioner.workflows.certificates.standing import UPKEEP
from provisioner.workflows.journal import Upkeep
from provisioner.workflows.operation import Operation

SECOND: Final = timedelta(seconds=1)
UPLOADED: Final = "the website serves a certificate that was uploaded for it, which is valid; it was left in use"
MORE_NAMES: Final = "the website serves a certificate that is good for more names; it was left in use"
INSTALLED_LATER: Final = "the website serves a certificate that was installed after this one; it was left in use"
NEWER: Final = "the website serves a newer certificate; it was left in use"


@dataclass(frozen=True, slots=True)
class Spared:
    """Why another certificate is left in use, and until when at most."""

    reason: str
    until: datetime

    @property
    def after(self) -> Upkeep:
        """The first moment at which it is no longer valid; RFC 5280 section 4.1.2.5 counts whole seconds."""
        return Upkeep(self.until + SECOND, UPKEEP)


def spared(op: Operation, current: Current) -> Spared | None:
    """Why what the site uses is left in use; None when it is not, and when the installation has begun.

    Of what cannot be seen, what is known counts.
    """
    chain = serving.look(op, "served-before").get("chain")
    if op.has_begun("install"):
        return None
    siblings = [Sibling.from_json(each) for each in op.inputs.get("siblings") or ()]
    if chain is None:
        return _spared_unseen(op, current, siblings)
    served = facts_of(chain)
    reason = _reason(op, current.facts, served, siblings)
    return None if reason is None else Spared(reason, served.not_after)


def _spared_unseen(op: Operation, current: Current, siblings: Sequence[Sibling]) -> Spared | None:
    """The site cannot be reached, or serves nothing valid."""
    for sibling in siblings:
        if sibling.is_used_at(op.now):
            reason = _reason_of(op, current.facts, sibling, sibling.names)
            return None if reason is None else Spared(reason, sibling.not_after)
    return None


def _reason(op: Operation, ours: CertificateFacts, served: CertificateFacts, siblings: Sequence[Sibling]) -> str | None:
    """Ours are known by their fingerprints; what nobody here knows is the customer's own, or the panel's.

    What was brought is nobody else's, whoever has taken it for the panel's.
    """
    known = next((each for each in siblings if served.fingerprint in each.fingerprints), None)
    is_brought = known is not None and known.is_live and known.source == CUSTOMER
    before = None if is_brought else op.service.data.get("installed_fingerprint")
    if served.fingerprint in (ours.fingerprint, before):
        return None
    if not any(covers(name, parties.site(op).domain) for name in served.names):
        return None
    if known is not None and not known.is_live:
        return None
    newer = NEWER if served.not_before > ours.not_before else None
    if known is not None:
        return _reason_of(op, ours, known, served.names) or newer
    if served.issuer != ours.issuer:
        return f"the website serves a certificate of {served.issuer}, which is valid; it was left in use"
    return newer


def _reason_of(op: Operation, ours: CertificateFacts, sibling: Sibling, names: Sequence[str]) -> str | None:
    """What was there before and made room for another does not push it aside; a new one does, unless a name is lost."""
    if sibling.source == CUSTOMER:
        return UPLOADED
    if not all(any(covers(own, name) for own in ours.names) for name in names):
        return MORE_NAMES
    return INSTALLED_LATER if op.service.data.get("installed_fingerprint") == ours.fingerprint else None
