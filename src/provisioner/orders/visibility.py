"""What of an order a role may see (markup changes are hidden from customers)."""

from collections.abc import Iterable
from typing import Final

HIDDEN_FROM_CUSTOMERS: Final = frozenset({"markup_change"})
CUSTOMER_ROLES: Final = frozenset({"customer", "customer_admin"})


def visible_changes(changes: Iterable[str], role: str) -> tuple[str, ...]:
    """The requested changes that this role sees, in their order."""
    hidden = HIDDEN_FROM_CUSTOMERS if role in CUSTOMER_ROLES else frozenset[str]()
    return tuple(change for change in changes if change not in hidden)


def is_visible(changes: Iterable[str], role: str) -> bool:
    """Whether this role sees the order at all: not when a hidden change is all there is."""
    return bool(visible_changes(changes, role))
