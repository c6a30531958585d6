"""The reference page of the settings, told from the settings themselves.

python -m provisioner.kernel.settings_reference > docs/reference/settings.md
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic.fields import FieldInfo

from provisioner.kernel.settings import Settings
from provisioner.kernel.settings_rules import extra, must_be
from provisioner.kernel.settings_sources import CONFIG_PLACES, CONFIG_VARIABLE, CREDENTIALS_VARIABLE, variable

# Each part of the page begins with this setting.
_PARTS: Final[Mapping[str, str]] = {
    "data_dir": "Where things are",
    "worker_threads": "How much at once",
    "lease_seconds": "Running operations",
    "backoff_first_seconds": "After a failure",
    "heartbeat_broker_seconds": "Messages",
    "log_level": "Log",
}

_INTRODUCTION: Final = f"""\
# Settings

Every setting has a default; an installation with none runs embedded, with SQLite and without a broker.
A setting is looked for in this order, and the first place that gives it wins:

1. the environment variable `PROVISIONER_NAME`, or the content of the file that `PROVISIONER_NAME_FILE` names
   (to give both is an error; an empty variable counts as not given);
2. the systemd credential `name`: a file of that name in `${CREDENTIALS_VARIABLE}`;
3. one TOML file, with the names below as top-level keys: the one that `{CONFIG_VARIABLE}` names, or else the first
   of {" and ".join(f"`{place}`" for place in CONFIG_PLACES)} that exists
   (the latter in the working directory);
4. its default.

Settings are read once, at the start. A wrong value, a name that does not exist or a file that cannot be read stops
the start with one sentence that says which setting it is, what was given and what would be right. The values of
`database_url` and `broker_url` are never shown, and their passwords are taken out of every log line.

```toml
# /etc/provisioner/provisioner.toml
broker_url = "amqps://worker@rabbit.example/"
worker_threads = 32
lookup_waits_seconds = [2, 5, 10, 30, 60]
```
"""

_FOR_TESTS: Final = """\
## For tests only

`PROVISIONER_CRASH` and `PROVISIONER_CRASH_SOCKET` arm a named crash point: the process kills itself there, or asks a
socket to break something else. They have no place in an installation.
"""


def settings_reference() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_INTRODUCTION, *_settings(), _FOR_TESTS])


def _settings() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        if name in _PARTS:
            yield f"## {_PARTS[name]}\n"
        yield _entry(name, field)


def _entry(name: str, field: FieldInfo) -> str:
    return (
        f"### `{name}`\n\n{field.description}\n\n"
        f"- Variable: `{variable(name)}`\n- Must be: {must_be(field)}\n- Default: {_default(field)}\n"
    )


def _default(field: FieldInfo) -> str:
    shown = extra(field, "shown_default")
    if shown:
        return shown
    value = field.default
    text = ", ".join(f"{each:g}" for each in value) if isinstance(value, tuple) else str(value)
    return f"`{text}` {extra(field, 'unit')}".rstrip()


if __name__ == "__main__":
    sys.stdout.write(settings_reference())
