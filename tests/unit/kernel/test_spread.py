"""The share of a name: always the same, and even over many."""

import pytest

from provisioner.kernel.spread import share


def test_a_name_has_the_same_share_in_every_process() -> None:
    assert share("example.test") == pytest.approx(0.606052383014264)


def test_shares_are_even_over_many_names() -> None:
    shares = sorted(share(f"name-{number}.test") for number in range(1000))
    assert [shares[place] for place in (0, 250, 500, 750, 999)] == pytest.approx([0, 0.25, 0.5, 0.75, 1], abs=0.03)
