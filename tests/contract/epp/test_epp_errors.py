from collections.abc import Iterator

import pytest

from adapters.epp import commands, errors
from adapters.epp.commands import Command
from adapters.epp.errors import Act
from adapters.epp.replies import Reason
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import FAILURES, Done, Misconfigured, Pending, Rejected, Unavailable, Uncertain
from provisioner.ports.registrar import Host, RegistrarContact, Registration, Renewal, RestoreReport, TransferRequest
from tests.contract.epp.scripted import no

# RFC 5730 §3.
CODES = [
    *(1000, 1001, 1300, 1301, 1500),
    *(2000, 2001, 2002, 2003, 2004, 2005, 2100, 2101, 2102, 2103, 2104, 2105, 2106),
    *(2200, 2201, 2202, 2300, 2301, 2302, 2303, 2304, 2305, 2306, 2307, 2308, 2400),
    *(2500, 2501, 2502),
]
CHANGES = [act for act in Act if act is not Act.ASK]
CODE = Secret("Zq7!code")
CONTACT = RegistrarContact("PHANDLE1", "A", "a@example.com", "+46.1", ("x",), "y", "SE")
TRANSFER = TransferRequest("shop.example", CODE, "2026-01-01T00:00:00Z")


def every_change() -> Iterator[Command]:
    yield commands.domain_create(Registration("shop.example", 1, "PHANDLE1", {}, (), CODE))
    yield commands.domain_renew(Renewal("shop.example", "2026-01-01", "2027-01-01", 1))
    yield commands.domain_update("shop.example", registrant="PHANDLE2")
    yield commands.domain_update_auth_code("shop.example", CODE)
    yield commands.domain_replace_dnssec("shop.example", ())
    yield commands.domain_delete("shop.example")
    yield commands.domain_transfer_request(TRANSFER)
    yield commands.domain_transfer_cancel("shop.example")
    yield commands.domain_transfer_approve("shop.example")
    yield commands.domain_transfer_reject("shop.example")
    yield commands.domain_restore_request("shop.example")
    yield commands.domain_restore_report(RestoreReport("shop.example", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"))
    yield commands.contact_create(CONTACT, CODE)
    yield commands.contact_update(CONTACT)
    yield commands.host_create(Host("ns1.shop.example"))
    yield commands.host_update("ns1.shop.example")
    yield commands.host_rename("ns1.shop.example", "ns2.shop.example")
    yield commands.host_delete("ns1.shop.example")
    yield commands.poll_ack("1")


CREATE = next(every_change())


def test_the_table_holds_every_code_of_the_rfc_and_no_other() -> None:
    assert sorted(errors.TABLE) == sorted(CODES)


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("code", CODES)
def test_every_code_has_one_outcome_for_every_command(code: int, act: Act) -> None:
    found = errors.verdict(code, act)
    assert found.outcome in (*FAILURES, Done, Pending)
    assert found.code


@pytest.mark.parametrize("command", list(every_change()), ids=lambda command: str(command.name))
def test_every_command_that_changes_something_has_its_column(command: Command) -> None:
    assert errors.act_of(command) in CHANGES


@pytest.mark.parametrize(
    "command",
    [
        commands.hello(),
        commands.poll_request(),
        commands.domain_check(("shop.example",)),
        commands.domain_info("shop.example"),
        commands.domain_transfer_query("shop.example"),
        commands.contact_info("PHANDLE1"),
        commands.host_info("ns1.shop.example"),
    ],
    ids=lambda command: str(command.name),
)
def test_what_changes_nothing_is_a_question(command: Command) -> None:
    assert errors.act_of(command) is Act.ASK


@pytest.mark.parametrize("code", CODES)
def test_a_question_is_never_uncertain_and_never_pending(code: int) -> None:
    assert errors.verdict(code, Act.ASK).outcome not in (Uncertain, Pending)


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("code", [1000, 1300, 1301, 1500])
def test_a_success_is_done(code: int, act: Act) -> None:
    assert errors.verdict(code, act).outcome is Done


@pytest.mark.parametrize("act", Act)
def test_only_what_is_paid_for_waits_for_the_registry(act: Act) -> None:
    assert (errors.verdict(1001, act).outcome is Pending) is (act in errors.SPENDING)


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("code", [2104, 2200, 2501])
def test_money_and_credentials_park_the_account_and_fail_no_order(code: int, act: Act) -> None:
    assert errors.verdict(code, act).outcome is Misconfigured


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("code", [2002, 2502])
def test_a_session_that_is_not_let_in_has_executed_nothing(code: int, act: Act) -> None:
    assert errors.verdict(code, act).outcome is Unavailable


@pytest.mark.parametrize("act", CHANGES)
@pytest.mark.parametrize("code", [2400, 2500])
def test_a_change_that_failed_within_is_uncertain(code: int, act: Act) -> None:
    assert errors.verdict(code, act).outcome is Uncertain


@pytest.mark.parametrize("act", [Act.DELETE, Act.ANSWER, Act.ACK])
def test_what_is_gone_already_needs_no_removal(act: Act) -> None:
    assert errors.verdict(2303, act).outcome is Done


@pytest.mark.parametrize("code", [2201, 2202, 2301, 2303])
def test_some_refusals_are_answers_to_a_question(code: int) -> None:
    assert errors.verdict(code, Act.ASK).outcome is Done


@pytest.mark.parametrize("code", [2300, 2304])
def test_a_transfer_that_stands_is_looked_at(code: int) -> None:
    assert errors.verdict(code, Act.TRANSFER).look


@pytest.mark.parametrize("code", [2105, 2306])
def test_a_renewal_that_is_refused_is_looked_at(code: int) -> None:
    assert errors.verdict(code, Act.RENEW).look


@pytest.mark.parametrize(("code", "outcome"), [(1999, Done), (2399, Rejected), (2499, Uncertain), (2599, Uncertain)])
def test_a_code_of_no_rfc_is_judged_by_its_hundreds(code: int, outcome: type) -> None:
    assert errors.verdict(code, Act.CREATE).outcome is outcome


def test_an_unknown_refusal_of_a_question_is_asked_again_later() -> None:
    assert errors.verdict(2399, Act.ASK).outcome is Unavailable


def test_a_failure_keeps_the_registrys_code_words_and_transaction() -> None:
    failed = errors.failure(no(2306, "Policy", Reason("period", "11", "ten years at most")), CREATE)
    assert isinstance(failed, Rejected)
    assert failed.vendor_code == "2306"
    assert all(words in failed.message for words in ("Policy", "ten years at most", "SV-2306"))


def test_a_failure_does_not_repeat_a_secret_that_the_registry_quotes() -> None:
    failed = errors.failure(no(2005, f"bad authInfo {CODE.reveal()}"), CREATE)
    assert isinstance(failed, Rejected)
    assert CODE.reveal() not in failed.message


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        (Reason("period", "11", ""), ("/years",)),
        (Reason("registrant", "PHANDLE9", ""), ("/contacts/registrant",)),
        (Reason("hostObj", "ns1.panel.example", ""), ("/nameservers/0/name",)),
        (Reason("", "", "Invalid domain:period"), ("/years",)),
        (Reason("", "", "host ns1.panel.example is not known"), ("/nameservers/0/name",)),
        (Reason("digest", "00", ""), ("/dnssec",)),
        (Reason("somethingNew", "", "of no use"), ("/domain",)),
    ],
)
def test_the_field_that_the_registry_names_is_told(reason: Reason, fields: tuple[str, ...]) -> None:
    values = {"ns1.panel.example": "/nameservers/0/name"}
    failed = errors.failure(no(2306, "", reason), CREATE, values=values)
    assert failed is not None
    assert failed.fields == fields


def test_a_value_that_is_refused_in_a_registration_is_not_blamed_on_the_name() -> None:
    failed = errors.failure(no(2004, "", Reason("period", "11", "")), CREATE)
    assert failed is not None
    assert failed.code == "invalid_value"


def test_a_fee_that_is_not_enough_is_a_price_too_high() -> None:
    failed = errors.failure(no(2004, "Fee mismatch"), CREATE, priced=True)
    assert failed is not None
    assert (failed.code, failed.fields) == ("price_too_high", ("/max_price",))


def test_a_fee_is_not_blamed_when_none_was_named() -> None:
    failed = errors.failure(no(2004), CREATE)
    assert failed is not None
    assert failed.code == "name_not_allowed"


@pytest.mark.parametrize(
    ("element", "field"), [("voice", "/phone"), ("pc", "/postal_code"), ("org", "/organisation"), ("cc", "/country")]
)
def test_the_field_of_a_contact_is_told_from_the_contact_on(element: str, field: str) -> None:
    failed = errors.failure(no(2005, "", Reason(element, "", "bad")), commands.contact_create(CONTACT, CODE))
    assert failed is not None
    assert (failed.code, failed.fields) == ("contact_invalid", (field,))


def test_after_a_change_nothing_is_known_not_to_be_executed() -> None:
    with pytest.raises(Uncertain), errors.after_effect():
        raise Unavailable("unreachable", "no")
