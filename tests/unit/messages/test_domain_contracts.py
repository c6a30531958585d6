"""Domains and contacts: which fields a message must have, which go together, and what is named when one is wrong."""

import json
from base64 import b64encode
from typing import Any

import pytest

from provisioner.messages import domains, envelope, examples, inspection, orders
from tests.unit.messages.orders_of_all_kinds import (
    HOSTING,
    MARKUP,
    changed,
    message,
    order_of,
    place_and_reason,
    refusal,
)

CONTACT: dict[str, Any] = examples.EXAMPLES["contact.create.v1"]["contact"]
SEALED: dict[str, Any] = examples.EXAMPLES["domain.transfer.v1"]["auth_code"]
PURCHASE: dict[str, Any] = {
    "product": "domain",
    "item_id": "1001-3",
    "change": "purchase",
    "service_id": "domain-12",
    "domain": "example.com",
    "contacts": {"registrant": "owner-1"},
}
TRANSFER = changed(PURCHASE, change="transfer", auth_code=SEALED)
DS = {"key_tag": 1, "algorithm": 13, "digest_type": 2, "digest": "ab" * 32}
KEY = {"flags": 257, "protocol": 3, "algorithm": 13, "public_key": "AQID"}


def item(raw: bytes) -> domains.DomainItem:
    data = envelope.decode(raw).data
    assert isinstance(data, orders.PlaceOrder)
    first = data.items[0]
    assert isinstance(first, domains.DomainItem)
    return first


def wrong(given: dict[str, Any]) -> tuple[str, str | None]:
    """The reason for which an order of this one item is refused, and the place within the item."""
    reason, pointer = place_and_reason(order_of(given))
    return reason, (pointer or "").removeprefix("/data/items/0")


def command(type_: str, **data: Any) -> bytes:
    return message(type=type_, data={name: value for name, value in data.items() if value is not ...})


@pytest.mark.parametrize("given", [PURCHASE, TRANSFER])
def test_the_smallest_domain_item_is_taken(given: dict[str, Any]) -> None:
    assert item(order_of(given)).change == given["change"]


def test_a_domain_is_renewed_and_locked_unless_somebody_says_otherwise() -> None:
    got = item(order_of(PURCHASE))

    assert (got.auto_renew, got.lock) == (True, True)


@pytest.mark.parametrize("field", ["item_id", "change", "service_id", "domain", "contacts"])
def test_a_domain_item_lacks_nothing_that_it_needs(field: str) -> None:
    assert wrong(changed(PURCHASE, **{field: ...})) == ("invalid_data", f"/{field}")


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (changed(PURCHASE, change="rent"), "/change"),
        (changed(PURCHASE, auth_code=SEALED), "/auth_code"),
        (changed(PURCHASE, confirmed=True), "/confirmed"),
        (changed(PURCHASE, years=0), "/years"),
        (changed(PURCHASE, years=100), "/years"),
        (changed(PURCHASE, years="1"), "/years"),
        (changed(PURCHASE, auto_renew="yes"), "/auto_renew"),
        (changed(PURCHASE, lock=1), "/lock"),
        (changed(PURCHASE, registrar="my registry"), "/registrar"),
        (changed(PURCHASE, hosting="hosting-1", nameservers=[]), "/nameservers"),
        (changed(PURCHASE, surprise=1), "/surprise"),
        (changed(PURCHASE, max_price={"amount": 12, "currency": "EUR"}), "/max_price/amount"),
        (changed(PURCHASE, max_price={"amount": "12,00", "currency": "EUR"}), "/max_price/amount"),
        (changed(PURCHASE, max_price={"amount": "-1", "currency": "EUR"}), "/max_price/amount"),
        (changed(PURCHASE, max_price={"amount": "012", "currency": "EUR"}), "/max_price/amount"),
        (changed(PURCHASE, max_price={"amount": "1e3", "currency": "EUR"}), "/max_price/amount"),
        (changed(PURCHASE, max_price={"amount": "12.00", "currency": "eur"}), "/max_price/currency"),
        (changed(PURCHASE, max_price={"amount": "12.00", "currency": "EURO"}), "/max_price/currency"),
        (changed(PURCHASE, max_price={"amount": "12.00"}), "/max_price/currency"),
        (changed(PURCHASE, nameservers=[{"name": "ns1"}]), "/nameservers/0/name"),
        (changed(PURCHASE, nameservers=["ns1.example.net"]), "/nameservers/0"),
        (changed(PURCHASE, nameservers=[{"name": "ns1.example.net"}] * 14), "/nameservers"),
        (changed(PURCHASE, dnssec=[{**DS, "digest": "abc"}]), "/dnssec/0/digest"),
        (changed(PURCHASE, dnssec=[{**DS, "digest": "xy"}]), "/dnssec/0/digest"),
        (changed(PURCHASE, dnssec=[DS, {**DS, "key_tag": 65_536}]), "/dnssec/1/key_tag"),
        (changed(PURCHASE, dnssec=[{"key_tag": 1}]), "/dnssec/0/algorithm"),
        (changed(PURCHASE, dnssec=[{**KEY, "protocol": 2}]), "/dnssec/0/protocol"),
        (changed(PURCHASE, dnssec=[{**KEY, "public_key": "not base64"}]), "/dnssec/0/public_key"),
        (changed(PURCHASE, dnssec=[{**KEY, **DS}]), "/dnssec/0/key_tag"),
        (changed(PURCHASE, dnssec=["ds"]), "/dnssec/0"),
        (changed(PURCHASE, contacts={}), "/contacts/registrant"),
        (changed(PURCHASE, contacts={"registrant": "two words"}), "/contacts/registrant"),
        (changed(PURCHASE, contacts={"registrant": 17}), "/contacts/registrant"),
        (changed(PURCHASE, contacts={"registrant": "owner-1", "boss": "owner-1"}), "/contacts/boss"),
        (changed(PURCHASE, contacts={"registrant": changed(CONTACT, phone="call me")}), "/contacts/registrant/phone"),
        (changed(PURCHASE, contacts={"registrant": changed(CONTACT, email=...)}), "/contacts/registrant/email"),
        (changed(PURCHASE, contacts={"registrant": "o", "tech": changed(CONTACT, street=[])}), "/contacts/tech/street"),
        (changed(TRANSFER, confirmed="yes"), "/confirmed"),
    ],
)  # fmt: skip
def test_a_wrong_field_of_a_domain_item_is_named(given: dict[str, Any], place: str) -> None:
    assert wrong(given) == ("invalid_data", place)


def test_an_auth_code_in_clear_is_refused() -> None:
    assert wrong(changed(TRANSFER, auth_code="sesame")) == ("plain_secret", "/auth_code")


@pytest.mark.parametrize(
    "name",
    [
        "münchen.example",
        "MÜNCHEN.example",
        "münchen。example",
        "xn--mnchen-3ya。example",
        "example.中国",
        "xn--.example",
        "ab--cd.com",
    ],
)
def test_a_name_that_is_not_in_a_labels_is_refused(name: str) -> None:
    assert wrong(changed(PURCHASE, domain=name)) == ("invalid_data", "/domain")


def test_a_name_with_a_dot_at_the_end_is_answered_with_what_would_be_right() -> None:
    assert "without a dot at the end" in refusal(order_of(changed(PURCHASE, domain="example.com."))).detail


@pytest.mark.parametrize("address", ["1.2.3", "01.2.3.4", "fe80::1%eth0", "ns1.example.net", "192.0.2.1/32", ""])
def test_what_is_no_address_is_named(address: str) -> None:
    servers = [{"name": "ns1.example.com", "addresses": [address]}]

    assert wrong(changed(PURCHASE, nameservers=servers)) == ("invalid_data", "/nameservers/0/addresses/0")


@pytest.mark.parametrize(
    ("written", "kept"), [("192.0.2.53", "192.0.2.53"), ("2001:DB8:0:0::53", "2001:db8::53"), ("::1", "::1")]
)
def test_an_address_is_kept_in_its_shortest_form(written: str, kept: str) -> None:
    got = item(order_of(changed(PURCHASE, nameservers=[{"name": "ns.example.com", "addresses": [written]}])))

    assert got.nameservers is not None
    assert got.nameservers[0].addresses == (kept,)


@pytest.mark.parametrize(("record", "kind"), [(DS, domains.DelegationSigner), (KEY, domains.DnsKey)])
def test_both_kinds_of_records_are_taken(record: dict[str, Any], kind: type) -> None:
    assert type(item(order_of(changed(PURCHASE, dnssec=[record]))).dnssec[0]) is kind


def test_what_was_read_is_written_as_it_was() -> None:
    given = changed(PURCHASE, dnssec=[DS, KEY], contacts={"registrant": "owner-1", "tech": CONTACT})

    written = item(order_of(given)).model_dump(mode="json", exclude_none=True)

    assert (written["dnssec"], written["contacts"]) == (given["dnssec"], given["contacts"])


# -- in an order


@pytest.mark.parametrize("hosting", [HOSTING["item_id"], "hosting-of-another-order"])
def test_a_domain_may_name_a_hosting(hosting: str) -> None:
    assert item(order_of(changed(PURCHASE, hosting=hosting), HOSTING)).hosting == hosting


@pytest.mark.parametrize("hosting", [PURCHASE["item_id"], MARKUP["item_id"]])
def test_a_domain_names_no_other_item_as_its_hosting(hosting: str) -> None:
    raw = order_of(changed(PURCHASE, hosting=hosting), MARKUP)

    assert place_and_reason(raw) == ("invalid_data", "/data/items/0/hosting")


def test_a_domain_is_ordered_once() -> None:
    twice = order_of(PURCHASE, changed(PURCHASE, item_id="1001-4", service_id="domain-13", domain="Example.COM"))

    assert place_and_reason(twice) == ("invalid_data", "/data/items/1/domain")


def test_a_hosting_and_its_domain_may_have_the_same_name() -> None:
    data = envelope.decode(order_of(HOSTING, PURCHASE)).data

    assert isinstance(data, orders.PlaceOrder)


@pytest.mark.parametrize(
    ("correction", "place"),
    [
        ({"auth_code": "sesame"}, "/auth_code"),
        ({"contacts": {"registrant": {}}}, "/contacts/registrant/contact_id"),
        ({"years": "1"}, "/years"),
        ({"nameservers": [{"name": "x"}]}, "/nameservers/0/name"),
    ],
)
def test_a_wrong_correction_of_a_domain_is_named(correction: dict[str, Any], place: str) -> None:
    raw = command("order.retry.v1", order_id="1001", corrections={"1001-3": correction})

    assert place_and_reason(raw)[1] == f"/data/corrections/1001-3{place}"


# -- without an order


@pytest.mark.parametrize("type_", ["domain.register.v1", "domain.transfer.v1"])
def test_a_domain_without_an_order_needs_its_customer(type_: str) -> None:
    data = changed(examples.EXAMPLES[type_], customer=...)

    assert place_and_reason(command(type_, **data)) == ("invalid_data", "/data/customer")


@pytest.mark.parametrize("field", ["auth_code", "confirmed", "product"])
def test_a_registration_has_nothing_of_a_transfer_or_an_item(field: str) -> None:
    data = changed(examples.EXAMPLES["domain.register.v1"], **{field: SEALED})

    assert place_and_reason(command("domain.register.v1", **data)) == ("invalid_data", f"/data/{field}")


@pytest.mark.parametrize(
    ("type_", "data", "place"),
    [
        ("domain.renew.v1", {}, "/years"),
        ("domain.renew.v1", {"years": 1, "current_expiry": "2027-02-30"}, "/current_expiry"),
        ("domain.renew.v1", {"years": 1, "current_expiry": "2027-02-28T00:00:00Z"}, "/current_expiry"),
        ("domain.transfer-cancel.v1", {}, "/reason"),
        ("domain.confirm-transfer.v1", {}, "/confirmed"),
        ("domain.confirm-transfer.v1", {"confirmed": "yes"}, "/confirmed"),
        ("domain.set-nameservers.v1", {}, "/nameservers"),
        ("domain.set-contacts.v1", {"contacts": {}}, "/contacts"),
        ("domain.set-contacts.v1", {"contacts": {"boss": "a"}}, "/contacts/boss"),
        ("domain.set-dnssec.v1", {}, "/records"),
        ("domain.delete.v1", {"reason": " "}, "/reason"),
        ("domain.restore.v1", {}, "/reason"),
        ("domain.set-auto-renew.v1", {}, "/auto_renew"),
        ("domain.auth-code.v1", {"auth_code": SEALED}, "/auth_code"),
    ],
)
def test_a_wrong_command_is_refused_at_its_place(type_: str, data: dict[str, Any], place: str) -> None:
    assert place_and_reason(command(type_, service_id="domain-12", **data)) == ("invalid_data", f"/data{place}")


@pytest.mark.parametrize("role", ["registrant", "admin", "tech", "billing"])
def test_one_contact_of_a_domain_can_be_changed_alone(role: str) -> None:
    raw = command("domain.set-contacts.v1", service_id="domain-12", contacts={role: CONTACT})

    assert envelope.decode(raw).data.model_dump(mode="json", exclude_none=True)["contacts"] == {role: CONTACT}


@pytest.mark.parametrize("type_", ["contact.create.v1", "contact.update.v1"])
@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"contact_id": ...}, "/contact_id"),
        ({"name": ""}, "/name"),
        ({"email": "nobody"}, "/email"),
        ({"phone": "none"}, "/phone"),
        ({"street": ["1", "2", "3", "4"]}, "/street"),
        ({"country": "de"}, "/country"),
        ({"postal_code": "1" * 17}, "/postal_code"),
        ({"extra": {"a b": "1"}}, "/extra/a b"),
        ({"extra": {"vat_number": 1}}, "/extra/vat_number"),
        ({"company": "x"}, "/company"),
    ],
)
def test_a_wrong_field_of_a_contact_is_named(type_: str, changes: dict[str, Any], place: str) -> None:
    raw = command(type_, customer_id="C-42", contact=changed(CONTACT, **changes))

    assert place_and_reason(raw) == ("invalid_data", f"/data/contact{place}")


# -- files


def bulk(box: str, size_limit: int = envelope.SIZE_LIMIT) -> domains.TransferInBulk | envelope.Unreadable:
    data = changed(examples.EXAMPLES["domain.transfer-bulk.v1"], csv={"key_id": "worker-1", "box": box})
    try:
        decoded = envelope.decode(command("domain.transfer-bulk.v1", **data), size_limit=size_limit).data
    except envelope.Unreadable as unreadable:
        return unreadable
    assert isinstance(decoded, domains.TransferInBulk)
    return decoded


@pytest.mark.parametrize("size", [49, 190_000])
def test_a_sealed_file_may_fill_a_message(size: int) -> None:
    box = b64encode(b"x" * size).decode()

    got = bulk(box)

    assert isinstance(got, domains.TransferInBulk)
    assert got.csv.box == box


def test_a_larger_limit_takes_a_larger_file() -> None:
    assert isinstance(bulk(b64encode(b"x" * 1_000_000).decode(), 2_000_000), domains.TransferInBulk)


def test_a_file_that_does_not_fit_is_too_large() -> None:
    got = bulk(b64encode(b"x" * 200_000).decode())

    assert isinstance(got, envelope.Unreadable)
    assert got.reason == "too_large"


@pytest.mark.parametrize("box", ["", "AQID", "not base64", b64encode(b"x" * 48).decode()])
def test_what_is_no_sealed_file_is_named(box: str) -> None:
    got = bulk(box)

    assert isinstance(got, envelope.Unreadable)
    assert (got.reason, got.pointer) == ("invalid_data", "/data/csv/box")


def test_any_other_text_is_as_short_as_before() -> None:
    longer = "x" * (inspection.LONGEST_TEXT + 1)

    assert place_and_reason(command("domain.delete.v1", service_id="d", reason=longer)) == ("too_long", "/data/reason")


def test_a_long_box_of_a_password_is_refused() -> None:
    given = changed(HOSTING, password={"key_id": "worker-1", "box": b64encode(b"x" * 20_000).decode()})

    assert json.loads(order_of(given))["data"]["items"][0]["password"]
    assert place_and_reason(order_of(given)) == ("invalid_data", "/data/items/0/password/box")
