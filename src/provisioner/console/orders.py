"""`provisioner orders`: look at orders, try them again, give them up, write notes on them."""

import sys
from collections.abc import Mapping
from typing import Any

import click

from provisioner.console import output
from provisioner.console.exits import Exit
from provisioner.console.operator_messages import operator_message
from provisioner.console.session import Session, json_option, limit_option, pass_session
from provisioner.console.submitting import receipt_line
from provisioner.console.views import error_text, order_sections
from provisioner.console.waiting import order_line
from provisioner.messages.orders import Correction
from provisioner.messages.unreadable import Unreadable
from provisioner.orders.statuses import OrderStatus

CORRECTABLE = sorted(set(Correction.model_fields) - {"password"})


@click.group()
def orders() -> None:
    """Orders: list, show, retry, close, note."""


@orders.command("list")
@click.option("--status", type=click.Choice([status.value for status in OrderStatus]), help="Only those.")
@click.option("--section", type=click.Choice(["recent", "historical"]), help="Those that can still change, or cannot.")
@click.option("--customer", metavar="ID", help="Only those of a customer.")
@limit_option
@json_option
@pass_session
def list_orders(
    session: Session, *, status: str | None, section: Any, customer: str | None, limit: int, as_json: bool
) -> None:
    """The newest orders."""
    found = session.queries.orders(status=status, section=section, customer_id=customer, limit=limit)
    if as_json:
        output.document(found)
        return
    rows = [
        (each.id, each.status, each.customer_id, str(each.item_count), output.moment(each.placed_at), reason)
        for each in found
        for reason in [each.waits_for or error_text(each.error)]
    ]
    output.table(("order", "status", "customer", "items", "placed (UTC)", "waits for, or failed with"), rows)


@orders.command()
@click.argument("order_id")
@click.option("--exchanges", is_flag=True, help="Also what was sent and answered, without secrets.")
@json_option
@pass_session
def show(session: Session, order_id: str, *, exchanges: bool, as_json: bool) -> None:
    """One order: what it waits for, its items, every attempt of every step, its history, notes and events."""
    details = session.queries.order(order_id, exchanges=exchanges)
    waits = order_line(details)
    if as_json:
        output.document({"waits": waits, **output.fields_of(details)})
        return
    order = details.order
    output.line(f"Order {order.id} of customer {order.customer_id} ({order.environment}): {order.status}")
    output.line(waits)
    output.sections(order_sections(details))


@orders.command()
@click.argument("order_id")
@click.option("--item", "items", multiple=True, metavar="ITEM", help="Only this item; may be given again.")
@click.option(
    "--correct",
    "corrections",
    multiple=True,
    nargs=3,
    metavar="ITEM FIELD VALUE",
    help=f"Give a field of a failed item, or of its customer, another value; may be given again. Fields: "
    f"{', '.join(CORRECTABLE)}.",
)
@pass_session
def retry(
    session: Session, order_id: str, *, items: tuple[str, ...], corrections: tuple[tuple[str, str, str], ...]
) -> None:
    """Try the failed items of an order again."""
    corrected: dict[str, dict[str, str]] = {}
    for item, field, value in corrections:
        corrected.setdefault(item, {})[field] = value
    _send(session, order_id, "order.retry.v1", {"item_ids": list(items), "corrections": corrected})


@orders.command()
@click.argument("order_id")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is given up.")
@pass_session
def close(session: Session, order_id: str, *, reason: str) -> None:
    """Give a failed order up."""
    _send(session, order_id, "order.close.v1", {"reason": reason})


@orders.command()
@click.argument("order_id")
@click.argument("text")
@pass_session
def note(session: Session, order_id: str, text: str) -> None:
    """Write a note on an order."""
    _send(session, order_id, "order.note.v1", {"text": text})


def _send(session: Session, order_id: str, type_: str, data: Mapping[str, Any]) -> None:
    """Submit the command as a message, straight to the intake, and tell what became of it."""
    installation = session.installation
    try:
        raw = operator_message(
            type_,
            order_id,
            {"order_id": order_id, **data},
            environment=session.queries.environment_of(order_id),
            operator=session.operator(),
            clock=installation.clock,
            ids=installation.ids,
        )
    except Unreadable as wrong:
        raise click.UsageError(wrong.detail) from wrong
    receipt = installation.submit(raw, direct=True)
    output.line(receipt_line(receipt))
    if not receipt.taken:
        sys.exit(Exit.REFUSED)
