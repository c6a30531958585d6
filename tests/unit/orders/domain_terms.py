"""Domains and contacts to start from: the smallest good ones, to be changed in one place."""

from typing import Any

from provisioner.orders.tlds import TldRules

CONTACT: dict[str, Any] = {
    "contact_id": "owner-1",
    "name": "Erika Mustermann",
    "email": "erika@example.com",
    "phone": "+49 30 1234567",
    "street": ["Musterstr. 1"],
    "city": "Berlin",
    "country": "DE",
}
TERMS: dict[str, Any] = {"domain": "example.com", "contacts": {"registrant": CONTACT}}
GLUE: dict[str, Any] = {"name": "ns1.example.com", "addresses": ["192.0.2.53"]}
OUTSIDE: dict[str, Any] = {"name": "ns1.example.net", "addresses": []}
DS: dict[str, Any] = {"key_tag": 1, "algorithm": 13, "digest_type": 2, "digest": "ab" * 32}
KEY: dict[str, Any] = {"flags": 257, "protocol": 3, "algorithm": 13, "public_key": "AQID"}


def rules(tld: str = "com", **changes: Any) -> TldRules:
    """The default rules with these changes; a registrant is enough."""
    return TldRules(**{"tld": tld, "contact_roles": ("registrant",), **changes})
