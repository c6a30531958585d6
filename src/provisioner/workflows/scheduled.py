"""What was ordered now for later."""

from datetime import datetime

from provisioner.workflows.definition import workflow
from provisioner.workflows.operation import Operation


@workflow("service.at-end-of-term")
def at_end_of_term(op: Operation) -> None:
    """Wait for the end of the term, then start the command as an operation on the service itself."""
    op.sleep_until("term", datetime.fromisoformat(op.inputs["at"]), reason="waiting for the end of the term")
    op.follow_up(op.inputs["workflow"], resource=f"service:{op.service.service_id}", reason=op.inputs.get("reason"))
