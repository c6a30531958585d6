"""Authorisation codes: set when the owner wants to leave, and cleared when their time is over (RFC 9154 §4)."""

from datetime import datetime, timedelta
from typing import Final

from provisioner.kernel.secret import Secret
from provisioner.ports.registrar import Registrar
from provisioner.workflows.definition import workflow
from provisioner.workflows.domains.ordered import Ordered
from provisioner.workflows.domains.protection import unprotected
from provisioner.workflows.domains.seen import ACTIVE, EXPIRED, known_roid, look, look_at_ours
from provisioner.workflows.domains.standing import as_seen
from provisioner.workflows.journal import ServiceChange
from provisioner.workflows.operation import Operation

VALID_DAYS: Final = 14
UNTIL: Final = "auth_code_until"


@workflow("domain.auth-code", port=Registrar)
def set_auth_code(op: Operation, registrar: Registrar) -> ServiceChange:
    """Set the code that was made for this operation; it is cleared when its time is over."""
    seen = look_at_ours(op, registrar)
    code = op.secret
    if not code:
        raise TypeError("domain.auth-code has no code to set")

    def change() -> None:
        op.step("auth-code", registrar.change_auth_code, seen.domain, code)

    unprotected(op, registrar, seen, change)
    days = Ordered.of(op).rules.number("auth_code_days", VALID_DAYS)
    until = (op.now + timedelta(days=days)).isoformat()
    op.follow_up("domain.clear-auth-code", resource=f"auth-code:{op.service.service_id}", at=until)
    return as_seen(op, seen, also={UNTIL: until})


@workflow("domain.clear-auth-code", port=Registrar)
def clear_auth_code(op: Operation, registrar: Registrar) -> ServiceChange | None:
    """Clear the code, unless a newer one was set meanwhile or the domain has left."""
    at: str = op.inputs["at"]
    op.sleep_until("until", datetime.fromisoformat(at), reason="the authorisation code can still be used")
    if not op.write_down("newest", {"so": op.service.data.get(UNTIL) == at})["so"]:
        return None
    seen = look(op, registrar)
    if seen.status(known_roid(op)) not in (ACTIVE, EXPIRED):
        return None
    unprotected(op, registrar, seen, lambda: _clear(op, registrar, seen.domain))
    return ServiceChange(None, data={UNTIL: None})


def _clear(op: Operation, registrar: Registrar, domain: str) -> None:
    no_code: Secret | None = None
    op.step("clear", registrar.change_auth_code, domain, no_code)
