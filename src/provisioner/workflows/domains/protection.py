"""Changing a domain that is protected against changes: the protection is lifted, and set again."""

from collections.abc import Callable

from provisioner.ports.outcomes import Rejected
from provisioner.ports.registrar import Registrar
from provisioner.workflows.domains.seen import UPDATE_LOCK, Seen
from provisioner.workflows.operation import Operation


def unprotected(op: Operation, registrar: Registrar, seen: Seen, change: Callable[[], None]) -> None:
    """Make a change; where the domain does not allow changes, lift that first and set it again, also after a refusal.

    While `clientUpdateProhibited` is set, a registry takes only the update that removes it (RFC 5731 §2.3).
    """
    if UPDATE_LOCK not in seen.statuses:
        change()
        return
    op.step("lift-protection", registrar.change_statuses, seen.domain, (), (UPDATE_LOCK,))
    try:
        change()
    except Rejected:
        _protect(op, registrar, seen)
        raise
    _protect(op, registrar, seen)


def _protect(op: Operation, registrar: Registrar, seen: Seen) -> None:
    op.step("set-protection", registrar.change_statuses, seen.domain, (UPDATE_LOCK,), (), in_any_case=True)
