"""Orders and services: which fields go together."""

import pytest

from provisioner.messages import envelope, orders, services
from tests.unit.messages.orders_of_all_kinds import (
    HOSTING,
    MARKUP,
    accepted,
    changed,
    message,
    order,
    order_of,
    place_and_reason,
    refusal,
)


def items(count: int) -> list[dict[str, object]]:
    return [changed(HOSTING, item_id=f"i-{n}", service_id=f"s-{n}") for n in range(count)]


def test_an_order_of_all_kinds_of_items_is_taken() -> None:
    data = envelope.decode(order_of(HOSTING, changed(MARKUP, requires=["1001-1"]))).data

    assert isinstance(data, orders.PlaceOrder)
    assert [type(item) for item in data.items] == [orders.HostingItem, orders.MarkupItem]


@pytest.mark.parametrize("count", [1, 100])
def test_an_order_has_one_to_a_hundred_items(count: int) -> None:
    assert accepted(order(items=items(count)))


@pytest.mark.parametrize("count", [0, 101])
def test_an_order_without_items_or_with_too_many_is_refused(count: int) -> None:
    assert place_and_reason(order(items=items(count))) == ("invalid_data", "/data/items")


@pytest.mark.parametrize(
    ("item", "place"),
    [
        (changed(HOSTING, product="cheese"), "/product"),
        (changed(HOSTING, product=...), "/product"),
        (changed(HOSTING, product=None), "/product"),
        (changed(HOSTING, change="markup_change"), "/change"),
        (changed(HOSTING, domain=...), "/domain"),
        (changed(HOSTING, hosting=1), "/hosting"),
        (changed(HOSTING, quantity=1), "/quantity"),
        (changed(HOSTING, plan=["Basic"]), "/plan"),
        (changed(HOSTING, requires="1001-2"), "/requires"),
        (changed(HOSTING, requires=[1]), "/requires/0"),
        (changed(HOSTING, login="1st"), "/login"),
        (changed(HOSTING, server="a server"), "/server"),
        (changed(MARKUP, service_id="s"), "/service_id"),
        (changed(MARKUP, text=""), "/text"),
        ("hosting", ""),
        (None, ""),
    ],
)
def test_a_wrong_field_of_an_item_is_named(item: object, place: str) -> None:
    second = "/data/items/1" + place

    assert place_and_reason(order(items=[changed(MARKUP, item_id="first"), item])) == ("invalid_data", second)


def test_an_unknown_product_is_answered_with_the_known_ones() -> None:
    assert '"hosting", "domain", "markup"' in refusal(order_of(changed(HOSTING, product="cheese"))).detail


def test_an_item_id_names_one_item() -> None:
    twice = order_of(HOSTING, changed(MARKUP, item_id="1001-1"))

    assert place_and_reason(twice) == ("invalid_data", "/data/items/1/item_id")


def test_a_service_is_bought_once_in_an_order() -> None:
    twice = order_of(HOSTING, changed(HOSTING, item_id="1001-2"))

    assert place_and_reason(twice) == ("invalid_data", "/data/items/1/service_id")


@pytest.mark.parametrize("required", ["1001-1", "1001-9"])
def test_an_item_requires_other_items_of_its_order(required: str) -> None:
    assert place_and_reason(order_of(changed(HOSTING, requires=[required]))) == (
        "invalid_data",
        "/data/items/0/requires",
    )


def test_items_that_require_one_another_in_a_circle_are_refused() -> None:
    first, second, third = items(3)
    circle = order_of(
        changed(first, requires=["i-1"]), changed(second, requires=["i-2"]), changed(third, requires=["i-0"])
    )

    told = refusal(circle)

    assert told.pointer == "/data/items"
    assert "circle" in told.detail


def test_two_items_may_require_the_same_one() -> None:
    first, second, third = items(3)

    assert accepted(order_of(first, changed(second, requires=["i-0"]), changed(third, requires=["i-0", "i-1"])))


def test_what_was_read_cannot_be_changed() -> None:
    data = envelope.decode(order()).data

    with pytest.raises(ValueError, match="frozen"):
        data.order_id = "1002"  # type: ignore[attr-defined]  # that it cannot be set is the point


def retry(**data: object) -> bytes:
    return message(type="order.retry.v1", data={"order_id": "1001", **data})


def test_a_correction_tells_only_what_was_given() -> None:
    data = envelope.decode(retry(corrections={"1001-1": {"domain": "Example.org"}})).data

    assert isinstance(data, orders.RetryOrder)
    assert data.corrections is not None
    assert data.corrections["1001-1"].given() == {"domain": "example.org"}


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"item_ids": []}, "/item_ids"),
        ({"item_ids": ["a b"]}, "/item_ids/0"),
        ({"corrections": []}, "/corrections"),
        ({"corrections": {"1001-1": {"domain": "münchen.example"}}}, "/corrections/1001-1/domain"),
        ({"corrections": {"1001-1": {"price": 1}}}, "/corrections/1001-1/price"),
        ({"corrections": {"1001-1": "text"}}, "/corrections/1001-1"),
        ({"corrections": {"an item": {}}}, "/corrections/an item"),
        ({"item_ids": ["1001-1"], "corrections": {"1001-2": {"plan": "Pro"}}}, "/corrections/1001-2"),
    ],
)
def test_a_wrong_retry_is_refused_at_its_place(data: dict[str, object], place: str) -> None:
    assert place_and_reason(retry(**data)) == ("invalid_data", f"/data{place}")


def test_closing_an_order_needs_a_reason() -> None:
    raw = message(type="order.close.v1", data={"order_id": "1001"})

    assert place_and_reason(raw) == ("invalid_data", "/data/reason")


def test_resuming_a_service_needs_no_reason() -> None:
    assert accepted(message(type="service.resume.v1", data={"service_id": "s-1"}))


def test_suspending_a_service_needs_a_reason() -> None:
    raw = message(type="service.suspend.v1", data={"service_id": "s-1"})

    assert place_and_reason(raw) == ("invalid_data", "/data/reason")


def cancel(**data: object) -> bytes:
    return message(type="service.cancel.v1", data={"service_id": "s-1", "reason": "moving away", **data})


def test_a_service_can_be_cancelled_at_once() -> None:
    data = envelope.decode(cancel(when="immediate")).data

    assert isinstance(data, services.CancelService)
    assert data.at is None


def test_a_service_can_be_cancelled_at_the_end_of_its_term() -> None:
    data = envelope.decode(cancel(when="end_of_term", at="2026-12-31T23:59:59.5+01:00")).data

    assert isinstance(data, services.CancelService)
    assert data.at is not None
    assert data.at.isoformat() == "2026-12-31T23:59:59.500000+01:00"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({}, "/when"),
        ({"when": "later"}, "/when"),
        ({"when": "end_of_term"}, "/at"),
        ({"when": "immediate", "at": "2026-12-31T23:59:59Z"}, "/at"),
        ({"when": "end_of_term", "at": "2026-12-31"}, "/at"),
        ({"when": "end_of_term", "at": "2026-12-31T23:59:59"}, "/at"),
        ({"when": "end_of_term", "at": "1798761599"}, "/at"),
    ],
)
def test_a_wrong_cancellation_is_refused_at_its_place(data: dict[str, object], place: str) -> None:
    assert place_and_reason(cancel(**data)) == ("invalid_data", f"/data{place}")
