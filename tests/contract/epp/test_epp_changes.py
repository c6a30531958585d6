import pytest

from adapters.epp.replies import Reason
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done, Failure, Occupied, Rejected, Unavailable, Uncertain
from provisioner.ports.registrar import DnsKey, DsRecord, Host
from tests.contract.epp.scripted import NAME, THEM, Turn, info, no, not_shown, ok, scene

ONE, TWO, THREE = Host("ns1.panel.example"), Host("ns2.panel.example"), Host("ns3.panel.example")
DS, OTHER = DsRecord(1, 13, 2, "AB" * 32), DsRecord(2, 13, 2, "CD" * 32)
KEY = DnsKey(257, 3, 13, "AwEAAQ==")
CHANGED: Turn = ("domain-update", ok())
SERVED = info(nameservers=(ONE, TWO))


def test_only_the_name_servers_that_differ_are_sent() -> None:
    with scene(SERVED, CHANGED) as this:
        this.registrar.change_nameservers(NAME, (TWO, THREE))
    added, _, removed = this.last().partition("<domain:rem>")
    assert THREE.name in added
    assert ONE.name in removed
    assert TWO.name not in this.last()


def test_name_servers_in_another_order_are_the_same() -> None:
    with scene(SERVED) as this:
        assert this.registrar.change_nameservers(NAME, (TWO, ONE)) == Done(NAME)


def test_mode_7_an_attribute_with_another_address_is_another_one() -> None:
    there, wanted = Host(f"ns1.{NAME}", ("192.0.2.1",)), Host(f"ns1.{NAME}", ("192.0.2.2",))
    with scene(info(nameservers=(there,)), CHANGED, host_model="attributes") as this:
        this.registrar.change_nameservers(NAME, (wanted,))
    assert "192.0.2.2" in this.last()
    assert "192.0.2.1" in this.last()


def test_mode_7_a_name_server_that_the_registry_does_not_know_is_named() -> None:
    refusal: Turn = ("domain-update", no(2303, "", Reason("hostObj", THREE.name, "unknown")))
    with scene(SERVED, refusal, SERVED) as this, pytest.raises(Rejected) as unknown:
        this.registrar.change_nameservers(NAME, (ONE, TWO, THREE))
    assert (unknown.value.code, unknown.value.fields) == ("host_unknown", ("/nameservers/2/name",))


def test_a_change_that_an_earlier_attempt_made_is_done() -> None:
    with scene(SERVED, ("domain-update", no(2306)), info(nameservers=(THREE,))) as this:
        assert this.registrar.change_nameservers(NAME, (THREE,)) == Done(NAME)


def test_a_change_that_the_registry_carries_out_later_says_so() -> None:
    with scene(SERVED, ("domain-update", ok(code=1001))) as this:
        assert len(this.registrar.change_nameservers(NAME, (THREE,)).warnings) == 1


def test_contacts_become_what_is_given_and_no_others() -> None:
    there = info(contacts=(("admin", "POLD"), ("tech", "PTECH"), ("billing", "POLD")))
    with scene(there, CHANGED) as this:
        this.registrar.change_contacts(NAME, "PNEW", {"admin": "PNEW", "tech": "PTECH"})
    added, _, removed = this.last().partition("<domain:rem>")
    assert '<domain:contact type="admin">PNEW' in added
    assert '<domain:contact type="billing">POLD' in removed
    assert "<domain:registrant>PNEW" in this.last()
    assert "PTECH" not in this.last()


def test_an_empty_registrant_stays() -> None:
    with scene(info(contacts=(("admin", "PADMIN"),))) as this:
        assert this.registrar.change_contacts(NAME, "", {"admin": "PADMIN"}) == Done(NAME)


def test_delegation_signers_are_replaced_in_one_command() -> None:
    with scene(info(dnssec=(DS,)), CHANGED) as this:
        this.registrar.change_dnssec(NAME, (OTHER,))
    assert "<secDNS:all>true</secDNS:all>" in this.last()
    assert "<secDNS:keyTag>2</secDNS:keyTag>" in this.last()


def test_a_digest_in_small_letters_is_the_same() -> None:
    with scene(info(dnssec=(DsRecord(1, 13, 2, "ab" * 32),))) as this:
        assert this.registrar.change_dnssec(NAME, (DS,)) == Done(NAME)


def test_keys_are_sent_as_keys() -> None:
    with scene(info(), CHANGED) as this:
        this.registrar.change_dnssec(NAME, (KEY,))
    assert "<secDNS:keyData>" in this.last()


def test_records_of_both_kinds_are_refused_before_anything_is_sent() -> None:
    with scene() as this, pytest.raises(Rejected) as mixed:
        this.registrar.change_dnssec(NAME, (DS, KEY))
    assert mixed.value.fields == ("/dnssec",)


def test_only_the_statuses_that_differ_are_sent() -> None:
    with scene(info(statuses=["clientTransferProhibited"]), CHANGED) as this:
        this.registrar.change_statuses(NAME, ("clientTransferProhibited", "clientDeleteProhibited"), ("clientHold",))
    assert "clientDeleteProhibited" in this.last()
    assert "clientTransferProhibited" not in this.last()
    assert "clientHold" not in this.last()


def test_our_update_lock_is_lifted_first_and_alone() -> None:
    locks = ("clientUpdateProhibited", "clientTransferProhibited")
    both, one = info(statuses=locks), info(statuses=locks[1:])
    with scene(both, CHANGED, one, CHANGED) as this:
        this.registrar.change_statuses(NAME, (), locks)
    first, second = this.wire.frames[1], this.wire.frames[3]
    assert (locks[0] in first, locks[1] in first) == (True, False)
    assert (locks[0] in second, locks[1] in second) == (False, True)


def test_what_fails_after_the_lock_was_lifted_is_uncertain() -> None:
    locks = ("clientUpdateProhibited", "clientTransferProhibited")
    away: Turn = ("domain-info", Unavailable("unreachable", "no"))
    with scene(info(statuses=locks), CHANGED, away) as this, pytest.raises(Uncertain):
        this.registrar.change_statuses(NAME, (), locks)


@pytest.mark.parametrize("status", ["serverHold", "serverTransferProhibited", "pendingDelete", "ok"])
def test_a_status_of_the_registrys_is_not_ours_to_change(status: str) -> None:
    with scene() as this, pytest.raises(Rejected) as refused:
        this.registrar.change_statuses(NAME, (), (status,))
    assert refused.value.code == "locked_by_registry"


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        ("serverUpdateProhibited", Rejected, "locked_by_registry"),
        ("clientUpdateProhibited", Rejected, "update_prohibited"),
        ("pendingDelete", Rejected, "pending_delete"),
        ("pendingTransfer", Occupied, "pending_at_registry"),
        ("pendingUpdate", Occupied, "pending_at_registry"),
    ],
)
def test_a_status_that_forbids_it_is_named_before_anything_is_sent(
    status: str, outcome: type[Failure], code: str
) -> None:
    with scene(info(statuses=[status])) as this, pytest.raises(outcome) as refused:
        this.registrar.change_nameservers(NAME, (ONE,))
    assert refused.value.code == code
    assert status in refused.value.message


def test_nothing_to_change_is_done_whatever_is_locked() -> None:
    with scene(info(statuses=["clientUpdateProhibited"], nameservers=(ONE,))) as this:
        assert this.registrar.change_nameservers(NAME, (ONE,)) == Done(NAME)


def test_a_lock_that_was_set_meanwhile_is_named() -> None:
    locked = info(statuses=["serverUpdateProhibited"], nameservers=(ONE,))
    with scene(SERVED, ("domain-update", no(2304)), locked) as this, pytest.raises(Rejected) as refused:
        this.registrar.change_nameservers(NAME, (THREE,))
    assert refused.value.code == "locked_by_registry"


@pytest.mark.parametrize(
    ("answer", "code"),
    [(not_shown(2303), "not_found"), (not_shown(2201), "not_ours"), (info(registrar=THEM), "not_ours")],
)
def test_mode_4_a_domain_that_is_not_ours_is_not_changed(answer: Turn, code: str) -> None:
    with scene(answer) as this, pytest.raises(Rejected) as refused:
        this.registrar.change_nameservers(NAME, (ONE,))
    assert refused.value.code == code


def test_mode_8_a_code_is_set_as_it_is() -> None:
    with scene(info(), CHANGED) as this:
        this.registrar.change_auth_code(NAME, Secret("x&<y"))
    assert "<domain:pw>x&amp;&lt;y</domain:pw>" in this.last()


def test_a_code_is_cleared() -> None:
    with scene(info(), CHANGED) as this:
        this.registrar.change_auth_code(NAME, None)
    assert "<domain:null" in this.last()


def test_mode_4_a_look_tells_what_became_of_the_domain() -> None:
    with scene(info(registrar=THEM, statuses=["serverHold"], rgp=["transferPeriod"])) as this:
        told = this.registrar.look(NAME).data
    assert (told["exists"], told["ours"], told["registrar"]) == (True, False, THEM)
    assert (told["statuses"], told["grace_statuses"]) == (["serverHold"], ["transferPeriod"])
    assert told["looked_at"]


@pytest.mark.parametrize(("code", "exists"), [(2303, False), (2201, True)])
def test_mode_4_a_look_at_what_is_not_shown(code: int, *, exists: bool) -> None:
    with scene(not_shown(code)) as this:
        told = this.registrar.look(NAME).data
    assert (told["exists"], told["ours"], told["roid"]) == (exists, False, "")
