"""`provisioner servers`: vendor accounts, which operators call servers."""

from pathlib import Path
from typing import Final

import click

from provisioner.console import output
from provisioner.console.session import Session, json_option, limit_option, pass_session
from provisioner.console.waiting import account_obstacle
from provisioner.kernel.private_keys import generate_private_key
from provisioner.kernel.redaction import remember
from provisioner.kernel.secret import Secret
from provisioner.store.accounts import STATES, NewAccount

_GENERATE: Final = "generate"


@click.group()
def servers() -> None:
    """Vendor accounts, such as Plesk servers: list, add, drain, resume, ping."""


@servers.command("list")
@click.option("--status", type=click.Choice(STATES), help="Only those.")
@limit_option
@json_option
@pass_session
def list_servers(session: Session, *, status: str | None, limit: int, as_json: bool) -> None:
    """Vendor accounts, how busy each is, and what is in its way."""
    found = session.queries.accounts(state=status, limit=limit)
    if as_json:
        output.document(found)
        return
    now = session.queries.now()
    rows = [
        (
            each.name,
            each.adapter,
            each.product,
            each.environment,
            each.state,
            f"{each.running} of {each.concurrency}",
            str(each.open),
            account_obstacle(each, now) or "",
        )
        for each in found
    ]
    output.table(("server", "adapter", "product", "environment", "state", "at work", "open", "in its way"), rows)


@servers.command()
@click.argument("name")
@click.option("--adapter", required=True, metavar="NAME", help="Which adapter speaks to it, such as plesk.")
@click.option("--product", default="hosting", show_default=True, metavar="NAME", help="What it provides.")
@click.option(
    "--environment", type=click.Choice(["live", "sandbox"]), default="live", show_default=True, help="Whose orders."
)
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the adapter; may be given again."
)
@click.option(
    "--secret",
    "prompted",
    multiple=True,
    metavar="KEY",
    help="A credential, asked for on the terminal; may be given again.",
)
@click.option(
    "--secret-file",
    "files",
    multiple=True,
    nargs=2,
    metavar="KEY FILE",
    help="A credential, read from a file; may be given again.",
)
@click.option(
    "--credential",
    "made",
    multiple=True,
    metavar="KEY=generate",
    help="A credential that is made here: an EC private key on P-256, as an ACME account has; may be given again.",
)
@click.option("--concurrency", type=click.IntRange(1, 1000), default=2, show_default=True, help="Operations at once.")
@click.option("--replace", is_flag=True, help="Give a known server new settings; credentials that are not given stay.")
@pass_session
def add(
    session: Session,
    name: str,
    *,
    adapter: str,
    product: str,
    environment: str,
    settings: tuple[str, ...],
    prompted: tuple[str, ...],
    files: tuple[tuple[str, str], ...],
    made: tuple[str, ...],
    concurrency: int,
    replace: bool,
) -> None:
    """Add the vendor account NAME. Settings and credentials are described in the adapter's reference page."""
    given = dict(_pair(text) for text in settings)
    credentials = dict(_made(text) for text in made)
    credentials |= {key: _from_file(path) for key, path in files} | {key: _asked(key) for key in prompted}
    account = NewAccount(name, adapter, product, environment, given, credentials, concurrency)
    session.store.accounts.add(account, session.operator(), replace=replace)
    output.line(f"server {name} is {'changed' if replace else 'added'}; try it: provisioner servers ping {name}")


@servers.command()
@click.argument("name")
@click.option("--reason", metavar="TEXT", help="Why, for those who look later.")
@pass_session
def drain(session: Session, name: str, *, reason: str | None) -> None:
    """Start no operation on a server any more; what is at work is finished."""
    session.store.accounts.set_state(name, "draining", session.operator(), reason)
    output.line(f"server {name} is drained; it goes on with: provisioner servers resume {name}")


@servers.command()
@click.argument("name")
@pass_session
def resume(session: Session, name: str) -> None:
    """Let a drained or parked server go on, and close its circuit breaker."""
    session.store.accounts.set_state(name, "open", session.operator())
    output.line(f"server {name} goes on")


@servers.command()
@click.argument("name")
@json_option
@pass_session
def ping(session: Session, name: str, *, as_json: bool) -> None:
    """Log in to a server and ask whether it works."""
    done = session.installation.ping(name)
    if as_json:
        output.document({"server": name, **output.fields_of(done)})
        return
    facts = ", ".join(f"{key} {value}" for key, value in done.data.items())
    output.line(f"server {name} answers{': ' + facts if facts else ''}")
    for warning in done.warnings:
        output.line(f"warning: {warning}")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise click.UsageError(f"--set takes KEY=VALUE, not {text}")
    return key, value


def _made(text: str) -> tuple[str, Secret]:
    """What is not a request to make one may be a secret, and is not quoted."""
    key, _, value = text.partition("=")
    if not key or value != _GENERATE:
        raise click.UsageError("--credential takes KEY=generate; give a secret with --secret or --secret-file")
    return key, _kept(generate_private_key("ec").reveal())


def _from_file(path: str) -> Secret:
    try:
        return _kept(Path(path).read_text("utf-8").rstrip("\r\n"))
    except (OSError, UnicodeError) as error:
        raise click.FileError(path, getattr(error, "strerror", None) or "it is not UTF-8") from error


def _asked(key: str) -> Secret:
    return _kept(click.prompt(key, hide_input=True, err=True))


def _kept(text: str) -> Secret:
    remember(text)
    return Secret(text)
