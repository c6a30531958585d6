"""`provisioner operations`: look at operations, and let those that are held go on."""

import click

from provisioner.console import output
from provisioner.console.session import Session, json_option, limit_option, pass_session
from provisioner.console.views import operation_sections
from provisioner.console.waiting import operation_line
from provisioner.orders.statuses import OperationState


@click.group()
def operations() -> None:
    """Operations: list, show, release, resolve, give-up."""


@operations.command("list")
@click.option("--status", type=click.Choice([state.value for state in OperationState]), help="Only those.")
@click.option("--server", metavar="NAME", help="Only those of a vendor account.")
@click.option("--all", "include_ended", is_flag=True, help="Also those that have ended.")
@limit_option
@json_option
@pass_session
def list_operations(
    session: Session, *, status: str | None, server: str | None, include_ended: bool, limit: int, as_json: bool
) -> None:
    """Operations in the order of acceptance, with what each waits for."""
    found = session.queries.operations(state=status, vendor_account=server, include_ended=include_ended, limit=limit)
    now = session.queries.now()
    told = [(each, operation_line(each, now)) for each in found]
    if as_json:
        output.document([{"waits": waits, **output.fields_of(each)} for each, waits in told])
        return
    rows = [
        (each.id, each.workflow, each.state, each.order_id or "", each.service_id or "", waits) for each, waits in told
    ]
    output.table(("operation", "workflow", "state", "order", "service", "waits for"), rows)


@operations.command()
@click.argument("operation_id")
@click.option("--exchanges", is_flag=True, help="Also what was sent and answered, without secrets.")
@json_option
@pass_session
def show(session: Session, operation_id: str, *, exchanges: bool, as_json: bool) -> None:
    """One operation: what it waits for, and every attempt of every step."""
    now, operation = session.queries.operation(operation_id, exchanges=exchanges)
    waits = operation_line(operation, now)
    if as_json:
        output.document({"waits": waits, **output.fields_of(operation)})
        return
    output.line(waits)
    output.sections(operation_sections(operation))


@operations.command()
@click.argument("operation_id")
@pass_session
def release(session: Session, operation_id: str) -> None:
    """Let a held operation go on."""
    session.store.operations.release(operation_id, session.operator())
    output.line(f"operation {operation_id} goes on")


@operations.command()
@click.argument("operation_id")
@click.option("--happened", metavar="REF", help="It took effect; REF is the vendor's id of what was made.")
@click.option("--did-not-happen", is_flag=True, help="It did not take effect, and is done again.")
@pass_session
def resolve(session: Session, operation_id: str, *, happened: str | None, did_not_happen: bool) -> None:
    """Say what became of a step whose outcome nobody could find out, and let its operation go on."""
    if (happened is None) is not did_not_happen or happened == "":
        raise click.UsageError("say either --happened REF or --did-not-happen")
    step = session.store.operations.resolve(operation_id, session.operator(), happened_ref=happened)
    output.line(f"step {step} is settled; operation {operation_id} goes on")


@operations.command("give-up")
@click.argument("operation_id")
@click.option("--reason", required=True, metavar="WORDS", help="Why; the order and the audit tell it.")
@pass_session
def give_up(session: Session, operation_id: str, *, reason: str) -> None:
    """End a held operation as failed. Nothing at the vendor is touched; its order can be retried or closed."""
    session.store.operations.give_up(operation_id, session.operator(), reason)
    output.line(f"operation {operation_id} has failed")
