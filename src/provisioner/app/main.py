"""The command `provisioner`."""

import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from provisioner.app.demo import DemoStack, demo_stack
from provisioner.app.installed import Installed
from provisioner.app.roles import run_role
from provisioner.console import cli
from provisioner.console.installation import Role
from provisioner.kernel import crash, log
from provisioner.kernel.settings import load_settings


@dataclass
class CommandInstallation(Installed):
    """What the commands act on."""

    config: Path | None = None

    def run(self, role: Role) -> int:
        """Run a role until the process is told to stop; the exit code."""
        log.configure(self.settings.log_level, self.settings.log_format)
        return run_role(self, role, self.config)

    def demo(self) -> AbstractContextManager[DemoStack]:
        """Start a stack for `provisioner demo`; leaving it removes what it made."""
        return demo_stack()


def open_installation(config: Path | None) -> CommandInstallation:
    """An installation that reads its settings now and opens nothing else. Raises SettingsError.

    A command tells its user what it did; only a role logs as the settings say.
    """
    settings = load_settings(config=config)
    crash.arm()
    log.configure("warning", settings.log_format)
    return CommandInstallation(settings, config=config)


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    sys.exit(cli.main(open_installation))
