"""Taking a certificate off its website."""

from typing import Final

from provisioner.ports.outcomes import Rejected
from provisioner.workflows.certificates import parties
from provisioner.workflows.certificates.problems import NO_PROBLEM, problem
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import NEVER, CertificateUse, ServiceChange
from provisioner.workflows.operation import Operation

IN_USE: Final = "certificate_in_use"
NONE_OF_OURS: Final = ""
"""As a certificate's name: the site then serves what the panel gives to sites without one."""


@workflow("certificate.remove")
def remove(op: Operation) -> ServiceChange:
    """Take it out of the site's repository: one in use only for another (`replacement`, its name there), or by force.

    It is no longer renewed, until it is installed again. Raises Rejected `certificate_in_use`.
    """
    data = op.service.data
    there = {"name": data.get("installed_as"), "fingerprint": data.get("installed_fingerprint")}
    there = dict(op.write_down("installed", there))
    if there["name"] is None:
        return _removed(())
    try:
        _take_away(op, str(there["name"]))
    except Rejected as refused:
        raise problem(refused) from refused
    return _removed((CertificateUse(str(there["fingerprint"]), removed=True),))


def _take_away(op: Operation, name: str) -> None:
    """Only the panel knows what is in use; it does not remove that."""
    host, site = parties.host(op), parties.site(op)
    try:
        op.step("remove", host.remove_certificate, site, name)
    except Rejected as refused:
        if refused.code != IN_USE:
            raise
        op.step("switch", host.use_certificate, site, _replacement(op))
        op.step("remove-unused", host.remove_certificate, site, name)


def _replacement(op: Operation) -> str:
    replacement = op.inputs.get("replacement")
    if replacement is None and not op.inputs.get("force"):
        told = "the website uses this certificate, and there is no other that it could use instead"
        raise Rejected(IN_USE, f"{told}; it is removed by force only")
    return str(replacement or NONE_OF_OURS)


def _removed(uses: tuple[CertificateUse, ...]) -> ServiceChange:
    data = {**NO_PROBLEM, "installed": False, "install": False, "installed_as": None, "installed_fingerprint": None}
    return ServiceChange(None, data=data, uses=uses, upkeep=NEVER)
