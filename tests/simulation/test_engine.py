"""The promise, tried with many seeds: nothing lost, nothing done twice, nothing stuck without somebody being told.

The seeds are others in each run, and printed; SIMULATION_SEED=N starts at N. `make simulate` tries 100,000.
"""

import json
import os
import secrets
from collections.abc import Callable
from typing import Final, NoReturn

import pytest

from provisioner.app import installed
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.workflows.definition import WORKFLOWS
from provisioner.workflows.engine import Engine
from provisioner.workflows.journal import Claim
from tests.faults.measuring import Measured
from tests.simulation import certificates, domains, hosting
from tests.simulation.campaign import drawn_workflows, run
from tests.simulation.simulation import Simulation
from tests.simulation.verdict import judge
from tests.support.engine.registrar import US
from tests.support.judge.verdict import Wrong

SEEDS = 1_000
A_TENTH = SEEDS // 10
FIRST = int(os.environ.get("SIMULATION_SEED") or secrets.randbelow(2**31))

REGISTERED = installed  # every workflow of the product, by being imported
NOT_SIMULATED: Final = {"markup.record": "it asks no vendor and has no step"}


@pytest.mark.parametrize("tenth", range(10))
def test_the_promise_is_kept(tenth: int, measured: Measured) -> None:
    first = FIRST + tenth * A_TENTH
    measured(seed=first, seeds=A_TENTH)
    tally = run(first, A_TENTH)
    assert not tally.broken, tally.story()


def test_every_registered_workflow_succeeds_in_it_or_has_a_reason() -> None:
    assert run(1_000, 30).workflows == set(WORKFLOWS) - set(NOT_SIMULATED)


def test_plans_drawn_by_lot_are_not_counted_as_workflows() -> None:
    assert run(0, 1).workflows <= set(WORKFLOWS)


def test_workers_are_killed_in_it() -> None:
    assert run(0, 20).kills > 20


class BrokenEngine(Engine):
    def __init__(self) -> None:
        """It needs nothing."""

    def run(self, claim: Claim) -> NoReturn:
        raise LookupError(f"nobody knows {claim.workflow}")


class BrokenAtThree(hosting.HostingSimulation):
    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        if seed == 3:
            self._engine = BrokenEngine()


def test_an_error_is_told_with_its_seed_and_the_other_seeds_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "HostingSimulation", BrokenAtThree)
    tally = run(2, 3)
    assert set(tally.broken) == {3}
    assert "C1 stuck: LookupError: nobody knows hosting.create" in tally.story()
    assert "make simulate SEEDS=1 SEED=3" in tally.story()
    assert (tally.seeds, json.loads(tally.line())["stuck"]) == (3, 1)


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


def test_a_domain_that_was_bought_again_is_doubled() -> None:
    simulation = next(found for found in map(_domains, range(100)) if found.registry.effects.count(BOUGHT))
    assert domains.judge(simulation).good
    simulation.registry.effects.append(BOUGHT)
    assert {finding.wrong for finding in domains.judge(simulation).findings} == {Wrong.DOUBLED}


def test_a_domain_that_has_vanished_is_lost() -> None:
    simulation = next(found for found in map(_domains, range(100)) if _is_in_use(found))
    simulation.registry.domains.clear()
    assert {finding.wrong for finding in domains.judge(simulation).findings} == {Wrong.LOST}


def test_another_registrar_that_is_not_answered_is_told() -> None:
    simulation = next(found for found in map(_domains, range(100)) if _is_in_use(found))
    assert domains.judge(simulation).good
    ours = next(there for there in simulation.registry.domains.values() if there.registrar == US)
    ours.statuses.add("pendingTransfer")
    assert {finding.wrong for finding in domains.judge(simulation).findings} == {Wrong.LOST}


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
