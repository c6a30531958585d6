"""What was shown to the authority and cannot be taken away: it is told, and taken away by a later order."""

from dataclasses import replace
from datetime import timedelta

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.certificates import Method
from tests.support.engine.vendor import down, refused
from tests.unit.workflows.certificates.world import CERTIFICATE, DOMAIN, SITE, CertificateWorld

OLD = timedelta(days=61)
MINUTE = 60.0
OF_OLD = {"name": DOMAIN, "content": "of-old", "url": "https://authority.test/challenge/0"}
FILE = {**OF_OLD, "method": "http-01", "place": "token-of-old"}
RECORD = {**OF_OLD, "method": "dns-01", "place": f"_acme-challenge.{DOMAIN}"}


def leave(world: CertificateWorld, *left: dict[str, str]) -> None:
    """The service has a certificate that is to be renewed, and this was left behind by an earlier order."""
    world.have(age=OLD, left_behind=list(left))
    world.host.shown |= {(SITE, each["method"], each["place"], each["content"]) for each in left}


def told(world: CertificateWorld) -> list[str]:
    return [each["place"] for each in world.service.data["left_behind"]]


def test_what_cannot_be_taken_away_is_told_and_does_not_fail(world: CertificateWorld) -> None:
    world.host.will("hide_challenge", refused("no_way"))
    world.do("certificate.issue")
    (left,) = world.service.data["left_behind"]
    assert (left["name"], left["method"], left["place"]) == (DOMAIN, "http-01", "token-1-0")
    assert world.host.shown == {(SITE, "http-01", "token-1-0", left["content"])}
    assert world.state() is OperationState.SUCCEEDED


def test_it_is_told_of_an_order_that_came_to_nothing(world: CertificateWorld) -> None:
    world.authority.will("validated", refused("identifier_rejected"))
    world.host.will("hide_challenge", refused("no_way"))
    world.do("certificate.issue")
    assert (world.state(), world.service.status) == (OperationState.FAILED, ServiceStatus.FAILED)
    assert told(world) == ["token-1-0"]


def test_it_is_told_of_a_renewal_that_is_begun_anew_tomorrow(world: CertificateWorld) -> None:
    world.have(age=OLD)
    world.authority.will("validated", refused("identifier_rejected"))
    world.host.will("hide_challenge", refused("no_way"))
    world.do("certificate.renew")
    assert (world.state(), world.service.data["problem_code"]) == (OperationState.SUCCEEDED, "identifier_rejected")
    assert told(world) == ["token-1-0"]


def test_the_order_after_a_dead_one_takes_away_what_that_has_left(world: CertificateWorld) -> None:
    world.authority.will("validated", refused("order_gone"))
    world.host.will("hide_challenge", refused("no_way"))
    world.do("certificate.issue")
    assert (world.state(), world.host.shown) == (OperationState.SUCCEEDED, set())
    assert world.service.data["left_behind"] == []


def test_a_renewal_takes_away_what_was_left_behind_before(world: CertificateWorld) -> None:
    leave(world, FILE)
    world.do("certificate.renew")
    assert (world.host.shown, world.service.data["left_behind"]) == (set(), [])
    assert world.steps()[-3:] == ["hide-1-http-1", "hide-1-http-2", "hide-1-http-3"]


def test_what_cannot_be_taken_away_again_stays_told(world: CertificateWorld) -> None:
    leave(world, FILE)
    world.host.will("hide_challenge", *[refused("no_way")] * 3)
    world.do("certificate.renew")
    assert told(world) == ["token-of-old", "token-1-0", "token-1-1"]


def test_a_method_by_which_nothing_was_shown_is_not_waited_for(world: CertificateWorld) -> None:
    leave(world, RECORD)
    world.host.methods = (Method.HTTP,)
    world.do("certificate.renew")
    assert told(world) == [RECORD["place"]]


def test_what_is_known_by_its_place_alone_stays_told(world: CertificateWorld) -> None:
    world.have(age=OLD, left_behind=["token-of-old"])
    world.do("certificate.renew")
    assert world.service.data["left_behind"] == ["token-of-old"]


def test_an_operation_that_has_gone_further_takes_it_away_all_the_same(world: CertificateWorld) -> None:
    """One that a version has begun which took away its own only."""
    world.have(age=OLD)
    world.authority.will("validated", refused("order_gone"))
    world.ask("certificate.renew")
    world.run_within(MINUTE / 2)
    assert "dead-1" in world.steps()
    records = world.memory_harness.memory.kept.records
    records[CERTIFICATE] = replace(world.service, data={**world.service.data, "left_behind": [FILE]})
    world.run_all()
    assert (world.state(), world.service.data["left_behind"]) == (OperationState.SUCCEEDED, [])


def test_taking_it_away_is_tried_beyond_the_deadline(world: CertificateWorld) -> None:
    leave(world, FILE)
    world.host.will("hide_challenge", *[down()] * 200)
    world.do("certificate.renew")
    assert (world.state(), world.host.shown) == (OperationState.SUCCEEDED, set())
