"""`provisioner sandbox`: simulated vendors on loopback."""

import sys
from pathlib import Path

import click

from provisioner.console import output
from provisioner.console.installation import RunningSandbox, SandboxOptions
from provisioner.console.session import Session, json_option, pass_session
from provisioner.console.stopping import wait_for_stop
from provisioner.store.accounts import NewAccount

_PORT = click.IntRange(0, 65535)


@click.command()
@click.option("--simulator", metavar="NAME", help="Only this one (default: one for each adapter).")
@click.option("--port", type=_PORT, default=0, metavar="N", help="Port of the vendor's side (default: a free one).")
@click.option("--control-port", type=_PORT, default=0, metavar="N", help="Port of the control interface, likewise.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Keep the simulators' memory here between two starts.",
)
@click.option("--register", metavar="PREFIX", help="Add each as a server PREFIX-NAME for sandbox orders.")
@json_option
@pass_session
def sandbox(
    session: Session,
    *,
    simulator: str | None,
    port: int,
    control_port: int,
    keep: Path | None,
    register: str | None,
    as_json: bool,
) -> None:
    """Serve simulated vendors on loopback until stopped.

    Each speaks its vendor's protocol, keeps a ledger of every effect, and takes faults on its control interface. The
    certificate authority is Pebble where that is installed, which has none of these; --simulator acme is ours.
    With --json, one line for each simulator.
    """
    if simulator is None and (port or control_port):
        raise click.UsageError("--port and --control-port need --simulator: two cannot share one")
    options = SandboxOptions(simulator, port, control_port, keep)
    with session.installation.sandbox(options) as running:
        for each in running:
            if register is not None:
                _register(session, f"{register}-{each.name}", each)
            _tell(each, as_json=as_json)
        sys.stdout.flush()
        wait_for_stop()


def _register(session: Session, name: str, sandbox: RunningSandbox) -> None:
    account = NewAccount(
        name, sandbox.adapter, sandbox.product, "sandbox", sandbox.settings, sandbox.credentials, concurrency=4
    )
    session.store.accounts.add(account, session.operator(), replace=True)


def _tell(sandbox: RunningSandbox, *, as_json: bool) -> None:
    told = {
        "name": sandbox.name,
        "endpoint": sandbox.endpoint,
        "control_url": sandbox.control_url,
        "settings": dict(sandbox.settings),
    }
    if as_json:
        output.document(told, indent=None)
        return
    control = f", its control interface on {sandbox.control_url}" if sandbox.control_url else ""
    output.line(f"{sandbox.name} listens on {sandbox.endpoint}{control}")
