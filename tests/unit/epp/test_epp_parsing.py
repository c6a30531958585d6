"""Replies that no transcript has: several fees, messages of every kind, other host and key models."""

import pytest

from adapters.epp import identifiers
from adapters.epp.parsing import Answer
from adapters.epp.replies import ContactData, DomainData, Fee, Polled, Reason, Reply
from adapters.epp.xml import UnreadableError
from provisioner.ports.registrar import DnsKey, Host

DOMAIN = 'xmlns:domain="urn:ietf:params:xml:ns:domain-1.0"'
CONTACT = 'xmlns:contact="urn:ietf:params:xml:ns:contact-1.0"'
FEE = 'xmlns:fee="urn:ietf:params:xml:ns:epp:fee-1.0"'


def parsed(inner: str, code: int = 1000, result: str = "") -> Reply:
    text = (
        f'<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><response><result code="{code}"><msg>said</msg>{result}</result>'
        f"{inner}<trID><clTRID>PRV-1</clTRID><svTRID>sv-1</svTRID></trID></response></epp>"
    )
    return Answer.read(text.encode()).reply()


def message(inner: str) -> Polled:
    queue = '<msgQ count="3" id="9"><qDate>2026-01-01T00:00:00Z</qDate><msg>Look</msg></msgQ>'
    data = parsed(queue + inner, 1301).data
    assert isinstance(data, Polled)
    return data


def fee_of(commands: str, attributes: str = "", more: str = "") -> Fee | None:
    check = f'<resData><domain:chkData {DOMAIN}><domain:cd><domain:name avail="1">A.test</domain:name></domain:cd>'
    body = f"<fee:cd{attributes}><fee:objID>a.test</fee:objID>{commands}{more}</fee:cd>"
    prices = f"<fee:chkData {FEE}><fee:currency>EUR</fee:currency>{body}</fee:chkData>"
    data = parsed(f"{check}</domain:chkData></resData><extension>{prices}</extension>").data
    assert isinstance(data, tuple)
    return data[0].fee


def command(inner: str) -> str:
    return f'<fee:command name="create"><fee:period unit="y">2</fee:period>{inner}</fee:command>'


def test_several_fees_and_credits_are_one_amount() -> None:
    inner = '<fee:fee description="a">10.10</fee:fee><fee:fee>5</fee:fee><fee:credit>-0.1</fee:credit>'
    assert fee_of(command(inner)) == Fee("create", "15.00", "EUR", 2)


def test_a_single_fee_stays_as_it_was_written() -> None:
    assert fee_of(command("<fee:fee>010.50</fee:fee>")) == Fee("create", "010.50", "EUR", 2)


def test_a_class_other_than_standard_is_premium() -> None:
    fee = fee_of(f"<fee:class>Platinum</fee:class>{command('<fee:fee>900</fee:fee>')}")
    assert fee is not None
    assert fee.premium


@pytest.mark.parametrize("fee_class", ["", "<fee:class>standard</fee:class>", "<fee:class>Standard</fee:class>"])
def test_the_standard_class_is_not_premium(fee_class: str) -> None:
    fee = fee_of(fee_class + command("<fee:fee>9</fee:fee>"))
    assert fee is not None
    assert not fee.premium


def test_a_fee_that_is_not_told_has_a_reason() -> None:
    fee = fee_of(command("<fee:reason>no such currency</fee:reason>"))
    assert fee == Fee("create", "", "EUR", 2, reason="no such currency")


def test_a_price_that_does_not_apply_is_none() -> None:
    fee = fee_of(command("<fee:fee>9</fee:fee>"), ' avail="false"', "<fee:reason>reserved</fee:reason>")
    assert fee is not None
    assert (fee.amount, fee.reason) == ("", "reserved")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e9", "9,00", "", "ten"])
def test_an_amount_that_is_no_decimal_is_not_believed(amount: str) -> None:
    if amount == "":
        fee = fee_of(command("<fee:fee/>"))
        assert fee is not None
        assert fee.amount == ""
        return
    with pytest.raises(UnreadableError):
        fee_of(command(f"<fee:fee>{amount}</fee:fee>"))


def test_a_check_without_fees_has_none() -> None:
    inner = (
        f'<resData><domain:chkData {DOMAIN}><domain:cd><domain:name avail="0">a.test</domain:name>'
        "<domain:reason>In use</domain:reason></domain:cd></domain:chkData></resData>"
    )
    data = parsed(inner).data
    assert isinstance(data, tuple)
    assert (data[0].available, data[0].reason, data[0].fee) == (False, "In use", None)


def test_hosts_as_attributes_come_with_their_addresses() -> None:
    inner = (
        f"<resData><domain:infData {DOMAIN}><domain:name>A.test</domain:name><domain:ns><domain:hostAttr>"
        "<domain:hostName>NS1.a.test</domain:hostName><domain:hostAddr>192.0.2.1</domain:hostAddr>"
        '<domain:hostAddr ip="v6">2001:db8::1</domain:hostAddr></domain:hostAttr></domain:ns>'
        "</domain:infData></resData>"
    )
    data = parsed(inner).data
    assert isinstance(data, DomainData)
    assert data.nameservers == (Host("ns1.a.test", ("192.0.2.1", "2001:db8::1")),)
    assert data.auth_code is None


def test_keys_are_read_and_keys_inside_ds_are_not_doubled() -> None:
    key = (
        "<s:keyData><s:flags>257</s:flags><s:protocol>3</s:protocol><s:alg>13</s:alg>"
        "<s:pubKey>AQ\n PJ</s:pubKey></s:keyData>"
    )
    ds = f"<s:dsData><s:keyTag>1</s:keyTag><s:alg>13</s:alg><s:digestType>2</s:digestType><s:digest>AA</s:digest>{key}"
    inner = (
        f"<resData><domain:infData {DOMAIN}><domain:name>a.test</domain:name></domain:infData></resData>"
        '<extension><s:infData xmlns:s="urn:ietf:params:xml:ns:secDNS-1.1">'
        f"{ds}</s:dsData>{key}</s:infData></extension>"
    )
    data = parsed(inner).data
    assert isinstance(data, DomainData)
    assert len(data.dnssec) == 2
    assert data.dnssec[1] == DnsKey(257, 3, 13, "AQPJ")


def test_a_contact_of_two_addresses_is_told_by_the_international_one() -> None:
    def postal(kind: str, name: str) -> str:
        address = "<contact:addr><contact:city>C</contact:city><contact:cc>CZ</contact:cc></contact:addr>"
        return f'<contact:postalInfo type="{kind}"><contact:name>{name}</contact:name>{address}</contact:postalInfo>'

    data = parsed(
        f"<resData><contact:infData {CONTACT}><contact:id>PABC</contact:id>"
        f"{postal('loc', 'Žaneta')}{postal('int', 'Zaneta')}</contact:infData></resData>"
    ).data
    assert isinstance(data, ContactData)
    assert (data.name, data.postal_types) == ("Zaneta", ("loc", "int"))


def test_reasons_name_the_element_and_its_value() -> None:
    result = (
        f'<extValue><value><contact:voice {CONTACT}>+0.1</contact:voice></value><reason lang="en">bad phone</reason>'
        f"</extValue><value><contact:cc {CONTACT}>XX</contact:cc></value>"
    )
    assert parsed("", 2005, result).reasons == (Reason("voice", "+0.1", "bad phone"), Reason("cc", "XX", ""))


def pan(cl_trid: str, verdict: str = "1") -> str:
    return (
        f'<resData><domain:panData {DOMAIN}><domain:name paResult="{verdict}">A.test</domain:name><domain:paTRID>'
        f"<clTRID>{cl_trid}</clTRID><svTRID>sv-0</svTRID></domain:paTRID>"
        "<domain:paDate>2026-01-02T00:00:00Z</domain:paDate></domain:panData></resData>"
    )


def test_what_became_of_our_create_is_a_registration() -> None:
    ours = identifiers.new("PRV", "domain-create")
    told = message(pan(ours))
    assert (told.kind, told.domain) == ("registration", "a.test")
    assert told.data == {
        "succeeded": True,
        "cl_trid": ours,
        "sv_trid": "sv-0",
        "at": "2026-01-02T00:00:00Z",
        "command": "domain-create",
    }


@pytest.mark.parametrize(
    "cl_trid",
    ["ABC-1", identifiers.new("PRV", "domain-update"), ""],
    ids=["a stranger's", "our update", "unknown"],
)
def test_what_became_of_any_other_command_is_an_action(cl_trid: str) -> None:
    assert message(pan(cl_trid)).kind == "action"


@pytest.mark.parametrize("verdict", ["0", "false", "", "yes"])
def test_only_a_clear_yes_is_a_success(verdict: str) -> None:
    assert message(pan("ABC-1", verdict)).data["succeeded"] is False


def test_a_renewal_tells_the_date() -> None:
    body = "<domain:name>a.test</domain:name><domain:exDate>2028-01-01T00:00:00Z</domain:exDate>"
    told = message(f"<resData><domain:renData {DOMAIN}>{body}</domain:renData></resData>")
    assert (told.kind, told.domain, told.data) == ("renewal", "a.test", {"expires_at": "2028-01-01T00:00:00Z"})


def test_a_change_by_the_registry_tells_what_it_was() -> None:
    change = (
        '<extension><c:changeData xmlns:c="urn:ietf:params:xml:ns:changePoll-1.0" state="before">'
        '<c:operation op="purge">custom</c:operation><c:date>2026-01-01T00:00:00Z</c:date><c:svTRID>sv-9</c:svTRID>'
        "<c:who>Registry</c:who><c:reason>court order</c:reason></c:changeData></extension>"
    )
    told = message(
        f"<resData><domain:infData {DOMAIN}><domain:name>a.test</domain:name></domain:infData></resData>{change}"
    )
    assert (told.kind, told.domain) == ("change", "a.test")
    assert (told.data["operation"], told.data["op"], told.data["state"]) == ("custom", "purge", "before")
    assert told.data["reason"] == "court order"


@pytest.mark.parametrize(
    "inner",
    ["", "<resData/>", '<resData><x:lowBalance xmlns:x="urn:x"><x:name>a.test</x:name></x:lowBalance></resData>'],
    ids=["nothing", "empty data", "data of a stranger"],
)
def test_a_message_of_no_known_kind_is_kept_whole(inner: str) -> None:
    told = message(inner)
    assert (told.kind, told.domain, told.data) == ("other", "", {})
    assert (told.message_id, told.text) == ("9", "Look")
    assert "PRV-1" in told.raw


def test_a_transfer_of_a_contact_names_no_domain() -> None:
    body = "<contact:id>PABC</contact:id><contact:trStatus>pending</contact:trStatus>"
    told = message(f"<resData><contact:trnData {CONTACT}>{body}</contact:trnData></resData>")
    assert (told.kind, told.domain, told.data["status"]) == ("transfer", "", "pending")


def test_a_reply_tells_how_long_the_queue_is() -> None:
    reply = parsed('<msgQ count="3" id="9"/>')
    assert reply.queue is not None
    assert (reply.queue.count, reply.queue.message_id) == (3, "9")


def test_data_of_an_unknown_object_is_no_data() -> None:
    assert parsed('<resData><x:infData xmlns:x="urn:x"/></resData>').data is None


@pytest.mark.parametrize("code", ["", "abc", "99", "12345", "-1000", "²"])
def test_a_code_that_is_none_is_not_believed(code: str) -> None:
    text = f'<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><response><result code="{code}"/></response></epp>'
    with pytest.raises(UnreadableError):
        Answer.read(text.encode()).reply()
