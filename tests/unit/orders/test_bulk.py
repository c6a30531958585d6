"""Files of bulk transfers: what is read, what is refused, and where."""

import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.kernel.secret import Secret
from provisioner.orders.bulk import BadLine, FileRefused, Line, TooManyLines, count_lines, read_lines
from provisioner.orders.seen import Seen
from provisioner.orders.tlds import TldTable
from tests.unit.orders.domain_terms import rules

TABLE = TldTable([rules("com"), rules("ee", transfer_years=0), rules("free", transfer_needs_auth_code=False)])
MOST = 1_000


def read(text: str | bytes, *, limit: int = MOST) -> list[Line | BadLine]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(read_lines(io.BytesIO(data), limit=limit, table=TABLE))


def good(text: str | bytes) -> list[Line]:
    """The lines of a file in which all are good."""
    lines = read(text)
    assert [line for line in lines if isinstance(line, BadLine)] == []
    return [line for line in lines if isinstance(line, Line)]


def bad(text: str) -> BadLine:
    """The one bad line of a file."""
    (line,) = (line for line in read(text) if isinstance(line, BadLine))
    return line


def refused(text: str | bytes, *, limit: int = MOST) -> FileRefused:
    with pytest.raises(FileRefused) as told:
        read(text, limit=limit)
    return told.value


PLAIN = [Line(2, "one.com", Secret("code-1")), Line(3, "two.com", Secret("code-2"))]


@pytest.mark.parametrize(
    "text",
    [
        "domain,auth_code\none.com,code-1\ntwo.com,code-2\n",
        "domain,auth_code\none.com,code-1\ntwo.com,code-2",
        "domain,auth_code\r\none.com,code-1\r\ntwo.com,code-2\r\n",
        "\ufeffdomain,auth_code\none.com,code-1\ntwo.com,code-2\n",
        "\ufeffdomain;auth_code\r\none.com;code-1\r\ntwo.com;code-2\r\n",
        "domain\tauth_code\none.com\tcode-1\ntwo.com\tcode-2\n",
        "auth_code,domain\ncode-1,one.com\ncode-2,two.com\n",
        "Domain,Auth Code\none.com,code-1\ntwo.com,code-2\n",
        "DOMAIN,AUTH-CODE\nOne.COM,code-1\nTWO.com,code-2\n",
        '"domain","auth_code"\n"one.com","code-1"\n"two.com","code-2"\n',
        "domain , auth_code\n one.com , code-1 \n two.com , code-2 \n",
        "domain,auth_code,years\none.com,code-1\ntwo.com,code-2,\n",
        "domain,auth_code\none.com,code-1,,\ntwo.com,code-2,\n",
    ],
)
def test_a_file_means_the_same_however_it_was_saved(text: str) -> None:
    assert good(text) == PLAIN


@pytest.mark.parametrize("empty", ["", "   ", ",", ";;", "\t"])
def test_empty_lines_are_passed_over_and_counted(empty: str) -> None:
    text = f"{empty}\ndomain,auth_code\n{empty}\none.com,a\n{empty}\n{empty}\ntwo.com,b\n{empty}\n"

    assert [line.number for line in good(text)] == [4, 7]


def test_all_columns_are_read() -> None:
    text = "domain,auth_code,years,registrant,service_id\none.com,a,1,owner-1,domain-77\n"

    assert good(text) == [Line(2, "one.com", Secret("a"), 1, "owner-1", "domain-77")]


@pytest.mark.parametrize("code", ["a&b", "a+b$c=", "<x>", "x" * 255, "ü", 'a"b', "a'b", "a b"])
def test_an_auth_code_is_taken_as_it_is(code: str) -> None:
    assert good(f"domain,auth_code\none.com,{code}\n")[0].auth_code.reveal() == code


def test_a_separator_may_stand_in_quotes() -> None:
    assert good('domain;auth_code\none.com;"a;b""c"\n')[0].auth_code.reveal() == 'a;b"c'


def test_an_auth_code_is_not_shown() -> None:
    assert "hunter2" not in repr(read("domain,auth_code\none.com,hunter2\n"))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("bücher.com", "xn--bcher-kva.com"),
        ("BÜCHER.com", "xn--bcher-kva.com"),
        ("bücher。com", "xn--bcher-kva.com"),
        ("xn--bcher-kva.com", "xn--bcher-kva.com"),
        ("XN--BCHER-KVA.com", "xn--bcher-kva.com"),
        ("bu\u0308cher.com", "xn--bcher-kva.com"),
        ("\uff42ücher.com", "xn--bcher-kva.com"),
        ("xn--BCHER-kva.com", "xn--bcher-kva.com"),
        ("straße.com", "xn--strae-oqa.com"),
        ("πς.com", "xn--1xae.com"),
    ],
)
def test_a_name_in_other_letters_becomes_a_labels(name: str, kept: str) -> None:
    assert good(f"domain,auth_code\n{name},a\n")[0].domain == kept


def test_a_code_that_is_not_needed_may_be_missing() -> None:
    assert good("domain,auth_code\none.free,\n")[0].auth_code == Secret("")


# -- bad lines


@pytest.mark.parametrize(
    ("line", "column", "name", "words"),
    [
        (",a", 1, "domain", "is required"),
        ("one.com", 2, "auth_code", "is required"),
        ("one.com,  ", 2, "auth_code", "is required"),
        (f"one.com,{'x' * 256}", 2, "auth_code", "at most 255 characters"),
        ("one.com,a\x07b", 2, "auth_code", "none of them invisible"),
        ("example,a", 1, "domain", "full domain name"),
        ("exa mple.com,a", 1, "domain", "labels of letters"),
        ("http://one.com,a", 1, "domain", "labels of letters"),
        ("one.com.,a", 1, "domain", "without a dot at the end"),
        ("x.com,a", 1, "domain", "must have 2 or more characters"),
        ("www.one.com,a", 1, "domain", "within another domain"),
        ("one.zz,a", 1, "domain", "there are com, ee, free"),
        ("☃☃.com,a", 1, "domain", "IDNA 2008"),
        ("a\u200db.com,a", 1, "domain", "IDNA 2008"),
        ("\u05d0b.com,a", 1, "domain", "IDNA 2008"),
        ("xn--i-7iq.com,a", 1, "domain", "IDNA 2008"),
        ("one.com,a,x", 3, "years", "whole number"),
        ("one.com,a,-1", 3, "years", "whole number"),
        ("one.com,a,2", 3, "years", "adds 1"),
        ("one.ee,a,1", 3, "years", "adds none"),
        ("one.com,a,,two words", 4, "registrant", "may only have letters"),
        ("one.com,a,,,two words", 5, "service_id", "may only have letters"),
        ("one.com,a,,,,more", None, None, "more cells than the 5 columns"),
        ('one.com,"a', None, None, "a quote that is out of place"),
        ('one.com,"a"b', None, None, "a quote that is out of place"),
    ],
)
def test_a_bad_line_is_named_with_its_column(line: str, column: int | None, name: str | None, words: str) -> None:
    got = bad(f"domain,auth_code,years,registrant,service_id\nbefore.com,a\n{line}\nafter.com,a\n")

    assert (got.number, got.column, got.name) == (3, column, name)
    assert words in got.message
    assert got.message.startswith("line 3, column " if column else "line 3 ")


def test_a_bad_line_spoils_no_other() -> None:
    lines = read('domain,auth_code\none.com,"a\ntwo.com,b\nthree.zz,c\nfour.com,d\n')

    assert [line.number for line in lines if isinstance(line, Line)] == [3, 5]


def test_the_second_line_of_a_domain_is_bad_however_it_is_written() -> None:
    got = bad("domain,auth_code\nbücher.com,a\nother.com,b\nXN--BCHER-KVA.com,c\n")

    assert (got.number, got.column) == (4, 1)
    assert "an earlier line" in got.message


def test_a_domain_may_come_after_a_bad_line_of_the_same() -> None:
    assert [type(line) for line in read("domain,auth_code\none.com,\none.com,a\n")] == [BadLine, Line]


@pytest.mark.parametrize(
    "line", ["one.com,sesame sesame,x", "one.zz,sesame", 'one.com,"sesame', "one.com,sesame,,,,more"]
)
def test_a_bad_line_quotes_no_code(line: str) -> None:
    assert "sesame" not in repr(bad(f"domain,auth_code,years\n{line}\n"))


def test_a_bad_line_is_told_as_events_do() -> None:
    assert bad("domain,auth_code\none.com,\n").as_json() == {
        "line": 2,
        "column": 2,
        "message": "line 2, column 2 (auth_code) is required.",
    }


# -- files that are refused


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", None, "is empty"),
        (b"\xef\xbb\xbf\r\n;;\r\n", None, "is empty"),
        (b"one.com,sesame\n", 1, "column 1 that is not known"),
        (b"domain,sesame\n", 1, "column 2 that is not known"),
        (b"domain\none.com\n", 1, "must name the column auth_code"),
        (b"auth_code;years\n", 1, "must name the column domain"),
        (b"domain,auth_code,Domain\n", 1, "names the column domain twice"),
        ("domain,auth_code\none.com,a\nbücher.com,b\n".encode("latin-1"), 3, "Latin-1"),
        ("domain,auth_code\none.com,a\n".encode("utf-16"), 1, "UTF-16"),
        (b"domain,auth_code\rone.com,a\r", 1, "CR alone"),
        (b"domain,auth_code\none.com," + b"x" * 9_000, 2, "longer than 8,192 bytes"),
        (b'"domain,auth_code\n', 1, "a quote"),
        (b"\x89PNG\r\n\x1a\n", 1, "not UTF-8"),
    ],
)
def test_what_is_no_such_file_is_refused_with_its_line(data: bytes, line: int | None, words: str) -> None:
    told = refused(data)

    assert told.line == line
    assert words in str(told)
    assert "sesame" not in str(told)


def test_more_lines_than_the_limit_are_refused_with_the_limit() -> None:
    told = refused("domain,auth_code\n" + "".join(f"one{n}.com,a\n" for n in range(1_001)))

    assert isinstance(told, TooManyLines)
    assert "at most 1,000 lines" in str(told)
    assert told.line == 1_002


def test_as_many_lines_as_the_limit_are_taken() -> None:
    assert len(read("domain,auth_code\n" + "".join(f"one{n}.com,a\n\n" for n in range(1_000)))) == 1_000


def test_lines_are_counted_before_any_is_acted_on() -> None:
    assert count_lines(io.BytesIO(b"domain,auth_code\none.com,a\n\nbad\n"), limit=2) == 2


@pytest.mark.parametrize(
    "data", [b"", b"domain\n", b"domain,auth_code\n\xff,a\n", b"domain,auth_code\na,b\na,b\na,b\n"]
)
def test_counting_refuses_what_reading_refuses(data: bytes) -> None:
    with pytest.raises(FileRefused):
        count_lines(io.BytesIO(data), limit=2)


def answer(data: bytes) -> list[Line | BadLine] | FileRefused:
    try:
        return read(data)
    except FileRefused as told:
        return told


@given(st.binary(max_size=300))
def test_any_bytes_are_lines_or_refused_at_a_line(data: bytes) -> None:
    told = answer(b"domain,auth_code\n" + data)

    numbers = [told.line or 0] if isinstance(told, FileRefused) else [line.number for line in told]
    assert all(2 <= number <= data.count(b"\n") + 2 for number in numbers)


@given(st.text(alphabet='domain,;\t"\r\nauth_code.xé\ufeff', max_size=120))
def test_any_text_is_lines_or_refused_with_a_sentence(text: str) -> None:
    told = answer(text.encode())

    assert isinstance(told, list) or str(told).endswith(".")


# -- memory


class Endless(io.RawIOBase):
    """A file of so many lines that stands nowhere as a whole."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self._left = self._write(lines)

    def _write(self, lines: int) -> Iterator[bytes]:
        yield b"domain,auth_code\n"
        for number in range(lines):
            yield b"name-%d.com,code\n" % number

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        line = next(self._left, b"")
        buffer[: len(line)] = line
        return len(line)


def reading(lines: int) -> Iterator[Line | BadLine]:
    return read_lines(io.BufferedReader(Endless(lines)), limit=10**9, table=TABLE)


def peak(lines: int) -> int:
    """The most bytes that reading so many lines held at once."""
    tracemalloc.start()
    try:
        for _ in reading(lines):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_by_a_few_bytes_a_domain() -> None:
    peak(1_000)
    few, many = peak(10_000), peak(40_000)

    assert (many - few) / 30_000 < 64


@pytest.mark.slow
def test_a_million_lines_are_read_in_little_memory() -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    sizes = [process.memory_info().rss for number, _ in enumerate(reading(1_000_000), start=1) if number % 50_000 == 0]

    assert len(sizes) == 20
    assert max(sizes) - before < 64_000_000


@given(st.lists(st.text(max_size=3), max_size=200))
def test_what_was_seen_is_known(texts: list[str]) -> None:
    seen = Seen()

    assert [seen.add(text) for text in texts] == [text not in texts[:index] for index, text in enumerate(texts)]


def test_thousands_that_were_seen_are_known() -> None:
    seen = Seen()
    texts = [f"name-{number}.com" for number in range(5_000)]

    assert [seen.add(text) for text in texts + texts] == [True] * 5_000 + [False] * 5_000
