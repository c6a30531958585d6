from dataclasses import replace
from datetime import timedelta

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.registrar import DsRecord, Price
from provisioner.workflows.domains.contacts import handle_of
from provisioner.workflows.domains.transfer import confirmation_key
from tests.support.engine.domains import DAY, NAME, OWN_CODE, DomainWorld
from tests.support.engine.registrar import OTHERS
from tests.support.engine.vendor import Answer, down, lost, throttled

CODE = "their-auth-code"


def theirs(domain: DomainWorld, *statuses: str) -> None:
    domain.registry.have(NAME, registrar=OTHERS, auth_code=CODE, statuses=set(statuses))


def begin(domain: DomainWorld, **rules: object) -> None:
    theirs(domain)
    domain.order(rules=rules)
    domain.ask("domain.transfer", secret=CODE)
    domain.run_one()


def test_a_transfer_waits_for_the_losing_registrar_and_says_so(domain: DomainWorld) -> None:
    begin(domain)
    assert (domain.state(), domain.standing().reason) == (
        OperationState.WAITING,
        f"{NAME}: the losing registrar has five days to answer",
    )


def test_a_transfer_that_takes_longer_than_an_operation_may_is_waited_for_without_an_alarm(domain: DomainWorld) -> None:
    begin(domain)
    domain.run_within(6 * DAY)
    assert (domain.state(), domain.standing().attention) == (OperationState.WAITING, None)


def test_a_transfer_that_is_stuck_is_told_to_somebody(domain: DomainWorld) -> None:
    begin(domain)
    domain.run_within(16 * DAY)
    assert (domain.state(), domain.standing().attention) == (OperationState.WAITING, "past_deadline")


def test_an_arrived_domain_gets_our_contacts_name_servers_code_and_lock(domain: DomainWorld) -> None:
    begin(domain)
    domain.registry.approve(NAME)
    domain.run_all()
    arrived = domain.registry.domains[NAME]
    assert (arrived.registrant, arrived.contacts["tech"]) == (handle_of("ada"), handle_of("tech"))
    assert arrived.hosts == ("ns1.host.example", "ns2.host.example")
    assert (arrived.auth_code, arrived.statuses) == (OWN_CODE, {"clientTransferProhibited"})
    assert (domain.service.status, domain.service.ref) == (ServiceStatus.ACTIVE, NAME)
    assert domain.service.data["expires_at"] == "2028-01-01T00:00:00.0Z"


def test_a_registry_that_keeps_no_contacts_is_told_of_none_after_the_transfer(domain: DomainWorld) -> None:
    begin(domain, data_model="thin")
    domain.registry.approve(NAME)
    domain.run_all()
    assert (domain.state(), domain.registry.count("contact:create")) == (OperationState.SUCCEEDED, 0)
    assert domain.registry.domains[NAME].registrant == "REMADE"


def test_trouble_after_the_wait_has_time_of_its_own(domain: DomainWorld) -> None:
    begin(domain)
    domain.run_within(5 * DAY)
    domain.registry.approve(NAME)
    domain.registry.will("change_contacts", down())
    domain.run_all()
    assert domain.state() is OperationState.SUCCEEDED


def test_keys_of_the_old_name_servers_are_removed_when_the_new_ones_have_none(domain: DomainWorld) -> None:
    begin(domain)
    domain.registry.domains[NAME].dnssec = (DsRecord(1, 13, 2, "AB"),)
    domain.registry.approve(NAME)
    domain.run_all()
    assert domain.registry.domains[NAME].dnssec == ()


def test_a_wrong_authorisation_code_is_refused_and_nothing_is_asked_for(domain: DomainWorld) -> None:
    theirs(domain)
    domain.do("domain.transfer", secret="wrong")
    assert (domain.error_code(), domain.error_fields()) == ("auth_code_wrong", ("/auth_code",))
    assert domain.registry.count("domain:transfer-request") == 0


def test_a_locked_domain_is_refused_before_it_costs_anything(domain: DomainWorld) -> None:
    theirs(domain, "clientTransferProhibited")
    domain.do("domain.transfer", secret=CODE)
    assert (domain.error_code(), domain.registry.count("domain:transfer-request")) == ("transfer_locked", 0)


def test_a_name_that_nobody_has_is_not_transferred(domain: DomainWorld) -> None:
    domain.do("domain.transfer", secret=CODE)
    assert (domain.state(), domain.error_code()) == (OperationState.FAILED, "not_registered")


def test_a_premium_price_is_not_paid_unasked(domain: DomainWorld) -> None:
    domain.registry.premium = True
    domain.registry.prices["transfer"] = Price("400.00", "EUR")
    begin(domain)
    assert (domain.error_code(), domain.registry.count("domain:transfer-request")) == ("premium_price", 0)


def test_a_refused_transfer_fails_and_nothing_was_spent(domain: DomainWorld) -> None:
    begin(domain)
    domain.registry.transfers[NAME] = "refused"
    domain.run_all()
    assert (domain.state(), domain.error_code()) == (OperationState.FAILED, "transfer_refused")
    assert domain.service.status is ServiceStatus.FAILED


def test_a_transfer_whose_answer_was_lost_is_not_asked_for_again(domain: DomainWorld) -> None:
    theirs(domain)
    domain.registry.will("request_transfer", lost(took_effect=True))
    domain.ask("domain.transfer", secret=CODE)
    domain.run_within(60)
    assert (domain.state(), domain.registry.count("domain:transfer-request")) == (OperationState.WAITING, 1)


# -- what is here already


def test_a_domain_that_came_lately_is_taken_over_without_a_new_transfer(domain: DomainWorld) -> None:
    begin(domain)
    domain.registry.approve(NAME)
    domain.ask("domain.transfer", secret=CODE, resource="service:s-2")
    domain.run_all()
    assert (domain.state("op-2"), domain.registry.count("domain:transfer-request")) == (OperationState.SUCCEEDED, 1)


def test_a_domain_that_has_long_been_here_is_nobodys_to_take(domain: DomainWorld) -> None:
    domain.registry.have(NAME, registrant="SOMEBODY")
    domain.do("domain.transfer", secret=CODE)
    assert (domain.state(), domain.error_code()) == (OperationState.FAILED, "already_here")


# -- the registrant's confirmation


def test_a_transfer_waits_for_the_registrant_and_says_who_must_act(domain: DomainWorld) -> None:
    begin(domain, transfer_confirmation="registrant")
    assert domain.state() is OperationState.WAITING
    assert domain.standing().reason == f"the registrant of {NAME} has to confirm the transfer"
    assert domain.registry.calls == []


def test_a_confirmed_transfer_goes_on(domain: DomainWorld) -> None:
    begin(domain, transfer_confirmation="registrant")
    domain.run_within(3 * DAY)
    domain.harness.deliver_event(confirmation_key("op-1"), {"confirmed": True})
    domain.run_one()
    assert domain.registry.count("domain:transfer-request") == 1


def test_a_declined_transfer_ends(domain: DomainWorld) -> None:
    begin(domain, transfer_confirmation="registrant")
    domain.harness.deliver_event(confirmation_key("op-1"), {"confirmed": False})
    domain.run_all()
    assert (domain.error_code(), domain.registry.effects) == ("transfer_declined", [])


def test_a_declined_transfer_says_why(domain: DomainWorld) -> None:
    begin(domain, transfer_confirmation="registrant")
    domain.harness.deliver_event(confirmation_key("op-1"), {"confirmed": False, "reason": "I never asked for it."})
    domain.run_all()
    error = domain.standing().error
    assert error is not None
    assert error.message == f"the registrant of {NAME} declined the transfer: I never asked for it."


def test_a_confirmation_that_never_comes_ends_the_transfer(domain: DomainWorld) -> None:
    begin(domain, transfer_confirmation="registrant")
    domain.run_all()
    assert (domain.error_code(), domain.registry.effects) == ("deadline_exceeded", [])


def test_a_transfer_that_was_confirmed_with_its_order_does_not_wait(domain: DomainWorld) -> None:
    theirs(domain)
    domain.order(confirmed=True, rules={"transfer_confirmation": "registrant"})
    domain.ask("domain.transfer", secret=CODE)
    domain.run_one()
    assert domain.registry.count("domain:transfer-request") == 1


# -- giving it up


def cancel(domain: DomainWorld) -> str:
    operation_id = domain.ask("domain.transfer-cancel", resource="transfer-cancel:s-1", reason="changed my mind")
    domain.run_one()
    return operation_id


def test_a_cancelled_transfer_is_withdrawn_at_the_registrar_and_ends_at_once(domain: DomainWorld) -> None:
    begin(domain)
    cancel(domain)
    domain.run_one()
    assert (domain.state(), domain.error_code()) == (OperationState.FAILED, "transfer_cancelled")
    assert domain.registry.count("domain:transfer-cancel") == 1
    assert domain.service.status is ServiceStatus.FAILED


def test_a_withdrawn_transfer_of_which_a_look_shows_nothing_any_more_ends_as_cancelled(domain: DomainWorld) -> None:
    begin(domain)
    cancel(domain)
    domain.registry.transfers.clear()
    domain.run_within(DAY)
    assert (domain.state(), domain.error_code()) == (OperationState.FAILED, "transfer_cancelled")


def test_a_transfer_that_is_not_shown_and_was_not_withdrawn_is_waited_for(domain: DomainWorld) -> None:
    begin(domain)
    domain.registry.transfers.clear()
    cancel(domain)
    domain.run_within(DAY)
    assert domain.state() is OperationState.WAITING


def test_a_transfer_that_waits_for_its_registrant_can_be_cancelled(domain: DomainWorld) -> None:
    begin(domain, transfer_confirmation="registrant")
    cancel(domain)
    domain.run_all()
    assert (domain.state(), domain.error_code()) == (OperationState.FAILED, "transfer_cancelled")
    assert domain.registry.effects == []


def test_a_transfer_that_is_cancelled_before_its_first_step_asks_for_nothing(domain: DomainWorld) -> None:
    theirs(domain)
    transfer = domain.ask("domain.transfer", secret=CODE)
    kept = domain.memory_harness.memory.operations[transfer]
    kept.due_at = kept.accepted_at + timedelta(minutes=1)
    cancel(domain)
    domain.run_all()
    assert domain.error_code(transfer) == "transfer_cancelled"
    assert domain.registry.count("domain:transfer-request") == 0


def test_a_request_that_was_on_its_way_when_it_was_cancelled_is_withdrawn_too(domain: DomainWorld) -> None:
    theirs(domain)
    domain.ask("domain.transfer", secret=CODE)
    claim = domain.claim()
    cancel(domain)
    domain.run(claim)
    domain.run_all()
    assert domain.registry.transfers[NAME] == "cancelled"
    assert (domain.state(), domain.error_code()) == (OperationState.FAILED, "transfer_cancelled")


@pytest.mark.parametrize("first", [down(), throttled(30), lost(took_effect=False)], ids=["down", "throttled", "lost"])
def test_a_request_that_was_not_made_before_it_was_cancelled_is_not_made_after_it(
    domain: DomainWorld, first: Answer
) -> None:
    theirs(domain)
    domain.registry.will("request_transfer", first)
    transfer = domain.ask("domain.transfer", secret=CODE)
    domain.run_one()
    cancel(domain)
    domain.run_all()
    assert (domain.state(transfer), domain.error_code(transfer)) == (OperationState.FAILED, "transfer_cancelled")
    assert domain.registry.count("domain:transfer-request") == 0


def test_a_transfer_that_was_cancelled_once_can_be_tried_again(domain: DomainWorld) -> None:
    begin(domain, transfer_confirmation="registrant")
    cancel(domain)
    domain.run_all()
    domain.registry.transfers.clear()
    domain.harness.let_pass(60)
    domain.ask("domain.transfer", secret=CODE)
    domain.run_one()
    assert domain.state("op-3") is OperationState.WAITING


def test_a_transfer_that_is_over_cannot_be_cancelled(domain: DomainWorld) -> None:
    domain.have_registered()
    cancelled = cancel(domain)
    assert domain.error_code(cancelled) == "transfer_finished"
    assert domain.service.status is ServiceStatus.ACTIVE


# -- away from us


def test_another_registrars_request_is_answered_as_the_rules_say(domain: DomainWorld) -> None:
    domain.have_registered(statuses={"pendingTransfer"})
    domain.do("domain.transfer-out", resource="transfer-out:s-1")
    assert domain.registry.domains[NAME].registrar == OTHERS
    assert domain.upkeep_in_days == 0


def test_a_request_that_the_rules_reject_is_rejected(domain: DomainWorld) -> None:
    domain.have_registered(statuses={"pendingTransfer"})
    domain.order(rules={"transfer_out": "reject"})
    domain.do("domain.transfer-out", resource="transfer-out:s-1")
    assert (domain.registry.domains[NAME].registrar, domain.registry.count("domain:transfer-answer")) == ("us", 1)


def test_where_the_registry_decides_the_domain_is_looked_at_again(domain: DomainWorld) -> None:
    domain.have_registered(statuses={"pendingTransfer"})
    domain.order(rules={"transfer_out": "wait"})
    domain.do("domain.transfer-out", resource="transfer-out:s-1")
    assert (domain.registry.effects, domain.upkeep_in_days) == ([], 0.25)


def test_a_transfer_that_was_refused_before_its_answer_came_has_failed(domain: DomainWorld) -> None:
    theirs(domain)
    domain.registry.will("request_transfer", lost(took_effect=True))
    domain.ask("domain.transfer", secret=CODE)
    domain.run_one()
    domain.registry.transfers[NAME] = "refused"
    domain.run_all()
    assert (domain.state(), domain.error_code()) == (OperationState.FAILED, "transfer_refused")


# -- the end that a message told


def tell_of_end(domain: DomainWorld, code: str, *, operation: str = "op-1") -> None:
    """The registry's message has come, and a look shows no transfer."""
    services = domain.memory_harness.memory.services
    told = {code: {"operation": operation, "words": "Not today."}}
    services["s-1"] = replace(services["s-1"], data={**services["s-1"].data, **told})


@pytest.mark.parametrize("code", ["transfer_refused", "transfer_cancelled"])
def test_a_transfer_whose_end_only_a_message_told_ends_in_its_words(domain: DomainWorld, code: str) -> None:
    begin(domain)
    domain.registry.transfers.clear()
    tell_of_end(domain, code)
    domain.run_within(DAY)
    error = domain.standing().error
    assert error is not None
    assert (domain.state(), error.code) == (OperationState.FAILED, code)
    assert error.message.endswith(f"transfer of {NAME}: Not today.")


def test_the_end_of_an_earlier_transfer_does_not_end_a_later_one(domain: DomainWorld) -> None:
    begin(domain)
    domain.registry.transfers.clear()
    tell_of_end(domain, "transfer_refused", operation="op-0")
    domain.run_within(DAY)
    assert domain.state() is OperationState.WAITING


def test_a_transfer_that_still_stands_is_waited_for_whatever_was_told(domain: DomainWorld) -> None:
    begin(domain)
    tell_of_end(domain, "transfer_refused")
    domain.run_within(DAY)
    assert domain.state() is OperationState.WAITING
