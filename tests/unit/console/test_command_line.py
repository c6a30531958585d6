"""The command line itself: help without settings, one line for what goes wrong, exit codes, the reference page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Never

import click
import pytest

from provisioner.console.cli import cli, main
from provisioner.console.installation import Installation
from provisioner.console.reference import commands_reference
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.redaction import remembered

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "commands.md"


def wrong_settings(_config: Path | None) -> Never:
    raise SettingsError("The setting worker_threads is 0; it must be a whole number.")


def paths(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from paths(inner, (*path, name))


@pytest.mark.parametrize("path", list(paths(cli)), ids=" ".join)
def test_help_needs_no_settings(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(wrong_settings, [*path, "--help"]) == 0
    assert "Usage: provisioner" in capsys.readouterr().out


@pytest.mark.parametrize("path", list(paths(cli)), ids=" ".join)
def test_every_command_says_what_it_does(path: tuple[str, ...]) -> None:
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert (command.help or "").strip()
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []


def test_a_wrong_setting_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(wrong_settings, ["orders", "list"]) == 4
    assert capsys.readouterr().err == "provisioner: The setting worker_threads is 0; it must be a whole number.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["orders", "list", "--status", "nonsense"],
        ["orders", "list", "--limit", "0"],
        ["orders", "show"],
        ["operations", "resolve", "op-1"],
        ["operations", "resolve", "op-1", "--happened", "x", "--did-not-happen"],
        ["sandbox", "--port", "99"],
        ["submit", "/no/such/file"],
    ],
)
def test_a_wrong_command_line_is_a_matter_of_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(wrong_settings, arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def faulty(_config: Path | None) -> Installation:
    raise ZeroDivisionError("by geheim-42\nand more")


def test_a_fault_of_the_program_is_one_line_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    with remembered("geheim-42"):
        assert main(faulty, ["orders", "list"]) == 70
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "ZeroDivisionError: by ***;" in told


def test_a_fault_is_shown_with_its_place_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(faulty, ["--traceback", "orders", "list"]) == 70
    assert 'raise ZeroDivisionError("by' in capsys.readouterr().err


def interrupted(_config: Path | None) -> Installation:
    raise KeyboardInterrupt


def test_an_interruption_from_the_keyboard_has_its_code() -> None:
    assert main(interrupted, ["orders", "list"]) == 130


def unreachable(_config: Path | None) -> Installation:
    raise OSError(98, "Address already in use")


def test_an_error_of_the_system_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(unreachable, ["sandbox"]) == 1
    assert capsys.readouterr().err == "provisioner: Address already in use\n"


def test_the_configuration_file_is_handed_to_the_installation() -> None:
    seen: list[Path | None] = []

    def opened(config: Path | None) -> Never:
        seen.append(config)
        raise SettingsError

    main(opened, ["--config", "x.toml", "migrate"])
    assert seen == [Path("x.toml")]


def test_the_reference_page_has_not_drifted() -> None:
    assert PAGE.read_text() == commands_reference(), (
        "write it anew: python -m provisioner.console.reference > docs/reference/commands.md"
    )


@pytest.mark.parametrize("given", ["account_key=geheim-42", "account_key", "=generate", "geheim-42"])
def test_a_credential_on_the_command_line_is_refused_and_not_shown(
    given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(wrong_settings, ["servers", "add", "ca", "--adapter", "acme", "--credential", given]) == 2
    assert "geheim-42" not in capsys.readouterr().err
