"""Replies of real registries with something broken in them: read, or refused as unreadable; never anything else."""

from contextlib import suppress
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.epp.parsing import Answer
from adapters.epp.xml import UnreadableError
from provisioner.kernel.secret import Secret
from tests.contract.epp.wire import contracts

PIECES = (
    b"",
    b"<",
    b">",
    b'"',
    b"&",
    b"1",
    b"-1",
    b"\xff",
    b"</",
    b"<!--",
    b"]]>",
    b"\x00",
    b"avail",
    b"<domain:name/>",
)


@cache
def _answers() -> list[bytes]:
    lines = contracts.transcript("registry.jsonl") + contracts.transcript("validating_stub.jsonl")
    found = [line.get("response") or line.get("greeting") for line in lines]
    return sorted({answer.encode() for answer in found if answer})


def read(frame: bytes) -> None:
    answer = Answer.read(frame, (Secret("a secret"),))
    answer.shown()
    answer.reply()
    answer.security_events()


@settings(max_examples=300)
@given(st.data())
def test_a_broken_reply_is_read_or_refused(data: st.DataObject) -> None:
    answer = data.draw(st.sampled_from(_answers()))
    start = data.draw(st.integers(0, len(answer)))
    end = data.draw(st.integers(start, min(len(answer), start + 200)))
    with suppress(UnreadableError):
        read(answer[:start] + data.draw(st.sampled_from(PIECES)) + answer[end:])


@settings(max_examples=300)
@given(st.data())
def test_a_reply_without_some_of_its_elements_is_read_or_refused(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(_answers())).decode()
    words = data.draw(st.lists(st.sampled_from(sorted(set(text.replace("<", " ").split()))), max_size=4))
    for word in words:
        text = text.replace(word, data.draw(st.sampled_from(("", "x", "²", "9" * 30))))
    with suppress(UnreadableError):
        read(text.encode())
