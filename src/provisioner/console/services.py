"""`provisioner services`: look at services, and reveal a password once."""

import click

from provisioner.console import output
from provisioner.console.session import Session, json_option, limit_option, pass_session, service_filters
from provisioner.console.views import service_sections
from provisioner.console.waiting import service_line


@click.group()
def services() -> None:
    """Services: list, show, reveal."""


@services.command("list")
@service_filters
@limit_option
@json_option
@pass_session
def list_services(
    session: Session, *, status: str | None, customer: str | None, server: str | None, limit: int, as_json: bool
) -> None:
    """The newest services."""
    found = session.queries.services(status=status, customer_id=customer, vendor_account=server, limit=limit)
    if as_json:
        output.document(found)
        return
    rows = [
        (each.id, each.product, each.status, each.customer_id, each.vendor_account or "", each.name or each.ref or "")
        for each in found
    ]
    output.table(("service", "product", "status", "customer", "server", "domain or vendor's id"), rows)


@services.command()
@click.argument("service_id")
@click.option("--exchanges", is_flag=True, help="Also what was sent and answered, without secrets.")
@json_option
@pass_session
def show(session: Session, service_id: str, *, exchanges: bool, as_json: bool) -> None:
    """One service: what it waits for, what is known of it, every attempt of every step, its periods and events."""
    details = session.queries.service(service_id, exchanges=exchanges)
    waits = service_line(details)
    if as_json:
        output.document({"waits": waits, **output.fields_of(details)})
        return
    service = details.service
    about = f"{service.product} of customer {service.customer_id} ({service.environment})"
    output.line(f"Service {service.id}, {about}: {service.status}")
    output.line(waits)
    output.sections(service_sections(details))


@services.command()
@click.argument("service_id")
@pass_session
def reveal(session: Session, service_id: str) -> None:
    """Print the system password of a service, or the code of a domain, once; who asked is written to the audit."""
    password = session.store.credentials.reveal_password(service_id, session.operator())
    click.echo(password.reveal())
