"""`provisioner quarantine`: messages that could not be taken in."""

import json
import sys
from typing import Final

import click

from provisioner.console import output
from provisioner.console.exits import Exit
from provisioner.console.session import Session, json_option, limit_option, pass_session, require_tables
from provisioner.console.submitting import receipt_line
from provisioner.console.views import quarantine_facts
from provisioner.kernel.redaction import redact, redact_text
from provisioner.messages import json_text
from provisioner.messages.unreadable import Fault

LONGEST_SHOWN: Final = 20_000  # characters of a body on a screen


@click.group()
def quarantine() -> None:
    """Messages that could not be taken in: list, show, replay, discard."""


@quarantine.command("list")
@click.option("--status", type=click.Choice(["open", "replayed", "discarded", "all"]), default="open", help="Which.")
@click.option("--reason", metavar="CODE", help="Only those put aside for this reason.")
@limit_option
@json_option
@pass_session
def list_messages(session: Session, *, status: str, reason: str | None, limit: int, as_json: bool) -> None:
    """The oldest messages in quarantine."""
    wanted = None if status == "all" else status
    found = session.queries.quarantine(status=wanted, reason=reason, limit=limit)
    if as_json:
        output.document(found)
        return
    rows = [
        (each.id, output.moment(each.received_at), each.type or "", each.reason, each.pointer or "", each.detail)
        for each in found
    ]
    output.table(("message", "received (UTC)", "type", "reason", "at", "detail"), rows)


@quarantine.command()
@click.argument("quarantine_id")
@click.option("--raw", is_flag=True, help="Only the bytes as they came; they may hold secrets.")
@json_option
@pass_session
def show(session: Session, quarantine_id: str, *, raw: bool, as_json: bool) -> None:
    """One message: why it is here, and its body without what looks like a secret."""
    record = session.queries.quarantined(quarantine_id)
    body, _ = session.store.quarantine.body(quarantine_id)
    if raw:
        sys.stdout.buffer.write(body)
        return
    shown = readable(body)
    if as_json:
        output.document({**output.fields_of(record), "body": shown})
        return
    output.sections([quarantine_facts(record)])
    output.line()
    output.line(shown[:LONGEST_SHOWN])


@quarantine.command()
@click.argument("quarantine_ids", nargs=-1, required=True)
@pass_session
def replay(session: Session, quarantine_ids: tuple[str, ...]) -> None:
    """Take messages in once more, after what was in the way is mended."""
    require_tables(session.installation.store())
    taken = [_replay(session, quarantine_id) for quarantine_id in quarantine_ids]
    if not all(taken):
        sys.exit(Exit.REFUSED)


@quarantine.command()
@click.argument("quarantine_ids", nargs=-1, required=True)
@pass_session
def discard(session: Session, quarantine_ids: tuple[str, ...]) -> None:
    """Settle messages that are not wanted; they are kept, and who discarded them is in the audit."""
    for quarantine_id in quarantine_ids:
        session.store.quarantine.settle(quarantine_id, "discarded", session.operator())
        output.line(f"{quarantine_id}: discarded")


def _replay(session: Session, quarantine_id: str) -> bool:
    receipt = session.installation.replay(quarantine_id, session.operator())
    output.line(f"{quarantine_id}: {receipt_line(receipt)}")
    return receipt.taken


def readable(body: bytes) -> str:
    """A body as text, indented if it is JSON, without what looks like a secret."""
    try:
        value = json_text.parse(body, len(body))
    except Fault:
        return redact_text(body.decode("utf-8", "backslashreplace"))
    return json.dumps(redact(value, deepest=json_text.DEEPEST + 1), indent=2, ensure_ascii=False)
