"""Each change of certificates meets each fault of the vendor: the outcome is right, and the effect happens once."""

from collections.abc import Callable, Iterator

import pytest

from adapters.plesk import PleskHosting
from adapters.sandbox.faults import Fault
from provisioner.ports.outcomes import Failure, Rejected, Unavailable, Uncertain
from tests.contract.certificate_host_suite import file, new_certificate, record
from tests.contract.plesk import simulated, simulated_sites
from tests.contract.plesk.simulated_sites import SitesWorld, new_site
from tests.contract.plesk.vendor_faults import (
    AFTER_EFFECT,
    BEFORE_EFFECT,
    CODES,
    OF_QUESTIONS,
    Prepared,
    Question,
    check_delay,
    check_fault_after,
    check_fault_before,
    check_late_success,
    check_question,
    patience,
)

pytestmark = pytest.mark.matrix


@pytest.fixture(scope="module")
def world() -> Iterator[SitesWorld]:
    with simulated_sites.running() as world:
        yield world


@pytest.fixture
def host(world: SitesWorld, request: pytest.FixtureRequest) -> Iterator[PleskHosting]:
    seconds = patience(request)
    account = simulated.account(world.simulator, read_timeout=seconds, connect_timeout=seconds)
    with simulated.opened(account) as host:
        yield host
    world.simulator.faults.clear()


def show_record(host: PleskHosting, world: SitesWorld) -> Prepared:
    site = new_site(host)
    challenge = record(site.domain)
    return Prepared(
        "dns.add_rec",
        lambda: host.show_challenge(site, challenge),
        lambda: world.shown_values(challenge.place) == [challenge.content],
    )


def hide_record(host: PleskHosting, world: SitesWorld) -> Prepared:
    site = new_site(host)
    challenge = record(site.domain)
    host.show_challenge(site, challenge)
    return Prepared(
        "dns.del_rec",
        lambda: host.hide_challenge(site, challenge),
        lambda: world.shown_values(challenge.place) == [],
    )


def install_certificate(host: PleskHosting, world: SitesWorld) -> Prepared:
    site = new_site(host)
    certificate = new_certificate(site.domain)
    return Prepared(
        "certificate.install",
        lambda: host.install_certificate(site, certificate),
        lambda: world.repository(site) == [certificate.name],
    )


def use_certificate(host: PleskHosting, world: SitesWorld) -> Prepared:
    site = new_site(host)
    certificate = new_certificate(site.domain)
    host.install_certificate(site, certificate)
    return Prepared(
        "site.set",
        lambda: host.use_certificate(site, certificate.name),
        lambda: world.used_certificate(site.domain) == certificate.name,
    )


def remove_certificate(host: PleskHosting, world: SitesWorld) -> Prepared:
    site = new_site(host)
    certificate = new_certificate(site.domain)
    host.install_certificate(site, certificate)
    return Prepared(
        "certificate.remove",
        lambda: host.remove_certificate(site, certificate.name),
        lambda: world.repository(site) == [],
    )


def show_file(host: PleskHosting, world: SitesWorld) -> Prepared:
    site = new_site(host)
    challenge = file(site.domain)
    return Prepared(
        "ftp.store",
        lambda: host.show_challenge(site, challenge),
        lambda: world.shown_file(site.domain, challenge.place) == challenge.content,
    )


def hide_file(host: PleskHosting, world: SitesWorld) -> Prepared:
    site = new_site(host)
    challenge = file(site.domain)
    host.show_challenge(site, challenge)
    return Prepared(
        "ftp.delete",
        lambda: host.hide_challenge(site, challenge),
        lambda: world.shown_file(site.domain, challenge.place) is None,
    )


def certificate_terms(host: PleskHosting, _world: SitesWorld) -> Question:
    site = new_site(host)
    return Question("site.get", lambda: host.certificate_terms(site))


def find_certificate(host: PleskHosting, _world: SitesWorld) -> Question:
    site = new_site(host)
    certificate = new_certificate(site.domain)
    host.install_certificate(site, certificate)
    return Question("certificate.get-pool", lambda: host.find_certificate(site, certificate))


PACKETS = [show_record, hide_record, install_certificate, use_certificate, remove_certificate]
QUESTIONS = [certificate_terms, find_certificate]
Prepare = Callable[[PleskHosting, SitesWorld], Prepared]
Ask = Callable[[PleskHosting, SitesWorld], Question]
each_packet = pytest.mark.parametrize("prepare", PACKETS, ids=lambda prepare: prepare.__name__)

# What can break an FTP connection; the others are of HTTP.
FTP_FAULTS = [
    *((show_file, fault) for fault in (Fault.TIMEOUT_BEFORE_EFFECT, Fault.RESET_BEFORE_EFFECT)),
    *((hide_file, fault) for fault in (Fault.TIMEOUT_BEFORE_EFFECT, Fault.RESET_BEFORE_EFFECT)),
]
FTP_FAULTS_AFTER = [
    (prepare, fault)
    for prepare in (show_file, hide_file)
    for fault in (Fault.TIMEOUT_AFTER_EFFECT, Fault.RESET_AFTER_EFFECT, Fault.FAIL_AFTER_EFFECT)
]
FAULTS_BEFORE = [*((prepare, fault) for prepare in PACKETS for fault in BEFORE_EFFECT), *FTP_FAULTS]
FAULTS_AFTER = [*((prepare, fault) for prepare in PACKETS for fault in AFTER_EFFECT), *FTP_FAULTS_AFTER]


def named(value: object) -> str:
    return str(getattr(value, "__name__", value))


@pytest.mark.parametrize(("prepare", "fault"), FAULTS_BEFORE, ids=named)
def test_a_fault_before_the_effect_is_uncertain_and_calling_again_does_it_once(
    prepare: Prepare, fault: Fault, host: PleskHosting, world: SitesWorld
) -> None:
    check_fault_before(prepare(host, world), world, fault)


@pytest.mark.parametrize(("prepare", "fault"), FAULTS_AFTER, ids=named)
def test_a_fault_after_the_effect_is_uncertain_and_calling_again_does_nothing_more(
    prepare: Prepare, fault: Fault, host: PleskHosting, world: SitesWorld
) -> None:
    check_fault_after(prepare(host, world), world, fault)


@pytest.mark.parametrize("fault", [Fault.LATE_SUCCESS])
@each_packet
def test_an_effect_that_comes_after_the_time_out_is_found_and_happens_once(
    prepare: Prepare, fault: Fault, host: PleskHosting, world: SitesWorld
) -> None:
    check_late_success(prepare(host, world), world, fault)


@pytest.mark.parametrize("fault", [Fault.DELAY])
@each_packet
def test_an_answer_that_takes_its_time_is_waited_for(
    prepare: Prepare, fault: Fault, host: PleskHosting, world: SitesWorld
) -> None:
    check_delay(prepare(host, world), world, fault)


@pytest.mark.parametrize("fault", OF_QUESTIONS)
@pytest.mark.parametrize("prepare", QUESTIONS, ids=named)
def test_a_question_that_meets_a_fault_changes_nothing_and_is_asked_again(
    prepare: Ask, fault: Fault, host: PleskHosting, world: SitesWorld
) -> None:
    check_question(prepare(host, world), world, fault)


@pytest.mark.parametrize("fault", [Fault.REFUSE])
@pytest.mark.parametrize(("code", "outcome"), CODES)
@each_packet
def test_a_refusal_has_the_outcome_of_the_table_and_no_effect(
    prepare: Prepare, fault: Fault, host: PleskHosting, world: SitesWorld, *, code: int, outcome: type[Failure]
) -> None:
    prepared = prepare(host, world)
    before = world.effects()
    world.simulator.faults.plan(prepared.change, fault, code=code, times=10)
    # Plesk says "operation failed" of a certificate that something uses; that it is still there decides.
    expected = Rejected if (prepare, code) == (remove_certificate, 1023) else outcome
    with pytest.raises(expected) as refused:
        prepared.call()
    assert refused.value.vendor_code == str(code)
    assert (prepared.happened(), world.effects()) == (False, before)


@each_packet
def test_a_server_that_is_not_ready_twice_is_asked_a_third_time(
    prepare: Prepare, host: PleskHosting, world: SitesWorld
) -> None:
    prepared = prepare(host, world)
    before = world.effects()
    world.simulator.faults.plan(prepared.change, Fault.REFUSE, code=1003, times=2)
    prepared.call()
    assert (prepared.happened(), world.effects()) == (True, before + 1)


@pytest.mark.parametrize("of_look_up", BEFORE_EFFECT)
@pytest.mark.parametrize("prepare", [*PACKETS, show_file, hide_file], ids=named)
def test_a_look_up_that_fails_for_good_is_unavailable_and_changes_nothing(
    prepare: Prepare, of_look_up: Fault, host: PleskHosting, world: SitesWorld
) -> None:
    prepared = prepare(host, world)
    before = world.effects()
    world.simulator.faults.plan("*.get", of_look_up, times=3)
    with pytest.raises(Unavailable):
        prepared.call()
    world.simulator.faults.clear()
    assert (prepared.happened(), world.effects()) == (False, before)


@pytest.mark.parametrize(("prepare", "look"), [(show_record, "dns.get_rec"), (use_certificate, "site.get")], ids=named)
def test_a_change_that_cannot_be_read_back_is_uncertain_and_happens_once(
    prepare: Prepare, look: str, host: PleskHosting, world: SitesWorld
) -> None:
    prepared = prepare(host, world)
    before = world.effects()
    world.simulator.faults.plan(look, Fault.BAD_GATEWAY_BEFORE_EFFECT, skip=1)
    with pytest.raises(Uncertain):
        prepared.call()
    prepared.call()
    assert (prepared.happened(), world.effects()) == (True, before + 1)


@pytest.mark.parametrize("fault", [Fault.REFUSE])
@pytest.mark.parametrize("prepare", [show_file, hide_file], ids=named)
def test_a_file_server_that_is_too_busy_is_asked_later(
    prepare: Prepare, fault: Fault, host: PleskHosting, world: SitesWorld
) -> None:
    prepared = prepare(host, world)
    before = world.effects()
    world.simulator.faults.plan("ftp.connect", fault, code=421, times=3)
    with pytest.raises(Unavailable) as busy:
        prepared.call()
    assert (busy.value.code, busy.value.vendor_code) == ("file_server_busy", "421")
    assert (prepared.happened(), world.effects()) == (False, before)


@pytest.mark.parametrize("code", [550, 552])
def test_a_file_that_may_not_be_written_is_not_possible(code: int, host: PleskHosting, world: SitesWorld) -> None:
    prepared = show_file(host, world)
    before = world.effects()
    world.simulator.faults.plan("ftp.store", Fault.REFUSE, code=code)
    with pytest.raises(Rejected) as refused:
        prepared.call()
    assert (refused.value.code, refused.value.vendor_code) == ("challenge_not_possible", str(code))
    assert (prepared.happened(), world.effects()) == (False, before)
