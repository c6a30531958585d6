"""No password, key or code in clear: refused wherever it stands, and never repeated in the answer."""

import json

import pytest

from tests.unit.messages.orders_of_all_kinds import (
    HOSTING,
    changed,
    message,
    order,
    order_of,
    place_and_reason,
    refusal,
)

CANARY = "canary-4711"
NAMES = ["password", "Password", "passwd", "customer_password", "secret", "clientSecret", "auth_code", "authCode"]
MORE_NAMES = ["private_key", "privateKey", "api-key", "passphrase", "token", "authinfo"]


@pytest.mark.parametrize("name", NAMES + MORE_NAMES)
def test_a_readable_secret_in_an_item_is_refused(name: str) -> None:
    raw = order_of(changed(HOSTING, **{name: CANARY}))

    assert place_and_reason(raw) == ("plain_secret", f"/data/items/0/{name}")


@pytest.mark.parametrize(
    "value", [CANARY, "", 4711, True, [CANARY], {"plain": CANARY}, {"key_id": "k", "box": "b", "hint": CANARY}]
)
def test_only_a_sealed_box_or_nothing_may_stand_there(value: object) -> None:
    raw = order_of(changed(HOSTING, password=value))

    assert place_and_reason(raw) == ("plain_secret", "/data/items/0/password")


@pytest.mark.parametrize(
    "raw",
    [
        message(password=CANARY),
        message(type="order.unheard-of.v1", data={"deep": [{"auth_code": CANARY}]}),
        message(specversion=..., data={"secret": CANARY}),
        message(type="order.retry.v1", data={"order_id": "1", "corrections": {"1": {"password": CANARY}}}),
        order(customer={"customer_id": "C-42", "name": "Example Ltd", "password": CANARY}),
    ],
)
def test_a_readable_secret_is_refused_for_itself_whatever_else_is_wrong(raw: bytes) -> None:
    assert refusal(raw).reason == "plain_secret"


def test_a_private_key_in_any_text_is_refused() -> None:
    begin = "-----BEGIN " + "PRIVATE KEY-----"
    raw = message(type="order.note.v1", data={"order_id": "1001", "text": f"use this:\n{begin}\nMII"})

    assert place_and_reason(raw) == ("plain_secret", "/data/text")


def test_an_item_may_be_called_secret() -> None:
    raw = message(type="order.retry.v1", data={"order_id": "1", "corrections": {"secret": {"price": 1}}})

    assert place_and_reason(raw) == ("invalid_data", "/data/corrections/secret/price")


def test_the_answer_says_what_would_be_right() -> None:
    detail = refusal(order_of(changed(HOSTING, password=CANARY))).detail

    assert "seal it to the worker's public key" in detail


@pytest.mark.parametrize(
    "raw",
    [
        order_of(changed(HOSTING, password=CANARY)),
        order_of(changed(HOSTING, password={"key_id": "k", "box": CANARY})),
        order_of(changed(HOSTING, plan=[CANARY])),
        order_of(changed(HOSTING, product=CANARY)),
        order_of(changed(HOSTING, change=CANARY)),
        order_of(changed(HOSTING, domain=CANARY)),
        order_of(changed(HOSTING, item_id=CANARY + " ")),
        order_of(changed(HOSTING, requires=[CANARY])),
        message(environment=CANARY),
        message(time=CANARY),
        message(sequence=CANARY),
        message(data=CANARY),
        json.dumps({"password": CANARY}).encode()[:-1],
    ],
)
def test_no_answer_repeats_a_value(raw: bytes) -> None:
    told = refusal(raw)

    assert CANARY not in json.dumps([told.reason, told.detail, told.pointer, str(told), repr(told), str(vars(told))])
