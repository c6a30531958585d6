"""Log lines: what is bound to them, how they look, and that no secret is in them, whoever wrote them."""

import io
import json
import logging
import re
import threading
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from provisioner.kernel import log, redaction

CANARY = "c4nary-of-the-log"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Full(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


def _our_handlers() -> list[logging.Handler]:
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, log._LineHandler)]


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    level = logging.getLogger().level
    yield
    for handler in _our_handlers():
        logging.getLogger().removeHandler(handler)
    logging.getLogger().setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    log.configure(stream=stream)
    return stream


@pytest.fixture
def _canary() -> Iterator[None]:
    with redaction.remembered(CANARY):
        yield


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def _only(stream: io.StringIO) -> dict[str, Any]:
    (line,) = _lines(stream)
    return line


def test_a_line_says_what_who_when_and_how_important(stream: io.StringIO) -> None:
    log.get("provisioner.runner").info("step done", step="subscription")
    line = _only(stream)
    moment = datetime.fromisoformat(line.pop("timestamp"))
    assert moment.utcoffset() == timedelta(0)
    assert line == {
        "event": "step done",
        "logger": "provisioner.runner",
        "level": "info",
        "step": "subscription",
    }


def test_a_line_of_another_library_looks_the_same(stream: io.StringIO) -> None:
    logging.getLogger("alembic.runtime").warning("running %s", "upgrade")
    line = _only(stream)
    assert (line["event"], line["logger"], line["level"]) == ("running upgrade", "alembic.runtime", "warning")
    assert line["timestamp"].endswith("Z")


def test_a_logger_that_was_made_early_follows_the_configuration() -> None:
    early = log.get("early")
    for _ in range(2):
        stream = io.StringIO()
        log.configure(stream=stream)
        early.info("heard")
        assert _only(stream)["event"] == "heard"


def test_configuring_again_does_not_double_the_lines(stream: io.StringIO) -> None:
    log.configure(stream=stream)
    log.get("x").info("once")
    assert len(_lines(stream)) == 1


def test_handlers_of_others_are_left_alone(stream: io.StringIO) -> None:
    theirs = logging.NullHandler()
    logging.getLogger().addHandler(theirs)
    log.configure(stream=stream)
    assert theirs in logging.getLogger().handlers


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_only_what_is_important_enough_is_shown(level: log.Level, heard: list[str]) -> None:
    stream = io.StringIO()
    log.configure(level, stream=stream)
    for method in ("debug", "info", "warning", "error"):
        getattr(log.get("ours"), method)("event")
    assert [line["level"] for line in _lines(stream)] == heard


@pytest.mark.parametrize("name", log.CHATTY)
def test_chatty_libraries_are_heard_from_a_warning_on(stream: io.StringIO, name: str) -> None:
    logging.getLogger(f"{name}.part").info("about myself")
    logging.getLogger(f"{name}.part").warning("look")
    assert [line["event"] for line in _lines(stream)] == ["look"]


def test_chatty_libraries_are_heard_when_debugging() -> None:
    stream = io.StringIO()
    log.configure("debug", stream=stream)
    logging.getLogger("pika.part").info("about myself")
    assert len(_lines(stream)) == 1


def test_what_is_bound_is_on_each_line_also_on_those_of_other_libraries(stream: io.StringIO) -> None:
    with log.context(order="o-1"):
        log.get("ours").info("one")
        logging.getLogger("theirs").warning("two")
    assert [line["order"] for line in _lines(stream)] == ["o-1", "o-1"]


def test_what_was_bound_before_is_bound_again_afterwards(stream: io.StringIO) -> None:
    logger = log.get("ours")
    with log.context(order="o-1", item="a"):
        with log.context(item="b", step="s"):
            logger.info("inner")
        logger.info("outer")
    logger.info("after")
    assert [[line.get(name) for name in ("order", "item", "step")] for line in _lines(stream)] == [
        ["o-1", "b", "s"],
        ["o-1", "a", None],
        [None, None, None],
    ]


def test_context_ends_with_an_exception_too() -> None:
    with pytest.raises(ZeroDivisionError), log.context(order="o-1"):
        _ = 1 // 0
    assert "order" not in log.bound()


def test_none_leaves_a_name_as_it_was() -> None:
    with log.context(order="o-1"), log.context(order=None):
        assert log.bound() == {"order": "o-1"}


def test_a_new_thread_has_nothing_bound() -> None:
    seen: list[dict[str, Any]] = []
    with log.context(order="o-1"):
        thread = threading.Thread(target=lambda: seen.append(dict(log.bound())))
        thread.start()
        thread.join()
    assert seen == [{}]


def _log_by_key() -> None:
    log.get("ours").info("event", password=CANARY, nested=[{"auth_code": CANARY}])


def _log_in_event() -> None:
    log.get("ours").info(f"event {CANARY}")


def _log_positional() -> None:
    log.get("ours").info("event %s", CANARY)


def _log_unknown_object() -> None:
    log.get("ours").info("event", thing=type("Thing", (), {"__str__": lambda _: CANARY})())


def _log_bound() -> None:
    with log.context(note=CANARY):
        log.get("ours").info("event")


def _log_foreign() -> None:
    logging.getLogger("pika").error("cannot reach %s", f"amqp://worker:{CANARY}@rabbit")


def _fail() -> None:
    raise ValueError(CANARY)


def _log_exception() -> None:
    try:
        _fail()
    except ValueError:
        log.get("ours").exception("failed")


def _log_foreign_exception() -> None:
    try:
        _fail()
    except ValueError:
        logging.getLogger("theirs").exception("failed")


def _log_warning() -> None:
    warnings.warn_explicit(CANARY, UserWarning, "module.py", 1)


@pytest.mark.usefixtures("_canary")
@pytest.mark.filterwarnings("always::UserWarning")
@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "write",
    [
        _log_by_key,
        _log_in_event,
        _log_positional,
        _log_unknown_object,
        _log_bound,
        _log_foreign,
        _log_exception,
        _log_foreign_exception,
        _log_warning,
    ],
)
def test_no_line_shows_a_secret(write: Any, log_format: log.Format) -> None:
    stream = io.StringIO()
    log.configure("debug", log_format, stream)
    write()
    assert "***" in stream.getvalue()
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_holds_no_local_variables(log_format: log.Format) -> None:
    stream = io.StringIO()
    log.configure("info", log_format, stream)
    local = "what-a-local-held"
    try:
        _ = len(local) // 0
    except ZeroDivisionError:
        log.get("ours").exception("failed")
    assert "Traceback" in stream.getvalue()
    assert local not in stream.getvalue()


@pytest.mark.parametrize(
    ("log_format", "stream", "is_json"),
    [
        ("auto", io.StringIO, True),
        ("auto", Terminal, False),
        ("json", Terminal, True),
        ("console", io.StringIO, False),
    ],
)
def test_the_format_is_chosen_by_setting_or_by_where_it_goes(
    log_format: log.Format, stream: type[io.StringIO], *, is_json: bool
) -> None:
    written = stream()
    log.configure("info", log_format, written)
    log.get("ours").info("event")
    assert written.getvalue().startswith("{") is is_json


@pytest.mark.parametrize(
    ("stream", "no_colour", "coloured"),
    [(Terminal, None, True), (Terminal, "1", False), (io.StringIO, None, False)],
)
def test_there_are_colours_on_a_terminal_unless_they_are_refused(
    stream: type[io.StringIO], no_colour: str | None, monkeypatch: pytest.MonkeyPatch, *, coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_colour:
        monkeypatch.setenv("NO_COLOR", no_colour)
    written = stream()
    log.configure("info", "console", written)
    log.get("ours").info("event")
    assert ("\x1b[" in written.getvalue()) is coloured


def test_a_line_on_a_terminal_begins_with_time_level_and_event() -> None:
    stream = io.StringIO()
    log.configure("info", "console", stream)
    log.get("ours").info("step done", order="o-1")
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z \[info +\] step done +\[ours\] order=o-1\n$", stream.getvalue())


@pytest.mark.parametrize("evil", ["done\n2026-01-01T00:00:00Z [error] all is lost", "\x1b[2Jgone", "a\rb", "\u202eabc"])
def test_nobody_can_forge_a_line_or_move_the_cursor(evil: str) -> None:
    stream = io.StringIO()
    log.configure("info", "console", stream)
    log.get("ours").info(evil, name=evil)
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text[:-1].isprintable()


def test_a_line_that_cannot_be_rendered_is_told_of_without_its_content(stream: io.StringIO) -> None:
    (ours,) = _our_handlers()
    ours.handle(logging.LogRecord("theirs", logging.WARNING, "module.py", 12, "%s %s", (CANARY,), None))
    assert re.fullmatch(r"a log line of theirs \(line 12\) was lost: TypeError\n", stream.getvalue())


def test_a_full_disk_under_the_log_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(stream=Full())
    log.get("ours").info("event", password=CANARY)
    assert CANARY not in "".join(capsys.readouterr())


def test_a_closed_stream_under_the_log_stops_nothing(stream: io.StringIO) -> None:
    stream.close()
    log.get("ours").info("event")
