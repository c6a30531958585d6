"""What a real registry was seen to answer, line by line."""

import pytest

from adapters.sandbox.epp import RunningRegistry
from adapters.sandbox.faults import Fault
from tests.contract.sandbox_epp import frames, wire

DAY = 86400


def expiry(client: wire.Client, name: str) -> str:
    return client.ask(frames.info(name)).text("domain:exDate")[:10]


def test_creating_the_same_name_again_is_refused_as_existing(registered: wire.Client) -> None:
    assert registered.code(frames.create("ours.test")) == 2302


def test_a_create_whose_connection_was_cut_has_made_the_domain(client: wire.Client, simulator: RunningRegistry) -> None:
    simulator.faults.plan("domain:create", Fault.RESET_AFTER_EFFECT)
    client.send(wire.command(frames.create("cut.test")))
    assert client.is_cut()
    with wire.Client(simulator) as again:
        again.log_in(simulator.credentials)
        found = again.ask(frames.info("cut.test", frames.CODE))
        assert (found.text("domain:clID"), found.text("domain:registrant")) == ("registrar-a", "OWNER-1")
        assert again.code(frames.create("cut.test")) == 2302


def test_a_renewal_with_the_right_date_is_done(registered: wire.Client) -> None:
    assert registered.code(frames.renew("ours.test", expiry(registered, "ours.test"))) == 1000


def test_a_renewal_that_is_replayed_does_not_match_the_date(registered: wire.Client) -> None:
    replayed = frames.renew("ours.test", expiry(registered, "ours.test"))
    registered.code(replayed)
    answer = registered.ask(replayed)
    assert (answer.code, answer.message) == (2306, "Parameter value policy error : The expiration date does not match")


def test_a_renewal_with_a_wrong_date_is_refused(registered: wire.Client) -> None:
    assert registered.code(frames.renew("ours.test", "2020-01-01")) == 2306


@pytest.mark.parametrize("date", ["01.01.2027", "2027-1-1", "20270101", "2027-01-01T00:00:00Z"])
def test_a_date_in_another_form_is_a_syntax_error(date: str, registered: wire.Client) -> None:
    assert registered.code(frames.renew("ours.test", date)) == 2005


def test_a_status_that_is_set_cannot_be_added_again(registered: wire.Client) -> None:
    locking = frames.update("ours.test", frames.add(frames.status("clientTransferProhibited")))
    assert [registered.code(locking), registered.code(locking)] == [1000, 2306]


def test_a_status_that_is_not_set_cannot_be_removed(registered: wire.Client) -> None:
    assert registered.code(frames.update("ours.test", frames.rem(frames.status("clientHold")))) == 2306


def test_a_domain_that_is_locked_against_deletion_stays(registered: wire.Client) -> None:
    registered.code(frames.update("ours.test", frames.add(frames.status("clientDeleteProhibited"))))
    assert registered.code(frames.delete("ours.test")) == 2304


def test_a_deleted_domain_goes_through_redemption_and_comes_back(registered: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"advance_seconds": 6 * DAY})
    assert registered.code(frames.delete("ours.test")) == 1001
    deleted = registered.ask(frames.info("ours.test"))
    assert deleted.attributes("domain:status", "s") == ["pendingDelete"]
    assert deleted.attributes("rgp:rgpStatus", "s") == ["redemptionPeriod"]
    asked = registered.ask(frames.update("ours.test", "<domain:chg/>"), frames.restore())
    assert (asked.code, asked.attribute("rgp:rgpStatus", "s")) == (1000, "pendingRestore")
    reported = registered.ask(frames.update("ours.test", ""), frames.restore("report", frames.REPORT))
    assert reported.code == 1000
    assert registered.ask(frames.info("ours.test")).attributes("domain:status", "s") == ["inactive"]


def test_a_contact_in_use_cannot_be_deleted(registered: wire.Client) -> None:
    assert registered.code(frames.of_contact("delete", "OWNER-1")) == 2305


@pytest.mark.parametrize(
    ("name", "code", "result"),
    [
        ("transferable.test", "Not-The-Code-1234", 2202),
        ("transferable.test", None, 2003),
        ("young.test", frames.MOVE, 2201),
        ("no-code.test", frames.MOVE, 2202),
        ("locked.test", frames.MOVE, 2304),
        ("held.test", frames.MOVE, 2304),
        ("nothing-here.test", frames.MOVE, 2303),
    ],
)
def test_a_transfer_that_cannot_be_is_refused(name: str, code: str | None, result: int, client: wire.Client) -> None:
    assert client.code(frames.transfer("request", name, code)) == result


def test_a_transfer_waits_five_days_for_the_losing_registrar(client: wire.Client, other: wire.Client) -> None:
    asked = client.ask(frames.transfer("request", "transferable.test", frames.MOVE, "1"))
    assert (asked.code, asked.text("domain:trStatus")) == (1001, "pending")
    shown = other.ask(frames.info("transferable.test"))
    assert shown.attributes("domain:status", "s") == ["pendingTransfer"]
    assert other.ask(frames.POLL).text("domain:trStatus") == "pending"


def test_a_transfer_request_that_is_replayed_meets_the_status(client: wire.Client) -> None:
    asking = frames.transfer("request", "transferable.test", frames.MOVE)
    assert [client.code(asking), client.code(asking)] == [1001, 2304]


def test_the_gaining_registrar_gets_no_message_after_an_approval(client: wire.Client, other: wire.Client) -> None:
    client.code(frames.transfer("request", "transferable.test", frames.MOVE))
    assert other.code(frames.transfer("approve", "transferable.test")) == 1000
    assert client.code(frames.POLL) == 1300


def test_a_domain_in_transfer_cannot_be_updated(
    registered: wire.Client, other: wire.Client, adjust: wire.Adjust
) -> None:
    adjust({"settings": {"transfer_lock_days": 0}})
    other.code(frames.transfer("request", "ours.test", frames.CODE))
    assert registered.code(frames.update("ours.test", frames.add(frames.status("clientHold")))) == 2304


def test_contacts_have_new_handles_after_a_transfer(client: wire.Client, other: wire.Client) -> None:
    before = other.ask(frames.info("transferable.test")).text("domain:registrant")
    client.code(frames.transfer("request", "transferable.test", frames.MOVE))
    other.code(frames.transfer("approve", "transferable.test"))
    after = client.ask(frames.info("transferable.test"))
    assert after.text("domain:clID") == "registrar-a"
    assert after.text("domain:registrant") not in ("", before)
    assert client.ask(frames.of_contact("info", after.text("domain:registrant"))).text("contact:clID") == "registrar-a"


@pytest.mark.parametrize(("code", "result"), [(None, 2201), (frames.MOVE, 1000), ("Not-The-Code-1234", 2202)])
def test_another_registrars_domain_is_shown_for_its_code_only(
    code: str | None, result: int, client: wire.Client
) -> None:
    assert client.code(frames.info("taken.test", code)) == result


def test_a_zone_that_is_not_served_is_against_the_policy(client: wire.Client) -> None:
    assert client.code(frames.create("name.example")) == 2306


@pytest.mark.parametrize(
    "name",
    ["Jürgen Müller", "J Smith", "John <Smith>", "John > Smith"],
    ids=["umlauts", "one letter", "tag", "bracket"],
)
def test_a_name_that_registries_do_not_take_is_a_syntax_error(name: str, client: wire.Client) -> None:
    answer = client.ask(frames.contact_create("OTHER-1", name=name))
    assert (answer.code, answer.has("contact:name")) == (2005, True)


def test_a_fee_check_without_a_currency_breaks_the_session(client: wire.Client) -> None:
    client.send(wire.command(frames.check("a.test"), "<fee:check><fee:command name='create'/></fee:check>"))
    assert client.is_cut()


def test_a_better_registry_answers_it_in_its_own_currency(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"crash_without_currency": False}})
    answer = client.ask(frames.check("a.test"), "<fee:check><fee:command name='create'/></fee:check>")
    assert (answer.code, answer.text("fee:currency")) == (1000, "EUR")


def test_a_clTRID_that_was_used_before_ends_the_connection(client: wire.Client) -> None:  # noqa: N802 - EPP's own word
    assert client.ask(frames.check("a.test"), transaction="USED-ONCE").code == 1000
    client.send(wire.command(frames.create("twice.test"), transaction="USED-ONCE"))
    assert client.is_cut()


def test_a_command_with_a_used_clTRID_is_not_done(simulator: RunningRegistry, client: wire.Client) -> None:  # noqa: N802 - EPP's own word
    client.ask(frames.check("a.test"), transaction="USED-ONCE")
    client.send(wire.command(frames.create("twice.test"), transaction="USED-ONCE"))
    assert client.is_cut()
    assert simulator.ledger.effects(reference="twice.test") == []


def test_an_idle_session_is_closed(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"settings": {"idle_seconds": 0.1}})
    client.code(frames.POLL)
    assert client.is_cut()
