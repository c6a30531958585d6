"""`provisioner certificates`: look at certificates, export a chain or a CSR, reveal a private key once."""

from datetime import timedelta
from typing import Final

import click

from provisioner.console import output
from provisioner.console.certificate_views import (
    certificate_sections,
    current,
    list_headers,
    list_row,
    waits_for_upload,
)
from provisioner.console.session import Session, json_option, limit_option, pass_session
from provisioner.console.views import service_sections
from provisioner.console.waiting import service_line
from provisioner.kernel.errors import NotFoundError

WAITS_FOR_UPLOAD: Final = "it waits until the certificate that an authority has made of its CSR is uploaded"


@click.group()
def certificates() -> None:
    """Certificates: list, show, export, reveal a private key."""


@certificates.command("list")
@click.option("--service", metavar="ID", help="Only those of a hosting service.")
@click.option(
    "--expires-before",
    type=click.IntRange(0),
    metavar="DAYS",
    help="Only those that expire in so many days; next first.",
)
@limit_option
@json_option
@pass_session
def list_certificates(
    session: Session, *, service: str | None, expires_before: int | None, limit: int, as_json: bool
) -> None:
    """The newest certificates: for which names, by whom, until when, and what is wrong."""
    until = None if expires_before is None else session.queries.now() + timedelta(days=expires_before)
    found = session.store.certificate_queries.certificates(service_id=service, expires_before=until, limit=limit)
    if as_json:
        output.document(found)
        return
    output.table(list_headers(), [list_row(each) for each in found])


@certificates.command()
@click.argument("certificate_id")
@click.option("--exchanges", is_flag=True, help="Also what was sent and answered, without secrets.")
@json_option
@pass_session
def show(session: Session, certificate_id: str, *, exchanges: bool, as_json: bool) -> None:
    """One certificate: what it waits for, what is known of it, its CSR, and all that were ever obtained."""
    details = session.store.certificate_queries.certificate(certificate_id)
    work = session.queries.service(certificate_id, exchanges=exchanges)
    at_work = any(operation.ended_at is None for operation in work.operations)
    waits = WAITS_FOR_UPLOAD if waits_for_upload(details, at_work=at_work) else service_line(work)
    if as_json:
        operations = {"operations": work.operations, "events": work.events}
        output.document({"waits": waits, **output.fields_of(details), **operations})
        return
    certificate = details.certificate
    about = f"for hosting {certificate.parent_id} of customer {certificate.customer_id} ({certificate.environment})"
    output.line(f"Certificate {certificate.id} {about}: {certificate.status}")
    output.line(waits)
    output.sections([*certificate_sections(details), *service_sections(work)[1:]])
    if details.csr:
        output.line(f"\nThe CSR of its key:\n{details.csr}")


@certificates.command()
@click.argument("certificate_id")
@click.option("--csr", is_flag=True, help="The CSR that was made for it instead.")
@pass_session
def export(session: Session, certificate_id: str, *, csr: bool) -> None:
    """Print a certificate and its chain as PEM, without the private key."""
    details = session.store.certificate_queries.certificate(certificate_id)
    newest = current(details)
    text = details.csr if csr else newest and newest.chain
    if not text:
        raise NotFoundError(f"certificate {certificate_id} has {'no CSR' if csr else 'not been obtained yet'}")
    click.echo(text, nl=False)


@certificates.command("reveal-key")
@click.argument("certificate_id")
@pass_session
def reveal_key(session: Session, certificate_id: str) -> None:
    """Print the private key of a certificate as PEM, once; who asked is written to the audit."""
    key = session.store.credentials.reveal_key(certificate_id, session.operator())
    click.echo(key.reveal(), nl=False)
