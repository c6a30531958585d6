"""Piped, a demo is told in lines: one whenever something has changed."""

import json
from dataclasses import replace

import pytest

from provisioner.console.display import Display, JsonLines, LiveTable, PlainLines, display_for
from provisioner.console.progress import OrderProgress
from tests.unit.console import rows

PROGRESS = OrderProgress(
    order_id="demo-1",
    title="hosting",
    status="provisioning_started",
    service_status="provisioning",
    steps_done=1,
    waits="waits: step subscription: busy — since 12:03:11 (2 s), next look in 3 s",
    ended=False,
    as_expected=False,
)


@pytest.mark.parametrize("display", [PlainLines(), JsonLines()], ids=["plain", "json"])
def test_the_same_progress_is_told_once_however_the_time_goes_by(
    display: Display, capsys: pytest.CaptureFixture[str]
) -> None:
    display.show([PROGRESS])
    display.show([replace(PROGRESS, waits=PROGRESS.waits.replace("3 s", "2 s"))])
    display.show([replace(PROGRESS, status="completed", ended=True)])
    assert capsys.readouterr().out.count("demo-1") == 2


def test_an_order_to_come_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    PlainLines().show([replace(PROGRESS, status="")])
    assert capsys.readouterr().out == ""


def test_an_order_at_its_end_is_told_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    operation = rows.operation(state="succeeded", attempts=(rows.attempt("customer"), rows.attempt("subscription")))
    PlainLines().tell(rows.order("completed", operation), [operation], "completed at 12:00:00")
    told = capsys.readouterr().out
    assert told.startswith("\nOrder o-1: completed at 12:00:00\n\nOperation op-1: hosting.create")
    assert "subscription  1        call    done" in told


def test_json_lines_say_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    display = JsonLines()
    display.show([PROGRESS])
    display.tell(rows.order("completed"), [], "completed")
    display.end("Done.", good=True)
    kinds = [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["progress", "order", "end"]


def test_the_live_table_ends_with_how_everything_is(capsys: pytest.CaptureFixture[str]) -> None:
    display = LiveTable()
    display.show([PROGRESS])
    display.show([replace(PROGRESS, status="completed", waits="completed at 12:00:00", ended=True)])
    display.close()
    display.close()
    told = capsys.readouterr().out
    assert "completed" in told
    assert "provisioning_started" not in told


@pytest.mark.usefixtures("capsys")
def test_without_a_terminal_there_is_no_live_table() -> None:
    assert type(display_for(as_json=False)) is PlainLines
    assert type(display_for(as_json=True)) is JsonLines
