"""Where settings come from, which source wins, and what a source that cannot be read says."""

from pathlib import Path

import pytest

from provisioner.kernel import settings_sources
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.settings import Settings, load_settings
from provisioner.kernel.settings_sources import Given

HOME = {"HOME": "/home/worker"}
URL = "postgresql://worker:hunter2x@db/x"


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "provisioner.toml"


def _refusal(environ: dict[str, str], config: Path | None = None) -> str:
    with pytest.raises(SettingsError) as refusal:
        load_settings({**HOME, **environ}, config)
    return str(refusal.value)


def test_the_file_gives_settings(toml: Path) -> None:
    toml.write_text("worker_threads = 7\nlookup_waits_seconds = [1, 2.5]\n")
    settings = load_settings(HOME, toml)
    assert (settings.worker_threads, settings.lookup_waits_seconds) == (7, (1.0, 2.5))


def test_the_variable_wins_over_the_file(toml: Path) -> None:
    toml.write_text("worker_threads = 7\n")
    assert load_settings({**HOME, "PROVISIONER_WORKER_THREADS": "8"}, toml).worker_threads == 8


def test_a_named_file_wins_over_a_credential_and_that_over_the_settings_file(toml: Path, tmp_path: Path) -> None:
    toml.write_text("worker_threads = 7\nclaim_batch = 7\nprefetch = 7\n")
    (tmp_path / "worker_threads").write_text("8")
    (tmp_path / "claim_batch").write_text("8")
    (tmp_path / "value").write_text("9")
    environ = {
        **HOME,
        "CREDENTIALS_DIRECTORY": str(tmp_path),
        "PROVISIONER_WORKER_THREADS_FILE": str(tmp_path / "value"),
    }
    settings = load_settings(environ, toml)
    assert (settings.worker_threads, settings.claim_batch, settings.prefetch) == (9, 8, 7)


def test_the_line_end_of_a_named_file_is_no_part_of_the_value(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{URL}\r\n")
    settings = load_settings({**HOME, "PROVISIONER_DATABASE_URL_FILE": str(tmp_path / "url")})
    assert settings.database().reveal() == URL


def test_other_credentials_of_the_service_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tls.key").write_text("hunter2x")
    (tmp_path / "database_url").write_text(URL)
    assert load_settings({**HOME, "CREDENTIALS_DIRECTORY": str(tmp_path)}).database().reveal() == URL


def test_a_variable_names_the_settings_file(toml: Path) -> None:
    toml.write_text("worker_threads = 7\n")
    assert load_settings({**HOME, "PROVISIONER_CONFIG": str(toml)}).worker_threads == 7


def test_a_settings_file_in_the_working_directory_is_found(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml.write_text("worker_threads = 7\n")
    monkeypatch.chdir(toml.parent)
    assert load_settings(HOME).worker_threads == 7


def test_the_first_place_that_has_a_settings_file_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = tuple(tmp_path / name for name in ("absent.toml", "first.toml", "second.toml"))
    for threads, place in enumerate(places[1:], start=1):
        place.write_text(f"worker_threads = {threads}\n")
    monkeypatch.setattr(settings_sources, "CONFIG_PLACES", places)
    assert load_settings(HOME).worker_threads == 1


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("PROVISIONER_WORKER_THREAD", "did you mean PROVISIONER_WORKER_THREADS?"),
        ("PROVISIONER_DATABASEURL", "did you mean PROVISIONER_DATABASE_URL?"),
        ("PROVISIONER_BROKER_URL_FIL", "did you mean PROVISIONER_BROKER_URL?"),
        ("PROVISIONER_ZZZ", "docs/reference/settings.md lists all of them."),
        ("PROVISIONER_", "docs/reference/settings.md lists all of them."),
    ],
)
def test_an_unknown_variable_is_refused_with_the_closest_one(variable: str, meant: str) -> None:
    assert _refusal({variable: "hunter2x"}) == f"There is no setting '{variable}'; {meant}"


def test_the_variables_of_other_programs_are_left_alone() -> None:
    assert load_settings({**HOME, "PROVISIONERX": "1", "WORKER_THREADS": "x"}).worker_threads == 16


def test_the_variables_of_crash_points_are_known() -> None:
    load_settings({**HOME, "PROVISIONER_CRASH": "a:b:1", "PROVISIONER_CRASH_SOCKET": "/x"})


def test_an_unknown_name_in_the_file_is_refused_with_the_closest_one(toml: Path) -> None:
    toml.write_text("workerthreads = 1\n")
    assert _refusal({}, toml) == f"There is no setting 'workerthreads', found in {toml}; did you mean worker_threads?"


@pytest.mark.parametrize("value", ["true", "1.5", '"x"', "[1]", "1979-05-27", "{a = 1}"])
def test_a_value_of_a_wrong_kind_in_the_file_is_refused_by_name(toml: Path, value: str) -> None:
    toml.write_text(f"worker_threads = {value}\n")
    refusal = _refusal({}, toml)
    assert refusal.startswith(f"The setting worker_threads in {toml} is ")
    assert refusal.endswith("; it must be a whole number of threads from 1 to 256.")


def test_a_secret_of_a_wrong_kind_in_the_file_is_not_shown(toml: Path) -> None:
    toml.write_text('database_url = ["hunter2x"]\n')
    assert _refusal({}, toml) == (
        f"The setting database_url in {toml} is wrong (its value is not shown); it must be text."
    )


@pytest.mark.parametrize(
    ("content", "place"),
    [("worker_threads = 1\nx =", "end of document"), ("a = 1\nb = hunter2x\n", "line 2, column 5")],
)
def test_a_mistake_in_the_file_is_told_by_its_place_without_what_stands_there(
    toml: Path, content: str, place: str
) -> None:
    toml.write_text(content)
    assert _refusal({}, toml) == f"The settings file {toml} is not valid TOML: look at {place}."


def test_a_file_nested_too_deeply_is_refused(toml: Path) -> None:
    toml.write_text("a = " + "[" * 100_000)
    assert _refusal({}, toml).startswith(f"The settings file {toml} is not valid TOML: ")


def test_a_settings_file_that_was_named_and_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "absent.toml"
    assert _refusal({"PROVISIONER_CONFIG": str(path)}) == (
        f"The settings file {path} cannot be read: No such file or directory."
    )


def test_a_named_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "absent"
    assert _refusal({"PROVISIONER_DATABASE_URL_FILE": str(path)}) == (
        f"The file {path}, which PROVISIONER_DATABASE_URL_FILE names, cannot be read: No such file or directory."
    )


def test_a_credential_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "database_url").mkdir()
    assert _refusal({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == (
        f"The credential {tmp_path / 'database_url'} cannot be read: Is a directory."
    )


@pytest.mark.parametrize(
    ("content", "mistake"), [(b"\xff\xfehunter2x", "is not UTF-8 text."), (b"x" * 1_048_577, "is larger than 1 MiB.")]
)
def test_a_named_file_that_holds_no_setting_is_refused(tmp_path: Path, content: bytes, mistake: str) -> None:
    path = tmp_path / "value"
    path.write_bytes(content)
    assert _refusal({"PROVISIONER_DATABASE_URL_FILE": str(path)}) == (
        f"The file {path}, which PROVISIONER_DATABASE_URL_FILE names, {mistake}"
    )


def test_a_variable_and_its_file_at_once_are_refused() -> None:
    assert _refusal({"PROVISIONER_DATABASE_URL": URL, "PROVISIONER_DATABASE_URL_FILE": "/x"}) == (
        "The settings PROVISIONER_DATABASE_URL and PROVISIONER_DATABASE_URL_FILE are both given; keep one of them."
    )


def test_no_setting_hides_another_ones_file_variable() -> None:
    assert not {f"{name}_file" for name in Settings.model_fields} & set(Settings.model_fields)


def test_printing_what_was_given_shows_no_value() -> None:
    assert repr(Given("hunter2x", "PROVISIONER_DATABASE_URL")) == "Given(PROVISIONER_DATABASE_URL)"
