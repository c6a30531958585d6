"""Where settings come from: variables, files that variables name, systemd credentials, one TOML file."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioner.kernel.errors import SettingsError

PREFIX: Final = "PROVISIONER_"
CONFIG_VARIABLE: Final = "PROVISIONER_CONFIG"
CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"
CONFIG_PLACES: Final = (Path("/etc/provisioner/provisioner.toml"), Path("provisioner.toml"))
OTHER_VARIABLES: Final = frozenset({CONFIG_VARIABLE, "PROVISIONER_CRASH", "PROVISIONER_CRASH_SOCKET"})

_MOST_BYTES: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was given, and the name under which a user finds it. Never printed: it may be a secret."""

    value: object
    where: str

    def __repr__(self) -> str:
        return f"Given({self.where})"


def gather(environ: Mapping[str, str], config: Path | None, names: frozenset[str]) -> dict[str, Given]:
    """What was given for each setting, the environment first. Raises SettingsError for what cannot be understood."""
    _refuse_unknown_variables(environ, names)
    return {
        **_from_toml(_config_path(environ, config), names),
        **_from_credentials(environ, names),
        **_from_named_files(environ, names),
        **_from_variables(environ, names),
    }


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Where a user's programs keep data (XDG Base Directory Specification). Raises SettingsError without a home."""
    base = Path(environ.get("XDG_DATA_HOME", ""))
    if base.is_absolute():
        return base / "provisioner"
    try:
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    except RuntimeError:
        raise SettingsError("The setting data_dir is not given and there is no home directory; set it.") from None
    return home / ".local" / "share" / "provisioner"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def _refuse_unknown_variables(environ: Mapping[str, str], names: frozenset[str]) -> None:
    known = {variable(name) for name in names} | {f"{variable(name)}_FILE" for name in names} | OTHER_VARIABLES
    for key in sorted(environ):
        if key.startswith(PREFIX) and key not in known:
            meant = _closest(key.removeprefix(PREFIX).lower(), names)
            raise SettingsError(f"There is no setting {key!a}; {_did_you_mean(variable(meant) if meant else '')}")


def _closest(name: str, names: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(name, sorted(names), n=1)), "")


def _did_you_mean(name: str) -> str:
    return f"did you mean {name}?" if name else "docs/reference/settings.md lists all of them."


def _from_variables(environ: Mapping[str, str], names: frozenset[str]) -> dict[str, Given]:
    return {name: Given(environ[variable(name)], variable(name)) for name in names if environ.get(variable(name))}


def _from_named_files(environ: Mapping[str, str], names: frozenset[str]) -> dict[str, Given]:
    given = {}
    for name in sorted(names):
        key = f"{variable(name)}_FILE"
        if not environ.get(key):
            continue
        if environ.get(variable(name)):
            raise SettingsError(f"The settings {variable(name)} and {key} are both given; keep one of them.")
        path = Path(environ[key])
        given[name] = Given(_read_value(path, f"The file {path}, which {key} names,"), key)
    return given


def _from_credentials(environ: Mapping[str, str], names: frozenset[str]) -> dict[str, Given]:
    """Files that systemd hands to a service (systemd.exec, `LoadCredential=`), each named after its setting."""
    folder = environ.get(CREDENTIALS_VARIABLE)
    if not folder:
        return {}
    files = {name: Path(folder) / name for name in sorted(names) if (Path(folder) / name).exists()}
    return {
        name: Given(_read_value(path, f"The credential {path}"), f"{name} (a credential)")
        for name, path in files.items()
    }


def _from_toml(path: Path | None, names: frozenset[str]) -> dict[str, Given]:
    if path is None:
        return {}
    try:
        content = tomllib.loads(_read(path, f"The settings file {path}"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"The settings file {path} is not valid TOML: {_place(error)}.") from None
    for key in content:
        if key not in names:
            raise SettingsError(f"There is no setting {key!a}, found in {path}; {_did_you_mean(_closest(key, names))}")
    return {name: Given(value, f"{name} in {path}") for name, value in content.items()}


def _place(error: Exception) -> str:
    """Where the mistake is; the parser's words may quote what stands there, and that may be a secret."""
    found = str(error).rpartition("(at ")[2].rstrip(")")
    return f"look at {found}" if found.startswith(("line", "end")) else "it is nested too deeply"


def _config_path(environ: Mapping[str, str], config: Path | None) -> Path | None:
    if config is not None:
        return config
    if environ.get(CONFIG_VARIABLE):
        return Path(environ[CONFIG_VARIABLE])
    return next((place for place in CONFIG_PLACES if place.is_file()), None)


def _read_value(path: Path, what: str) -> str:
    return _read(path, what).rstrip("\r\n")


def _read(path: Path, what: str) -> str:
    """The text of a file; `what` begins the sentence when that fails."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise SettingsError(f"{what} is larger than 1 MiB.")
        return raw.decode()
    except OSError as error:
        raise SettingsError(f"{what} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise SettingsError(f"{what} is not UTF-8 text.") from None
