"""What is asked for before the website has been made waits for that, and for nothing when it will not be made."""

from datetime import timedelta

import pytest

from provisioner.orders.statuses import OperationState, ServiceStatus
from tests.unit.workflows.certificates.world import DAY, CertificateWorld

NOT_MADE = "the web hosting that the certificate is for is not made yet"


def before(world: CertificateWorld, workflow: str, status: ServiceStatus = ServiceStatus.PROVISIONING) -> None:
    """The first certificate, or the installation of one that was brought, is asked for while there is no website."""
    world.hosting_status, world.hosting_ref = status, None
    if workflow == "certificate.install":
        world.have("customer", installed=False)
    world.ask(workflow)


def looks(world: CertificateWorld) -> int:
    """How often it was looked whether the website is there."""
    return sum(step.looks for step in world.standing().steps.values())


@pytest.mark.parametrize("status", [ServiceStatus.ORDERED, ServiceStatus.PROVISIONING, ServiceStatus.FAILED])
@pytest.mark.parametrize("workflow", ["certificate.issue", "certificate.install"])
def test_it_waits_until_the_website_is_made_and_is_done_then(
    world: CertificateWorld, workflow: str, status: ServiceStatus
) -> None:
    before(world, workflow, status)
    world.run_within(3600)
    assert (world.state(), world.standing().reason) == (OperationState.WAITING, NOT_MADE)
    assert (world.host.calls, world.authority.calls) == ([], [])
    world.hosting_becomes(ServiceStatus.ACTIVE)
    world.run_all()
    assert (world.state(), world.service.data["installed"]) == (OperationState.SUCCEEDED, True)


@pytest.mark.parametrize("workflow", ["certificate.issue", "certificate.install"])
def test_it_is_looked_at_soon_and_ever_more_rarely(world: CertificateWorld, workflow: str) -> None:
    before(world, workflow)
    world.run_within(300)
    assert looks(world) == 5
    world.run_within(DAY / 2)
    assert looks(world) < 120


@pytest.mark.parametrize("workflow", ["certificate.issue", "certificate.install"])
def test_it_ends_with_a_hosting_that_is_cancelled_before_it_was_made(world: CertificateWorld, workflow: str) -> None:
    before(world, workflow)
    world.run_within(3600)
    world.hosting_becomes(ServiceStatus.CANCELLED)
    world.run_all()
    assert (world.state(), world.error_code()) == (OperationState.FAILED, "hosting_gone")


@pytest.mark.parametrize(("workflow", "days"), [("certificate.issue", 30), ("certificate.install", 1)])
def test_it_ends_in_time_where_the_website_is_never_made(world: CertificateWorld, workflow: str, days: int) -> None:
    before(world, workflow)
    began = world.now
    while world.state() is not OperationState.FAILED:
        world.run_within(DAY / 4)
    assert (world.state(), world.error_code()) == (OperationState.FAILED, "hosting_not_made")
    assert timedelta(days=days) <= world.now - began < timedelta(days=days, hours=12)
    assert world.service.data["problem"].startswith(NOT_MADE)
