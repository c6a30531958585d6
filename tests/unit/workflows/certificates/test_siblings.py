"""Several certificates of one website: which is left in use, and when one that made room for another comes back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioner.kernel.private_keys import generate_private_key, make_csr
from provisioner.orders.certificates import facts_of, installed_name
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.certificates import InstalledCertificate
from provisioner.workflows.journal import ServiceRecord, Upkeep
from provisioner.workflows.memory import NewOperation
from tests.support.certificates import LIFETIME, facts_as_data, sign
from tests.support.engine.vendor import down, refused
from tests.unit.workflows.certificates.world import CERTIFICATE, DOMAIN, HOSTING, PANEL, SITE, CertificateWorld

OTHER = "other"
WWW = f"www.{DOMAIN}"
SHOP = f"shop.{DOMAIN}"


def beside(
    world: CertificateWorld,
    source: str = "customer",
    *,
    names: tuple[str, ...] = (DOMAIN, WWW),
    issuer: str = "Test Authority",
    age: timedelta = timedelta(),
    is_installed: bool = True,
    status: ServiceStatus = ServiceStatus.ACTIVE,
    **data: Any,
) -> str:
    """Another service has a certificate for the website, which uses it or is to; its fingerprint."""
    key = generate_private_key("ec")
    chain = sign(make_csr(key, names), world.now - age, LIFETIME, issuer=issuer)
    fingerprint, name = facts_of(chain).fingerprint, installed_name(chain)
    there = {"installed": True, "installed_as": name, "installed_fingerprint": fingerprint}
    kept = {**facts_as_data(chain, source), **(there if is_installed else {}), **data}
    record = ServiceRecord(
        OTHER, "certificate", status, {"names": list(names)}, fingerprint, kept, password=key, vendor_account=PANEL
    )
    world.memory_harness.memory.kept.records[OTHER] = record
    world.memory_harness.memory.kept.parents[OTHER] = HOSTING
    if is_installed:
        world.host.repository[SITE, name] = InstalledCertificate(name, chain, key)
        world.host.used[SITE] = name
    return fingerprint


def other(world: CertificateWorld) -> ServiceRecord:
    return world.harness.service(OTHER)


def install_other(world: CertificateWorld, **inputs: Any) -> None:
    """The other certificate is installed; by a message, if nothing else is said."""
    service = other(world)
    world.harness.accept(
        NewOperation(
            f"other-{world.now.isoformat()}",
            "certificate.install",
            f"site:{HOSTING}",
            inputs,
            vendor_account=PANEL,
            service=service,
            parent=world._hosting(),
        )
    )
    world.run_all()


def next_upkeep(world: CertificateWorld) -> None:
    """The store starts the upkeep when it is planned."""
    world.harness.let_pass(max(world.upkeep_in_days or 0, 0) * 86_400)
    world.do("certificate.upkeep")


def test_one_that_was_left_in_use_is_looked_at_again_when_it_ends(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.others_serve(age=LIFETIME - timedelta(hours=6))
    world.do("certificate.install", automatic=True)
    assert world.service.data["problem_code"] == "other_in_use"
    assert world.upkeep_in_days == pytest.approx(1 / 4, abs=0.01)


# -- what a renewal leaves in use


@pytest.mark.parametrize("issuer", ["Test Authority", "Another Intermediate"])
def test_a_renewal_leaves_what_the_customer_brought_in_use(world: CertificateWorld, issuer: str) -> None:
    world.have(age=timedelta(days=60))
    brought = beside(world, age=timedelta(days=10), issuer=issuer)
    world.do("certificate.renew")
    assert world.served_fingerprint == brought
    assert world.service.data["problem_code"] == "other_in_use"


@pytest.mark.parametrize("issuer", ["Test Authority", "Another Intermediate"])
def test_a_renewal_takes_no_name_off_the_website(world: CertificateWorld, issuer: str) -> None:
    world.have(age=timedelta(days=60))
    with_more = beside(world, "authority", names=(DOMAIN, WWW, SHOP), age=timedelta(days=10), issuer=issuer)
    world.do("certificate.renew")
    assert world.served_fingerprint == with_more


@pytest.mark.parametrize("issuer", ["Test Authority", "Another Intermediate"])
def test_a_renewal_takes_the_place_of_an_older_one_for_the_same_names(world: CertificateWorld, issuer: str) -> None:
    world.have(age=timedelta(days=60))
    beside(world, "authority", names=(DOMAIN,), age=timedelta(days=10), issuer=issuer)
    world.do("certificate.renew")
    assert world.service.data["installed"]


def test_what_the_customer_brought_stays_in_use_when_it_was_taken_for_one_of_the_panel(world: CertificateWorld) -> None:
    brought = beside(world, age=timedelta(days=62), issuer="Another Authority")
    world.status, chain = ServiceStatus.ACTIVE, other(world).data["chain"]
    world.data = facts_as_data(chain, "panel", installed=True)
    world.do("certificate.upkeep")
    assert (world.authority.count("issue"), world.service.data["source"]) == (1, "authority")
    assert (world.served_fingerprint, world.service.data["problem_code"]) == (brought, "other_in_use")


@pytest.mark.parametrize(
    "end", [{"status": ServiceStatus.CANCELLED}, {"revoked": True}, {"age": LIFETIME + timedelta(days=1)}]
)
def test_one_that_is_over_is_not_left_in_use(world: CertificateWorld, end: dict[str, Any]) -> None:
    world.have(age=timedelta(days=60))
    beside(world, **{"issuer": "Another Intermediate", **end})
    world.do("certificate.renew")
    assert world.service.data["installed"]


def test_what_cannot_be_seen_is_known(world: CertificateWorld) -> None:
    world.have(age=timedelta(days=60))
    brought = beside(world)
    world.host.away = "no connection to port 443"
    world.do("certificate.renew")
    assert (world.served_fingerprint, world.service.data["problem_code"]) == (brought, "other_in_use")


def test_what_has_begun_goes_on_although_the_newest_one_would_take_a_name_off(world: CertificateWorld) -> None:
    world.have(installed=False)
    beside(world, "authority", age=timedelta(days=10))
    world.host.will("use_certificate", *[down()] * 40)
    world.ask("certificate.renew")
    while "certificate.install" not in world.workflows:
        world.run_one()
    world.run_within(5)
    world.authority.elsewhere = {WWW: "it leads elsewhere"}
    world.do("certificate.renew")
    assert world.state("op-1/certificate.install") is OperationState.SUCCEEDED
    assert WWW not in world.service.data["names"]


def test_that_another_is_in_use_is_known_whatever_fails_later(world: CertificateWorld) -> None:
    world.have(age=timedelta(days=60))
    beside(world)
    world.do("certificate.renew")
    world.authority.will("open_order", refused("bad_csr"))
    world.do("certificate.renew")
    assert (world.service.data["other_in_use"], world.service.data["problem_code"]) == (True, "bad_csr")


@pytest.mark.parametrize("command", ["certificate.install", "certificate.remove"])
def test_that_another_is_in_use_is_over_when_this_one_is_installed_or_removed(
    world: CertificateWorld, command: str
) -> None:
    displaced(world)
    assert world.service.data["other_in_use"]
    world.do(command)
    assert not world.service.data["other_in_use"]


def test_what_the_customer_brought_while_it_was_renewed_is_left_in_use(world: CertificateWorld) -> None:
    world.have(age=timedelta(days=60))
    brought = beside(world, is_installed=False)
    world.ask("certificate.renew")
    world.host.away = "no connection to port 443"
    install_other(world)
    assert world.workflows[-1] == "certificate.install"
    assert (world.served_fingerprint, world.service.data["problem_code"]) == (brought, "other_in_use")


# -- what makes room for another, and comes back


def displaced(world: CertificateWorld, *, age: timedelta = timedelta()) -> str:
    """A certificate is in use; then the customer brings one that is so old."""
    world.have(age=timedelta(days=10))
    world.do("certificate.upkeep")
    fingerprint = beside(world, age=age, is_installed=False)
    install_other(world)
    return fingerprint


def test_a_service_knows_that_its_certificate_is_no_longer_in_use(world: CertificateWorld) -> None:
    brought = displaced(world)
    assert (world.served_fingerprint, other(world).data["installed"]) == (brought, True)
    assert (world.service.data["installed"], world.service.data["problem_code"]) == (False, "other_in_use")


def test_its_upkeep_leaves_the_other_in_use(world: CertificateWorld) -> None:
    brought = displaced(world)
    for _ in range(3):
        next_upkeep(world)
    assert (world.served_fingerprint, world.service.data["installed"]) == (brought, False)


def test_when_the_other_expires_it_comes_back_at_once(world: CertificateWorld) -> None:
    displaced(world, age=LIFETIME - timedelta(hours=36))
    next_upkeep(world)
    next_upkeep(world)
    assert world.service.data["installed"]
    assert world.served_fingerprint == world.service.data["fingerprint"]
    assert facts_of(other(world).data["chain"]).not_after > world.now - timedelta(minutes=30)


def test_when_the_other_is_cancelled_it_comes_back(world: CertificateWorld) -> None:
    displaced(world)
    records = world.memory_harness.memory.kept.records
    records[OTHER] = replace(records[OTHER], status=ServiceStatus.CANCELLED)
    next_upkeep(world)
    assert world.service.data["installed"]


def test_what_the_customer_brought_makes_room_for_what_was_asked_for_later(world: CertificateWorld) -> None:
    world.have("customer", age=timedelta(days=1))
    world.do("certificate.upkeep")
    beside(world, "authority", age=timedelta(days=10), is_installed=False)
    install_other(world)
    world.do("certificate.upkeep")
    assert (other(world).data["installed"], world.service.data["installed"]) == (True, False)


def test_that_it_made_room_is_told_once(world: CertificateWorld) -> None:
    world.have("customer", age=timedelta(days=1))
    world.do("certificate.upkeep")
    beside(world, "authority", age=timedelta(days=10), is_installed=False)
    install_other(world)
    told = set()
    for _ in range(3):
        world.ask("certificate.upkeep")
        while world.run_one():
            told.add(world.service.data["problem_code"])
    assert told == {"other_in_use"}


def test_what_is_looked_after_much_later_is_looked_after_within_a_day(world: CertificateWorld) -> None:
    world.have("customer")
    world.do("certificate.upkeep")
    beside(world, is_installed=False)
    world.memory_harness.memory.kept.upkeeps[CERTIFICATE] = Upkeep(world.now + LIFETIME, "certificate.upkeep")
    install_other(world)
    assert world.upkeep_in_days == pytest.approx(1, abs=0.02)


def test_one_that_has_expired_meanwhile_is_not_installed_again(world: CertificateWorld) -> None:
    world.have("customer", age=LIFETIME - timedelta(hours=1))
    world.do("certificate.upkeep")
    beside(world, is_installed=False)
    install_other(world)
    world.harness.let_pass(7200)
    world.do("certificate.upkeep")
    assert world.workflows[-1] == "certificate.upkeep"
