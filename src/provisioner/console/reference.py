"""The reference page of the commands, told from the commands themselves.

python -m provisioner.console.reference > docs/reference/commands.md
"""

import sys
from collections.abc import Iterator
from typing import Final

import click

from provisioner.console.cli import PROGRAM, cli
from provisioner.console.exits import MEANING

_INTRODUCTION: Final = """\
# Commands

`provisioner COMMAND --help` tells the same. Times on the screen are UTC. On a terminal there are tables and colours;
piped, the same comes as plain text in columns.

Every listing takes `--json`: **one JSON document**, an array for a list and an object for one thing. `sandbox` and
`demo` run for a while and print JSON lines instead. Times in JSON are RFC 3339 in UTC. Secrets are in neither form.

What goes wrong is told in one line on standard error. `provisioner --traceback COMMAND` shows where a fault of the
program is.

## Exit codes

| Code | Meaning |
|---|---|
"""


def commands_reference() -> str:
    """The whole page, in Markdown."""
    codes = "".join(f"| {code.value} | {meaning} |\n" for code, meaning in MEANING.items())
    options = _options(click.Context(cli, info_name=PROGRAM))
    general = f"\n## Options before the command\n\n{options}"
    return _INTRODUCTION + codes + general + "".join(_sections(click.Context(cli, info_name=PROGRAM)))


def _sections(context: click.Context) -> Iterator[str]:
    group = context.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        command = group.commands[name]
        inner = click.Context(command, info_name=name, parent=context)
        yield _section(inner)
        yield from _sections(inner)


def _section(context: click.Context) -> str:
    level = "##" if context.parent is not None and context.parent.parent is None else "###"
    usage = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    title = context.command_path.removeprefix(f"{PROGRAM} ")
    parts = [f"\n{level} {title}\n", f"```\n{usage}\n```\n", f"{_help(context.command)}\n", _options(context)]
    return "\n".join(part for part in parts if part)


def _help(command: click.Command) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))


def _options(context: click.Context) -> str:
    rows = [record for parameter in context.command.params if (record := parameter.get_help_record(context))]
    if not rows:
        return ""
    lines = "".join(f"| `{option}` | {' '.join(text.split()).replace('|', chr(92) + '|')} |\n" for option, text in rows)
    return f"| Option | Meaning |\n|---|---|\n{lines}"


if __name__ == "__main__":
    sys.stdout.write(commands_reference())
