"""Transfers between two registrars."""

import httpx
import pytest

from adapters.sandbox.epp import RunningRegistry
from tests.contract.sandbox_epp import frames, wire

NAME = "transferable.test"
DAY = 86400


@pytest.fixture
def asked(client: wire.Client) -> wire.Client:
    """The first registrar has asked for the second's domain."""
    assert client.code(frames.transfer("request", NAME, frames.MOVE, "1")) == 1001
    return client


def status(client: wire.Client) -> str:
    return client.ask(frames.transfer("query", NAME)).text("domain:trStatus")


def test_both_registrars_can_ask_where_it_stands(asked: wire.Client, other: wire.Client) -> None:
    assert (status(asked), status(other)) == ("pending", "pending")


def test_a_registrar_who_has_no_part_in_it_needs_the_code(client: wire.Client) -> None:
    assert client.code(frames.transfer("query", NAME)) == 2201
    assert client.code(frames.transfer("query", NAME, frames.MOVE)) == 2301


def test_the_registry_approves_when_nobody_does(asked: wire.Client, other: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"advance_seconds": 5 * DAY})
    assert asked.ask(frames.info(NAME)).text("domain:clID") == "registrar-a"
    assert status(asked) == "serverApproved"
    other.code(frames.ack(other.ask(frames.POLL).attribute("epp:msgQ", "id")))
    assert other.ask(frames.POLL).text("domain:trStatus") == "serverApproved"


def test_a_transfer_stays_pending_until_its_day(asked: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"advance_seconds": 5 * DAY - 60})
    assert status(asked) == "pending"


def test_an_approved_transfer_brings_the_domain_a_year_more(asked: wire.Client, other: wire.Client) -> None:
    before = other.ask(frames.info(NAME)).text("domain:exDate")
    answer = other.ask(frames.transfer("approve", NAME))
    after = asked.ask(frames.info(NAME))
    assert answer.text("domain:trStatus") == "clientApproved"
    assert int(after.text("domain:exDate")[:4]) == int(before[:4]) + 1
    assert after.attributes("rgp:rgpStatus", "s") == ["transferPeriod"]


def test_a_code_is_spent_with_the_transfer(asked: wire.Client, other: wire.Client) -> None:
    other.code(frames.transfer("approve", NAME))
    assert asked.code(frames.info(NAME, frames.MOVE)) == 2202


def test_a_domain_that_has_just_moved_stays(asked: wire.Client, other: wire.Client) -> None:
    other.code(frames.transfer("approve", NAME))
    asked.code(frames.update(NAME, frames.chg(frames.auth(frames.CODE))))
    assert other.code(frames.transfer("request", NAME, frames.CODE)) == 2201


def test_the_loser_cannot_see_it_any_more(asked: wire.Client, other: wire.Client) -> None:
    other.code(frames.transfer("approve", NAME))
    assert asked.code(frames.info(NAME)) == 1000
    assert other.code(frames.info(NAME)) == 2201


def test_a_rejected_transfer_leaves_the_domain_and_gives_the_money_back(
    asked: wire.Client, other: wire.Client, simulator: RunningRegistry
) -> None:
    balance = simulator.simulator.registry.registrar("registrar-a").balance
    assert other.ask(frames.transfer("reject", NAME)).text("domain:trStatus") == "clientRejected"
    assert other.ask(frames.info(NAME)).text("domain:clID") == "registrar-b"
    assert simulator.simulator.registry.registrar("registrar-a").balance == balance + 10
    assert asked.ask(frames.POLL).text("domain:trStatus") == "clientRejected"


def test_the_requester_can_withdraw(asked: wire.Client, other: wire.Client) -> None:
    assert asked.ask(frames.transfer("cancel", NAME)).text("domain:trStatus") == "clientCancelled"
    assert other.ask(frames.info(NAME)).attributes("domain:status", "s") == ["inactive"]


def test_a_registry_may_not_keep_what_was_withdrawn(asked: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"keeps_withdrawn": False}})
    assert status(asked) == "pending"
    asked.code(frames.transfer("cancel", NAME))
    assert asked.code(frames.transfer("query", NAME)) == 2301


@pytest.mark.parametrize(("op", "code"), [("approve", 2201), ("reject", 2201)])
def test_the_requester_cannot_decide(op: str, code: int, asked: wire.Client) -> None:
    assert asked.code(frames.transfer(op, NAME)) == code


@pytest.mark.usefixtures("asked")
def test_the_loser_cannot_withdraw(other: wire.Client) -> None:
    assert other.code(frames.transfer("cancel", NAME)) == 2201


@pytest.mark.parametrize("op", ["approve", "reject", "cancel"])
def test_without_a_request_there_is_nothing_to_decide(op: str, other: wire.Client) -> None:
    assert other.code(frames.transfer(op, NAME)) == 2301


def test_our_own_domain_is_not_transferred(registered: wire.Client) -> None:
    assert registered.code(frames.transfer("request", "ours.test", frames.CODE)) == 2106


def test_a_transfer_is_for_one_year(client: wire.Client) -> None:
    assert client.code(frames.transfer("request", NAME, frames.MOVE, "2")) == 2306


def test_some_registries_transfer_at_once_and_without_a_year(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"transfers_at_once": True, "transfer_years": 0}})
    before = client.ask(frames.info(NAME, frames.MOVE)).text("domain:exDate")
    assert client.code(frames.transfer("request", NAME, frames.MOVE, "1")) == 2306
    assert client.code(frames.transfer("request", NAME, frames.MOVE)) == 1000
    assert client.ask(frames.info(NAME)).text("domain:exDate") == before


def test_some_registries_tell_the_gaining_registrar(
    asked: wire.Client, other: wire.Client, adjust: wire.Adjust
) -> None:
    adjust({"settings": {"tell_gaining": True}})
    other.code(frames.transfer("approve", NAME))
    assert asked.ask(frames.POLL).text("domain:trStatus") == "clientApproved"


@pytest.mark.parametrize(("approved", "expected"), [(True, "serverApproved"), (False, "serverCancelled")])
def test_the_registry_can_decide_out_of_band(
    approved: bool, expected: str, asked: wire.Client, adjust: wire.Adjust
) -> None:
    adjust({"transfers": [{"domain": NAME, "approved": approved}]})
    assert asked.ask(frames.transfer("query", NAME, None if approved else frames.MOVE)).text("domain:trStatus") == (
        expected
    )


def test_hosts_within_the_domain_move_with_it(asked: wire.Client, other: wire.Client) -> None:
    assert other.code(frames.of_host("create", f"ns1.{NAME}", "<host:addr>192.0.2.1</host:addr>")) == 1000
    other.code(frames.transfer("approve", NAME))
    assert asked.ask(frames.of_host("info", f"ns1.{NAME}")).text("host:clID") == "registrar-a"


# -- asked for out of band


def test_a_domain_is_asked_for_out_of_band_and_its_registrar_is_told(
    registered: wire.Client, adjust: wire.Adjust
) -> None:
    adjust({"transfer_requests": [{"domain": "ours.test"}]})
    told = registered.ask(frames.POLL)
    assert (told.text("domain:trStatus"), told.text("domain:reID")) == ("pending", "registrar-b")
    assert status_of(registered, "ours.test") == "pending"


def test_what_was_asked_for_out_of_band_is_answered_like_any_other(
    registered: wire.Client, adjust: wire.Adjust, other: wire.Client
) -> None:
    adjust({"transfer_requests": [{"domain": "ours.test", "registrar": "registrar-b"}]})
    assert registered.code(frames.transfer("approve", "ours.test")) == 1000
    assert other.ask(frames.info("ours.test")).text("domain:clID") == "registrar-b"


@pytest.mark.parametrize(
    "wanted",
    [
        {"domain": "nowhere.test"},
        {"domain": "ours.test", "registrar": "nobody"},
        {"domain": "ours.test", "registrar": "registrar-a"},
    ],
    ids=["no domain", "no registrar", "his already"],
)
def test_what_cannot_be_asked_for_is_refused(
    registered: wire.Client, simulator: RunningRegistry, wanted: dict[str, str]
) -> None:
    assert registered.code(frames.info("ours.test")) == 1000
    answer = httpx.post(f"{simulator.control_url}/state", json={"transfer_requests": [wanted]})
    assert answer.status_code == 422


def status_of(client: wire.Client, name: str) -> str:
    return client.ask(frames.transfer("query", name)).text("domain:trStatus")
