"""Scenarios: what an operation says of its service's certificates is kept for good."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from provisioner.kernel.private_keys import generate_private_key, open_private_key
from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import facts_of
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.journal import CertificateUse, NewCertificate, ServiceChange
from provisioner.workflows.operation import Operation
from tests.support.engine.world import World

KEY = generate_private_key("ec")
OTHER_KEY = generate_private_key("ec")


def signed_by_itself(name: str, key: Secret = KEY) -> str:
    """A certificate in PEM for a name, good for a month; the authority is nobody."""
    private = open_private_key(key)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    nobody, start = x509.Name([]), datetime(2026, 1, 1, tzinfo=UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    builder = x509.CertificateBuilder().subject_name(nobody).issuer_name(nobody).public_key(private.public_key())
    dated = builder.not_valid_before(start).not_valid_after(start + timedelta(days=30))
    signed = dated.serial_number(x509.random_serial_number()).add_extension(names, critical=False)
    return signed.sign(private, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class CertificateScenarios:
    def test_a_certificate_is_kept_with_the_operations_secret_as_its_key(self, world: World) -> None:
        chain = signed_by_itself("example.com")
        new = NewCertificate(chain, "authority", "a CSR", "authority-1", "https://ca.example/order/1")
        _obtains(world, new)
        world.accept(secret=KEY)
        world.run_all()
        kept = world.harness.certificate("op-1")
        assert (kept.service_id, kept.certificate, kept.key) == ("s-1", new, KEY)
        assert kept.fingerprint == facts_of(chain).fingerprint

    def test_the_services_own_secret_is_the_key_of_its_newest_certificate(self, world: World) -> None:
        _obtains(world, NewCertificate(signed_by_itself("example.com"), "authority"))
        world.accept(secret=KEY)
        world.run_all()
        _obtains(world, NewCertificate(signed_by_itself("example.com", OTHER_KEY), "authority"))
        world.accept("op-2", secret=OTHER_KEY)
        world.run_all()
        assert world.harness.service("s-1").password == OTHER_KEY
        assert world.harness.certificate("op-1").key == KEY

    def test_without_a_secret_the_key_is_the_one_that_the_service_has(self, world: World) -> None:
        _obtains(world, NewCertificate(signed_by_itself("example.com"), "authority"))
        world.accept(secret=KEY)
        world.run_all()
        world.accept("op-2")
        world.run_all()
        assert world.harness.certificate("op-2").key == KEY

    def test_a_panel_keeps_the_key_of_what_it_has_obtained(self, world: World) -> None:
        _obtains(world, NewCertificate(signed_by_itself("example.com"), "panel"))
        world.accept(secret=KEY)
        world.run_all()
        assert world.harness.certificate("op-1").key is None
        assert world.harness.service("s-1").password is None

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_crash_at_the_end_keeps_one_certificate(self, world: World, when: str) -> None:
        _obtains(world, NewCertificate(signed_by_itself("example.com"), "authority"))
        world.journal.crash_at = (1, when)
        world.accept(secret=KEY)
        world.run_all()
        assert (world.state(), world.harness.certificate("op-1").key) == (OperationState.SUCCEEDED, KEY)

    def test_a_renewal_that_fails_leaves_the_service_active(self, world: World) -> None:
        def refuse(_op: Operation) -> None:
            raise Rejected("rate_limited", "no more this week")

        _obtains(world, NewCertificate(signed_by_itself("example.com"), "authority"))
        world.accept(secret=KEY)
        world.run_all()
        world.define(refuse, port=None)
        world.accept("op-2", secret=OTHER_KEY)
        world.run_all()
        service = world.harness.service("s-1")
        assert (world.state("op-2"), service.status) == (OperationState.FAILED, ServiceStatus.ACTIVE)
        assert service.password == KEY

    # -- what became of it

    def test_where_it_is_installed_is_kept(self, world: World) -> None:
        chain = _kept(world)
        _uses(world, CertificateUse(facts_of(chain).fingerprint, "provisioner-1"))
        kept = world.harness.certificate("op-1")
        assert (kept.installed_as, kept.removed, kept.revoked) == ("provisioner-1", False, False)

    def test_what_was_removed_can_be_installed_again(self, world: World) -> None:
        fingerprint = facts_of(_kept(world)).fingerprint
        _uses(world, CertificateUse(fingerprint, "provisioner-1"))
        _uses(world, CertificateUse(fingerprint, removed=True))
        assert world.harness.certificate("op-1").removed
        _uses(world, CertificateUse(fingerprint, "provisioner-2"))
        kept = world.harness.certificate("op-1")
        assert (kept.installed_as, kept.removed) == ("provisioner-2", False)

    def test_what_is_revoked_stays_so(self, world: World) -> None:
        fingerprint = facts_of(_kept(world)).fingerprint
        _uses(world, CertificateUse(fingerprint, revoked=True))
        _uses(world, CertificateUse(fingerprint, removed=True))
        assert world.harness.certificate("op-1").revoked

    def test_only_the_certificate_of_that_fingerprint_is_concerned(self, world: World) -> None:
        _kept(world)
        _uses(world, CertificateUse(facts_of(signed_by_itself("example.com")).fingerprint, removed=True))
        assert not world.harness.certificate("op-1").removed

    def test_only_the_certificates_of_the_service_are_concerned(self, world: World) -> None:
        chain = _kept(world)
        _uses(world, CertificateUse(facts_of(chain).fingerprint, removed=True), resource="service:s-2")
        assert not world.harness.certificate("op-1").removed


def _obtains(world: World, certificate: NewCertificate) -> None:
    def run(op: Operation) -> ServiceChange:
        return op.service_is(ServiceStatus.ACTIVE, certificate=certificate)

    world.define(run, port=None)


def _kept(world: World) -> str:
    """The chain of a certificate that operation op-1 has obtained."""
    chain = signed_by_itself("example.com")
    _obtains(world, NewCertificate(chain, "authority"))
    world.accept(secret=KEY)
    world.run_all()
    return chain


def _uses(world: World, *uses: CertificateUse, resource: str = "service:s-1") -> None:
    """An operation of its own tells this of the service's certificates."""

    def run(op: Operation) -> ServiceChange:
        return op.service_is(None, uses=uses)

    world.define(run, name="hosting.use", port=None)
    world.accept(f"use-{len(world.journal.commits)}", workflow="hosting.use", resource=resource)
    world.run_all()
