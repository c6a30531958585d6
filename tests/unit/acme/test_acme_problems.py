from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from adapters.acme import problems
from adapters.acme.problems import ERROR_PREFIX, LONGEST_TEXT, ProblemDocument

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0.0),
        ("99999999999999", problems.LONGEST_WAIT),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("Sat, 99 Aug 2026 12:00:00 GMT", None),
        ("Sat, 01 Aug 2026 12:00:30", None),
    ],
)
def test_a_wait_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert problems.retry_after(header, NOW) == seconds


def test_a_problem_has_the_last_part_of_its_type() -> None:
    body = {"type": f"{ERROR_PREFIX}alreadyReplaced", "detail": "too late"}
    assert problems.read(body) == ProblemDocument("alreadyReplaced", "too late")


@pytest.mark.parametrize("body", [None, [], "text", 7, {}, {"type": 7, "detail": [], "subproblems": {}}])
def test_what_is_no_problem_is_an_empty_one(body: Any) -> None:
    assert problems.read(body) == ProblemDocument("", "")


def test_a_title_stands_in_for_a_missing_detail() -> None:
    assert problems.read({"type": "about:blank", "title": "Not Found"}) == ProblemDocument("", "Not Found")


def test_the_words_name_each_name_once() -> None:
    part = ProblemDocument("dns", "no answer", "shop.example")
    assert (
        ProblemDocument("compound", "two problems", "", (part, part)).words == "two problems; shop.example: no answer"
    )


def test_a_text_is_cut_and_free_of_control_characters() -> None:
    detail = problems.read({"detail": "a\x1b[31m\nb" + "x" * 9_999}).detail
    assert detail.startswith("a [31m b")
    assert len(detail) <= LONGEST_TEXT


def test_a_text_shows_no_secret() -> None:
    assert "hunter2" not in problems.read({"detail": "password=hunter2"}).detail
