"""Taking a certificate off its website."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from provisioner.orders.certificates import OTHER_IN_USE, PANEL, former_name, installed_name
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.certificates import parties
from provisioner.workflows.certificates.ordered import Current
from provisioner.workflows.certificates.problems import NO_PROBLEM, problem
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import NEVER, CertificateUse, ServiceChange
from provisioner.workflows.operation import Operation

IN_USE: Final = "certificate_in_use"
SITE_GONE: Final = "subscription_not_found"
NONE_OF_OURS: Final = ""
"""As a certificate's name: the site then serves what the panel gives to sites without one."""


@workflow("certificate.remove")
def remove(op: Operation) -> ServiceChange:
    """Take it out of the site's repository: one in use only for another (`replacement`, its name there), or by force.

    So is whatever of the service's certificates an installation that failed half-way may have left there. It is no
    longer renewed, until it is installed again. Raises Rejected `certificate_in_use`.
    """
    found = op.write_down("installed", _found(op))
    try:
        left = _remove_left_behind(op, found.get("left_behind") or ())
        if found["name"] is None:
            return _removed(op, left)
        _take_away(op, str(found["name"]), "")
    except Rejected as refused:
        raise problem(refused) from refused
    return _removed(op, (CertificateUse(str(found["fingerprint"]), removed=True), *left))


def _found(op: Operation) -> dict[str, Any]:
    """What is installed, and what may be there besides: the newest, and others that were kept."""
    data, current = op.service.data, Current.of(op)
    kept = [_left(each) for each in op.inputs.get("kept") or op.inputs.get("fingerprints") or ()]
    if current is not None and current.source != PANEL:
        kept.insert(0, {"name": installed_name(current.chain), "fingerprint": current.facts.fingerprint})
    spared = (data.get("installed_as"), op.inputs.get("replacement"))
    left_behind = {each["name"]: each for each in kept if each["name"] not in spared}
    return {
        "name": data.get("installed_as"),
        "fingerprint": data.get("installed_fingerprint"),
        "left_behind": list(left_behind.values()) if op.parent.ref is not None else [],
    }


def _left(kept: Mapping[str, str] | str) -> Mapping[str, str]:
    """Its name there, and its fingerprint, of which former versions made the name."""
    return {"name": former_name(kept), "fingerprint": kept} if isinstance(kept, str) else kept


def _remove_left_behind(op: Operation, left_behind: Sequence[Mapping[str, str] | str]) -> tuple[CertificateUse, ...]:
    """They go first: when one of them is in use and has to stay, so does what is known to be installed."""
    left = [_left(each) for each in left_behind]
    for number, each in enumerate(left, start=1):
        try:
            _take_away(op, each["name"], f"-left-{number}")
        except Rejected as refused:
            if refused.code != SITE_GONE:
                raise
    return tuple(CertificateUse(each["fingerprint"], removed=True) for each in left)


def _take_away(op: Operation, name: str, mark: str) -> None:
    """Only the panel knows what is in use; it does not remove that."""
    host, site = parties.host(op), parties.site(op)
    try:
        op.step(f"remove{mark}", host.remove_certificate, site, name)
    except Rejected as refused:
        if refused.code != IN_USE:
            raise
        op.step(f"switch{mark}", host.use_certificate, site, _replacement(op))
        op.step(f"remove-unused{mark}", host.remove_certificate, site, name)


def _replacement(op: Operation) -> str:
    replacement = op.inputs.get("replacement")
    if replacement is None and not op.inputs.get("force"):
        told = "the website uses this certificate, and there is no other that it could use instead"
        raise Rejected(IN_USE, f"{told}; it is removed by force only")
    return str(replacement or NONE_OF_OURS)


def _removed(op: Operation, uses: tuple[CertificateUse, ...]) -> ServiceChange:
    """A first certificate that is still to be issued comes as it was planned."""
    gone = {"installed": False, "installed_as": None, "installed_fingerprint": None, OTHER_IN_USE: False}
    data = {**NO_PROBLEM, **gone, "install": False}
    return ServiceChange(None, data=data, uses=uses, upkeep=None if Current.of(op) is None else NEVER)
