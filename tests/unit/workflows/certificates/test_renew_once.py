"""A renewal replaces the certificate that there was when it was asked for; what was replaced is not replaced again."""

from datetime import timedelta
from typing import Any

import pytest

from provisioner.orders.certificates import facts_of
from provisioner.orders.statuses import OperationState, ServiceStatus
from tests.support.engine.vendor import down
from tests.unit.workflows.certificates.world import DAY, CertificateWorld

OLD = timedelta(days=61)


def have(world: CertificateWorld, age: timedelta = OLD) -> str:
    """The fingerprint of the certificate that the service has."""
    return facts_of(world.have(age=age)).fingerprint


def test_asked_for_twice_it_is_done_once(world: CertificateWorld) -> None:
    old = have(world)
    world.ask("certificate.renew", fingerprint=old)
    second = world.do("certificate.renew", fingerprint=old)
    assert world.authority.count("issue") == 1
    assert (world.state(second), world.steps(second)) == (OperationState.SUCCEEDED, [])


def test_the_one_that_has_nothing_left_to_do_leaves_everything_as_it_is(world: CertificateWorld) -> None:
    old = have(world)
    world.do("certificate.renew", fingerprint=old)
    before, planned = world.service, world.upkeep_in_days
    world.do("certificate.renew", fingerprint=old)
    assert (world.service, world.upkeep_in_days) == (before, planned)
    assert planned is not None


def test_the_one_that_is_there_now_is_renewed(world: CertificateWorld) -> None:
    world.do("certificate.renew", fingerprint=have(world))
    world.do("certificate.renew", fingerprint=world.service.data["fingerprint"])
    assert world.authority.count("issue") == 2


def test_one_that_fails_is_tried_again_by_the_next(world: CertificateWorld) -> None:
    old = have(world)
    world.authority.fails = ["the site answered 404"] * 100
    world.ask("certificate.renew", fingerprint=old)
    world.run_within(DAY / 4)
    world.authority.fails = []
    world.do("certificate.renew", fingerprint=old)
    assert world.authority.count("issue") == 1


def test_an_upkeep_that_had_to_wait_orders_no_second_one(world: CertificateWorld) -> None:
    old = have(world)
    world.authority.will("renewal_window", down())
    world.ask("certificate.upkeep")
    world.do("certificate.renew", fingerprint=old)
    assert world.workflows.count("certificate.renew") == 2
    assert world.authority.count("issue") == 1


def test_what_was_revoked_is_renewed_once(world: CertificateWorld) -> None:
    old = have(world, timedelta())
    world.ask("certificate.revoke", reason="keyCompromise")
    world.do("certificate.renew", fingerprint=old)
    assert (world.authority.count("issue"), world.service.data["revoked"]) == (1, False)


def test_what_was_removed_is_renewed_and_stays_removed(world: CertificateWorld) -> None:
    old = have(world)
    world.do("certificate.remove", force=True)
    world.do("certificate.renew", fingerprint=old)
    assert (world.authority.count("issue"), world.served_fingerprint) == (1, None)


@pytest.mark.parametrize("inputs", [{}, {"fingerprint": ""}])
def test_behind_a_first_certificate_that_failed_nothing_is_obtained(
    world: CertificateWorld, inputs: dict[str, Any]
) -> None:
    world.host.source = "none"
    world.ask("certificate.issue")
    world.ask("certificate.renew", **inputs)
    while world.service.status is not ServiceStatus.FAILED:
        assert world.run_one() is not None
    world.host.source = "worker"
    world.run_all()
    assert (world.state("op-2"), world.authority.effects) == (OperationState.SUCCEEDED, [])
    assert world.upkeep_in_days is None


def test_one_that_an_earlier_version_accepted_is_done(world: CertificateWorld) -> None:
    have(world)
    world.do("certificate.renew")
    world.do("certificate.renew")
    assert world.authority.count("issue") == 2
