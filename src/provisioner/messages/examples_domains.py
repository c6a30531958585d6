"""Examples of `data` for the messages and events about domains and contacts, as in `examples`."""

from base64 import b64encode
from typing import Any, Final

from provisioner.messages import events_domains
from provisioner.messages.events import Event

_SEALED: Final = {
    "key_id": "worker-1",
    "box": b64encode(b"a sealed box is made with the worker's public key; this is none").decode(),
}
_CUSTOMER: Final = {"customer_id": "C-42", "name": "Example Ltd", "email": "hostmaster@example.com"}
_CONTACT: Final = {
    "contact_id": "C-42-owner",
    "name": "Erika Mustermann",
    "organisation": "Example Ltd",
    "email": "hostmaster@example.com",
    "phone": "+49 30 1234567",
    "street": ["Musterstr. 1"],
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}
_NAME_SERVERS: Final = [{"name": "ns1.example.net"}, {"name": "ns2.example.net"}]
_ROLES: Final = {"registrant": "C-42-owner", "admin": "C-42-owner", "tech": "hoster-tech"}
_DS: Final = {
    "key_tag": 12345,
    "algorithm": 13,
    "digest_type": 2,
    "digest": "49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE24F6B8A4C2B1C4E5F0A1B2C3",
}

DOMAIN_ITEM: Final[dict[str, Any]] = {
    "product": "domain",
    "item_id": "1001-3",
    "change": "purchase",
    "service_id": "domain-12",
    "domain": "example.com",
    "years": 1,
    "contacts": {"registrant": _CONTACT, "admin": "C-42-owner", "tech": "hoster-tech"},
    "hosting": "1001-1",
    "max_price": {"amount": "15.00", "currency": "EUR"},
}

EVENTS: Final[tuple[Event, ...]] = (
    events_domains.domain_notice(
        "example.org",
        service_id="domain-13",
        kind="transfer",
        text="Transfer approved.",
        data={"status": "clientApproved", "requested_by": "ours", "expires_at": "2027-11-21T10:00:00Z"},
    ),
    events_domains.bulk_progress(
        "bulk-7",
        total=3,
        started=2,
        succeeded=1,
        failed=1,
        refused=[{"line": 4, "column": 2, "message": "line 4, column 2 (auth_code) is required."}],
        state="running",
    ),
)

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "domain.register.v1": {
        "service_id": "domain-12",
        "customer": _CUSTOMER,
        "domain": "example.com",
        "years": 2,
        "contacts": _ROLES,
        "nameservers": [*_NAME_SERVERS, {"name": "ns3.example.com", "addresses": ["192.0.2.53", "2001:db8::53"]}],
        "dnssec": [_DS],
        "max_price": {"amount": "30.00", "currency": "EUR"},
        "auto_renew": True,
        "lock": True,
        "registrar": "registry-1",
    },
    "domain.transfer.v1": {
        "service_id": "domain-13",
        "customer": _CUSTOMER,
        "domain": "example.org",
        "contacts": _ROLES,
        "auth_code": _SEALED,
        "confirmed": True,
    },
    "domain.transfer-bulk.v1": {
        "bulk_id": "bulk-7",
        "customer": _CUSTOMER,
        "csv": _SEALED,
        "defaults": {"contacts": _ROLES, "nameservers": _NAME_SERVERS, "auto_renew": True, "lock": True},
    },
    "domain.transfer-cancel.v1": {"service_id": "domain-13", "reason": "The customer stays where they are."},
    "domain.confirm-transfer.v1": {"service_id": "domain-13", "confirmed": True},
    "domain.renew.v1": {
        "service_id": "domain-12",
        "years": 1,
        "current_expiry": "2027-11-21",
        "max_price": {"amount": "15.00", "currency": "EUR"},
    },
    "domain.set-nameservers.v1": {"service_id": "domain-12", "nameservers": _NAME_SERVERS},
    "domain.set-contacts.v1": {"service_id": "domain-12", "contacts": {"registrant": _CONTACT, "tech": "hoster-tech"}},
    "domain.set-dnssec.v1": {"service_id": "domain-12", "records": [_DS]},
    "domain.lock.v1": {"service_id": "domain-12", "reason": "Asked for by the owner."},
    "domain.unlock.v1": {"service_id": "domain-12"},
    "domain.auth-code.v1": {"service_id": "domain-12"},
    "domain.delete.v1": {"service_id": "domain-12", "reason": "Misspelt; registered yesterday."},
    "domain.restore.v1": {
        "service_id": "domain-12",
        "reason": "Deleted by mistake.",
        "max_price": {"amount": "80.00", "currency": "EUR"},
    },
    "domain.set-auto-renew.v1": {"service_id": "domain-12", "auto_renew": False},
    "contact.create.v1": {"customer_id": "C-42", "contact": _CONTACT},
    "contact.update.v1": {
        "customer_id": "C-42",
        "contact": {**_CONTACT, "fax": "+49.30987654", "state": "BE", "extra": {"vat_number": "DE123456789"}},
    },
    **{event.type: event.data for event in EVENTS},
}
