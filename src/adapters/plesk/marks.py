"""Ownership marks: the external ids by which a look-up tells our objects from someone else's."""

import hashlib
from typing import Final

LONGEST: Final = 50
"""Characters. The width of Plesk's column is not documented; all public clients stay below this."""

CUSTOMER: Final = "cust:"
SUBSCRIPTION: Final = "svc:"


def customer(customer_id: str) -> str:
    """The mark of a storefront's customer."""
    return _mark(CUSTOMER, customer_id)


def subscription(service_id: str) -> str:
    """The mark of a service's subscription."""
    return _mark(SUBSCRIPTION, service_id)


def _mark(prefix: str, identifier: str) -> str:
    """Prefix and identifier; a digest in place of an identifier that would be cut off."""
    mark = prefix + identifier
    if len(mark.encode()) <= LONGEST:
        return mark
    return prefix + hashlib.sha256(identifier.encode()).hexdigest()[:40]
