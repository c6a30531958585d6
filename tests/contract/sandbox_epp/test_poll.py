"""The queue of messages."""

from tests.contract.sandbox_epp import frames, wire


def test_an_empty_queue_says_so(client: wire.Client) -> None:
    assert client.code(frames.POLL) == 1300


def test_a_message_stays_until_it_is_acknowledged(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"messages": [{"text": "first"}, {"text": "second"}]})
    first = client.ask(frames.POLL)
    assert (first.code, first.attribute("epp:msgQ", "count")) == (1301, "2")
    number = first.attribute("epp:msgQ", "id")
    assert client.ask(frames.POLL).attribute("epp:msgQ", "id") == number
    assert client.ask(frames.ack(number)).attribute("epp:msgQ", "count") == "1"
    assert client.ask(frames.POLL).text("epp:msgQ/epp:msg") == "second"


def test_a_message_is_acknowledged_once(client: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"messages": [{"text": "first"}]})
    number = client.ask(frames.POLL).attribute("epp:msgQ", "id")
    assert [client.code(frames.ack(number)) for _ in range(2)] == [1000, 2303]


def test_an_acknowledgement_names_the_message(client: wire.Client) -> None:
    assert client.code("<poll op='ack'/>") == 2003


def test_each_registrar_has_a_queue(client: wire.Client, other: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"messages": [{"text": "for the second", "registrar": "registrar-b"}]})
    number = other.ask(frames.POLL).attribute("epp:msgQ", "id")
    assert client.code(frames.POLL) == 1300
    assert client.code(frames.ack(number)) == 2303


def test_what_the_registry_does_is_told(registered: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"interventions": [{"domain": "ours.test", "add": ["serverHold"], "reason": "A court says so."}]})
    told = registered.ask(frames.POLL)
    assert told.attribute("changePoll:changeData", "state") == "after"
    assert (told.text("changePoll:operation"), told.text("changePoll:reason")) == ("update", "A court says so.")
    assert told.attributes("domain:status", "s") == ["serverHold"]


def test_a_domain_that_the_registry_has_deleted_is_in_redemption(registered: wire.Client, adjust: wire.Adjust) -> None:
    adjust({"interventions": [{"domain": "ours.test", "delete": True}]})
    assert registered.ask(frames.POLL).text("changePoll:operation") == "autoDelete"
    assert registered.ask(frames.info("ours.test")).attributes("rgp:rgpStatus", "s") == ["redemptionPeriod"]
