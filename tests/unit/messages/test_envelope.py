"""What a CloudEvent must have, and what is told about one that is not accepted."""

import json
from datetime import UTC, datetime

import pytest

from provisioner.messages import envelope, orders
from tests.unit.messages.orders_of_all_kinds import ENVELOPE, PLACE, changed, message, place_and_reason, refusal


def test_a_good_message_becomes_its_typed_data() -> None:
    data = envelope.decode(message()).data

    assert isinstance(data, orders.PlaceOrder)
    assert data.items[0].item_id == "1001-1"


def test_the_attributes_are_read() -> None:
    got = envelope.decode(message(subject="1001", time="2026-01-31T12:00:00Z", sequence=7, correlationid="basket-1"))

    assert (got.id, got.source, got.type) == ("m-1", "https://shop.example.com/", "order.place.v1")
    assert (got.subject, got.sequence, got.correlation_id) == ("1001", 7, "basket-1")
    assert got.time == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert got.actor == envelope.Actor("shop-user-7", "reseller-3", "customer_admin")


def test_a_message_without_correlation_is_its_own() -> None:
    assert envelope.decode(message()).correlation_id == "m-1"


def test_null_means_absent() -> None:
    assert envelope.decode(message(subject=None, time=None, sequence=None)).subject is None


def test_the_bytes_are_kept_and_not_shown() -> None:
    raw = message()
    got = envelope.decode(raw)

    assert got.raw == raw
    assert "Example Ltd" not in repr(got)


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "data"])
def test_without_what_makes_a_cloudevent_it_is_none(name: str) -> None:
    assert place_and_reason(message(**{name: ...})) == ("not_cloudevents", f"/{name}")


@pytest.mark.parametrize("name", ["environment", "actorid", "actororg", "actorrole"])
def test_without_an_attribute_of_ours_the_envelope_is_invalid(name: str) -> None:
    assert place_and_reason(message(**{name: ...})) == ("invalid_envelope", f"/{name}")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null", b"true"])
def test_json_that_is_no_object_is_no_cloudevent(body: bytes) -> None:
    assert place_and_reason(body) == ("not_cloudevents", None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("id", "a b"),
        ("id", 17),
        ("id", "x" * 101),
        ("source", "not a reference"),
        ("datacontenttype", "application/xml"),
        ("data", []),
        ("data", "text"),
    ],
)
def test_a_wrong_cloudevents_attribute_is_named(name: str, value: object) -> None:
    assert place_and_reason(message(**{name: value})) == ("not_cloudevents", f"/{name}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("environment", "test"),
        ("environment", "Live"),
        ("time", "yesterday"),
        ("time", "2026-01-31T12:00:00"),
        ("time", "2026-02-30T12:00:00Z"),
        ("time", 1_767_225_600),
        ("sequence", "1"),
        ("sequence", True),
        ("sequence", 1.0),
        ("sequence", -1),
        ("actorid", " "),
        ("actorid", "two\nlines"),
        ("actorrole", "a role"),
        ("surprise", "1"),
        ("data_base64", "e30="),
    ],
)
def test_any_other_wrong_attribute_is_named(name: str, value: object) -> None:
    assert place_and_reason(message(**{name: value})) == ("invalid_envelope", f"/{name}")


@pytest.mark.parametrize("type_", ["order.plaice.v1", "order", "place.order.v1", "ORDER.PLACE.V1", "order.place.v1 "])
def test_an_unknown_type_is_not_accepted(type_: str) -> None:
    assert place_and_reason(message(type=type_)) == ("unknown_type", "/type")


def test_an_unknown_type_is_answered_with_the_known_ones() -> None:
    told = refusal(message(type="order.plaice.v1"))

    assert told.reason == "unknown_type"
    assert "order.place.v1" in told.detail
    assert "service.cancel.v1" in told.detail


@pytest.mark.parametrize("type_", ["order.place.v2", "order.place.v0", "order.place.v10", "order.place"])
def test_another_version_is_answered_with_the_known_one(type_: str) -> None:
    told = refusal(message(type=type_))

    assert told.reason == "unknown_version"
    assert "order.place.v1" in told.detail


def test_an_event_of_the_worker_is_not_taken_as_a_message() -> None:
    assert place_and_reason(message(type="order.status-changed.v1")) == ("not_allowed_here", "/type")


def test_a_refusal_carries_what_the_envelope_said() -> None:
    told = refusal(message(type="order.place.v9", subject="1001", correlationid="basket-1"))

    assert (told.source, told.message_id, told.type) == ("https://shop.example.com/", "m-1", "order.place.v9")
    assert (told.subject, told.correlation_id) == ("1001", "basket-1")


def test_a_refusal_without_an_envelope_carries_nothing() -> None:
    told = refusal(b"\xff\xfe")

    assert (told.source, told.message_id, told.type, told.subject, told.correlation_id) == (None,) * 5


def test_facts_are_cut_and_can_be_stored() -> None:
    told = refusal(message(id="\0\ud800" + "x" * 5_000, source=17))

    assert told.message_id == "\ufffd\ufffd" + "x" * 198
    assert told.source is None


def test_every_text_of_a_refusal_can_be_stored() -> None:
    told = refusal(message(**{"sur\0prise\ud800": 1}))

    for text in (told.detail, told.pointer or "", str(told)):
        text.encode()
        assert "\0" not in text


@pytest.mark.parametrize("name", ["a/b", "a~b"])
def test_a_pointer_is_escaped(name: str) -> None:
    escaped = name.replace("~", "~0").replace("/", "~1")

    assert refusal(message(**{name: 1})).pointer == f"/{escaped}"


def test_the_number_of_further_complaints_is_told() -> None:
    assert "(2 more to correct)" in refusal(message(actorid=..., actororg=..., actorrole=...)).detail


def test_the_hash_ignores_how_the_body_is_written() -> None:
    loose = json.dumps(dict(reversed(ENVELOPE.items())), indent=3, ensure_ascii=False).encode()

    assert envelope.decode(loose).body_hash == envelope.decode(message()).body_hash


def test_the_hash_ignores_tracing() -> None:
    traced = message(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate="a=1")

    assert envelope.decode(traced).body_hash == envelope.decode(message()).body_hash


@pytest.mark.parametrize(
    "other",
    [
        message(data=changed(PLACE, order_id="1002")),
        message(environment="sandbox"),
        message(actorid="somebody-else"),
        message(sequence=1),
    ],
)
def test_another_meaning_has_another_hash(other: bytes) -> None:
    assert envelope.decode(other).body_hash != envelope.decode(message()).body_hash
