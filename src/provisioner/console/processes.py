"""`provisioner migrate`, and the roles that run until they are told to stop."""

import sys
from typing import Literal

import click

from provisioner.console import output
from provisioner.console.session import Session, pass_session


@click.command()
@pass_session
def migrate(session: Session) -> None:
    """Bring the database to the tables of this version. Safe to run at any time, and by several at once."""
    output.line(f"the database is at {session.installation.migrate()}")


@click.command()
@click.option("--only", type=click.Choice(["intake", "runner"]), help="Do one of both, and leave the other to others.")
@pass_session
def worker(session: Session, *, only: Literal["intake", "runner"] | None) -> None:
    """Take messages in (intake) and run operations (runner)."""
    sys.exit(session.installation.run(only or "worker"))


@click.command()
@pass_session
def scheduler(session: Session) -> None:
    """Find what is due, tell of what waits too long, remove what is too old."""
    sys.exit(session.installation.run("scheduler"))


@click.command()
@pass_session
def relay(session: Session) -> None:
    """Publish events."""
    sys.exit(session.installation.run("relay"))


@click.command()
@pass_session
def run(session: Session) -> None:
    """All roles in one process tree."""
    sys.exit(session.installation.run("all"))
