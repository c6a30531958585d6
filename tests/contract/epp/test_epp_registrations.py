from dataclasses import replace

import pytest

from adapters.epp.replies import Checked, Created, Reason
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done, Misconfigured, Pending, Rejected, Unavailable, Uncertain
from provisioner.ports.registrar import DsRecord, Host, Price, Registration
from tests.contract.epp.scripted import NAME, THEM, Turn, checked, info, no, not_shown, ok, scene

CODE = Secret("Zq7!<&>code")
WANTED = Registration(
    NAME,
    1,
    "PHANDLE1",
    {"admin": "PHANDLE2"},
    (Host("ns1.panel.example"), Host("ns2.panel.example")),
    CODE,
    Price("12.00", "EUR"),
)
CREATED: Turn = ("domain-create", ok(Created(NAME, "2026-03-04T05:06:07Z", "2027-03-04T05:06:07Z")))
LOST = Uncertain("connection_lost", "cut after it was sent")


def test_a_name_is_checked_made_and_read_back() -> None:
    with scene(checked(), CREATED, info()) as this:
        made = this.registrar.register(WANTED)
    assert isinstance(made, Done)
    assert made.data == {
        "roid": "D1-REG",
        "created_at": "2026-03-04T05:06:07Z",
        "expires_at": "2027-03-04T05:06:07Z",
    }


def test_the_command_names_the_price_that_the_registry_named_and_not_the_cap() -> None:
    with scene(checked("10.00"), CREATED, info()) as this:
        this.registrar.register(WANTED)
    assert ">10.00</fee:fee>" in this.wire.frames[1]
    assert "<fee:currency>EUR" in this.wire.frames[1]


def test_mode_7_a_registry_with_host_attributes_gets_them_with_their_addresses() -> None:
    wanted = Registration(NAME, 1, "PHANDLE1", {}, (Host(f"ns1.{NAME}", ("192.0.2.1",)),), CODE)
    with scene(checked(), CREATED, info(), host_model="attributes") as this:
        this.registrar.register(wanted)
    assert "<domain:hostAttr>" in this.wire.frames[1]
    assert ">192.0.2.1</domain:hostAddr>" in this.wire.frames[1]


def test_a_thin_registry_gets_no_contacts() -> None:
    with scene(checked(), CREATED, info(registrant=""), data_model="thin") as this:
        this.registrar.register(WANTED)
    assert "PHANDLE" not in this.wire.frames[1]


def test_mode_8_an_authorisation_code_is_escaped_once() -> None:
    with scene(checked(), CREATED, info()) as this:
        this.registrar.register(WANTED)
    assert "<domain:pw>Zq7!&lt;&amp;&gt;code</domain:pw>" in this.wire.frames[1]


def test_mode_9_a_premium_name_without_a_cap_is_not_bought() -> None:
    wanted = Registration(NAME, 1, "PHANDLE1", {}, (), CODE)
    with scene(checked("2500.00", fee_class="premium")) as this, pytest.raises(Rejected) as dear:
        this.registrar.register(wanted)
    assert (dear.value.code, dear.value.fields) == ("price_too_high", ("/max_price",))
    assert "2500.00 EUR" in dear.value.message


def test_mode_9_a_name_above_the_cap_is_not_bought() -> None:
    with scene(checked("12.01")) as this, pytest.raises(Rejected) as dear:
        this.registrar.register(WANTED)
    assert "12.01 EUR" in dear.value.message
    assert "12.00" in dear.value.message


def test_a_cap_in_another_currency_cannot_be_compared() -> None:
    with scene(checked("1.00", currency="USD")) as this, pytest.raises(Rejected) as dear:
        this.registrar.register(WANTED)
    assert dear.value.code == "price_too_high"


def test_mode_9_a_price_that_rose_meanwhile_is_refused_by_the_registry() -> None:
    with scene(checked(), ("domain-create", no(2004, "Fee"))) as this, pytest.raises(Rejected) as dear:
        this.registrar.register(WANTED)
    assert (dear.value.code, dear.value.fields) == ("price_too_high", ("/max_price",))


def test_a_registry_without_fees_is_asked_for_none() -> None:
    free: Turn = ("domain-check", ok((Checked(NAME, available=True),)))
    with scene(free, CREATED, info()) as this:
        this.registrar.register(WANTED)
    assert "fee:create" not in this.wire.frames[1]


def test_a_price_that_is_no_number_buys_nothing() -> None:
    with scene(checked("ten")) as this, pytest.raises(Unavailable) as odd:
        this.registrar.register(WANTED)
    assert odd.value.code == "unreadable_answer"


def test_a_registry_that_decides_later_is_waited_for() -> None:
    with scene(checked(), ("domain-create", ok(code=1001))) as this:
        waiting = this.registrar.register(WANTED)
    assert isinstance(waiting, Pending)
    assert NAME in waiting.reason


def test_a_registration_that_the_registry_has_not_decided_is_found_pending() -> None:
    with scene(info(statuses=["pendingCreate"])) as this:
        assert isinstance(this.registrar.find_registration(WANTED), Pending)


def test_mode_1_a_name_that_an_earlier_attempt_registered_is_adopted() -> None:
    with scene(checked(available=False), info()) as this:
        assert isinstance(this.registrar.register(WANTED), Done)


def test_mode_1_a_name_that_was_registered_between_check_and_create_is_adopted() -> None:
    with scene(checked(), ("domain-create", no(2302)), info()) as this:
        assert isinstance(this.registrar.register(WANTED), Done)


def test_mode_1_a_lost_reply_is_uncertain_and_then_found() -> None:
    with scene(checked(), ("domain-create", LOST), info()) as this:
        with pytest.raises(Uncertain):
            this.registrar.register(WANTED)
        assert isinstance(this.registrar.find_registration(WANTED), Done)


@pytest.mark.parametrize(
    "shown",
    [
        not_shown(2303),
        not_shown(2201),
        info(registrar="US-REGISTRAR-7"),
        ("domain-info", Unavailable("unreachable", "no")),
        ("domain-info", Misconfigured("login_refused", "no")),
    ],
    ids=["not yet", "not to us", "under another id of ours", "no answer", "no session"],
)
def test_a_registration_that_was_answered_stands_whatever_is_shown_of_it(shown: Turn) -> None:
    with scene(checked(), CREATED, shown) as this:
        made = this.registrar.register(WANTED)
    told = {"roid": "", "created_at": "2026-03-04T05:06:07Z", "expires_at": "2027-03-04T05:06:07Z"}
    assert made == Done(NAME, told)


def test_a_registration_that_was_answered_without_dates_stands_too() -> None:
    with scene(checked(), ("domain-create", ok()), not_shown(2303)) as this:
        assert this.registrar.register(WANTED) == Done(NAME, {"roid": "", "created_at": "", "expires_at": ""})


@pytest.mark.parametrize("code", [2400, 2500])
def test_mode_1_a_command_that_failed_within_is_uncertain(code: int) -> None:
    with scene(checked(), ("domain-create", no(code))) as this, pytest.raises(Uncertain):
        this.registrar.register(WANTED)


def test_mode_10_an_empty_balance_parks_the_account() -> None:
    with scene(checked(), ("domain-create", no(2104))) as this, pytest.raises(Misconfigured) as parked:
        this.registrar.register(WANTED)
    assert parked.value.code == "balance_too_low"


def test_mode_11_a_session_limit_has_executed_nothing() -> None:
    with scene(checked(), ("domain-create", no(2502))) as this, pytest.raises(Unavailable):
        this.registrar.register(WANTED)


def test_mode_12_a_name_that_does_not_exist_yet_is_a_normal_answer() -> None:
    with scene(not_shown(2303)) as this:
        assert this.registrar.find_registration(WANTED) is None


@pytest.mark.parametrize("code", [2201, 2202])
def test_a_name_that_we_may_not_see_is_not_this_registration(code: int) -> None:
    with scene(not_shown(code)) as this:
        assert this.registrar.find_registration(WANTED) is None


@pytest.mark.parametrize(
    "turn",
    [info(registrar=THEM), info(registrant="PSOMEBODY"), info(auth_code=Secret("another"))],
    ids=["other registrar", "other registrant", "other code"],
)
def test_a_name_with_anything_else_is_not_this_registration(turn: Turn) -> None:
    with scene(turn) as this:
        assert this.registrar.find_registration(WANTED) is None


# -- a domain that was in the account before

MADE = "2026-03-04T05:06:07Z"
OF_AUGUST = replace(WANTED, since="2026-08-01T00:00:00+00:00")


@pytest.mark.parametrize("model", ["thick", "thin"])
def test_a_domain_that_was_in_the_account_before_the_order_is_not_this_registration(model: str) -> None:
    shown = info(created_at=MADE, registrant="PHANDLE1" if model == "thick" else "")
    with scene(shown, data_model=model) as this:
        assert this.registrar.find_registration(OF_AUGUST) is None


def test_a_domain_that_was_in_the_account_before_the_order_is_for_an_operator() -> None:
    with scene(checked(available=False), info(), info()) as this, pytest.raises(Rejected) as there:
        this.registrar.register(OF_AUGUST)
    assert (there.value.code, there.value.fields) == ("already_here", ())
    assert NAME in there.value.message


@pytest.mark.parametrize(
    "turn",
    [
        info(created_at="2026-08-01T09:00:00Z"),
        info(created_at="2026-07-31T23:50:00Z"),
        info(created_at="2026-07-31"),
        info(created_at=""),
        info(created_at="in summer"),
        info(auth_code=CODE),
    ],
    ids=["made since", "by a slow clock", "a date alone", "no date shown", "no date", "by our code"],
)
def test_a_domain_that_may_have_been_made_for_this_order_is_adopted(turn: Turn) -> None:
    with scene(turn) as this:
        assert isinstance(this.registrar.find_registration(OF_AUGUST), Done)


def test_a_name_of_someone_else_is_taken() -> None:
    with scene(checked(available=False), not_shown(2201), not_shown(2201)) as this, pytest.raises(Rejected) as taken:
        this.registrar.register(WANTED)
    assert (taken.value.code, taken.value.fields) == ("domain_taken", ("/domain",))
    assert "In use" in taken.value.message


def test_a_name_that_nobody_can_have_is_not_called_taken() -> None:
    with scene(checked(available=False), not_shown(2303), not_shown(2303)) as this, pytest.raises(Rejected) as no_one:
        this.registrar.register(WANTED)
    assert no_one.value.code == "name_not_allowed"


@pytest.mark.parametrize(
    ("reason", "code", "fields"),
    [
        (Reason("hostObj", "ns2.panel.example", "not found"), "host_unknown", ("/nameservers/1/name",)),
        (Reason("contact", "PHANDLE2", "not found"), "contact_unknown", ("/contacts/admin",)),
        (Reason("", "", "ns1.panel.example does not exist"), "host_unknown", ("/nameservers/0/name",)),
    ],
)
def test_mode_7_what_the_registry_does_not_know_is_named(reason: Reason, code: str, fields: tuple[str, ...]) -> None:
    with scene(checked(), ("domain-create", no(2303, "", reason))) as this, pytest.raises(Rejected) as unknown:
        this.registrar.register(WANTED)
    assert (unknown.value.code, unknown.value.fields) == (code, fields)


def test_a_registration_takes_its_delegation_signers_along() -> None:
    wanted = Registration(NAME, 1, "PHANDLE1", {}, (), CODE, dnssec=(DsRecord(1, 13, 2, "AB" * 32),))
    with scene(checked(), CREATED, info()) as this:
        this.registrar.register(wanted)
    assert "<secDNS:keyTag>1</secDNS:keyTag>" in this.wire.frames[1]


def test_a_quote_is_asked_for_with_the_accounts_currency() -> None:
    with scene(checked("10.00")) as this:
        told = this.registrar.quote(NAME, "create", 2)
    assert told.data == {
        "available": True,
        "reason": "",
        "premium": False,
        "price": {"amount": "10.00", "currency": "EUR"},
    }
    assert "<fee:currency>EUR</fee:currency>" in this.last()
    assert '<fee:period unit="y">2</fee:period>' in this.last()


def test_a_quote_where_the_registry_knows_no_prices_has_none() -> None:
    with scene(("domain-check", ok((Checked(NAME, available=True),)))) as this:
        assert this.registrar.quote(NAME, "create", 1).data["price"] is None


def test_what_the_registry_decides_is_looked_at_as_often_as_the_account_says() -> None:
    with scene(info(statuses=["pendingCreate"]), pending_look_seconds="66") as this:
        found = this.registrar.find_registration(WANTED)
    assert isinstance(found, Pending)
    assert found.check_after == 66


def test_a_domain_is_ours_by_the_id_that_the_registry_has_for_us() -> None:
    with scene(info(registrar="REG-7"), info(), registrar_id="REG-7") as this:
        assert [this.registrar.look(NAME).data["ours"] for _ in range(2)] == [True, False]
