"""Settings: what they are by default, and the one sentence that a wrong one gets."""

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from provisioner.kernel import redaction
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.settings import Settings, load_settings

HOME = {"HOME": "/home/worker"}
DEFAULT = Settings(data_dir=Path("/data"))
NAMES = sorted(Settings.model_fields)


def _load(**given_settings: str) -> Settings:
    return load_settings({**HOME, **{f"PROVISIONER_{name.upper()}": value for name, value in given_settings.items()}})


def _refusal(**given_settings: str) -> str:
    with pytest.raises(SettingsError) as refusal:
        _load(**given_settings)
    assert refusal.value.__cause__ is None
    return str(refusal.value)


def _complaint(**given_settings: str) -> str | None:
    try:
        _load(**given_settings)
    except SettingsError as error:
        return str(error)
    return None


def test_without_any_setting_the_installation_is_embedded() -> None:
    settings = _load()
    assert settings.embedded
    assert settings.database().reveal() == "sqlite:////home/worker/.local/share/provisioner/provisioner.db"


def test_with_a_broker_it_is_not() -> None:
    assert not _load(broker_url="amqp://worker@rabbit/").embedded


def test_data_goes_where_the_desktop_rules_say() -> None:
    assert load_settings({**HOME, "XDG_DATA_HOME": "/srv/data"}).data_dir == Path("/srv/data/provisioner")


def test_a_relative_xdg_folder_counts_as_not_given() -> None:
    assert load_settings({**HOME, "XDG_DATA_HOME": "data"}).data_dir == Path("/home/worker/.local/share/provisioner")


def test_the_key_ring_lies_in_the_data_folder() -> None:
    assert _load(data_dir="/srv/data").key_ring == Path("/srv/data/keys.json")


def test_the_key_ring_may_lie_elsewhere() -> None:
    assert _load(key_ring="/etc/provisioner/keys.json").key_ring == Path("/etc/provisioner/keys.json")


def test_without_a_table_of_top_level_domains_the_shipped_one_is_meant() -> None:
    assert _load().tlds_file is None


def test_a_table_of_top_level_domains_may_be_named() -> None:
    assert _load(tlds_file="tlds.toml").tlds_file == Path.cwd() / "tlds.toml"


def test_a_path_becomes_absolute() -> None:
    assert _load(data_dir="here").data_dir == Path.cwd() / "here"


def test_a_path_may_begin_with_the_home_folder() -> None:
    assert _load(data_dir="~/x").data_dir == Path("~/x").expanduser()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://worker@db/provisioner",
        "postgresql+psycopg://worker:hunter2x@[::1]:5433/provisioner?sslmode=verify-full",
        "postgresql:///provisioner?host=/run/postgresql",
        "sqlite:////srv/data/x.db",
    ],
)
def test_a_database_that_is_given_is_used(url: str) -> None:
    assert _load(database_url=url).database().reveal() == url


@pytest.mark.parametrize("written", ["1,2.5,60", " 1, 2.5 ,60"])
def test_waits_are_separated_by_commas(written: str) -> None:
    assert _load(lookup_waits_seconds=written).lookup_waits_seconds == (1.0, 2.5, 60.0)


@pytest.mark.parametrize("written", ["debug", "DEBUG", "Debug"])
def test_words_are_taken_in_any_case(written: str) -> None:
    assert _load(log_level=written).log_level == "debug"


def test_an_empty_variable_counts_as_not_given() -> None:
    assert _load(worker_threads="").worker_threads == DEFAULT.worker_threads


def test_settings_do_not_change() -> None:
    anything: Any = DEFAULT
    with pytest.raises(ValidationError):
        anything.worker_threads = 3


def test_settings_built_by_hand_read_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_THREADS", "3")
    monkeypatch.setenv("PROVISIONER_WORKER_THREADS", "3")
    assert Settings(data_dir=Path("/data")) == DEFAULT


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISIONER_WORKER_THREADS", "3")
    assert load_settings().worker_threads == 3


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"worker_threads": "many"}, "WORKER_THREADS is 'many'; it must be a whole number of threads from 1 to 256."),
        ({"worker_threads": "0"}, "WORKER_THREADS is '0'; it must be a whole number of threads from 1 to 256."),
        ({"worker_threads": "257"}, "WORKER_THREADS is '257'; it must be a whole number of threads from 1 to 256."),
        ({"worker_threads": "1.5"}, "WORKER_THREADS is '1.5'; it must be a whole number of threads from 1 to 256."),
        ({"lease_seconds": "nan"}, "LEASE_SECONDS is 'nan'; it must be a number of seconds from 1 to 3600."),
        ({"lease_seconds": "inf"}, "LEASE_SECONDS is 'inf'; it must be a number of seconds from 1 to 3600."),
        ({"log_level": "loud"}, "LOG_LEVEL is 'loud'; it must be debug, info, warning or error."),
        ({"log_format": "xml"}, "LOG_FORMAT is 'xml'; it must be auto, json or console."),
        (
            {"event_source": "a b"},
            "EVENT_SOURCE is 'a b'; it must be 1 to 200 visible ASCII characters without spaces.",
        ),
        ({"data_dir": "/"}, "DATA_DIR is '/'; it must be a path."),
        ({"tlds_file": "/"}, "TLDS_FILE is '/'; it must be a path."),
        (
            {"data_dir": "~no-such-user/x"},
            "DATA_DIR is '~no-such-user/x'; it must be a path whose home directory is known.",
        ),
        (
            {"heartbeat_seconds": "7.5"},
            "HEARTBEAT_SECONDS is '7.5'; it must be less than half of lease_seconds, which is 15.",
        ),
        (
            {"backoff_most_seconds": "14"},
            "BACKOFF_MOST_SECONDS is '14'; it must be at least backoff_first_seconds, which is 15.",
        ),
        (
            {"breaker_most_seconds": "29"},
            "BREAKER_MOST_SECONDS is '29'; it must be at least breaker_first_seconds, which is 30.",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_given_and_what_is_right(wrong: dict[str, str], sentence: str) -> None:
    assert _refusal(**wrong) == f"The setting PROVISIONER_{sentence}"


@pytest.mark.parametrize("waits", ["x", ",", "1,,2", "0", "-1", "nan", "86401", ",".join("1" * 21)])
def test_waits_that_make_no_sense_are_refused(waits: str) -> None:
    assert "it must be 1 to 20 numbers, separated by commas" in _refusal(lookup_waits_seconds=waits)


def test_a_default_that_does_not_fit_what_was_given_is_named() -> None:
    assert _refusal(lease_seconds="8") == (
        "The setting heartbeat_seconds is 5 by default; it must be less than half of lease_seconds, which is 8."
    )


@pytest.mark.parametrize(
    "url",
    ["mysql://worker:hunter2x@db/x", "hunter2x", "postgresql://w:hunter2x@[db/x", "postgresql://w:hunter2x@db:x/x"],
)
def test_a_wrong_database_url_is_never_shown(url: str) -> None:
    assert _refusal(database_url=url) == (
        "The setting PROVISIONER_DATABASE_URL is wrong (its value is not shown); "
        "it must be a URL that starts with postgresql://, postgresql+psycopg:// or sqlite:///."
    )


@pytest.mark.parametrize(
    "url", ["http://rabbit:hunter2x@h", "amqp://", "amqp://u:hunter2x@h:99999", "amqp://u:hunter2x@h:0"]
)
def test_a_wrong_broker_url_is_never_shown(url: str) -> None:
    assert _refusal(broker_url=url) == (
        "The setting PROVISIONER_BROKER_URL is wrong (its value is not shown); "
        "it must be a URL that names a host and starts with amqp:// or amqps://."
    )


def test_a_secret_that_was_given_to_the_wrong_setting_is_not_shown_either() -> None:
    assert "hunter2x" not in _refusal(event_source="amqp://worker:hunter2x@rabbit now")


def test_a_long_wrong_value_is_cut() -> None:
    assert len(_refusal(log_level="x" * 10_000)) < 200


@given(name=st.sampled_from(NAMES), value=st.text(alphabet=st.characters(exclude_characters="\0"), max_size=40))
def test_whatever_is_given_is_taken_or_refused_with_one_sentence(name: str, value: str) -> None:
    complaint = _complaint(**{name: value})
    assert complaint is None or (name in complaint.lower() and "\n" not in complaint)


def test_the_passwords_of_urls_are_taken_out_of_logs_from_then_on() -> None:
    _load(broker_url="amqp://worker:c0rrect%2Fhorse@rabbit/")
    assert redaction.redact_text("c0rrect/horse and c0rrect%2Fhorse") == "*** and ***"


def test_a_password_that_is_none_does_not_blot_out_plain_words() -> None:
    _load(broker_url="amqp://provisioner:provisioner@rabbit/")
    assert redaction.redact_text("provisioner.events") == "provisioner.events"


def test_printing_settings_shows_no_secret() -> None:
    settings = _load(database_url="postgresql://worker:hunter2x@db/x")
    assert "hunter2x" not in f"{settings!r} {settings} {settings.model_dump()}"


@pytest.mark.parametrize("leak", [Settings.model_dump_json, pickle.dumps, copy.deepcopy])
def test_settings_with_a_secret_are_carried_nowhere(leak: object) -> None:
    settings = _load(database_url="postgresql://worker:hunter2x@db/x")
    assert callable(leak)
    with pytest.raises((TypeError, ValueError)):
        leak(settings)


def _start(environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    program = "import provisioner.kernel.settings"
    return subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)


def test_importing_reads_no_environment() -> None:
    done = _start({"PATH": os.environ["PATH"], "PROVISIONER_NONSENSE": "1", "PROVISIONER_WORKER_THREADS": "x"})
    assert (done.returncode, done.stderr) == (0, "")
