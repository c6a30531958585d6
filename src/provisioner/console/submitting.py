"""`provisioner submit`: hand messages in."""

import sys
from typing import BinaryIO

import click

from provisioner.console import output
from provisioner.console.exits import Exit, complain
from provisioner.console.installation import Submitted
from provisioner.console.message_files import LARGEST, messages_in
from provisioner.console.session import Session, json_option, pass_session, require_tables
from provisioner.kernel.errors import StoreUnavailable


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--direct", is_flag=True, help="Write to the database even when there is a broker; tells the outcome.")
@json_option
@pass_session
def submit(session: Session, file: BinaryIO, *, direct: bool, as_json: bool) -> None:
    """Hand in the messages of FILE (`-` for standard input).

    FILE holds one message, a JSON array of messages, or one message a line (JSON lines). With a broker they are
    published, and what becomes of them is told in events; without one, or with --direct, it is told here. Submitting
    a file again is safe: a message with the same source and id is taken once.
    """
    messages = messages_in(file.read(LARGEST + 1))
    receipts: list[Submitted] = []
    if direct or session.installation.settings.embedded:
        require_tables(session.installation.store())
    try:
        for raw in messages:
            receipts.append(session.installation.submit(raw, direct=direct))
            if not as_json:
                output.line(receipt_line(receipts[-1]))
    except StoreUnavailable:
        complain(f"{len(receipts)} of {len(messages)} messages were handed in; submit the file again for the others")
        raise
    finally:
        if as_json:
            output.document(receipts)
    if not all(receipt.taken for receipt in receipts):
        sys.exit(Exit.REFUSED)


def receipt_line(receipt: Submitted) -> str:
    """What became of one message, in a line."""
    about = f" order {receipt.order_id}" if receipt.order_id else ""
    kept = f" (provisioner quarantine show {receipt.quarantine_id})" if receipt.quarantine_id else ""
    detail = f": {receipt.detail}" if receipt.detail else ""
    return f"{receipt.outcome}{about}{detail}{kept}"
