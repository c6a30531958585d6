"""Revoking a certificate at its authority."""

from typing import Final

from provisioner.orders.certificates import REVOCATION_REASONS
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.certificates import parties
from provisioner.workflows.certificates.ordered import AUTHORITY, Current, Ordered
from provisioner.workflows.certificates.standing import UPKEEP
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import NEVER, CertificateUse, ServiceChange
from provisioner.workflows.operation import Operation

NO_LONGER_NEEDED: Final = "cessationOfOperation"


@workflow("certificate.revoke")
def revoke(op: Operation) -> ServiceChange:
    """Revoke it. A website that goes on is looked after at once, and gets a new one with a new key.

    Raises Rejected `nothing_there`, and `not_revocable` for what another has issued: that only its issuer can revoke.
    """
    current = Current.of(op)
    if current is None:
        raise Rejected("nothing_there", "there is no certificate here that could be revoked")
    if current.source != AUTHORITY:
        raise Rejected("not_revocable", "this certificate was not issued here; please ask its issuer to revoke it")
    reason = str(op.inputs.get("reason") or "unspecified")
    op.step("revoke", parties.authority(op).revoke, current.chain, REVOCATION_REASONS.get(reason, 0))
    goes_on = reason != NO_LONGER_NEEDED and Ordered.of(op).auto_renew and not parties.hosting_is_going(op)
    if goes_on:
        op.follow_up(UPKEEP, resource=f"service:{op.service.service_id}")
    return ServiceChange(
        None,
        data={"revoked": True},
        uses=(CertificateUse(current.facts.fingerprint, revoked=True),),
        upkeep=None if goes_on else NEVER,
    )
