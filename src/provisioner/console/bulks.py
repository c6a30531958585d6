"""`provisioner bulks`: how far bulks of domains stand."""

import click

from provisioner.console import output
from provisioner.console.session import Session, json_option, limit_option, pass_session
from provisioner.store.query_domains import BulkRecord


@click.group()
def bulks() -> None:
    """Bulks of domains: list, show."""


@bulks.command("list")
@click.option("--status", type=click.Choice(["running", "finished"]), help="Only those.")
@limit_option
@json_option
@pass_session
def list_bulks(session: Session, *, status: str | None, limit: int, as_json: bool) -> None:
    """The newest bulks, and how far each stands."""
    found = session.store.domain_queries.bulks(state=status, limit=limit)
    if as_json:
        output.document(found)
        return
    rows = [(each.id, each.customer_id, each.state, *_counts(each), output.moment(each.created_at)) for each in found]
    output.table(("bulk", "customer", "status", "lines", "started", "succeeded", "failed", "taken in"), rows)


@bulks.command()
@click.argument("bulk_id")
@limit_option
@json_option
@pass_session
def show(session: Session, bulk_id: str, *, limit: int, as_json: bool) -> None:
    """One bulk, the first lines that were refused, and the first whose transfer came to nothing."""
    queries = session.store.domain_queries
    bulk, refused = queries.bulk(bulk_id, refused=limit)
    lines = queries.failed_lines(bulk_id, limit=limit)
    if as_json:
        output.document(
            {**output.fields_of(bulk), "refused": refused, "failed_lines": [output.fields_of(each) for each in lines]}
        )
        return
    total, started, succeeded, failed = _counts(bulk)
    output.line(f"Bulk {bulk.id} of customer {bulk.customer_id} ({bulk.environment}): {bulk.state}")
    output.line(f"{total} lines, {started} started, {succeeded} succeeded, {failed} failed")
    rows = [(str(each["line"]), str(each["column"] or ""), str(each["message"])) for each in refused]
    failures = [(str(each.line), each.service_id, each.code, each.message) for each in lines]
    output.sections(
        [
            output.Section("Refused lines", ("line", "column", "why"), rows),
            output.Section("Failed transfers", ("line", "service", "code", "why"), failures),
        ]
    )


def _counts(bulk: BulkRecord) -> tuple[str, ...]:
    return str(bulk.total), str(bulk.started), str(bulk.succeeded), str(bulk.failed)
