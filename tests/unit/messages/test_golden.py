"""What was accepted and sent once is accepted and sent the same way today."""

from pathlib import Path

import pytest

from provisioner.messages import envelope
from provisioner.messages.catalogue import INCOMING, OUTGOING
from tests.unit.messages import golden


@pytest.mark.parametrize("path", golden.BODIES, ids=lambda path: path.stem)
def test_a_body_still_means_the_same(path: Path) -> None:
    expected = path.with_suffix(".decoded.json").read_text(encoding="utf-8")

    assert golden.decoded(envelope.decode(path.read_bytes())) == expected


@pytest.mark.parametrize("name", golden.EVENTS)
def test_an_event_is_still_written_the_same(name: str) -> None:
    expected = (golden.FOLDER / "out" / f"{name}.json").read_text(encoding="utf-8")

    assert golden.encoded(golden.EVENTS[name]) + "\n" == expected


def test_every_type_has_golden_files() -> None:
    kept = {path.name.rpartition(".")[0].rpartition(".")[0] for path in golden.BODIES} | {
        name.rpartition(".")[0] for name in golden.EVENTS
    }

    assert kept == INCOMING.keys() | OUTGOING.keys()
