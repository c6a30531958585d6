"""Log lines: JSON for machines, readable on a terminal, with what is being worked on bound to each, free of secrets.

    logger = log.get(__name__)
    with log.context(order="o-1", operation="p-7"):
        logger.info("step.done", step="subscription", seconds=0.4)

Lines of other libraries (pika, dramatiq, httpx, alembic) take the same way. Redaction is the last thing that happens
to a line before it becomes text. Tracebacks hold no local variables.
"""

import contextlib
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, TextIO, cast

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer, StackInfoRenderer, TimeStamper, format_exc_info
from structlog.stdlib import BoundLogger, PositionalArgumentsFormatter, ProcessorFormatter
from structlog.typing import EventDict, Processor

from provisioner.kernel import redaction

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]

# What these say below a warning is about themselves; it drowns what is said about orders.
CHATTY: Final = ("alembic", "pika", "httpx", "httpcore", "hpack", "asyncio")

_MANY_LINES: Final = ("exception", "stack")


def get(name: str) -> BoundLogger:
    """A logger. It may be made before `configure` is called; what it logs follows the latest configuration."""
    wrapped = structlog.wrap_logger(logging.getLogger(name), processors=list(_OURS), wrapper_class=BoundLogger)
    return cast("BoundLogger", wrapped)


def context(**bound: object) -> AbstractContextManager[None]:
    """Bind these names to every line logged in this unit of work; afterwards what was bound before is bound again.

    A name that is given as None is left as it was. A new thread starts with nothing bound.
    """
    return structlog.contextvars.bound_contextvars(
        **{name: value for name, value in bound.items() if value is not None}
    )


def bound() -> Mapping[str, Any]:
    """What is bound now: to be handed to a thread that goes on with the same work."""
    return structlog.contextvars.get_contextvars()


def configure(level: Level = "info", log_format: Format = "auto", stream: TextIO | None = None) -> None:
    """Send all log lines of this process to `stream` (default: standard error). Calling it again replaces that."""
    stream = stream or sys.stderr
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _LineHandler)]:
        root.removeHandler(handler)
    handler = _LineHandler(stream)
    handler.setFormatter(_formatter(_renderers(log_format, stream)))
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else logging.WARNING)
    logging.captureWarnings(capture=True)


class _LineHandler(logging.StreamHandler[TextIO]):
    """Writes lines; one that cannot be written is told of in a line that quotes nothing of it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the standard library's
        mistake = sys.exc_info()[0]
        told = f"a log line of {record.name} (line {record.lineno}) was lost: {mistake.__name__ if mistake else '?'}\n"
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(told)


def _redact(_logger: Any, _method: str, event: EventDict) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", redaction.redact(event))


def _printable(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Escape what would move a terminal's cursor or begin a line that nobody logged; tracebacks keep their lines."""
    return {name: _escape(value, "\n" if name in _MANY_LINES else "") for name, value in event.items()}


def _escape(value: Any, kept: str) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(each if each.isprintable() or each in kept else ascii(each)[1:-1] for each in value)


# What a line goes through, whoever wrote it.
_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    TimeStamper(fmt="iso", utc=True),
    StackInfoRenderer(),
)
_OURS: Final[tuple[Processor, ...]] = (
    structlog.stdlib.filter_by_level,
    PositionalArgumentsFormatter(),
    *_SHARED,
    ProcessorFormatter.wrap_for_formatter,
)


def _formatter(renderers: tuple[Processor, ...]) -> ProcessorFormatter:
    return ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[ProcessorFormatter.remove_processors_meta, format_exc_info, _redact, *renderers],
    )


def _renderers(log_format: Format, stream: TextIO) -> tuple[Processor, ...]:
    terminal = stream.isatty()
    if log_format == "json" or (log_format == "auto" and not terminal):
        return (JSONRenderer(ensure_ascii=False),)
    colours = terminal and "NO_COLOR" not in os.environ
    return (_printable, ConsoleRenderer(colors=colours, exception_formatter=plain_traceback))
