"""The promise, tried with many seeds: nothing lost, nothing done twice, nothing stuck without somebody being told.

The seeds are others in each run; SIMULATION_SEED=N starts at N. `make simulate` tries 100,000.
"""

import os
import secrets
from collections.abc import Callable

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from tests.simulation import certificates, domains, hosting
from tests.simulation.campaign import drawn_workflows, run
from tests.simulation.simulation import Simulation
from tests.simulation.verdict import judge
from tests.support.judge.verdict import Wrong

SEEDS = 1_000
A_TENTH = SEEDS // 10
FIRST = int(os.environ.get("SIMULATION_SEED") or secrets.randbelow(2**31))


@pytest.mark.parametrize("tenth", range(10))
def test_the_promise_is_kept(tenth: int) -> None:
    tally = run(FIRST + tenth * A_TENTH, A_TENTH)
    assert not tally.broken, tally.story()


def test_workers_are_killed_in_it() -> None:
    assert run(0, 20).kills > 20


def test_a_seed_happens_the_same_way_again() -> None:
    assert _course(7) == _course(7)
    assert _course(7) != _course(8)


def _course(seed: int) -> str:
    simulation = Simulation(seed)
    with drawn_workflows():
        simulation.run()
    return repr(simulation.memory.commits)


# -- the judge condemns what it should


def _finished(seed: int) -> Simulation:
    simulation = Simulation(seed)
    with drawn_workflows():
        simulation.run()
    simulation.vendor.settle()
    return simulation


def _wrongs(simulation: Simulation) -> set[Wrong]:
    return {finding.wrong for finding in judge(simulation).findings}


def _seed_with_a_standing_effect() -> Simulation:
    return next(found for found in map(_finished, range(100)) if any(found.vendor.ledger.there.values()))


def test_an_effect_that_has_vanished_is_lost() -> None:
    simulation = _seed_with_a_standing_effect()
    ref = next(ref for ref, times in simulation.vendor.ledger.there.items() if times)
    simulation.vendor.ledger.remove(ref)
    assert Wrong.LOST in _wrongs(simulation)


def test_an_effect_that_was_made_again_is_doubled() -> None:
    simulation = _seed_with_a_standing_effect()
    ref = next(ref for ref, times in simulation.vendor.ledger.there.items() if times)
    simulation.vendor.ledger.make(ref)
    assert Wrong.DOUBLED in _wrongs(simulation)


def test_an_operation_that_nobody_was_told_of_is_stuck() -> None:
    simulation = _finished(1)
    kept = next(iter(simulation.memory.operations.values()))
    kept.state, kept.attention = OperationState.WAITING, None
    assert Wrong.STUCK in _wrongs(simulation)


def test_a_subscription_that_has_vanished_is_lost() -> None:
    simulation = hosting.HostingSimulation(1)
    simulation.run()
    simulation.vendor.settle()
    assert hosting.judge(simulation).good
    simulation.panel.ledger.there.clear()
    assert {finding.wrong for finding in hosting.judge(simulation).findings} == {Wrong.LOST}


def test_every_workflow_of_hosting_comes_to_an_end_in_it() -> None:
    assert {"hosting.create", "hosting.suspend", "hosting.resume", "hosting.cancel"} <= run(0, 20).workflows


def test_a_domain_that_was_bought_again_is_doubled() -> None:
    simulation = next(found for found in map(_domains, range(100)) if found.registry.effects.count(BOUGHT))
    assert domains.judge(simulation).good
    simulation.registry.effects.append(BOUGHT)
    assert {finding.wrong for finding in domains.judge(simulation).findings} == {Wrong.DOUBLED}


def test_a_domain_that_has_vanished_is_lost() -> None:
    simulation = next(found for found in map(_domains, range(100)) if _is_in_use(found))
    simulation.registry.domains.clear()
    assert {finding.wrong for finding in domains.judge(simulation).findings} == {Wrong.LOST}


def test_every_workflow_of_domains_that_changes_something_comes_to_an_end_in_it() -> None:
    verbs = ("register", "transfer", "transfer-cancel", "renew", "delete", "restore", "lock", "suspend", "upkeep")
    assert {f"domain.{verb}" for verb in verbs} <= run(0, 20).workflows


def test_every_workflow_of_certificates_that_changes_something_comes_to_an_end_in_it() -> None:
    verbs = ("issue", "renew", "install", "remove", "revoke", "upload", "upkeep", "cancel")
    assert {f"certificate.{verb}" for verb in verbs} <= run(0, 20).workflows


def _wrongs_after(forge: Callable[[certificates.CertificateSimulation], object]) -> set[Wrong]:
    """What the judge says of a simulation of certificates in which something was forged."""
    simulation = next(found for found in map(_certificates, range(100)) if found.memory.kept.certificates)
    assert certificates.judge(simulation).good
    forge(simulation)
    return {finding.wrong for finding in certificates.judge(simulation).findings}


def test_a_second_certificate_for_one_operation_is_doubled() -> None:
    def issue_again(simulation: certificates.CertificateSimulation) -> None:
        order = next(order for order in simulation.authority.orders.values() if order.chain is not None)
        simulation.authority.orders["another"] = order

    assert _wrongs_after(issue_again) == {Wrong.DOUBLED}


def test_a_certificate_that_was_thrown_away_is_lost() -> None:
    assert _wrongs_after(lambda simulation: simulation.memory.kept.certificates.clear()) == {Wrong.LOST}


def test_a_challenge_that_was_left_behind_is_told() -> None:
    left = ("space/h-1", "http-01", "token", "proof")
    assert _wrongs_after(lambda simulation: simulation.host.shown.add(left)) == {Wrong.LOST}


def test_an_order_for_a_csr_that_was_not_written_down_is_told() -> None:
    assert _wrongs_after(lambda simulation: simulation.authority.strangers.append("a CSR")) == {Wrong.LOST}


BOUGHT = "domain:create s-1.test"


def _certificates(seed: int) -> certificates.CertificateSimulation:
    simulation = certificates.CertificateSimulation(seed)
    simulation.run()
    simulation.vendor.settle()
    return simulation


def _domains(seed: int) -> domains.DomainSimulation:
    simulation = domains.DomainSimulation(seed)
    simulation.run()
    simulation.vendor.settle()
    return simulation


def _is_in_use(simulation: domains.DomainSimulation) -> bool:
    return any(service.status is ServiceStatus.ACTIVE for service in simulation.memory.services.values())
