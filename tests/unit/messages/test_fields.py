"""Kinds of fields: what each takes, and the sentence that says what would be right."""

import base64

import pytest

from provisioner.messages import envelope, orders
from tests.unit.messages.orders_of_all_kinds import (
    HOSTING,
    PLACE,
    accepted,
    changed,
    message,
    order,
    order_of,
    place_and_reason,
    refusal,
)


def item(raw: bytes) -> orders.HostingItem:
    data = envelope.decode(raw).data
    assert isinstance(data, orders.PlaceOrder)
    first = data.items[0]
    assert isinstance(first, orders.HostingItem)
    return first


def customer(**changes: object) -> bytes:
    return order(customer=changed(PLACE["customer"], **changes))


@pytest.mark.parametrize(
    "name", ["example.com", "a.co", "xn--mnchen-3ya.example", "1.example.co.uk", "a-b.example", "x" * 63 + ".example"]
)
def test_a_domain_name_is_taken(name: str) -> None:
    assert item(order_of(changed(HOSTING, domain=name))).domain == name


def test_capital_letters_of_a_domain_name_are_lowered() -> None:
    assert item(order_of(changed(HOSTING, domain="Example.COM"))).domain == "example.com"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "example",
        "example.com.",
        ".example.com",
        "exa mple.com",
        "exam_ple.com",
        "-example.com",
        "example-.com",
        "ab--cd.example",
        "xn--.example",
        "xn--99999999999.example",
        "192.0.2.1",
        "https://example.com",
        "example.com/path",
        "x" * 64 + ".example",
        "a." * 126 + "ab",
        "example.com\n",
        17,
        None,
    ],
)
def test_what_is_no_domain_name_is_refused(name: object) -> None:
    assert place_and_reason(order_of(changed(HOSTING, domain=name))) == ("invalid_data", "/data/items/0/domain")


@pytest.mark.parametrize("name", ["münchen.example", "例え.example"])
def test_a_name_in_other_letters_is_answered_with_what_would_be_right(name: str) -> None:
    detail = refusal(order_of(changed(HOSTING, domain=name))).detail

    assert "A-label" in detail
    assert "xn--" in detail


@pytest.mark.parametrize("address", ["name@example.com", "first.last+tag@mail.example.co.uk", "o'neil@example.com"])
def test_an_email_address_is_taken(address: str) -> None:
    assert accepted(customer(email=address))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "name",
        "name@",
        "@example.com",
        "name@example",
        "a b@example.com",
        "a@b@example.com",
        "a@example..com",
        "a@-example.com",
        "a@example.com\n",
        "x" * 65 + "@example.com",
        "a@" + "x." * 130 + "com",
        "Name <a@example.com>",
    ],
)
def test_what_is_no_email_address_is_refused(address: str) -> None:
    assert place_and_reason(customer(email=address)) == ("invalid_data", "/data/customer/email")


@pytest.mark.parametrize("country", ["de", "DEU", "D", "", "49", "ÄÖ", "DE\n"])
def test_a_country_is_two_capital_letters(country: str) -> None:
    told = refusal(customer(country=country))

    assert told.pointer == "/data/customer/country"
    assert "such as DE" in told.detail


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "two\nlines"),
        ("name", "bell\x07"),
        ("name", "escape\x1b[31m"),
        ("name", "x" * 201),
        ("phone", "call me"),
        ("phone", "1" * 41),
        ("locale", "german"),
        ("locale", "DE_de"),
        ("customer_id", "a b"),
        ("customer_id", "a/b"),
        ("customer_id", ""),
        ("customer_id", "ä"),
        ("customer_id", "x" * 101),
        ("customer_id", 42),
        ("surprise", "x"),
    ],
)
def test_a_wrong_field_of_the_customer_is_named(field: str, value: object) -> None:
    assert place_and_reason(customer(**{field: value})) == ("invalid_data", f"/data/customer/{field}")


def test_a_customer_may_have_every_field() -> None:
    whole = {
        "company": "Größe & Söhne <GmbH>",
        "email": "a@example.com",
        "phone": "+49 (0)30 123-45",
        "address": "Straße 1",
        "city": "Łódź",
        "state": "東京",
        "postal_code": "10115",
        "country": "DE",
        "locale": "de-DE",
    }

    assert accepted(customer(**whole))


@pytest.mark.parametrize("size", [49, 48 + 1_024])
def test_a_sealed_box_of_a_possible_size_is_taken(size: int) -> None:
    box = base64.b64encode(bytes(size)).decode()

    sealed = item(order_of(changed(HOSTING, password={"key_id": "worker-1", "box": box}))).password

    assert sealed is not None
    assert sealed.box == box


@pytest.mark.parametrize(
    "box",
    [
        "",
        "hunter2",
        "not base64!",
        "A" * 64 + "\n",
        "A" * 63,
        *(base64.b64encode(bytes(size)).decode() for size in (0, 48, 48 + 1_025)),
    ],
)
def test_what_cannot_be_a_sealed_box_is_refused(box: str) -> None:
    raw = order_of(changed(HOSTING, password={"key_id": "worker-1", "box": box}))

    assert place_and_reason(raw) == ("invalid_data", "/data/items/0/password/box")


def test_a_note_may_have_lines() -> None:
    assert accepted(message(type="order.note.v1", data={"order_id": "1001", "text": "one\n\ttwo\r\n"}))


@pytest.mark.parametrize("text", ["", " \n ", "\x1b[31m", "x" * 4_001])
def test_a_note_without_words_or_with_control_characters_is_refused(text: str) -> None:
    raw = message(type="order.note.v1", data={"order_id": "1001", "text": text})

    assert place_and_reason(raw) == ("invalid_data", "/data/text")
