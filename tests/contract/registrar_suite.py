"""What every registrar account must do, whatever registry is behind it.

A new adapter's contract test is a class that inherits `RegistrarSuite` and gives the fixtures `registrar` and `world`:

    class TestMyRegistrar(RegistrarSuite):
        @pytest.fixture
        def world(self) -> RegistrarWorld: ...
        @pytest.fixture
        def registrar(self, world: MyWorld) -> RegistrarPort: ...
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.kernel.secret import Secret
from provisioner.ports.effects import EffectClass, effect_of
from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.ports.registrar import Host, Price, Registration, Renewal, RestoreReport, TransferRequest
from tests.contract.registrar_world import (
    AUTH_CODE,
    DS,
    LONG_AGO,
    OTHER_AUTH_CODE,
    OTHER_DS,
    RegistrarPort,
    RegistrarWorld,
    messages_of,
    new_contact,
    new_name,
    numbers,
    years_later,
)


class RegistrarSuite:
    """The contract. Each test starts from names of its own, so that none disturbs another."""

    @pytest.fixture
    def handle(self, registrar: RegistrarPort) -> str:
        return registrar.ensure_contact(new_contact()).ref

    @pytest.fixture
    def hosts(self, registrar: RegistrarPort) -> tuple[Host, ...]:
        """Two name servers outside of the registry."""
        number = next(numbers)
        hosts = (Host(f"ns1.panel-{number}.example"), Host(f"ns2.panel-{number}.example"))
        for host in hosts:
            registrar.ensure_host(host)
        return hosts

    @pytest.fixture
    def wanted(self, world: RegistrarWorld, handle: str, hosts: tuple[Host, ...]) -> Registration:
        return Registration(
            domain=new_name(world),
            years=1,
            registrant=handle,
            contacts={"admin": handle, "tech": handle},
            hosts=hosts,
            auth_code=Secret(AUTH_CODE),
        )

    @pytest.fixture
    def domain(self, registrar: RegistrarPort, wanted: Registration) -> str:
        """A domain of ours, just registered."""
        return registrar.register(wanted).ref

    @pytest.fixture
    def renewal(self, registrar: RegistrarPort, domain: str) -> Renewal:
        expiry = registrar.look(domain).data["expires_at"][:10]
        return Renewal(domain, expiry, years_later(expiry, 2), 2)

    @pytest.fixture
    def foreign(self, world: RegistrarWorld) -> TransferRequest:
        name = new_name(world)
        return TransferRequest(name, world.foreign_domain(name), since=LONG_AGO)

    # -- what may be repeated

    @pytest.mark.parametrize("operation", ["register", "renew", "request_transfer", "request_restore"])
    def test_what_spends_money_can_be_checked(self, registrar: RegistrarPort, operation: str) -> None:
        effect = effect_of(getattr(registrar, operation))
        assert (effect.effect_class, effect.spends) == (EffectClass.CHECKABLE, True)
        assert callable(getattr(registrar, effect.find or ""))

    def test_it_answers_a_ping(self, registrar: RegistrarPort) -> None:
        assert registrar.ping().warnings == ()

    # -- contacts

    def test_a_contact_is_not_found_before_it_is_made(self, registrar: RegistrarPort) -> None:
        assert registrar.find_contact(new_contact()) is None

    def test_a_contact_is_made_once(self, registrar: RegistrarPort, world: RegistrarWorld) -> None:
        contact, before = new_contact(), world.effects()
        assert registrar.ensure_contact(contact).ref == contact.handle
        assert registrar.ensure_contact(contact).ref == contact.handle
        assert world.effects() == before + 1

    def test_a_handle_of_another_registrar_is_not_taken_over(
        self, registrar: RegistrarPort, world: RegistrarWorld
    ) -> None:
        contact = new_contact()
        world.foreign_contact(contact.handle)
        with pytest.raises(Rejected) as taken:
            registrar.ensure_contact(contact)
        assert taken.value.code == "handle_taken"
        assert registrar.find_contact(contact) is None

    def test_a_contact_that_was_another_is_found_and_adopted_only_as_wanted(
        self, registrar: RegistrarPort, world: RegistrarWorld
    ) -> None:
        former = new_contact()
        registrar.ensure_contact(former)
        wanted, before = replace(former, city="Lund", name="Anna Lund"), world.effects()
        assert registrar.find_contact(wanted) is None
        assert registrar.ensure_contact(wanted).ref == wanted.handle
        assert registrar.find_contact(wanted) is not None
        registrar.update_contact(wanted)
        assert world.effects() == before + 1

    def test_a_contact_that_is_as_wanted_is_not_written(self, registrar: RegistrarPort, world: RegistrarWorld) -> None:
        contact = new_contact()
        registrar.ensure_contact(contact)
        before = world.effects()
        registrar.update_contact(contact)
        assert world.effects() == before

    def test_a_contact_is_changed_once(self, registrar: RegistrarPort, world: RegistrarWorld) -> None:
        contact = new_contact()
        registrar.ensure_contact(contact)
        moved, before = replace(contact, city="Lund", phone="+46.46123456", organisation=""), world.effects()
        registrar.update_contact(moved)
        registrar.update_contact(moved)
        assert world.effects() == before + 1

    # -- registering

    def test_a_free_name_has_a_price_in_the_accounts_currency(
        self, registrar: RegistrarPort, world: RegistrarWorld
    ) -> None:
        told = registrar.quote(new_name(world), "create", 1).data
        assert (told["available"], told["premium"]) == (True, False)
        assert told["price"]["currency"] == world.currency

    def test_a_taken_name_is_not_available(self, registrar: RegistrarPort, domain: str) -> None:
        assert registrar.quote(domain, "create", 1).data["available"] is False

    def test_a_domain_is_not_found_before_it_is_registered(
        self, registrar: RegistrarPort, wanted: Registration
    ) -> None:
        assert registrar.find_registration(wanted) is None

    def test_a_domain_is_found_as_it_was_registered(self, registrar: RegistrarPort, wanted: Registration) -> None:
        made = registrar.register(wanted)
        assert isinstance(made, Done)
        assert made.ref == wanted.domain
        assert set(made.data) >= {"roid", "created_at", "expires_at"}
        assert registrar.find_registration(wanted) == made

    def test_a_domain_is_registered_once(
        self, registrar: RegistrarPort, world: RegistrarWorld, wanted: Registration
    ) -> None:
        before = world.effects()
        assert registrar.register(wanted) == registrar.register(wanted)
        assert world.effects() == before + 1

    def test_a_domain_of_another_registrar_is_taken(
        self, registrar: RegistrarPort, world: RegistrarWorld, wanted: Registration
    ) -> None:
        world.foreign_domain(wanted.domain)
        before = world.effects()
        with pytest.raises(Rejected) as taken:
            registrar.register(wanted)
        assert (taken.value.code, taken.value.fields) == ("domain_taken", ("/domain",))
        assert world.effects() == before
        assert registrar.find_registration(wanted) is None

    def test_a_domain_that_we_registered_for_someone_else_is_taken(
        self, registrar: RegistrarPort, wanted: Registration
    ) -> None:
        registrar.register(wanted)
        other = replace(wanted, registrant=registrar.ensure_contact(new_contact()).ref)
        with pytest.raises(Rejected) as taken:
            registrar.register(other)
        assert taken.value.code == "domain_taken"

    def test_a_domain_that_was_there_before_it_was_ordered_is_for_an_operator(
        self, registrar: RegistrarPort, wanted: Registration
    ) -> None:
        registrar.register(wanted)
        later = replace(wanted, since=(datetime.now(UTC) + timedelta(days=3)).isoformat())
        assert registrar.find_registration(later) is None
        with pytest.raises(Rejected) as there:
            registrar.register(later)
        assert there.value.code == "already_here"

    def test_nothing_is_bought_above_the_cap(
        self, registrar: RegistrarPort, world: RegistrarWorld, wanted: Registration
    ) -> None:
        before = world.effects()
        with pytest.raises(Rejected) as dear:
            registrar.register(replace(wanted, max_price=Price("0.01", world.currency)))
        assert (dear.value.code, dear.value.fields) == ("price_too_high", ("/max_price",))
        assert world.effects() == before

    def test_a_domain_is_registered_below_the_cap(
        self, registrar: RegistrarPort, world: RegistrarWorld, wanted: Registration
    ) -> None:
        assert registrar.register(replace(wanted, max_price=Price("1000.00", world.currency))).ref == wanted.domain

    def test_a_domain_is_registered_with_its_delegation_signer(
        self, registrar: RegistrarPort, wanted: Registration
    ) -> None:
        registrar.register(replace(wanted, dnssec=(DS,)))
        assert len(registrar.look(wanted.domain).data["dnssec"]) == 1

    def test_a_name_server_that_the_registry_refuses_fails_the_registration_alone(
        self, registrar: RegistrarPort, world: RegistrarWorld, wanted: Registration
    ) -> None:
        before = world.effects()
        with pytest.raises(Rejected):
            registrar.register(replace(wanted, hosts=(Host(f"ns1.never-made-{next(numbers)}.example"),)))
        assert world.effects() == before

    # -- renewing

    def test_a_renewal_is_not_found_before_it_is_made(self, registrar: RegistrarPort, renewal: Renewal) -> None:
        assert registrar.find_renewal(renewal) is None

    def test_a_domain_is_renewed_once(self, registrar: RegistrarPort, world: RegistrarWorld, renewal: Renewal) -> None:
        first, second = registrar.renew(renewal), registrar.renew(renewal)
        assert isinstance(first, Done)
        assert first.data["expires_at"][:10] == renewal.target_expiry
        assert first == second == registrar.find_renewal(renewal)
        assert world.years_on(renewal.domain) == 3

    def test_a_renewal_from_another_date_is_refused(
        self, registrar: RegistrarPort, world: RegistrarWorld, renewal: Renewal
    ) -> None:
        before = world.effects()
        wrong = replace(renewal, current_expiry="2001-02-03", target_expiry="2003-02-03")
        with pytest.raises(Rejected) as refused:
            registrar.renew(wrong)
        assert refused.value.code == "expiry_unexpected"
        assert world.effects() == before

    # -- deleting and restoring

    def test_a_domain_just_registered_is_deleted_once(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str
    ) -> None:
        roid, before = registrar.look(domain).data["roid"], world.effects()
        assert registrar.delete(domain, roid).data["state"] == "deleted"
        assert registrar.delete(domain, roid).data["state"] == "deleted"
        assert world.effects() == before + 1

    def test_an_older_domain_goes_to_redemption_once(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str
    ) -> None:
        world.days_pass(30)
        roid, before = registrar.look(domain).data["roid"], world.effects()
        assert registrar.delete(domain, roid).data["state"] == "redemption"
        assert registrar.delete(domain, roid).data["state"] == "redemption"
        assert world.effects() == before + 1

    def test_a_domain_that_was_registered_anew_is_not_deleted(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str
    ) -> None:
        before = world.effects()
        assert registrar.delete(domain, "ANOTHER-ROID").data["state"] == "deleted"
        assert (registrar.look(domain).data["exists"], world.effects()) == (True, before)

    def test_a_domain_of_another_registrar_is_not_deleted(
        self, registrar: RegistrarPort, foreign: TransferRequest, world: RegistrarWorld
    ) -> None:
        with pytest.raises(Rejected) as left:
            registrar.delete(foreign.domain, registrar.look(foreign.domain).data["roid"])
        assert left.value.code == "not_ours"
        assert world.years_on(foreign.domain) >= 0

    def test_a_lock_against_deletion_is_named(self, registrar: RegistrarPort, domain: str) -> None:
        registrar.change_statuses(domain, ("clientDeleteProhibited",), ())
        with pytest.raises(Rejected) as locked:
            registrar.delete(domain, registrar.look(domain).data["roid"])
        assert locked.value.code == "delete_prohibited"
        assert "clientDeleteProhibited" in locked.value.message

    def test_a_deleted_domain_is_restored_with_its_report(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str
    ) -> None:
        world.days_pass(30)
        registrar.delete(domain, registrar.look(domain).data["roid"])
        assert registrar.find_restore(domain, None) is None
        asked = registrar.request_restore(domain, None)
        assert isinstance(asked, Done)
        if asked.data["report_due"]:
            registrar.report_restore(RestoreReport(domain, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"))
        assert "pendingDelete" not in registrar.look(domain).data["statuses"]

    def test_a_restore_and_its_report_happen_once(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str
    ) -> None:
        world.days_pass(30)
        registrar.delete(domain, registrar.look(domain).data["roid"])
        registrar.request_restore(domain, None)
        before = world.effects()
        registrar.request_restore(domain, None)
        assert world.effects() == before
        report = RestoreReport(domain, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
        registrar.report_restore(report)
        after = world.effects()
        registrar.report_restore(report)
        assert world.effects() == after

    def test_a_name_that_is_gone_cannot_be_restored(self, registrar: RegistrarPort, world: RegistrarWorld) -> None:
        with pytest.raises(Rejected) as refused:
            registrar.request_restore(new_name(world), None)
        assert refused.value.code == "not_restorable"

    # -- transfers

    def test_a_wrong_authorisation_code_is_named(
        self, registrar: RegistrarPort, world: RegistrarWorld, foreign: TransferRequest
    ) -> None:
        before = world.effects()
        with pytest.raises(Rejected) as wrong:
            registrar.request_transfer(replace(foreign, auth_code=Secret("not the right one")))
        assert (wrong.value.code, wrong.value.fields) == ("auth_code_wrong", ("/auth_code",))
        assert "not the right one" not in wrong.value.message
        assert world.effects() == before

    def test_a_transfer_is_not_found_before_it_is_asked_for(
        self, registrar: RegistrarPort, foreign: TransferRequest
    ) -> None:
        assert registrar.find_transfer(foreign) is None

    def test_a_transfer_is_asked_for_once_and_waits(
        self, registrar: RegistrarPort, world: RegistrarWorld, foreign: TransferRequest
    ) -> None:
        before = world.effects()
        assert isinstance(registrar.request_transfer(foreign), Pending)
        assert isinstance(registrar.request_transfer(foreign), Pending)
        assert isinstance(registrar.find_transfer(foreign), Pending)
        assert world.effects() == before + 1

    def test_a_transfer_that_is_approved_is_done(
        self, registrar: RegistrarPort, world: RegistrarWorld, foreign: TransferRequest
    ) -> None:
        registrar.request_transfer(foreign)
        world.other_answers(foreign.domain, "approve")
        found = registrar.find_transfer(foreign)
        assert isinstance(found, Done)
        assert found.data["expires_at"]

    def test_a_transfer_that_nobody_answers_is_approved_by_the_registry(
        self, registrar: RegistrarPort, world: RegistrarWorld, foreign: TransferRequest
    ) -> None:
        registrar.request_transfer(foreign)
        world.days_pass(7)
        assert isinstance(registrar.find_transfer(foreign), Done)

    def test_a_transfer_that_is_rejected_is_refused(
        self, registrar: RegistrarPort, world: RegistrarWorld, foreign: TransferRequest
    ) -> None:
        registrar.request_transfer(foreign)
        world.other_answers(foreign.domain, "reject")
        with pytest.raises(Rejected) as refused:
            registrar.find_transfer(foreign)
        assert refused.value.code == "transfer_refused"

    def test_a_transfer_is_cancelled_once(
        self, registrar: RegistrarPort, world: RegistrarWorld, foreign: TransferRequest
    ) -> None:
        registrar.request_transfer(foreign)
        before = world.effects()
        assert registrar.cancel_transfer(foreign.domain).data["cancelled"] is True
        assert registrar.cancel_transfer(foreign.domain).data["cancelled"] is False
        assert world.effects() == before + 1

    def test_a_transfer_that_was_cancelled_is_told_so(self, registrar: RegistrarPort, foreign: TransferRequest) -> None:
        registrar.request_transfer(foreign)
        registrar.cancel_transfer(foreign.domain)
        with pytest.raises(Rejected) as refused:
            registrar.find_transfer(foreign)
        assert refused.value.code == "transfer_cancelled"

    @pytest.mark.parametrize(("answer", "ours"), [("approve", False), ("reject", True)])
    def test_a_request_of_another_registrar_is_answered_once(
        self, registrar: RegistrarPort, world: RegistrarWorld, wanted: Registration, answer: str, *, ours: bool
    ) -> None:
        registrar.register(wanted)
        world.days_pass(90)
        world.other_asks_for(wanted.domain, wanted.auth_code)
        before = world.effects()
        registrar.answer_transfer(wanted.domain, answer)
        registrar.answer_transfer(wanted.domain, answer)
        assert (registrar.look(wanted.domain).data["ours"], world.effects()) == (ours, before + 1)

    def test_no_request_needs_no_answer(self, registrar: RegistrarPort, world: RegistrarWorld, domain: str) -> None:
        before = world.effects()
        registrar.answer_transfer(domain, "approve")
        assert (registrar.look(domain).data["ours"], world.effects()) == (True, before)

    # -- looking and changing

    def test_a_name_that_nobody_has_does_not_exist(self, registrar: RegistrarPort, world: RegistrarWorld) -> None:
        told = registrar.look(new_name(world)).data
        assert (told["exists"], told["ours"]) == (False, False)

    def test_a_domain_of_another_registrar_exists_and_is_not_ours(
        self, registrar: RegistrarPort, foreign: TransferRequest
    ) -> None:
        told = registrar.look(foreign.domain).data
        assert (told["exists"], told["ours"]) == (True, False)

    def test_a_domain_of_ours_is_told_as_it_was_registered(
        self, registrar: RegistrarPort, wanted: Registration
    ) -> None:
        registrar.register(wanted)
        told = registrar.look(wanted.domain).data
        assert told["nameservers"] == [host.name for host in wanted.hosts]
        assert (told["registrant"], told["contacts"]) == (wanted.registrant, dict(wanted.contacts))

    def test_name_servers_are_changed_once(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str, hosts: tuple[Host, ...]
    ) -> None:
        new = (hosts[1], Host(f"ns3.panel-{next(numbers)}.example"))
        registrar.ensure_host(new[1])
        before = world.effects()
        registrar.change_nameservers(domain, new)
        registrar.change_nameservers(domain, new)
        assert set(registrar.look(domain).data["nameservers"]) == {host.name for host in new}
        assert world.effects() == before + 1

    def test_a_name_server_within_its_own_domain_has_its_addresses(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str
    ) -> None:
        own = Host(f"ns1.{domain}", ("192.0.2.1", "2001:db8::1"))
        registrar.ensure_host(own)
        registrar.change_nameservers(domain, (own,))
        before = world.effects()
        registrar.ensure_host(own)
        registrar.change_nameservers(domain, (own,))
        assert (registrar.look(domain).data["nameservers"], world.effects()) == ([own.name], before)

    def test_a_name_server_is_removed_once_no_domain_names_it(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str
    ) -> None:
        own = Host(f"ns1.{domain}", ("192.0.2.1",))
        registrar.ensure_host(own)
        registrar.change_nameservers(domain, (own,))
        with pytest.raises(Rejected) as used:
            registrar.remove_host(own.name)
        assert (used.value.code, own.name in used.value.message) == ("in_use", True)
        registrar.change_nameservers(domain, ())
        before = world.effects()
        for _ in range(2):
            registrar.remove_host(own.name)
        assert (registrar.look(domain).data["hosts"], world.effects()) == ([], before + 1)

    def test_contacts_are_changed_once(self, registrar: RegistrarPort, world: RegistrarWorld, domain: str) -> None:
        new = registrar.ensure_contact(new_contact()).ref
        before = world.effects()
        for _ in range(2):
            registrar.change_contacts(domain, new, {"admin": new, "tech": new})
        told = registrar.look(domain).data
        assert (told["registrant"], told["contacts"]) == (new, {"admin": new, "tech": new})
        assert world.effects() == before + 1

    def test_delegation_signers_are_replaced_once_and_taken_away(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str
    ) -> None:
        registrar.change_dnssec(domain, (DS,))
        before = world.effects()
        registrar.change_dnssec(domain, (OTHER_DS,))
        registrar.change_dnssec(domain, (OTHER_DS,))
        assert [record["key_tag"] for record in registrar.look(domain).data["dnssec"]] == [OTHER_DS.key_tag]
        assert world.effects() == before + 1
        registrar.change_dnssec(domain, ())
        assert registrar.look(domain).data["dnssec"] == []

    def test_locks_are_set_once_and_lifted_once(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str
    ) -> None:
        lock, before = ("clientTransferProhibited", "clientDeleteProhibited"), world.effects()
        registrar.change_statuses(domain, lock, ())
        registrar.change_statuses(domain, lock, ())
        assert set(registrar.look(domain).data["statuses"]) >= set(lock)
        registrar.change_statuses(domain, (), lock)
        registrar.change_statuses(domain, (), lock)
        assert not set(registrar.look(domain).data["statuses"]) & set(lock)
        assert world.effects() == before + 2

    def test_our_own_update_lock_is_named_and_can_be_lifted(self, registrar: RegistrarPort, domain: str) -> None:
        registrar.change_statuses(domain, ("clientUpdateProhibited", "clientTransferProhibited"), ())
        with pytest.raises(Rejected) as locked:
            registrar.change_dnssec(domain, (DS,))
        assert locked.value.code == "update_prohibited"
        registrar.change_statuses(domain, (), ("clientUpdateProhibited", "clientTransferProhibited"))
        registrar.change_dnssec(domain, (DS,))
        assert len(registrar.look(domain).data["dnssec"]) == 1

    def test_the_registrys_own_lock_is_not_ours_to_lift(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str
    ) -> None:
        world.registry_sets(domain, "serverUpdateProhibited")
        with pytest.raises(Rejected) as locked:
            registrar.change_statuses(domain, ("clientTransferProhibited",), ())
        assert locked.value.code == "locked_by_registry"

    @pytest.mark.parametrize("change", ["nameservers", "contacts", "dnssec", "statuses", "auth_code"])
    def test_a_domain_of_another_registrar_is_left_alone(
        self,
        registrar: RegistrarPort,
        world: RegistrarWorld,
        foreign: TransferRequest,
        hosts: tuple[Host, ...],
        change: str,
    ) -> None:
        arguments: dict[str, tuple[object, ...]] = {
            "nameservers": (hosts,),
            "contacts": ("", {}),
            "dnssec": ((DS,),),
            "statuses": (("clientHold",), ()),
            "auth_code": (Secret(AUTH_CODE),),
        }
        before = world.effects()
        with pytest.raises(Rejected) as left:
            getattr(registrar, f"change_{change}")(foreign.domain, *arguments[change])
        assert left.value.code == "not_ours"
        assert world.effects() == before

    def test_an_authorisation_code_that_was_set_lets_the_domain_go(
        self, registrar: RegistrarPort, world: RegistrarWorld, domain: str
    ) -> None:
        world.days_pass(90)
        registrar.change_auth_code(domain, Secret(OTHER_AUTH_CODE))
        world.other_asks_for(domain, Secret(OTHER_AUTH_CODE))
        registrar.answer_transfer(domain, "approve")
        assert registrar.look(domain).data["ours"] is False

    # -- the registry's messages

    def test_the_end_of_a_transfer_is_told(
        self, registrar: RegistrarPort, world: RegistrarWorld, wanted: Registration
    ) -> None:
        registrar.register(wanted)
        world.days_pass(90)
        world.other_asks_for(wanted.domain, wanted.auth_code)
        told = [message for message in messages_of(registrar) if message.domain == wanted.domain]
        assert [message.kind for message in told] == ["transfer"]

    def test_a_message_stays_until_it_is_acknowledged(
        self, registrar: RegistrarPort, world: RegistrarWorld, wanted: Registration
    ) -> None:
        registrar.register(wanted)
        world.days_pass(90)
        world.other_asks_for(wanted.domain, wanted.auth_code)
        first = registrar.next_message()
        assert first is not None
        again = registrar.next_message()
        assert again is not None
        assert again.message_id == first.message_id
        registrar.acknowledge(first.message_id)
        registrar.acknowledge(first.message_id)
        left = registrar.next_message()
        assert left is None or left.message_id != first.message_id

    def test_closing_twice_is_safe(self, registrar: RegistrarPort) -> None:
        registrar.close()
        registrar.close()
