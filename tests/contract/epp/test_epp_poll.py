from dataclasses import replace

import pytest

from adapters.epp.replies import DomainData, Greeting, Polled, Queue, Reply
from provisioner.kernel.clock import FakeClock
from provisioner.kernel.errors import SettingsError
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.outcomes import Misconfigured, Unavailable
from tests.contract.epp.scripted import THEM, US, no, ok, scene

POLLED = Polled("7", "2026-01-01T00:00:00Z", "Renewed.", "renewal", "Shop.EXAMPLE", {"expires_at": "2027"}, "<x/>")


def test_the_oldest_message_is_told_with_its_name_in_small_letters() -> None:
    with scene(("poll-request", ok(POLLED, 1301))) as this:
        message = this.registrar.next_message()
    assert message is not None
    assert (message.message_id, message.kind, message.domain) == ("7", "renewal", "shop.example")
    assert (message.text, message.data, message.raw) == ("Renewed.", {"expires_at": "2027"}, "<x/>")


@pytest.mark.parametrize(("requested_by", "ours"), [(US, True), (THEM, False), ("", False)])
def test_a_transfer_is_told_with_whether_it_is_to_us(requested_by: str, *, ours: bool) -> None:
    facts = {"status": "clientRejected", "requested_by": requested_by}
    with scene(("poll-request", ok(replace(POLLED, kind="transfer", data=facts), 1301))) as this:
        message = this.registrar.next_message()
    assert message is not None
    assert message.data == {**facts, "ours": ours}


def test_the_queue_is_empty_when_the_registry_says_so() -> None:
    with scene(("poll-request", ok(code=1300))) as this:
        assert this.registrar.next_message() is None


def test_a_message_that_nobody_can_read_is_there_all_the_same() -> None:
    unread = Reply(1301, "Something new", queue=Queue(3, "8"))
    with scene(("poll-request", unread)) as this:
        message = this.registrar.next_message()
    assert message is not None
    assert (message.message_id, message.kind, message.text) == ("8", "other", "Something new")


def test_a_message_that_was_badly_written_only_once_is_whole() -> None:
    unread = replace(POLLED, kind="other", data={}, is_whole=False)
    with scene(("poll-request", ok(unread, 1301)), ("poll-request", ok(POLLED, 1301))) as this:
        message = this.registrar.next_message()
    assert message is not None
    assert message.kind == "renewal"


def test_a_message_is_acknowledged_by_its_id() -> None:
    with scene(("poll-ack", ok())) as this:
        this.registrar.acknowledge("7")
    assert 'msgID="7"' in this.last()


def test_a_message_that_is_gone_needs_no_acknowledgement() -> None:
    with scene(("poll-ack", no(2303))) as this:
        this.registrar.acknowledge("7")


def test_mode_11_a_ping_tells_who_answers() -> None:
    greeting = Greeting("Registry", "2026-01-01T00:00:00Z", ("en",), (), ("urn:ietf:params:xml:ns:rgp-1.0",))
    with scene(("hello", ok(greeting))) as this:
        assert this.registrar.ping().data == {"server": "Registry", "extensions": ["urn:ietf:params:xml:ns:rgp-1.0"]}


def test_mode_11_a_ping_that_is_not_let_in_is_for_an_operator() -> None:
    with scene(("hello", Misconfigured("login_refused", "no"))) as this, pytest.raises(Misconfigured):
        this.registrar.ping()


def test_a_success_without_its_data_is_not_understood() -> None:
    with scene(("domain-info", ok())) as this, pytest.raises(Unavailable) as odd:
        this.registrar.look("shop.example")
    assert odd.value.code == "unreadable_answer"


def test_an_answer_about_another_object_is_no_answer() -> None:
    with scene(("domain-info", ok(DomainData("other.example")))) as this, pytest.raises(Unavailable) as odd:
        this.registrar.look("shop.example")
    assert odd.value.code == "wrong_answer"


def test_an_account_that_says_too_little_is_not_opened() -> None:
    from adapters.epp import open_adapter  # noqa: PLC0415  # the entry point, by its name

    with pytest.raises(SettingsError):
        open_adapter(VendorAccount("empty", "epp"), FakeClock())
