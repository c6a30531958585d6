"""A file of messages: one message, a JSON array of messages, or JSON lines. Whatever it is, nothing in it is lost."""

import json
from typing import Any, Final

import click

LARGEST: Final = 256 * 1024 * 1024  # bytes of one file


def messages_in(content: bytes) -> list[bytes]:
    """The messages, as bytes to hand in.

    A single message and each line of JSON lines stay byte for byte; what is no JSON at all is one message, which the
    intake puts into quarantine with its reason. Raises click.UsageError for an empty or oversized file.
    """
    if len(content) > LARGEST:
        raise click.UsageError(f"the file has {len(content)} bytes; the limit is {LARGEST}. Split it.")
    if not content.strip():
        raise click.UsageError("the file is empty")
    document = _parsed(content)
    if isinstance(document, list):
        return [json.dumps(each, ensure_ascii=False).encode("utf-8", "surrogatepass") for each in document]
    lines = [line for line in content.splitlines() if line.strip()]
    if document is None and isinstance(_parsed(lines[0]), dict):
        return lines
    return [content]


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
