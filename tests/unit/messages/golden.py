"""Golden files: what was accepted and sent once stays accepted and sent, for as long as its version lives.

`golden/in/<type>.<case>.json` is a body, `….decoded.json` beside it what it means.
`golden/out/<type>.<case>.json` is the text of an event.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from provisioner.messages import events, events_certificates, events_domains
from provisioner.messages.envelope import Message

FOLDER = Path(__file__).parent / "golden"
BODIES = sorted(path for path in (FOLDER / "in").glob("*.json") if not path.name.endswith(".decoded.json"))

_PROBLEM = {
    "code": "domain_taken",
    "message": 'Domain „bücher“ exists <already> & "so"',
    "vendor_code": "1007",
    "fields": ("/domain",),
}

EVENTS = {
    "order.status-changed.v1.first": events.order_status_changed(
        "1001",
        status="provisioning_started",
        previous=None,
        section="recent",
        rollup="in_progress",
        reason=None,
        attempt=1,
        error=None,
    ),
    "order.status-changed.v1.failed": events.order_status_changed(
        "1001",
        status="completed_with_errors",
        previous="provisioning_started",
        section="historical",
        rollup="completed_with_errors",
        reason="1 of 2 items failed",
        attempt=2,
        error=_PROBLEM,
    ),
    "item.status-changed.v1.finished": events.item_status_changed(
        "1001",
        "1001-1",
        service_id="hosting-77",
        product="hosting",
        status="succeeded",
        previous="started",
        error=None,
        warnings=("the plan has no mail",),
    ),
    "item.status-changed.v1.failed": events.item_status_changed(
        "1001",
        "1001-2",
        service_id=None,
        product="markup",
        status="failed",
        previous="waiting_vendor",
        error=_PROBLEM,
        warnings=(),
    ),
    "service.status-changed.v1.suspended": events.service_status_changed(
        "hosting-77",
        product="hosting",
        status="suspended",
        previous="active",
        reason="overdue",
        customer_id="C-42",
        suspended_by="billing",
    ),
    "service.status-changed.v1.first": events.service_status_changed(
        "hosting-77",
        product="hosting",
        status="ordered",
        previous=None,
        reason=None,
        customer_id="C-42",
        suspended_by=None,
    ),
    "message.rejected.v1.named": events.message_rejected(
        message_id="m-1",
        source="https://shop.example.com/",
        message_type="order.place.v1",
        reason="invalid_data",
        detail="/data/items is required.",
        pointer="/data/items",
        quarantine_id="17",
    ),
    "message.rejected.v1.nameless": events.message_rejected(
        message_id=None,
        source=None,
        message_type=None,
        reason="not_json",
        detail="The body is not JSON.",
        pointer=None,
        quarantine_id="18",
    ),
    "operation.needs-attention.v1.order": events.operation_needs_attention(
        "op-9",
        subject="1001",
        workflow="hosting.create",
        order_id="1001",
        item_id="1001-1",
        service_id="hosting-77",
        reason="unknown_outcome",
        detail="The server did not answer.",
        vendor_account="plesk-1",
        since=datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC),
    ),
    "operation.needs-attention.v1.bare": events.operation_needs_attention(
        "op-10",
        subject="op-10",
        workflow="hosting.suspend",
        order_id=None,
        item_id=None,
        service_id=None,
        reason="misconfigured",
        detail="The login was refused.",
        vendor_account=None,
        since=datetime(2026, 1, 31, 12, 0, tzinfo=UTC),
    ),
    "vendor-account.needs-attention.v1.parked": events.account_needs_attention(
        "registry-1",
        adapter="epp",
        product="domain",
        reason="account_misconfigured",
        detail="The registry refused the login.",
        since=datetime(2026, 1, 31, 12, 0, tzinfo=UTC),
    ),
    "domain.notice.v1.ours": events_domains.domain_notice(
        "xn--bcher-kva.example",
        service_id="domain-12",
        kind="transfer",
        text="Transfer „bücher.example“ approved.",
        data={"status": "clientApproved", "requested_by": "other-registrar"},
    ),
    "domain.notice.v1.stranger": events_domains.domain_notice(
        "stranger.example", service_id=None, kind="other", text="", data={}
    ),
    "bulk.progress.v1.running": events_domains.bulk_progress(
        "bulk-7",
        total=4,
        started=2,
        succeeded=1,
        failed=2,
        refused=[
            {"line": 4, "column": 2, "message": "line 4, column 2 (auth_code) is required."},
            {"line": 5, "column": None, "message": "line 5 has more cells than the 2 columns of the header."},
        ],
        state="running",
    ),
    "bulk.progress.v1.finished": events_domains.bulk_progress(
        "bulk-7", total=1, started=1, succeeded=1, failed=0, refused=(), state="finished"
    ),
    "certificate.changed.v1.renewed": events_certificates.certificate_changed(
        "certificate-5",
        service_id="hosting-77",
        change="renewed",
        names=("example.com", "*.example.com"),
        issuer="CN=R11,O=Let's Encrypt,C=US",
        not_after=datetime(2026, 5, 1, 12, 0, tzinfo=UTC),
        fingerprint="9f" * 32,
    ),
    "certificate.changed.v1.csr": events_certificates.certificate_changed(
        "certificate-6",
        service_id="hosting-77",
        change="csr_made",
        names=["shop.example.com"],
        csr="-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n",
    ),
    "certificate.changed.v1.problem": events_certificates.certificate_changed(
        "certificate-5",
        service_id="hosting-77",
        change="problem",
        names=["example.com"],
        code="dns_elsewhere",
        message="example.com leads to 192.0.2.7 and not to this server, 198.51.100.1.",
    ),
}


def encoded(event: events.Event) -> str:
    """The text of an event with a fixed envelope."""
    return events.encode(
        event,
        id="e-1",
        source="https://worker.example.com/",
        time=datetime(2026, 1, 31, 12, 0, 1, tzinfo=UTC),
        sequence=3,
        environment="live",
        correlation_id="basket-1",
    )


def decoded(message: Message) -> str:
    """What a message means, as text to compare."""
    shown = {
        "type": message.type,
        "id": message.id,
        "source": message.source,
        "subject": message.subject,
        "time": message.time.isoformat() if message.time else None,
        "environment": message.environment,
        "actor": asdict(message.actor),
        "correlation_id": message.correlation_id,
        "sequence": message.sequence,
        "data": message.data.model_dump(mode="json", exclude_none=True),
        "body_hash": message.body_hash,
    }
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
