"""What an installation can be told, with a default for everything; read once at the start, never at import.

A setting comes from, in this order: its variable `PROVISIONER_NAME` or the file named by `PROVISIONER_NAME_FILE`,
the systemd credential `name`, the TOML file, its default. A wrong one stops the start with one sentence.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, JsonValue, PlainValidator, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from provisioner.kernel import redaction
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret
from provisioner.kernel.settings_rules import must_be
from provisioner.kernel.settings_sources import Given, default_data_dir, gather

DATABASE_SCHEMES: Final = ("postgresql://", "postgresql+psycopg://", "sqlite:///")
BROKER_SCHEMES: Final = ("amqp://", "amqps://")

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_SHORTEST_PASSWORD: Final = 6
_LONGEST_SHOWN: Final = 60
_MOST_WAITS: Final = 20


def _number(default: float, least: float, most: float, unit: str, description: str) -> Any:
    return Field(default, ge=least, le=most, description=description, json_schema_extra={"unit": unit})


def _described(description: str, default: Any = ..., **extra: JsonValue) -> Any:
    return Field(default, description=description, json_schema_extra=extra)


def _secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value)
    raise ValueError("text")


SecretText = Annotated[Secret, PlainValidator(_secret)]


class Settings(BaseSettings):
    """All settings. Built directly (`Settings(data_dir=…)`) it reads nothing; `load_settings` reads the machine."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    data_dir: Path = _described(
        "Folder for what this machine keeps: the embedded database and the key ring.",
        shown_default="`$XDG_DATA_HOME/provisioner`, or `~/.local/share/provisioner`",
    )
    key_ring: Path = Field(
        default_factory=lambda given: given["data_dir"] / "keys.json",
        description="File with the keys that seal secrets, made by `provisioner keys create`.",
        json_schema_extra={"shown_default": "`keys.json` in `data_dir`"},
    )
    tlds_file: Path | None = _described(
        "TOML file with the top-level domains that are sold and the rules of each; it replaces the shipped table.",
        None,
        shown_default="none: the table that comes with the program (see `tlds.md`)",
    )
    database_url: SecretText | None = _described(
        "The database. It may hold a password, so it is never shown.",
        None,
        kind=f"a URL that starts with {', '.join(DATABASE_SCHEMES[:-1])} or {DATABASE_SCHEMES[-1]}",
        shown_default="SQLite in `data_dir`",
    )
    broker_url: SecretText | None = _described(
        "The RabbitMQ broker. It may hold a password, so it is never shown.",
        None,
        kind=f"a URL that names a host and starts with {' or '.join(BROKER_SCHEMES)}",
        shown_default="none: embedded mode, where orders come by `provisioner submit`",
    )
    event_source: str = Field(
        "provisioner",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="The CloudEvents `source` of the events that are sent.",
        json_schema_extra={"kind": "1 to 200 visible ASCII characters without spaces"},
    )

    worker_threads: int = _number(16, 1, 256, "threads", "Operations that one worker process runs at the same time.")
    intake_threads: int = _number(2, 1, 16, "threads", "Messages that one worker process takes in at the same time.")
    prefetch: int = _number(10, 1, 100, "messages", "Messages that the broker hands to one consumer before an ack.")
    claim_batch: int = _number(16, 1, 1_000, "operations", "Due operations that a process claims in one go.")
    database_pool_size: int = _number(10, 1, 500, "connections", "Database connections that one process keeps open.")

    lease_seconds: float = _number(
        15, 1, _HOUR, "seconds", "How long a claimed operation belongs to a process that gives no sign of life."
    )
    heartbeat_seconds: float = _number(
        5, 0.1, _HOUR, "seconds", "How often a process renews its leases; less than half of `lease_seconds`."
    )
    sweep_seconds: float = _number(
        1, 0.05, _HOUR, "seconds", "How often the database is looked through for due operations."
    )
    operation_deadline_seconds: float = _number(
        _DAY,
        _MINUTE,
        366 * _DAY,
        "seconds",
        "How long an operation is retried before it fails, unless its workflow says.",
    )
    poll_seconds: float = _number(
        60, 0.1, _DAY, "seconds", "How often the message queue of each registrar account is read."
    )
    upkeep_open: int = _number(
        50,
        1,
        100_000,
        "operations",
        "Operations that the program starts by itself, such as renewals, and that are open at one vendor account.",
    )
    stop_grace_seconds: float = _number(
        30, 0, _HOUR, "seconds", "How long a stopping process waits for running steps to end."
    )

    backoff_first_seconds: float = _number(
        15, 0.01, _DAY, "seconds", "Upper bound of the wait after the first failure; it doubles with each failure."
    )
    backoff_most_seconds: float = _number(900, 0.01, 7 * _DAY, "seconds", "Upper bound of the wait after any failure.")
    lookup_waits_seconds: tuple[float, ...] = _described(
        "Waits before each look-up of a call with unknown outcome; the last one repeats.",
        (2.0, 5.0, 10.0, 30.0, 60.0),
        unit="seconds",
        kind=f"1 to {_MOST_WAITS} numbers, separated by commas, each more than 0 and at most {_DAY}",
    )
    breaker_failures: int = _number(
        5, 1, 1_000, "failures", "Failures in a row after which a vendor account is left alone for a while."
    )
    breaker_first_seconds: float = _number(
        30, 0.01, _DAY, "seconds", "How long it is left alone the first time; it doubles with each failed trial."
    )
    breaker_most_seconds: float = _number(900, 0.01, 7 * _DAY, "seconds", "How long it is left alone at most.")

    heartbeat_broker_seconds: int = _number(
        30, 5, 600, "seconds", "Heartbeat of broker connections: a dead one is noticed within twice this time."
    )
    blocked_connection_timeout_seconds: float = _number(
        20, 1, 600, "seconds", "How long a publisher waits while the broker blocks it (memory or disk alarm)."
    )
    delivery_limit: int = _number(
        50, 1, 10_000, "deliveries", "Deliveries of one message after which the broker sets it aside as a dead letter."
    )
    message_size_limit_bytes: int = _number(
        262_144, 1_024, 16_777_216, "bytes", "Larger messages go to quarantine unread."
    )
    inbox_retention_days: int = _number(
        90, 1, 3_650, "days", "How long message ids are kept, so that a repeated message is recognised."
    )
    relay_batch: int = _number(100, 1, 10_000, "events", "Events that the relay publishes in one go.")
    relay_idle_seconds: float = _number(
        0.2, 0.01, _MINUTE, "seconds", "How long the relay waits after it found no event to send."
    )

    log_level: Literal["debug", "info", "warning", "error"] = _described("The least important log line shown.", "info")
    log_format: Literal["auto", "json", "console"] = _described(
        "How log lines look; `auto` is `console` on a terminal and `json` elsewhere.", "auto"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed in: `load_settings` reads the rest, as each value must remember where it came from."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def embedded(self) -> bool:
        """True when there is no broker."""
        return self.broker_url is None

    def database(self) -> Secret:
        """The URL of the database: `database_url`, or the SQLite file in `data_dir`."""
        return self.database_url or Secret(f"sqlite:///{self.data_dir / 'provisioner.db'}")

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_values(cls, value: object, info: ValidationInfo) -> object:
        """`true` is no number, although Python counts with it."""
        if isinstance(value, bool):
            raise ValueError(must_be(cls.model_fields[str(info.field_name)]))  # noqa: TRY004 - pydantic wants ValueError
        return value

    @field_validator("data_dir", "key_ring", "tlds_file", mode="after")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        if path is None:
            return None
        if "\0" in str(path) or not path.name:
            raise ValueError("a path")
        try:
            return path.expanduser().absolute()
        except RuntimeError:
            raise ValueError("a path whose home directory is known") from None

    @field_validator("database_url", "broker_url", mode="after")
    @classmethod
    def _known_scheme(cls, url: Secret | None, info: ValidationInfo) -> Secret | None:
        name = str(info.field_name)
        schemes = DATABASE_SCHEMES if name == "database_url" else BROKER_SCHEMES
        if url is not None and not _is_url(url.reveal(), schemes):
            raise ValueError(must_be(cls.model_fields[name]))
        return url

    @field_validator("lookup_waits_seconds", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value

    @field_validator("lookup_waits_seconds", mode="after")
    @classmethod
    def _sensible_waits(cls, waits: tuple[float, ...]) -> tuple[float, ...]:
        if not 1 <= len(waits) <= _MOST_WAITS or not all(0 < wait <= _DAY for wait in waits):
            raise ValueError(must_be(cls.model_fields["lookup_waits_seconds"]))
        return waits

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("heartbeat_seconds", mode="after")
    @classmethod
    def _two_heartbeats_a_lease(cls, heartbeat: float, info: ValidationInfo) -> float:
        lease = info.data.get("lease_seconds")
        if lease is not None and heartbeat >= lease / 2:
            raise ValueError(f"less than half of lease_seconds, which is {lease:g}")
        return heartbeat

    @field_validator("backoff_most_seconds", "breaker_most_seconds", mode="after")
    @classmethod
    def _most_is_not_below_first(cls, most: float, info: ValidationInfo) -> float:
        name = str(info.field_name).replace("most", "first")
        first = info.data.get(name)
        if first is not None and most < first:
            raise ValueError(f"at least {name}, which is {first:g}")
        return most


def load_settings(environ: Mapping[str, str] | None = None, config: Path | None = None) -> Settings:
    """The settings of this machine: `environ` (default: the process's), and the TOML file `config`.

    Secrets among them are remembered by `redaction`. Raises SettingsError with one sentence, which never holds a
    secret's value, for a wrong value, an unknown name, and a file that cannot be read.
    """
    environ = os.environ if environ is None else environ
    given = gather(environ, config, frozenset(Settings.model_fields))
    given.setdefault("data_dir", Given(default_data_dir(environ), "data_dir"))
    try:
        settings = Settings.model_validate({name: each.value for name, each in given.items()})
    except ValidationError as error:
        raise SettingsError(_sentence(error, given)) from None
    for url in (settings.database_url, settings.broker_url):
        _remember_password(url)
    return settings


def _sentence(error: ValidationError, given: Mapping[str, Given]) -> str:
    """The first mistake: which setting, what was given, what would be right."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    field = Settings.model_fields[name]
    right = str(first["ctx"]["error"]) if first["type"] == "value_error" else must_be(field)
    if name not in given:
        return f"The setting {name} is {field.default!r} by default; it must be {right}."
    return f"The setting {given[name].where} is {_shown(name, given[name].value)}; it must be {right}."


def _shown(name: str, value: object) -> str:
    """What was given, unless it is a secret."""
    if Settings.model_fields[name].annotation == SecretText | None:
        return "wrong (its value is not shown)"
    text = redaction.redact_text(repr(value))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _is_url(text: str, schemes: tuple[str, ...]) -> bool:
    """A database needs no host: SQLite has none, and PostgreSQL may be asked through a Unix socket."""
    try:
        parts = urlsplit(text)
        usable = parts.port != 0 and (bool(parts.hostname) or schemes is DATABASE_SCHEMES)
    except ValueError:
        return False
    return usable and text.startswith(schemes)


def _remember_password(url: Secret | None) -> None:
    """Redact a URL's password anywhere; not one like `guest`, which is no secret and would blot out plain words."""
    parts = urlsplit(url.reveal() if url else "")
    password = parts.password or ""
    if password == parts.username or len(password) < _SHORTEST_PASSWORD:
        return
    redaction.remember(password)
    redaction.remember(unquote(password))
