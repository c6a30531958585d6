"""What one run of the command line carries from the group to its commands, and options that many of them share."""

import getpass
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import click

from provisioner.console.installation import Installation, OpenInstallation
from provisioner.kernel.errors import SettingsError
from provisioner.orders.statuses import ServiceStatus
from provisioner.store.queries import Queries
from provisioner.store.store import Store

DEFAULT_LIMIT: Final = 50
_Command = TypeVar("_Command", bound=Callable[..., Any])


class NotMigrated(SettingsError):
    """The database has no tables yet; run `provisioner migrate`."""

    code: ClassVar[str] = "not_migrated"


def require_tables(store: Store) -> None:
    """Raise NotMigrated when the database is empty, before a query says so in words of its own."""
    if not store.queries.has_tables():
        raise NotMigrated


@dataclass
class Session:
    """Opens the installation when a command first needs it, so that `--help` needs no settings."""

    open_installation: OpenInstallation
    config: Path | None = None
    traceback: bool = False

    @cached_property
    def installation(self) -> Installation:
        """The installation that the settings describe."""
        return self.open_installation(self.config)

    @cached_property
    def store(self) -> Store:
        """Its store, with tables. Raises NotMigrated."""
        store = self.installation.store()
        require_tables(store)
        return store

    @property
    def queries(self) -> Queries:
        """Questions to its database."""
        return self.store.queries

    def operator(self) -> str:
        """Who gives the command: the user that is logged in, also behind sudo."""
        return os.environ.get("SUDO_USER") or _user()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid-{os.getuid()}"


pass_session = click.make_pass_decorator(Session)


def json_option(command: _Command) -> _Command:
    """Add `--json`."""
    return click.option("as_json", "--json", is_flag=True, help="Print one JSON document.")(command)


def limit_option(command: _Command) -> _Command:
    """Add `--limit`."""
    text = f"At most so many (default {DEFAULT_LIMIT})."
    return click.option("--limit", type=click.IntRange(min=1), default=DEFAULT_LIMIT, metavar="N", help=text)(command)


def service_filters(command: _Command) -> _Command:
    """Add `--status`, `--customer` and `--server`."""
    options = (
        click.option("--status", type=click.Choice([status.value for status in ServiceStatus]), help="Only those."),
        click.option("--customer", metavar="ID", help="Only those of a customer."),
        click.option("--server", metavar="NAME", help="Only those of a vendor account."),
    )
    for option in reversed(options):
        command = option(command)
    return command
