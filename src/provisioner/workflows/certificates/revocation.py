"""Revoking a certificate at its authority: the one that was the newest when this was accepted, or that was named."""

from dataclasses import dataclass
from typing import Final

from provisioner.orders.certificates import AUTHORITY, REVOCATION_REASONS
from provisioner.ports.certificates import CertificateAuthority
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.certificates import parties
from provisioner.workflows.certificates.ordered import Current, Ordered
from provisioner.workflows.certificates.standing import UPKEEP
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import NEVER, CertificateUse, ServiceChange
from provisioner.workflows.operation import Operation

NO_LONGER_NEEDED: Final = "cessationOfOperation"


@workflow("certificate.revoke")
def revoke(op: Operation) -> ServiceChange:
    """Revoke it. A website that goes on with it is looked after at once, and gets a new one with a new key.

    Raises Rejected `nothing_there`, and `not_revocable` for what another has issued: that only its issuer can revoke.
    """
    meant = _Meant.by(op)
    if meant is None:
        raise Rejected("nothing_there", "there is no certificate here that could be revoked")
    if meant.source != AUTHORITY:
        raise Rejected("not_revocable", "this certificate was not issued here; please ask its issuer to revoke it")
    reason = str(op.inputs.get("reason") or "unspecified")
    authority: CertificateAuthority = op.at(meant.account)
    op.step("revoke", authority.revoke, meant.chain, REVOCATION_REASONS.get(reason, 0))
    return _revoked(op, meant.fingerprint, reason)


@dataclass(frozen=True, slots=True)
class _Meant:
    """The certificate that is to be revoked, and the account at which it was issued."""

    fingerprint: str
    chain: str
    source: str
    account: str | None

    @classmethod
    def by(cls, op: Operation) -> "_Meant | None":
        """The one that was pinned at acceptance; else, as by earlier versions, the service's own."""
        given = op.inputs
        if given.get("chain"):
            account = given["account"] or op.service.vendor_account
            return cls(str(given["fingerprint"]), str(given["chain"]), str(given["source"]), account)
        current = Current.of(op)
        if current is None:
            return None
        return cls(current.facts.fingerprint, current.chain, current.source, op.service.vendor_account)


def _revoked(op: Operation, fingerprint: str, reason: str) -> ServiceChange:
    """Whatever has followed it in the meantime stays as it is."""
    use, current = CertificateUse(fingerprint, revoked=True), Current.of(op)
    if current is None or current.facts.fingerprint != fingerprint:
        return ServiceChange(None, uses=(use,))
    goes_on = reason != NO_LONGER_NEEDED and Ordered.of(op).auto_renew and not parties.hosting_is_gone(op)
    if goes_on:
        op.follow_up(UPKEEP, resource=f"service:{op.service.service_id}")
    return ServiceChange(None, data={"revoked": True}, uses=(use,), upkeep=None if goes_on else NEVER)
