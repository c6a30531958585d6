"""What the builders make is what the contracts promise, and its text can be stored and read anywhere."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.messages import events
from provisioner.messages.catalogue import OUTGOING
from provisioner.messages.event_contracts import EventEnvelope
from tests.unit.messages.golden import EVENTS, encoded

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def event(data: dict[str, Any]) -> events.Event:
    return events.Event("order.status-changed.v1", "1001", data)


def written(made: events.Event, **changes: Any) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "id": "e-1",
        "source": "https://worker.example.com/",
        "time": NOON,
        "sequence": 1,
        "environment": "live",
        "correlation_id": None,
    }
    document: dict[str, Any] = json.loads(events.encode(made, **(attributes | changes)))
    return document


@pytest.mark.parametrize("name", EVENTS)
def test_what_a_builder_makes_keeps_its_contract(name: str) -> None:
    made = EVENTS[name]

    assert OUTGOING[made.type].model_validate(made.data).model_dump(mode="json") == made.data


@pytest.mark.parametrize("name", EVENTS)
def test_the_text_of_an_event_is_a_cloudevent(name: str) -> None:
    assert EventEnvelope.model_validate_json(encoded(EVENTS[name])).type == EVENTS[name].type


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_tells_every_field_of_its_contract(name: str) -> None:
    made = EVENTS[name]

    assert made.data.keys() == OUTGOING[made.type].model_fields.keys()


def test_events_of_an_item_stay_in_order_with_those_of_its_order() -> None:
    assert EVENTS["item.status-changed.v1.failed"].subject == EVENTS["order.status-changed.v1.failed"].subject


def test_a_rejection_without_an_id_is_about_its_place_in_quarantine() -> None:
    assert EVENTS["message.rejected.v1.nameless"].subject == "18"


def test_without_a_correlation_the_attribute_is_absent() -> None:
    assert "correlationid" not in written(event({}))


def test_times_are_written_in_utc() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=2)))

    assert written(event({}), time=there)["time"] == "2026-01-31T12:00:00Z"


def test_a_time_without_an_offset_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="aware"):
        written(event({}), time=NOON.replace(tzinfo=None))


def test_long_words_are_cut() -> None:
    made = events.order_status_changed(
        "1001",
        status="provisioning_failed",
        previous="provisioning_started",
        section="recent",
        rollup="in_progress",
        reason="x" * 9_000,
        attempt=1,
        error={"code": "refused", "message": "y" * 9_000, "fields": ["/domain"] * 900},
    )

    assert OUTGOING[made.type].model_validate(made.data).model_dump(mode="json") == made.data


def test_half_characters_of_a_vendor_are_replaced() -> None:
    assert written(event({"reason": "a\0b\ud800c"}))["data"] == {"reason": "a\ufffdb\ufffdc"}


@given(st.text(alphabet=st.characters(), max_size=50))
def test_any_text_can_be_published_and_stored(text: str) -> None:
    document = written(event({"error": {"fields": [text]}}))

    got = document["data"]["error"]["fields"][0]
    assert "\0" not in got
    assert len(got.encode().decode()) == len(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50))
def test_ordinary_text_arrives_as_it_was(text: str) -> None:
    assert written(event({"reason": text}))["data"]["reason"] == text
