"""Revoking the certificate that was the newest when the message came, whatever has followed it since."""

from typing import Any

import pytest

from provisioner.orders.certificates import facts_of
from provisioner.orders.statuses import OperationState
from tests.support.certificates import FakeAuthority
from tests.unit.workflows.certificates.world import AUTHORITY, PANEL, CertificateWorld

OTHER = "authority-2"


def pinned(chain: str, account: str = AUTHORITY, source: str = "authority") -> dict[str, Any]:
    """What the store adds to a revocation."""
    return {"fingerprint": facts_of(chain).fingerprint, "chain": chain, "source": source, "account": account}


def revoke_during_a_renewal(world: CertificateWorld, reason: str = "keyCompromise") -> str:
    """The chain that is meant; the renewal was accepted before the revocation."""
    old = world.have()
    world.ask("certificate.renew")
    world.do("certificate.revoke", reason=reason, **pinned(old))
    return old


def test_one_that_was_renewed_meanwhile_is_revoked_and_not_its_successor(world: CertificateWorld) -> None:
    old = revoke_during_a_renewal(world)
    assert (world.state("op-2"), world.authority.revoked) == (OperationState.SUCCEEDED, [(old, 1)])


def test_its_successor_stays_and_no_third_one_is_ordered(world: CertificateWorld) -> None:
    revoke_during_a_renewal(world)
    assert (world.service.data["revoked"], world.authority.count("issue")) == (False, 1)
    assert "certificate.upkeep" not in world.workflows
    assert world.served_fingerprint == world.service.data["fingerprint"]


def test_its_successor_is_looked_after_as_was_planned(world: CertificateWorld) -> None:
    revoke_during_a_renewal(world, "cessationOfOperation")
    assert world.upkeep_in_days is not None


def test_what_was_kept_of_it_says_that_it_was_revoked(world: CertificateWorld) -> None:
    world.do("certificate.issue")
    old = world.kept["op-1"].certificate.chain
    world.ask("certificate.renew")
    renewal = f"op-{world.asked}"
    world.do("certificate.revoke", **pinned(old))
    assert (world.kept["op-1"].revoked, world.kept[renewal].revoked) == (True, False)


def test_the_newest_one_is_followed_by_another(world: CertificateWorld) -> None:
    old = world.have()
    world.do("certificate.revoke", reason="keyCompromise", **pinned(old))
    assert world.authority.revoked == [(old, 1)]
    assert world.served_fingerprint not in (None, facts_of(old).fingerprint)


def test_it_is_revoked_at_the_account_that_has_issued_it(world: CertificateWorld) -> None:
    world.others[OTHER] = other = FakeAuthority(world.memory_harness.clock, set())
    old = world.have()
    world.do("certificate.revoke", **pinned(old, OTHER))
    assert (other.revoked, world.authority.revoked) == ([(old, 0)], [])


@pytest.mark.parametrize("source", ["panel", "customer"])
def test_what_was_not_issued_here_is_not_revoked(world: CertificateWorld, source: str) -> None:
    old = world.have()
    world.do("certificate.revoke", **pinned(old, PANEL, source))
    assert (world.error_code(), world.authority.revoked) == ("not_revocable", [])


def test_one_that_an_earlier_version_accepted_is_about_the_newest(world: CertificateWorld) -> None:
    chain = world.have()
    world.do("certificate.revoke", reason="superseded")
    assert world.authority.revoked == [(chain, 4)]
