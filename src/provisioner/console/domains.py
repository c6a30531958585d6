"""`provisioner domains`: look at domains."""

import click

from provisioner.console import output
from provisioner.console.domain_views import domain_sections, expires, is_renewed
from provisioner.console.session import Session, json_option, limit_option, pass_session, service_filters
from provisioner.console.waiting import service_line
from provisioner.messages.domains import ConfirmTransfer


@click.group()
def domains() -> None:
    """Domains: list, show, confirm a transfer, transfer many at once."""


@domains.command("list")
@service_filters
@limit_option
@json_option
@pass_session
def list_domains(
    session: Session, *, status: str | None, customer: str | None, server: str | None, limit: int, as_json: bool
) -> None:
    """The newest domains."""
    found = session.queries.services(
        status=status, customer_id=customer, vendor_account=server, product="domain", limit=limit
    )
    if as_json:
        output.document(found)
        return
    rows = [
        (
            each.name or "",
            each.id,
            each.status,
            expires(each),
            is_renewed(each),
            each.customer_id,
            each.vendor_account or "",
        )
        for each in found
    ]
    output.table(("domain", "service", "status", "expires", "renewed", "customer", "server"), rows)


@domains.command()
@click.argument("domain")
@click.option("--exchanges", is_flag=True, help="Also what was sent and answered, without secrets.")
@json_option
@pass_session
def show(session: Session, domain: str, *, exchanges: bool, as_json: bool) -> None:
    """One domain, by its name or its service's id: what it waits for, and all that is known of it."""
    details = session.queries.service(session.queries.domain_service(domain), exchanges=exchanges)
    waits = service_line(details)
    if as_json:
        output.document({"waits": waits, **output.fields_of(details)})
        return
    service = details.service
    about = f"service {service.id} of customer {service.customer_id} ({service.environment})"
    output.line(f"Domain {service.name}, {about}: {service.status}")
    output.line(waits)
    output.sections(domain_sections(details))


@domains.command()
@click.argument("domain")
@click.option("--declined", is_flag=True, help="The registrant does not want the transfer.")
@pass_session
def confirm(session: Session, domain: str, *, declined: bool) -> None:
    """Say that a domain's registrant has confirmed its transfer, or declined it. The first answer to a try counts."""
    service_id = session.queries.domain_service(domain)
    woken = session.store.confirmations.say(ConfirmTransfer(service_id=service_id, confirmed=not declined))
    said = "declined" if declined else "confirmed"
    output.line(f"the transfer of {domain} is {said}; " + ("it goes on" if woken else "it is kept until that is asked"))
