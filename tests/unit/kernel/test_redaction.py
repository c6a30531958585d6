"""Secrets are taken out by key, by known value and by form; the rest stays readable."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.kernel import redaction
from provisioner.kernel.secret import Secret

CANARY = 'c4n"ary <of> ümlaut&+/'

SECRET_KEYS = [
    *(
        "password",
        "Passwd",
        "NEWPASSWD",
        "dbpassword",
        "customer_password",
        "passwordConfirmation",
        "passphrase",
        "pwd",
    ),
    *("secret", "client_secret", "token", "access-token", "refreshToken", "Authorization", "Proxy-Authorization"),
    *("key", "KEY", "api_key", "X-Api-Key", "apiKey", "private_key", "privateKey", "PrivateKey", "eab_hmac_key"),
    *("auth_code", "authCode", "authInfo", "authinfo", "pvt", "pw", "newPW", "Set-Cookie", "HTTP_AUTH_PASSWD"),
    *("credentials", "licence_key", "activation_code"),
]
PLAIN_KEYS = [
    *("key_id", "primary_key", "public_key", "routing_key", "idempotency_key", "keyring", "key_ring", "monkey"),
    *("fencing_token", "token_type", "password_length", "password_changed_at", "secret_name", "passwordPolicy"),
    *("compass", "passenger", "code", "vendor_code", "author", "authority", "spawned", "pvtx", "", "1", "…"),
]


@pytest.fixture
def canary() -> Iterator[str]:
    with redaction.remembered(CANARY):
        yield CANARY


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_what_is_filed_under_a_secret_key_is_redacted(key: str) -> None:
    assert redaction.redact({key: "hunter2"}) == {key: "***"}


@pytest.mark.parametrize("key", PLAIN_KEYS)
def test_what_is_filed_under_a_key_that_only_looks_secret_stays(key: str) -> None:
    assert redaction.redact({key: "hunter2"}) == {key: "hunter2"}


@pytest.mark.parametrize("value", ["text", 123456, 1.5, b"bytes", ["a", "b"], {"key_id": "k", "box": "b"}])
def test_a_secret_key_hides_a_value_of_any_kind(value: object) -> None:
    assert redaction.redact({"password": value}) == {"password": "***"}


@pytest.mark.parametrize("value", [None, True, False])
def test_whether_there_is_a_secret_may_be_told(value: object) -> None:
    assert redaction.redact({"password": value}) == {"password": value}


def test_keys_are_looked_at_however_deep_they_are() -> None:
    assert redaction.redact({"a": [{"b": ({"token": "t"},)}]}) == {"a": [{"b": [{"token": "***"}]}]}


@pytest.mark.parametrize(
    "text", ["it says: password=hunter2x", 'note: "the password=hunter2x is old"', "a=b=pwd:hunter2x"]
)
def test_a_pair_behind_a_harmless_name_is_read_as_a_pair(text: str) -> None:
    assert "hunter2x" not in redaction.redact_text(text)


@pytest.mark.parametrize("kind", ["CERTIFICATE", "CERTIFICATE REQUEST", "PUBLIC KEY"])
def test_what_is_public_stays_as_it_is_though_its_base64_looks_like_a_secret(kind: str) -> None:
    pem = f"-----BEGIN {kind}-----\nMIIB0jCCAXmgAwIBAgIUGs\npass/pw==\n-----END {kind}-----\n"
    text = f"chain: {pem}{pem} password=hunter2x"
    assert redaction.redact_text(text) == f"chain: {pem}{pem} password=***"


def test_header_pairs_are_read_as_keys_and_values() -> None:
    headers = [("Host", "plesk.example"), ("Authorization", "Basic dXNlcjpwYXNz")]
    assert redaction.redact(headers) == [["Host", "plesk.example"], ["Authorization", "***"]]


def test_a_list_of_field_names_is_no_list_of_pairs() -> None:
    assert redaction.redact({"fields": ("password", "login")}) == {"fields": ["password", "login"]}


def test_what_lies_too_deep_is_hidden() -> None:
    assert redaction.redact({"a": {"b": {"c": 1}}}, deepest=2) == {"a": {"b": "***"}}


def test_a_value_that_contains_itself_comes_to_an_end() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    assert "***" in json.dumps(redaction.redact(endless))


@pytest.mark.parametrize(
    "spelled",
    [
        CANARY,
        quote(CANARY, safe=""),
        base64.b64encode(CANARY.encode()).decode(),
        json.dumps({"x": CANARY}),
        json.dumps({"x": CANARY}, ensure_ascii=False),
        repr(CANARY),
        CANARY.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    ],
)
def test_a_remembered_text_is_found_in_every_spelling(canary: str, spelled: str) -> None:
    shown = redaction.redact_text(f"before {spelled} after")
    assert spelled.strip("\"'") not in shown
    assert "ary" not in shown
    assert canary not in shown


def test_a_remembered_text_is_found_in_keys_and_bytes(canary: str) -> None:
    assert redaction.redact({canary: [canary.encode()]}) == {"***": ["***"]}


def test_a_remembered_number_is_found() -> None:
    with redaction.remembered("482913"):
        assert redaction.redact([482913, 482914]) == ["***", 482914]


def test_a_text_is_forgotten_when_its_unit_of_work_ends() -> None:
    with redaction.remembered("hunter2x"):
        assert redaction.redact_text("hunter2x") == "***"
    assert redaction.redact_text("hunter2x") == "hunter2x"


def test_a_text_is_remembered_while_any_unit_of_work_needs_it() -> None:
    with redaction.remembered("hunter2x"):
        with redaction.remembered("hunter2x"):
            pass
        assert redaction.redact_text("hunter2x") == "***"


def test_a_text_that_was_remembered_for_good_outlives_units_of_work() -> None:
    redaction.remember("for-good-4711")
    with redaction.remembered("for-good-4711"):
        pass
    assert redaction.redact_text("for-good-4711") == "***"


@pytest.mark.parametrize("short", ["", "a", "abc"])
def test_a_text_too_short_to_be_told_from_others_is_not_remembered(short: str) -> None:
    with redaction.remembered(short):
        assert redaction.redact_text("abc abacus") == "abc abacus"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("amqp://worker:hunter2@rabbit/v", "amqp://worker:***@rabbit/v"),
        ("at postgresql+psycopg://u:p%40ss@h:5432/d now", "at postgresql+psycopg://u:***@h:5432/d now"),
        ("https://plesk.example:8443/login", "https://plesk.example:8443/login"),
        ("Authorization: Bearer abcdef.123-456", "Authorization: *** ***"),
        ("sent bearer abcdef.123-456", "sent bearer ***"),
        ("login=me&password=hunter2&x=1", "login=me&password=***&x=1"),
        ("{'passwd': 'a b', \"token\": \"x\\\"y\", 'n': 1}", "{'passwd': '***', \"token\": \"***\", 'n': 1}"),
        ("call(password='hunter2', login='me')", "call(password='***', login='me')"),
        ("<login>me</login><passwd>hunter2</passwd>", "<login>me</login><passwd>***</passwd>"),
        ('<d:pw a="1">hunter2</d:pw><key_id>k</key_id>', '<d:pw a="1">***</d:pw><key_id>k</key_id>'),
        ("an order of 3 items: done", "an order of 3 items: done"),
    ],
)
def test_secrets_are_known_by_their_form(text: str, shown: str) -> None:
    assert redaction.redact_text(text) == shown


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
@pytest.mark.parametrize("ending", ["\n-----END {}-----\nafter", ""])
def test_a_private_key_is_cut_out_also_when_its_end_is_missing(kind: str, ending: str) -> None:
    shown = redaction.redact_text(f"before\n-----BEGIN {kind}-----\nMIIEvQIBADANBg" + ending.format(kind))
    assert "MIIE" not in shown
    assert shown.startswith("before")
    assert shown.endswith("after" if ending else "***")


def test_a_certificate_is_no_secret() -> None:
    text = "-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBg\n-----END CERTIFICATE-----"
    assert redaction.redact_text(text) == text


def test_other_objects_become_text() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert redaction.redact([moment, Path("/x"), Secret("s")]) == ["2026-01-01 00:00:00+00:00", "/x", "***"]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**5_000], ids=["nan", "infinity", "huge"])
def test_a_number_that_json_lacks_becomes_text(number: float) -> None:
    assert isinstance(redaction.redact(number), str)


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(CANARY)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just(CANARY), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(value=_VALUES)
def test_no_value_shows_a_remembered_text_and_all_become_json(value: object) -> None:
    with redaction.remembered(CANARY):
        shown = json.dumps(redaction.redact(value), allow_nan=False, ensure_ascii=False)
    assert json.dumps(CANARY, ensure_ascii=False)[1:-1] not in shown
    assert CANARY not in shown


@given(value=_VALUES)
def test_redacting_twice_changes_nothing_more(value: object) -> None:
    with redaction.remembered(CANARY):
        once = redaction.redact(value)
        assert redaction.redact(once) == once


@given(before=st.text(), after=st.text(), key=st.sampled_from(SECRET_KEYS))
def test_a_secret_stays_hidden_whatever_stands_around_it(before: str, after: str, key: str) -> None:
    with redaction.remembered(CANARY):
        assert CANARY not in redaction.redact_text(f"{before}{CANARY}{after}")
        shown: Mapping[str, Any] = redaction.redact({before: {key: CANARY, "note": after + CANARY}})
    assert CANARY not in repr(shown)


@given(text=st.text(alphabet=st.characters(categories=["L", "N", "Zs"])))
def test_words_alone_are_never_changed(text: str) -> None:
    spoken = text.replace("earer", "").replace("EARER", "")
    assert redaction.redact_text(spoken) == spoken
