"""Frames against the schemas of the RFCs, and what registries really answered."""

import inspect
import re
from functools import cache

import pytest
from lxml import etree

from adapters.epp import commands, identifiers
from adapters.epp.commands import Command
from adapters.epp.namespaces import LOGIN_SECURITY, OBJECTS
from adapters.epp.parsing import Answer
from adapters.epp.replies import (
    Checked,
    ContactData,
    Created,
    DomainData,
    Greeting,
    HostData,
    Polled,
    Renewed,
    Reply,
    TransferData,
)
from provisioner.kernel.secret import Secret
from provisioner.ports.registrar import DsRecord, Host
from tests.contract.epp.wire import contracts
from tests.contract.epp.wire.every_command import ALL_EXTENSIONS, COMMANDS

TRANSCRIPTS = ("registry.jsonl", "validating_stub.jsonl")


@cache
def _schema() -> etree.XMLSchema:
    return contracts.schema()


@pytest.mark.parametrize("extensions", [ALL_EXTENSIONS, frozenset()], ids=["all extensions", "no extensions"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_frame_is_valid(command: Command, extensions: frozenset[str]) -> None:
    frame = command.frame(identifiers.new("PRV", command.name), extensions)
    _schema().assertValid(etree.fromstring(frame))


def test_a_login_with_a_long_password_is_valid() -> None:
    long = commands.login("registrar-1", Secret("p" * 64), "en", OBJECTS)
    _schema().assertValid(etree.fromstring(long.frame("PRV-login-1", frozenset({LOGIN_SECURITY}))))


def test_every_command_is_among_those_that_are_checked() -> None:
    makers = [name for name, each in vars(commands).items() if inspect.isfunction(each)]
    sent = {command.build.__qualname__.partition(".")[0] for command in COMMANDS.values()}
    shared = {"_transfer", "_dnssec"}
    transfers = {name for name in makers if "transfer" in name}
    dnssec = {"domain_update_dnssec", "domain_replace_dnssec"}
    assert set(makers) - transfers - dnssec == sent - shared


def test_the_names_of_commands_leave_room_for_an_identifier() -> None:
    prefix = "P" * identifiers.LONGEST_PREFIX
    for command in COMMANDS.values():
        assert len(command.name) <= identifiers.LONGEST_NAME
        assert len(identifiers.new(prefix, command.name)) <= identifiers.LONGEST


def replies(name: str) -> list[tuple[str, Reply]]:
    """Requests and what was parsed of their replies; a greeting has an empty request."""
    found = []
    for line in contracts.transcript(name):
        answer = line.get("greeting") or line.get("response")
        if answer is not None:
            found.append((line.get("request", ""), Answer.read(answer.encode()).reply()))
    return found


def _of(name: str, pattern: str) -> list[Reply]:
    return [reply for request, reply in replies(name) if re.search(pattern, request)]


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_transaction_ids_of_a_transcript_are_read(name: str) -> None:
    for request, reply in replies(name):
        sent = re.search(r"<clTRID>([^<]*)", request)
        assert reply.cl_trid == (sent[1] if sent else "")
        assert bool(reply.sv_trid) == bool(request)


def test_a_registry_gives_every_code_that_its_transcript_has() -> None:
    codes = {reply.code for _request, reply in replies("registry.jsonl")}
    assert codes >= {1000, 1001, 1300, 1301, 1500, 2003, 2202, 2302, 2303, 2304, 2305, 2306}


@pytest.mark.parametrize(
    ("request_of", "kind"),
    [
        ("^$", Greeting),
        ("<domain:check>", tuple),
        ("<contact:create>", Created),
        ("<host:create>", Created),
        ("<contact:info>", ContactData),
        ("<domain:info>", DomainData),
        ("<domain:create>", Created),
        ("<domain:renew>", Renewed),
        ("<domain:transfer>", TransferData),
        ("poll op=.req", Polled),
    ],
)
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_a_success_in_a_transcript_carries_its_own_kind_of_data(name: str, request_of: str, kind: type) -> None:
    answered = [reply for reply in _of(name, request_of) if reply.succeeded and reply.code != 1300]
    assert {type(reply.data) for reply in answered} <= {kind}


def test_a_check_with_fees_is_read() -> None:
    answers = [reply.data for reply in _of("registry.jsonl", "<fee:check>")]
    assert len(answers) == 1
    assert isinstance(answers[0], tuple)
    (checked,) = answers[0]
    assert checked.available
    assert checked.fee is not None
    assert (checked.fee.command, checked.fee.amount, checked.fee.currency) == ("create", "5.00", "EUR")


def test_a_domain_is_read_with_its_extensions() -> None:
    domain = _of("registry.jsonl", "<domain:info>")[0].data
    assert isinstance(domain, DomainData)
    assert domain.registrar == "leonet"
    assert domain.nameservers == (Host("ns1.ext334cb0.net"), Host("ns2.ext334cb0.net"))
    assert dict(domain.contacts) == {"admin": "C334cb0", "billing": "C334cb0", "tech": "C334cb0"}
    assert domain.statuses == ("ok",)
    assert domain.rgp_statuses == ("addPeriod",)
    assert domain.expires_at == "2027-11-21T21:58:21.112Z"
    assert domain.dnssec == (DsRecord(12345, 13, 2, "A" * 64),)


def test_a_domain_after_its_transfer_tells_when_that_was() -> None:
    moved = [reply.data for reply in _of("registry.jsonl", "<domain:info>") if isinstance(reply.data, DomainData)]
    assert [each.transferred_at for each in moved if each.transferred_at] == ["2026-11-21T21:58:21.612Z"]


def test_a_contact_is_read() -> None:
    contact = _of("registry.jsonl", "<contact:info>")[0].data
    assert isinstance(contact, ContactData)
    assert (contact.handle, contact.name, contact.organisation) == ("C334cb0", "Jan O'Neil & Co", "Unicode s.r.o.")
    assert (contact.street, contact.city, contact.country) == (("1 Main St",), "Praha", "CZ")
    assert contact.phone == "+420.123456789"
    assert contact.fax == ""


def test_a_renewal_tells_the_new_date() -> None:
    renewed = [reply.data for reply in _of("registry.jsonl", "<domain:renew>") if reply.succeeded]
    assert renewed == [Renewed("ex334cb0.test", "2028-11-21T21:58:21.112Z")]


def test_a_pending_transfer_tells_who_decides_and_until_when() -> None:
    pending = [reply.data for reply in _of("registry.jsonl", 'transfer op="request"') if reply.pending]
    assert (
        TransferData(
            name="tr428226.test",
            status="pending",
            requested_by="nordregistrar",
            requested_at="2026-11-21T21:58:21.603Z",
            acting="leonet",
            acts_at="2026-11-26T21:58:21.603Z",
            expires_at="2028-11-21T21:58:21.445Z",
        )
        in pending
    )


def test_a_message_of_the_queue_is_read() -> None:
    message = next(reply.data for reply in _of("registry.jsonl", "<poll op") if reply.code == 1301)
    assert isinstance(message, Polled)
    assert (message.message_id, message.kind, message.domain) == ("1", "transfer", "trb1f5f2.test")
    assert message.text == "Transfer requested."
    assert message.queued_at == "2026-11-21T21:47:52.977Z"
    assert message.data["status"] == "pending"


def test_an_empty_queue_is_told() -> None:
    (empty,) = [reply for reply in _of("validating_stub.jsonl", "<poll op") if reply.code == 1300]
    assert empty.data is None


def test_a_refusal_keeps_the_registrys_words() -> None:
    refused = [reply.message for reply in _of("registry.jsonl", "<domain:renew>") if not reply.succeeded]
    assert set(refused) == {"Parameter value policy error : The expiration date does not match"}


def test_names_of_a_check_are_free_or_not() -> None:
    (checked,) = [reply.data for reply in _of("validating_stub.jsonl", "<domain:check>")]
    assert checked == (Checked("example1.com", available=True), Checked("example2.com", available=False))


def test_a_host_object_is_read() -> None:
    frame = (
        '<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><response><result code="1000"><msg>ok</msg></result><resData>'
        '<host:infData xmlns:host="urn:ietf:params:xml:ns:host-1.0"><host:name>NS1.Example.test</host:name>'
        '<host:roid>H1-T</host:roid><host:status s="linked"/><host:addr ip="v4">192.0.2.1</host:addr>'
        '<host:addr ip="v6">2001:db8::1</host:addr><host:clID>us</host:clID></host:infData></resData>'
        "<trID><svTRID>s</svTRID></trID></response></epp>"
    )
    assert Answer.read(frame.encode()).reply().data == HostData(
        name="ns1.example.test",
        roid="H1-T",
        registrar="us",
        statuses=("linked",),
        addresses=("192.0.2.1", "2001:db8::1"),
    )
