"""`provisioner domains transfer-bulk`: many domains at once, from a file."""

import json
from pathlib import Path
from typing import Any

import click

from provisioner.console import output
from provisioner.console.session import Session, pass_session


@click.command("transfer-bulk")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "bulk_id", required=True, metavar="ID", help="The bulk's id; its parts are ID-1, ID-2, ….")
@click.option(
    "--with",
    "given",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="JSON file: `customer` and `defaults`, as in domain.transfer-bulk.v1.",
)
@click.option("--registrar", metavar="NAME", help="The vendor account that takes the domains.")
@click.option(
    "--environment", type=click.Choice(["live", "sandbox"]), default="live", show_default=True, help="Whose domains."
)
@pass_session
def transfer_bulk(
    session: Session, file: Path, *, bulk_id: str, given: Path, registrar: str | None, environment: str
) -> None:
    """Transfer the domains of a CSV file, which may be as large as the disk holds.

    The columns are domain, auth_code and, if wanted, years, registrant and service_id. The same command given again
    goes on where it was interrupted.
    """
    from provisioner.console.bulk_parts import bulk_of, check_file, message_of, parts_of
    from provisioner.store.bulks import terms_of
    from provisioner.store.inbox import Duplicate

    customer, defaults = _read(given, registrar)
    profile = customer.model_dump(exclude={"customer_id"}, exclude_none=True)
    total = check_file(file)
    for number, part in enumerate(parts_of(file), start=1):
        terms = terms_of(defaults)
        bulk = bulk_of(part, number, bulk_id=bulk_id, customer_id=customer.customer_id, profile=profile, terms=terms)
        try:
            session.store.bulks.add(message_of(bulk, session.operator(), environment, defaults), bulk)
            output.line(f"bulk {bulk.bulk_id} is accepted")
        except Duplicate:
            output.line(f"bulk {bulk.bulk_id} was accepted before")
    output.line(f"{total} lines; how far they are: provisioner bulks list")


def _read(path: Path, registrar: str | None) -> tuple[Any, Any]:
    """The customer and the defaults. Raises click.UsageError for what is no such JSON."""
    from pydantic import ValidationError

    from provisioner.messages.customers import Customer
    from provisioner.messages.domains import BulkDefaults

    try:
        document = json.loads(path.read_text("utf-8"))
        defaults = document["defaults"] if registrar is None else {**document["defaults"], "registrar": registrar}
        return Customer.model_validate(document["customer"]), BulkDefaults.model_validate(defaults)
    except (KeyError, TypeError, ValueError) as wrong:
        why = (
            _sentence(wrong) if isinstance(wrong, ValidationError) else "it needs an object with customer and defaults"
        )
        raise click.UsageError(f"{path} cannot be used: {why}") from None


def _sentence(wrong: Any) -> str:
    first = wrong.errors(include_url=False, include_input=False)[0]
    return f"{'/'.join(map(str, first['loc']))}: {first['msg']}"
