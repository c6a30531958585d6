"""`provisioner contacts`: look at the contacts that domains have."""

import click

from provisioner.console import output
from provisioner.console.domain_views import contact_sections
from provisioner.console.session import Session, json_option, limit_option, pass_session


@click.group()
def contacts() -> None:
    """Contacts: list, show."""


@contacts.command("list")
@click.option("--customer", metavar="ID", help="Only those of a customer.")
@limit_option
@json_option
@pass_session
def list_contacts(session: Session, *, customer: str | None, limit: int, as_json: bool) -> None:
    """Contacts by their id."""
    found = session.queries.contacts(customer_id=customer, limit=limit)
    if as_json:
        output.document(found)
        return
    rows = [
        (each.contact_id, each.customer_id, each.data["name"], each.data["email"], each.data["country"])
        for each in found
    ]
    output.table(("contact", "customer", "name", "e-mail", "country"), rows)


@contacts.command()
@click.argument("contact_id")
@json_option
@pass_session
def show(session: Session, contact_id: str, *, as_json: bool) -> None:
    """One contact, and the domains that have it."""
    contact, users = session.queries.contact(contact_id)
    if as_json:
        output.document({**output.fields_of(contact), "domains": users})
        return
    output.line(f"Contact {contact.contact_id} of customer {contact.customer_id}, version {contact.version}")
    output.sections(contact_sections(contact, users))
