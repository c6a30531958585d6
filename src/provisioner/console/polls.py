"""`provisioner polls`: what registries told."""

import click

from provisioner.console import output
from provisioner.console.session import Session, json_option, limit_option, pass_session


@click.group()
def polls() -> None:
    """Messages of registries: list."""


@polls.command("list")
@click.option("--server", metavar="NAME", help="Only those of a vendor account.")
@limit_option
@json_option
@pass_session
def list_polls(session: Session, *, server: str | None, limit: int, as_json: bool) -> None:
    """The newest messages; each was kept before the registry was told to drop it."""
    found = session.store.domain_queries.polls(account=server, limit=limit)
    if as_json:
        output.document(found)
        return
    rows = [
        (
            output.moment(each.received_at),
            each.account,
            each.message_id,
            each.kind,
            each.domain or "",
            each.service_id or "",
            "yes" if each.acknowledged_at else "not yet",
            each.text,
        )
        for each in found
    ]
    output.table(("received", "server", "message", "kind", "domain", "service", "acknowledged", "text"), rows)
