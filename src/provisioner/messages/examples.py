"""One example of `data` for every type: for the published schemas and the reference page."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any, Final

from provisioner.messages import events, examples_certificates, examples_domains

_BOX = b64encode(b"a sealed box is made with the worker's public key; this is none").decode()
_ERROR = {
    "code": "domain_taken",
    "message": "The domain exists already on this server.",
    "vendor_code": "1007",
    "fields": ["/domain"],
}
_EVENTS = (
    events.order_status_changed(
        "1001",
        status="completed_with_errors",
        previous="provisioning_started",
        section="historical",
        rollup="completed_with_errors",
        reason="1 of 2 items failed",
        attempt=1,
        error=_ERROR,
    ),
    events.item_status_changed(
        "1001",
        "1001-1",
        service_id="hosting-77",
        product="hosting",
        status="failed",
        previous="started",
        error=_ERROR,
        warnings=[],
    ),
    events.service_status_changed(
        "hosting-77",
        product="hosting",
        status="suspended",
        previous="active",
        reason="The invoice is overdue.",
        customer_id="C-42",
        suspended_by="billing",
    ),
    events.message_rejected(
        message_id="5f0c2a9e",
        source="https://shop.example.com/",
        message_type="order.place.v1",
        reason="invalid_data",
        detail="/data/items/0/domain is required.",
        pointer="/data/items/0/domain",
        quarantine_id="17",
    ),
    events.operation_needs_attention(
        "op-9",
        subject="1001",
        workflow="hosting.create",
        order_id="1001",
        item_id="1001-1",
        service_id="hosting-77",
        reason="unknown_outcome",
        detail="The server did not answer, and a look-up could not tell whether the subscription was made.",
        vendor_account="plesk-1",
        since=datetime(2026, 1, 31, 12, 0, tzinfo=UTC),
    ),
    events.account_needs_attention(
        "registry-1",
        adapter="epp",
        product="domain",
        reason="account_misconfigured",
        detail="The registry refused the login.",
        since=datetime(2026, 1, 31, 12, 0, tzinfo=UTC),
    ),
)

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "order.place.v1": {
        "order_id": "1001",
        "customer": {
            "customer_id": "C-42",
            "name": "Example Ltd",
            "email": "hostmaster@example.com",
            "city": "Berlin",
            "country": "DE",
            "locale": "de-DE",
        },
        "created_by": {"user": "shop-user-7", "organisation": "reseller-3"},
        "note": "Please before Friday.",
        "items": [
            {
                "product": "hosting",
                "item_id": "1001-1",
                "change": "purchase",
                "service_id": "hosting-77",
                "plan": "Basic",
                "domain": "example.com",
                "password": {"key_id": "worker-1", "box": _BOX},
            },
            {
                "product": "markup",
                "item_id": "1001-2",
                "change": "markup_change",
                "text": "Basic: 10 % from February on",
                "requires": ["1001-1"],
            },
            examples_domains.DOMAIN_ITEM,
        ],
    },
    "order.retry.v1": {
        "order_id": "1001",
        "item_ids": ["1001-1"],
        "corrections": {"1001-1": {"domain": "example.org"}},
    },
    "order.close.v1": {"order_id": "1001", "reason": "The customer changed their mind."},
    "order.note.v1": {"order_id": "1001", "text": "Called the customer; they will choose another domain."},
    "service.suspend.v1": {"service_id": "hosting-77", "reason": "The invoice is overdue."},
    "service.resume.v1": {"service_id": "hosting-77", "reason": "Paid."},
    "service.cancel.v1": {
        "service_id": "hosting-77",
        "when": "end_of_term",
        "at": "2026-12-31T23:59:59Z",
        "reason": "Cancelled by the customer.",
    },
    **examples_domains.EXAMPLES,
    **examples_certificates.EXAMPLES,
    **{event.type: event.data for event in _EVENTS},
}


def message(name: str) -> dict[str, Any]:
    """A whole CloudEvent of this type, as a storefront sends it or gets it."""
    envelope = {
        "specversion": "1.0",
        "id": "5f0c2a9e",
        "source": "https://shop.example.com/",
        "type": name,
        "subject": str(next(iter(EXAMPLES[name].values()))),
        "time": "2026-01-31T12:00:00Z",
        "datacontenttype": "application/json",
        "environment": "live",
        "correlationid": "basket-5512",
        "sequence": 1,
    }
    return envelope | _ACTOR_OF.get(name, {}) | {"data": EXAMPLES[name]}


_SENT = {event.type for event in (*_EVENTS, *examples_domains.EVENTS, *examples_certificates.EVENTS)}
_ACTOR = {"actorid": "shop-user-7", "actororg": "reseller-3", "actorrole": "customer_admin"}
_ACTOR_OF = {name: _ACTOR for name in EXAMPLES if name not in _SENT}
