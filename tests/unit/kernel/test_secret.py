"""A Secret does not show what it holds."""

import copy
import json
import pickle
from collections.abc import Callable

import pytest

from provisioner.kernel.secret import Secret


@pytest.mark.parametrize("show", [repr, str, format, "{:>20}".format, "%s".__mod__, lambda secret: f"{secret!r:>9}"])
def test_every_way_of_printing_shows_stars(show: Callable[[Secret], str]) -> None:
    assert show(Secret("correct horse")).strip() == "***"


@pytest.mark.parametrize("leak", [json.dumps, pickle.dumps, list, copy.deepcopy, iter])
def test_what_would_carry_the_text_elsewhere_is_refused(leak: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError) as refusal:
        leak(Secret("correct horse"))
    assert "correct" not in str(refusal.value)


def test_the_text_is_read_by_reveal_alone() -> None:
    assert Secret("correct horse").reveal() == "correct horse"


def test_secrets_with_the_same_text_are_equal_and_hash_alike() -> None:
    assert len({Secret("correct"), Secret("correct"), Secret("horse")}) == 2


def test_a_secret_never_equals_its_text() -> None:
    assert Secret("correct") != "correct"


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret("x")
