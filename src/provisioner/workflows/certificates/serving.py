"""What a website serves, by a TLS handshake: looked at once, or waited for."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.workflows.certificates import parties
from provisioner.workflows.certificates.looking import ever_more_slowly
from provisioner.workflows.certificates.problems import NOT_SERVED, problem
from provisioner.workflows.operation import Operation

LOOK_EVERY: Final = 30.0
SEEN_WITHIN: Final = timedelta(minutes=10)
"""A web server that takes a new certificate up does so sooner."""
ANOTHER: Final = "the website serves another certificate"


def look(op: Operation, step: str) -> Mapping[str, Any]:
    """One look: chain, fingerprint and names of what is valid; else `reason`, in words."""
    host, site = parties.host(op), parties.site(op)

    def seen() -> Done:
        found = host.served_certificate(site, op.now)
        return Done(data={"reason": found.reason} if isinstance(found, Pending) else found.data)

    return op.wait_until(step, seen, every=LOOK_EVERY, reason="looking what the website serves").data


def await_any(op: Operation, patience: timedelta) -> Mapping[str, Any]:
    """Wait until it serves a certificate that is valid. Raises Rejected `not_served`."""
    host, site = parties.host(op), parties.site(op)

    def seen() -> Done | Pending:
        found = host.served_certificate(site, op.now)
        return ever_more_slowly(found, since=op.accepted_at, now=op.now)

    reason = "the server obtains the certificate by itself, and the website does not serve it yet"
    foreseen = patience.total_seconds()
    try:
        return op.wait_until("served", seen, every=LOOK_EVERY, reason=reason, foreseen=foreseen).data
    except Rejected as refused:
        raise problem(refused, late=NOT_SERVED) from refused


def await_ours(op: Operation, ours: set[str]) -> str | None:
    """Wait a few minutes until it serves one of these fingerprints; else why it could not be seen."""
    host, site = parties.host(op), parties.site(op)
    until = datetime.fromisoformat(op.write_down("used", {"until": (op.now + SEEN_WITHIN).isoformat()})["until"])

    def seen() -> Done | Pending:
        found = host.served_certificate(site, op.now)
        if isinstance(found, Done) and found.data["fingerprint"] in ours:
            return Done(data={"reason": None})
        reason = found.reason if isinstance(found, Pending) else ANOTHER
        return Done(data={"reason": reason}) if op.now >= until else Pending(LOOK_EVERY, reason)

    try:
        found = op.wait_until("seen", seen, every=LOOK_EVERY, reason="looking whether the website serves it")
    except Rejected as refused:
        return refused.message
    reason: str | None = found.data["reason"]
    return reason
