"""Removing, revoking, bringing one's own, cancelling."""

import pytest

from provisioner.kernel.private_keys import generate_private_key, make_csr
from provisioner.orders.certificates import facts_of, former_name, installed_name
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.certificates import InstalledCertificate
from tests.support.certificates import chain_for
from tests.support.engine.vendor import refused
from tests.unit.workflows.certificates.world import DOMAIN, SITE, CertificateWorld

# -- remove


def test_one_that_is_not_in_use_is_removed(world: CertificateWorld) -> None:
    name = installed_name(world.have())
    world.host.used[SITE] = "another"
    world.do("certificate.remove")
    assert world.host.effects == [f"remove {name}"]
    assert (world.service.data["installed"], world.service.data["install"], world.upkeep_in_days) == (
        False,
        False,
        None,
    )


def test_the_one_in_use_is_not_removed(world: CertificateWorld) -> None:
    world.have()
    world.do("certificate.remove")
    assert (world.state(), world.error_code()) == (OperationState.FAILED, "certificate_in_use")
    assert (world.host.effects, world.service.data["installed"]) == ([], True)


def test_the_one_in_use_is_removed_for_another(world: CertificateWorld) -> None:
    name = installed_name(world.have())
    key = generate_private_key("ec")
    other = InstalledCertificate("other", chain_for([DOMAIN], world.now, key=key), key)
    world.host.repository[SITE, "other"] = other
    world.do("certificate.remove", replacement="other")
    assert world.host.effects == ["use other", f"remove {name}"]


def test_the_one_in_use_is_removed_by_force(world: CertificateWorld) -> None:
    world.have()
    world.do("certificate.remove", force=True)
    assert (world.state(), world.host.repository, world.host.used[SITE]) == (OperationState.SUCCEEDED, {}, "")


def test_what_an_installation_that_failed_has_left_is_removed(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.host.will("use_certificate", refused("bad_certificate"))
    assert world.state(world.do("certificate.install")) is OperationState.FAILED
    assert len(world.host.repository) == 1
    world.do("certificate.remove")
    assert (world.state("op-2"), world.host.repository) == (OperationState.SUCCEEDED, {})


def test_one_that_is_in_use_without_our_knowing_is_not_removed(world: CertificateWorld) -> None:
    world.have()
    world.data |= {"installed": False, "installed_as": None, "installed_fingerprint": None}
    world.do("certificate.remove")
    assert (world.error_code(), len(world.host.repository)) == ("certificate_in_use", 1)


def test_one_that_is_in_use_without_our_knowing_is_removed_by_force(world: CertificateWorld) -> None:
    world.have()
    world.data |= {"installed": False, "installed_as": None, "installed_fingerprint": None}
    world.do("certificate.remove", force=True)
    assert (world.host.repository, world.host.used[SITE]) == ({}, "")


def test_what_earlier_installations_have_left_is_removed_too(world: CertificateWorld) -> None:
    chain = world.have()
    left = {"fingerprint": facts_of(chain).fingerprint, "name": installed_name(chain)}
    world.host.used[SITE] = ""
    world.have(installed=False)
    world.do("certificate.remove", kept=[left])
    assert (world.host.effects, world.host.repository) == ([f"remove {left['name']}"], {})


def test_what_another_certificate_of_the_site_has_there_too_stays(world: CertificateWorld) -> None:
    name = installed_name(world.have())
    world.data |= {"installed": False, "installed_as": None, "installed_fingerprint": None}
    world.do("certificate.remove", replacement=name)
    assert (world.state(), list(world.host.repository)) == (OperationState.SUCCEEDED, [(SITE, name)])


def test_where_the_site_is_gone_nothing_was_left(world: CertificateWorld) -> None:
    world.have(installed=False)
    world.host.sites_gone.add(SITE)
    world.do("certificate.remove")
    assert (world.state(), world.service.data["install"]) == (OperationState.SUCCEEDED, False)


def test_what_the_panel_has_made_is_not_looked_for(world: CertificateWorld) -> None:
    world.have("panel", installed=False)
    world.do("certificate.remove")
    assert (world.state(), world.host.calls) == (OperationState.SUCCEEDED, [])


def test_without_a_certificate_there_is_nothing_to_remove(world: CertificateWorld) -> None:
    world.do("certificate.remove")
    assert (world.state(), world.host.calls) == (OperationState.SUCCEEDED, [])


def test_what_was_kept_says_that_it_was_removed(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    world.do("certificate.remove", force=True)
    assert world.kept["op-1"].removed


def test_one_that_was_removed_can_be_installed_again(world: CertificateWorld) -> None:
    world.have()
    world.do("certificate.remove", force=True)
    world.do("certificate.install")
    assert world.service.data["installed"]
    assert world.upkeep_in_days is not None


# -- revoke


@pytest.mark.parametrize(("reason", "number"), [("keyCompromise", 1), (None, 0), ("superseded", 4)])
def test_a_certificate_is_revoked_with_its_reason(world: CertificateWorld, reason: str | None, number: int) -> None:
    chain = world.have()
    world.do("certificate.revoke", reason=reason)
    assert world.authority.revoked == [(chain, number)]


def test_a_website_that_goes_on_gets_a_new_one(world: CertificateWorld) -> None:
    old = facts_of(world.have()).fingerprint
    world.do("certificate.revoke", reason="keyCompromise")
    assert world.served_fingerprint not in (None, old)


def test_what_is_no_longer_needed_gets_no_new_one(world: CertificateWorld) -> None:
    world.have()
    world.do("certificate.revoke", reason="cessationOfOperation")
    assert (world.service.data["revoked"], world.upkeep_in_days) == (True, None)
    assert world.authority.count("issue") == 0


def test_what_another_has_issued_is_not_revoked_here(world: CertificateWorld) -> None:
    world.have("customer")
    world.do("certificate.revoke")
    assert (world.error_code(), world.authority.revoked) == ("not_revocable", [])


def test_without_a_certificate_there_is_nothing_to_revoke(world: CertificateWorld) -> None:
    world.do("certificate.revoke")
    assert world.error_code() == "nothing_there"


def test_what_was_kept_says_that_it_was_revoked(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    world.do("certificate.revoke")
    assert world.kept["op-1"].revoked


# -- one's own


def test_a_csr_is_kept_and_the_service_waits_for_its_certificate(world: CertificateWorld) -> None:
    world.key = generate_private_key("ec")
    world.order(csr=make_csr(world.key, [DOMAIN]))
    world.do("certificate.generate-csr")
    assert (world.state(), world.service.status) == (OperationState.SUCCEEDED, ServiceStatus.PROVISIONING)
    assert (world.host.calls, world.authority.calls) == ([], [])


def test_an_uploaded_certificate_is_kept_installed_and_watched(world: CertificateWorld) -> None:
    key = generate_private_key("ec")
    chain = chain_for([DOMAIN], world.now, key=key)
    world.do("certificate.upload", secret=key, chain=chain, warnings=["reordered"], install=True)
    assert world.workflows == ["certificate.upload", "certificate.install"]
    assert world.served_fingerprint == facts_of(chain).fingerprint
    assert (world.kept["op-1"].key, world.service.password) == (key, key)
    assert (world.service.data["source"], world.service.data["warnings"]) == ("customer", ["reordered"])
    assert world.service.status is ServiceStatus.ACTIVE


def test_one_for_the_csr_has_the_key_that_is_here(world: CertificateWorld) -> None:
    world.key = generate_private_key("ec")
    world.order(csr=make_csr(world.key, [DOMAIN]))
    world.do("certificate.upload", chain=chain_for([DOMAIN], world.now, key=world.key), install=True)
    assert world.kept["op-1"].key == world.key
    assert world.service.data["installed"]


def test_it_is_kept_with_the_csr_that_it_was_made_from_and_not_with_a_later_one(world: CertificateWorld) -> None:
    key, later = generate_private_key("ec"), generate_private_key("ec")
    csr = make_csr(key, [DOMAIN])
    world.order(csr=make_csr(later, [DOMAIN]))
    chain = chain_for([DOMAIN], world.now, key=key)
    world.do("certificate.upload", secret=key, chain=chain, install=True, csr=csr)
    assert (world.kept["op-1"].certificate.csr, world.kept["op-1"].key) == (csr, key)
    assert [installed.csr for installed in world.host.repository.values()] == [""]


def test_it_is_installed_with_its_csr(world: CertificateWorld) -> None:
    world.key = generate_private_key("ec")
    csr = make_csr(world.key, [DOMAIN])
    world.order(csr=csr)
    world.do("certificate.upload", chain=chain_for([DOMAIN], world.now, key=world.key), install=True)
    assert [installed.csr for installed in world.host.repository.values()] == [csr]


def test_one_that_is_not_to_be_installed_is_only_kept(world: CertificateWorld) -> None:
    key = generate_private_key("ec")
    world.do("certificate.upload", secret=key, chain=chain_for([DOMAIN], world.now, key=key), install=False)
    assert (world.workflows, world.service.data["installed"]) == (["certificate.upload"], False)


def test_an_uploaded_one_takes_the_place_of_the_automatic_one(world: CertificateWorld) -> None:
    world.have()
    key = generate_private_key("ec")
    world.do("certificate.upload", secret=key, chain=chain_for([DOMAIN], world.now, key=key), install=True)
    assert world.served_fingerprint == world.service.data["fingerprint"]


def test_one_that_comes_again_with_its_intermediates_takes_the_place_of_the_one_without(
    world: CertificateWorld,
) -> None:
    key = generate_private_key("ec")
    leaf = chain_for([DOMAIN], world.now, key=key)
    whole = leaf + chain_for(["intermediate.test"], world.now)
    world.do("certificate.upload", secret=key, chain=leaf, install=True)
    world.do("certificate.upload", secret=key, chain=whole, install=True)
    assert [installed.chain for installed in world.host.repository.values()] == [whole]
    assert (SITE, world.host.used[SITE]) in world.host.repository
    assert (world.service.data["installed"], world.service.data["installed_as"]) == (True, world.host.used[SITE])


def test_one_that_comes_again_as_it_was_is_left_as_it_is(world: CertificateWorld) -> None:
    key = generate_private_key("ec")
    chain = chain_for([DOMAIN], world.now, key=key)
    for again in (chain, chain.replace("\n", "\r\n")):
        world.do("certificate.upload", secret=key, chain=again, install=True)
    assert (world.host.count("install"), world.host.count("use"), world.host.count("remove")) == (1, 1, 0)


def test_one_that_an_older_version_installed_is_removed_by_the_name_it_has_there(world: CertificateWorld) -> None:
    chain = world.have(installed=False)
    name = former_name(facts_of(chain).fingerprint)
    assert world.key is not None
    world.host.repository[SITE, name] = InstalledCertificate(name, chain, world.key)
    world.data |= {"installed": True, "installed_as": name, "installed_fingerprint": facts_of(chain).fingerprint}
    world.do("certificate.remove")
    assert (world.host.effects, world.host.repository) == ([f"remove {name}"], {})


def test_what_a_removal_of_an_older_version_was_to_look_for_has_the_name_of_that_version(
    world: CertificateWorld,
) -> None:
    world.do("certificate.remove", fingerprints=["0123456789abcdef" * 4])
    name = former_name("0123456789abcdef" * 4)
    kept = world.standing("op-1").steps["installed"].result
    assert kept is not None
    assert kept.data["left_behind"] == [{"name": name, "fingerprint": "0123456789abcdef" * 4}]


# -- cancel


def test_a_cancelled_one_stays_in_use_and_is_not_renewed(world: CertificateWorld) -> None:
    old = facts_of(world.have()).fingerprint
    world.do("certificate.cancel")
    assert (world.service.status, world.served_fingerprint, world.upkeep_in_days) == (
        ServiceStatus.CANCELLED,
        old,
        None,
    )
