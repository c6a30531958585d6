"""The command line `provisioner`: the group of all commands, and what happens when one ends."""

import traceback as tracebacks
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from provisioner.console.bulks import bulks
from provisioner.console.certificates import certificates
from provisioner.console.contacts import contacts
from provisioner.console.demo import demo
from provisioner.console.doctor import doctor
from provisioner.console.domain_bulks import transfer_bulk
from provisioner.console.domains import domains
from provisioner.console.exits import Exit, complain, exit_of, sentence_of
from provisioner.console.installation import OpenInstallation
from provisioner.console.keys import keys
from provisioner.console.operations import operations
from provisioner.console.orders import orders
from provisioner.console.polls import polls
from provisioner.console.processes import migrate, relay, run, scheduler, worker
from provisioner.console.quarantine import quarantine
from provisioner.console.sandbox import sandbox
from provisioner.console.servers import servers
from provisioner.console.services import services
from provisioner.console.session import Session
from provisioner.console.submitting import submit
from provisioner.kernel.errors import ProvisionerError
from provisioner.kernel.redaction import redact_text
from provisioner.ports.outcomes import Failure

PROGRAM: Final = "provisioner"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The TOML file with settings.",
)
@click.option("--traceback", is_flag=True, help="Show where the program failed, when it has a fault.")
@click.version_option(package_name="provisioner", prog_name=PROGRAM)
@click.pass_obj
def cli(session: Session, config: Path | None, *, traceback: bool) -> None:
    """Provision what storefronts sell: no order lost, none done twice, none stuck without a reason."""
    session.config = config
    session.traceback = traceback


for command in (
    migrate,
    worker,
    scheduler,
    relay,
    run,
    sandbox,
    submit,
    orders,
    services,
    domains,
    certificates,
    contacts,
    bulks,
    polls,
    operations,
    quarantine,
    servers,
    keys,
    doctor,
    demo,
):
    cli.add_command(command)
domains.add_command(transfer_bulk)


def main(open_installation: OpenInstallation, arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own); the exit code. Nothing prints a traceback unless asked."""
    session = Session(open_installation)
    try:
        return _code(cli.main(arguments, prog_name=PROGRAM, standalone_mode=False, obj=session))
    except SystemExit as ended:
        return _code(ended.code)
    except Exception as error:  # noqa: BLE001 - the last place where a fault can become a sentence
        return _told(error, show_fault=session.traceback)


def _code(ended: Any) -> int:
    return ended if isinstance(ended, int) else Exit.OK


def _told(error: Exception, *, show_fault: bool) -> int:
    """Tell the user in a line, and give the exit code."""
    code = Exit.REFUSED
    match error:
        case click.Abort():
            code = Exit.INTERRUPTED
        case click.ClickException():
            error.show()
            code = Exit.USAGE
        case ProvisionerError() | Failure():
            complain(sentence_of(error))
            code = exit_of(error)
        case OSError():
            complain(" ".join(filter(None, (error.strerror or str(error), error.filename))))
        case _:
            _tell_fault(error, show=show_fault)
            code = Exit.BUG
    return code


def _tell_fault(error: Exception, *, show: bool) -> None:
    text = redact_text("".join(tracebacks.format_exception(error)))
    kind = f"{type(error).__name__}: {redact_text(str(error))}".partition("\n")[0]
    if show:
        complain(f"a fault of the program: {kind}\n{text}")
    else:
        complain(f"a fault of the program: {kind}; run it again as `provisioner --traceback …` to see where")
