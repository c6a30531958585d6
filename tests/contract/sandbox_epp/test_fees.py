"""Prices, agreements and balances."""

from decimal import Decimal

import pytest

from adapters.sandbox.epp import RunningRegistry
from tests.contract.sandbox_epp import frames, wire

DEAR = "premium-name.test"


def balance(simulator: RunningRegistry, account: str = "registrar-a") -> Decimal:
    return simulator.simulator.registry.registrar(account).balance


def test_a_check_tells_what_each_command_costs(client: wire.Client) -> None:
    answer = client.ask(frames.check("free.test"), frames.fee_check("create", "renew", "transfer", "restore"))
    assert answer.texts("fee:fee") == ["10.00", "10.00", "10.00", "40.00"]
    assert answer.text("fee:currency") == "EUR"


def test_a_dear_name_is_told_as_such(client: wire.Client) -> None:
    answer = client.ask(frames.check(DEAR), frames.fee_check("create"))
    assert (answer.text("fee:class"), answer.text("fee:fee")) == ("premium", "500.00")
    assert answer.attribute("fee:command", "standard") == "0"


def test_another_currency_is_out_of_range(client: wire.Client) -> None:
    assert client.code(frames.check("free.test"), frames.fee_check("create", currency="USD")) == 2004


def test_a_create_is_charged(client: wire.Client, simulator: RunningRegistry) -> None:
    before = balance(simulator)
    answer = client.ask(frames.create("new.test", years="2"), frames.fee("create", "20.00"))
    assert (answer.text("fee:fee"), balance(simulator)) == ("20.00", before - 20)
    assert Decimal(answer.text("fee:balance")) == balance(simulator)


def test_a_create_without_the_extension_is_charged_too(client: wire.Client, simulator: RunningRegistry) -> None:
    before = balance(simulator)
    assert not client.ask(frames.create("new.test")).has("fee:creData")
    assert balance(simulator) == before - 10


@pytest.mark.parametrize(
    ("extension", "code"),
    [
        ("", 2003),
        (frames.fee("create", "10.00"), 2004),
        (frames.fee("create", "499.99"), 2004),
        (frames.fee("create", "500.00"), 1000),
        (frames.fee("create", "501.00"), 1000),
        (frames.fee("create", "500.00", "USD"), 2004),
        (frames.fee("create", "dear"), 2005),
    ],
)
def test_a_dear_name_wants_the_clients_agreement(extension: str, code: int, client: wire.Client) -> None:
    assert client.code(frames.create(DEAR), extension) == code


def test_a_fee_that_was_agreed_too_low_costs_nothing(client: wire.Client, simulator: RunningRegistry) -> None:
    before = balance(simulator)
    client.code(frames.create("new.test"), frames.fee("create", "9.99"))
    assert balance(simulator) == before


def test_a_renewal_a_transfer_and_a_restore_are_charged(
    registered: wire.Client, simulator: RunningRegistry, adjust: wire.Adjust
) -> None:
    before = balance(simulator)
    expiry = registered.ask(frames.info("ours.test")).text("domain:exDate")[:10]
    renewed = registered.ask(frames.renew("ours.test", expiry), frames.fee("renew", "10.00"))
    moving = frames.transfer("request", "transferable.test", frames.MOVE)
    moved = registered.ask(moving, frames.fee("transfer", "10.00"))
    adjust({"advance_seconds": 6 * 86400})
    registered.code(frames.delete("ours.test"))
    restored = registered.ask(frames.update("ours.test", ""), frames.restore() + frames.fee("update", "40.00"))
    assert [each.text("fee:fee") for each in (renewed, moved, restored)] == ["10.00", "10.00", "40.00"]
    assert [each.code for each in (renewed, moved, restored)] == [1000, 1001, 1000]
    assert balance(simulator) == before - 60


@pytest.mark.parametrize(
    ("body", "extension"),
    [
        (frames.create("new.test"), ""),
        (frames.create("new.test"), frames.fee("create", "10.00")),
        (frames.transfer("request", "transferable.test", frames.MOVE), ""),
    ],
)
def test_an_empty_account_buys_nothing(
    body: str, extension: str, client: wire.Client, adjust: wire.Adjust, simulator: RunningRegistry
) -> None:
    adjust({"balances": {"registrar-a": "9.99"}})
    assert client.code(body, extension) == 2104
    assert {effect.operation for effect in simulator.ledger.effects()} == {"contact:create"}
    assert balance(simulator) == Decimal("9.99")


def test_an_empty_account_renews_nothing(registered: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"balances": {"registrar-a": "0.00"}})
    expiry = registered.ask(frames.info("ours.test")).text("domain:exDate")
    assert registered.code(frames.renew("ours.test", expiry[:10])) == 2104
    assert registered.ask(frames.info("ours.test")).text("domain:exDate") == expiry


def test_a_refused_registration_is_paid_back(
    client: wire.Client, adjust: wire.Adjust, simulator: RunningRegistry
) -> None:
    before = balance(simulator)
    client.code(frames.create("pending-one.test"))
    adjust({"registrations": [{"domain": "pending-one.test", "approved": False}]})
    assert balance(simulator) == before
