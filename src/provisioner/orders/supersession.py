"""Which operations a newer command makes pointless, and who may undo whose suspension."""

from collections.abc import Mapping
from typing import Any, Final

_GOING: Final = frozenset({"cancel", "delete"})

# workflow of the waiting operation -> verbs of later operations on the same resource that make it pointless
POINTLESS_AFTER: Final[dict[str, frozenset[str]]] = {
    "hosting.create": frozenset({"cancel"}),
    "hosting.suspend": frozenset({"suspend", "resume", "cancel"}),
    "hosting.resume": frozenset({"suspend", "resume", "cancel"}),
    "domain.register": _GOING,
    "domain.transfer": _GOING,
    "domain.renew": _GOING,
    "domain.upkeep": _GOING,
    "domain.restore": _GOING,
    "domain.set-nameservers": _GOING | {"set-nameservers"},
    "domain.set-contacts": _GOING,  # a later one may leave roles out that this one gives
    "domain.set-dnssec": _GOING | {"set-dnssec"},
    "domain.lock": _GOING | {"lock", "unlock"},
    "domain.unlock": _GOING | {"lock", "unlock"},
    "domain.auth-code": _GOING | {"auth-code"},
    "domain.set-auto-renew": _GOING | {"set-auto-renew"},
    "domain.suspend": _GOING | {"suspend", "resume"},
    "domain.resume": _GOING | {"suspend", "resume"},
    "domain.delete": frozenset({"restore"}),
    "domain.cancel": frozenset({"restore"}),
    "contact.update": frozenset({"update"}),
    "certificate.issue": frozenset({"cancel"}),
    "certificate.renew": frozenset({"cancel"}),
    "certificate.upkeep": frozenset({"cancel"}),
    "certificate.generate-csr": frozenset({"cancel"}),
    "certificate.upload": frozenset({"cancel"}),
}

# A suspension may be lifted by its own role or a higher one.
ROLE_RANK: Final[dict[str, int]] = {"customer": 1, "customer_admin": 1, "reseller": 2, "admin": 3, "system": 3}


def is_pointless(workflow: str, later_workflows: tuple[str, ...]) -> bool:
    """True when an operation accepted later on the same resource makes this one pointless."""
    pointless_after = POINTLESS_AFTER.get(workflow, frozenset())
    return any(verb(later) in pointless_after for later in later_workflows)


def gives_way(workflow: str, inputs: Mapping[str, Any]) -> bool:
    """Whether what would follow by itself is not begun where a command was accepted meanwhile: the end of a `term`."""
    return verb(workflow) == "cancel" and "term" in inputs


def verb(workflow: str) -> str:
    """`hosting.suspend` -> `suspend`."""
    return workflow.rpartition(".")[2]


def rank(role: str | None) -> int:
    """How much a role may override. Unknown roles rank lowest; no role means the storefront itself."""
    return ROLE_RANK["system"] if role is None else ROLE_RANK.get(role, 0)


def may_resume(suspended_by: str | None, role: str | None) -> bool:
    """Whether a role may lift a suspension made by another."""
    return suspended_by is None or rank(role) >= rank(suspended_by)
