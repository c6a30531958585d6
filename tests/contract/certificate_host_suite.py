"""What every hosting panel must do with certificates, whatever vendor is behind it.

A new adapter's contract test is a class that inherits `CertificateHostSuite` and gives the fixtures `host`, `world`
and `site`:

    class TestMyPanelWithCertificates(CertificateHostSuite):
        @pytest.fixture
        def world(self) -> CertificateWorld: ...
        @pytest.fixture
        def host(self, world: MyWorld) -> CertificateHost: ...
        @pytest.fixture
        def site(self, host: MyPanel) -> Site: ...
"""

import itertools
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from provisioner.kernel.secret import Secret
from provisioner.ports import exchange
from provisioner.ports.certificates import CertificateHost, Challenge, InstalledCertificate, Method, Site
from provisioner.ports.effects import EffectClass, effect_of
from provisioner.ports.outcomes import Done, Pending, Rejected

NOW = datetime.now(UTC)
LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)
_authority = trustme.CA().create_child_ca()


class CertificateWorld(Protocol):
    """What a test sees and does behind the adapter's back."""

    def effects(self) -> int:
        """How many changes the vendor has accepted so far."""
        ...

    def shown_values(self, name: str) -> list[str]:
        """The values of the TXT records that the panel's DNS has under a name."""
        ...

    def shown_file(self, name: str, token: str) -> str | None:
        """What the web server answers for a challenge of a name, or None for nothing."""
        ...

    def repository(self, site: Site) -> list[str]:
        """The names of the certificates in the site's repository."""
        ...

    def foreign_site(self) -> Site:
        """Someone else's site."""
        ...

    def its_customer_changes_the_password(self, site: Site) -> None:
        """The site's login no longer has the password that we know."""
        ...

    def somebody_removes(self, site: Site) -> None:
        """The site is gone."""
        ...


def new_certificate(domain: str) -> InstalledCertificate:
    """A certificate for a name and its `www`, with an intermediate, and the name that it is to have on the panel."""
    made = _authority.issue_cert(domain, f"www.{domain}")
    chain = "".join(each.bytes().decode() for each in made.cert_chain_pems)
    key = Secret(made.private_key_pem.bytes().decode())
    return InstalledCertificate(f"provisioner-{fingerprint(chain)[:16]}", chain, key)


def fingerprint(chain: str) -> str:
    return x509.load_pem_x509_certificate(chain.encode()).fingerprint(hashes.SHA256()).hex()


def record(name: str) -> Challenge:
    """A DNS challenge of a name."""
    place = f"_acme-challenge.{name.removeprefix('*.')}"
    return Challenge(name, Method.DNS, place, secrets.token_urlsafe(32), "https://ca.example/challenge/1")


def file(name: str) -> Challenge:
    """An HTTP challenge of a name."""
    token = secrets.token_urlsafe(32)
    content = f"{token}.{secrets.token_urlsafe(32)}"
    return Challenge(name, Method.HTTP, token, content, "https://ca.example/challenge/2")


Call = Callable[[CertificateHost, Site], object]

READS: dict[str, Call] = {
    "certificate_terms": lambda host, site: host.certificate_terms(site),
    "find_certificate": lambda host, site: host.find_certificate(site, new_certificate(site.domain)),
    "served_certificate": lambda host, site: host.served_certificate(site, NOW),
}
CHANGES: dict[str, Call] = {
    "show_challenge by DNS": lambda host, site: host.show_challenge(site, record(site.domain)),
    "show_challenge by HTTP": lambda host, site: host.show_challenge(site, file(site.domain)),
    "install_certificate": lambda host, site: host.install_certificate(site, new_certificate(site.domain)),
    "use_certificate": lambda host, site: host.use_certificate(site, "any"),
}
REMOVALS: dict[str, Call] = {
    "hide_challenge by DNS": lambda host, site: host.hide_challenge(site, record(site.domain)),
    "hide_challenge by HTTP": lambda host, site: host.hide_challenge(site, file(site.domain)),
    "remove_certificate": lambda host, site: host.remove_certificate(site, "any"),
}
ALL_CALLS = {**READS, **CHANGES, **REMOVALS}


class CertificateHostSuite:
    """The contract. Each test has a site of its own, so that none disturbs another."""

    @pytest.fixture
    def certificate(self, site: Site) -> InstalledCertificate:
        return new_certificate(site.domain)

    def test_installing_can_be_checked(self, host: CertificateHost) -> None:
        effect = effect_of(host.install_certificate)
        assert (effect.effect_class, effect.find) == (EffectClass.CHECKABLE, "find_certificate")

    @pytest.mark.parametrize(
        "operation",
        ["certificate_terms", "show_challenge", "hide_challenge", "use_certificate", "remove_certificate"],
    )
    def test_everything_else_may_be_repeated(self, host: CertificateHost, operation: str) -> None:
        assert effect_of(getattr(host, operation)).effect_class is EffectClass.IDEMPOTENT

    def test_the_terms_of_a_site_whose_dns_is_the_panels(self, host: CertificateHost, site: Site) -> None:
        terms = host.certificate_terms(site).data
        assert (terms["source"], terms["dns"]) == ("worker", "panel")
        assert sorted(terms["methods"]) == ["dns-01", "http-01"]

    def test_the_terms_name_the_sites_addresses(self, host: CertificateHost, site: Site) -> None:
        assert len(host.certificate_terms(site).data["addresses"]) >= 1

    def test_a_site_whose_login_is_not_known_cannot_show_files(self, host: CertificateHost, site: Site) -> None:
        assert host.certificate_terms(replace(site, password=Secret(""))).data["methods"] == ["dns-01"]

    def test_a_record_is_shown_with_its_exact_value(
        self, host: CertificateHost, world: CertificateWorld, site: Site
    ) -> None:
        challenge = record(f"www.{site.domain}")
        host.show_challenge(site, challenge)
        assert world.shown_values(challenge.place) == [challenge.content]

    def test_the_records_of_a_name_and_of_its_wildcard_are_beside_one_another(
        self, host: CertificateHost, world: CertificateWorld, site: Site
    ) -> None:
        base, wildcard = record(site.domain), record(f"*.{site.domain}")
        host.show_challenge(site, base)
        host.show_challenge(site, wildcard)
        assert sorted(world.shown_values(base.place)) == sorted([base.content, wildcard.content])

    def test_a_record_is_shown_once(self, host: CertificateHost, world: CertificateWorld, site: Site) -> None:
        challenge, before = record(site.domain), world.effects()
        assert host.show_challenge(site, challenge) == host.show_challenge(site, challenge)
        assert world.effects() == before + 1

    def test_hiding_a_record_leaves_the_others_of_its_name(
        self, host: CertificateHost, world: CertificateWorld, site: Site
    ) -> None:
        base, wildcard = record(site.domain), record(f"*.{site.domain}")
        host.show_challenge(site, base)
        host.show_challenge(site, wildcard)
        host.hide_challenge(site, base)
        assert world.shown_values(base.place) == [wildcard.content]

    def test_a_record_of_a_name_elsewhere_is_not_possible(
        self, host: CertificateHost, world: CertificateWorld, site: Site
    ) -> None:
        before = world.effects()
        with pytest.raises(Rejected) as refused:
            host.show_challenge(site, record("elsewhere.example"))
        assert refused.value.code == "challenge_not_possible"
        assert world.effects() == before

    @pytest.mark.parametrize("prefix", ["", "www."])
    def test_a_file_is_shown_with_its_whole_content(
        self, host: CertificateHost, world: CertificateWorld, site: Site, prefix: str
    ) -> None:
        challenge = file(f"{prefix}{site.domain}")
        host.show_challenge(site, challenge)
        assert world.shown_file(challenge.name, challenge.place) == challenge.content

    def test_a_file_is_shown_once(self, host: CertificateHost, world: CertificateWorld, site: Site) -> None:
        challenge, before = file(site.domain), world.effects()
        assert host.show_challenge(site, challenge) == host.show_challenge(site, challenge)
        assert world.effects() == before + 1

    def test_hiding_a_file_leaves_the_others(self, host: CertificateHost, world: CertificateWorld, site: Site) -> None:
        one, other = file(site.domain), file(site.domain)
        host.show_challenge(site, one)
        host.show_challenge(site, other)
        host.hide_challenge(site, one)
        assert world.shown_file(site.domain, one.place) is None
        assert world.shown_file(site.domain, other.place) == other.content

    @pytest.mark.parametrize("make", [record, file], ids=["record", "file"])
    def test_hiding_is_done_once_and_may_be_repeated(
        self, host: CertificateHost, world: CertificateWorld, site: Site, make: Callable[[str], Challenge]
    ) -> None:
        challenge = make(site.domain)
        host.show_challenge(site, challenge)
        before = world.effects()
        assert host.hide_challenge(site, challenge) == host.hide_challenge(site, challenge)
        assert world.effects() == before + 1

    @pytest.mark.parametrize("token", ["../../index.html", "a/b", "", "a b", "a\r\nDELE x"])
    def test_a_token_that_is_none_touches_nothing(
        self, host: CertificateHost, world: CertificateWorld, site: Site, token: str
    ) -> None:
        challenge, before = replace(file(site.domain), place=token), world.effects()
        for operation in (host.show_challenge, host.hide_challenge):
            with pytest.raises(Rejected) as refused:
                operation(site, challenge)
            assert refused.value.code == "invalid_input"
        assert world.effects() == before

    def test_a_password_that_its_customer_changed_makes_files_impossible_and_parks_nothing(
        self, host: CertificateHost, world: CertificateWorld, site: Site
    ) -> None:
        world.its_customer_changes_the_password(site)
        with pytest.raises(Rejected) as refused:
            host.show_challenge(site, file(site.domain))
        assert refused.value.code == "challenge_not_possible"
        assert "password" in refused.value.message

    def test_records_need_no_password(self, host: CertificateHost, world: CertificateWorld, site: Site) -> None:
        world.its_customer_changes_the_password(site)
        challenge = record(site.domain)
        host.show_challenge(site, challenge)
        assert world.shown_values(challenge.place) == [challenge.content]

    def test_a_certificate_is_not_found_before_it_is_installed(
        self, host: CertificateHost, site: Site, certificate: InstalledCertificate
    ) -> None:
        assert host.find_certificate(site, certificate) is None

    def test_a_certificate_is_found_as_it_was_installed(
        self, host: CertificateHost, site: Site, certificate: InstalledCertificate
    ) -> None:
        made = host.install_certificate(site, certificate)
        assert made.ref == certificate.name
        assert host.find_certificate(site, certificate) == made

    def test_a_certificate_is_installed_once(
        self, host: CertificateHost, world: CertificateWorld, site: Site, certificate: InstalledCertificate
    ) -> None:
        before = world.effects()
        assert host.install_certificate(site, certificate) == host.install_certificate(site, certificate)
        assert world.effects() == before + 1
        assert world.repository(site).count(certificate.name) == 1

    def test_a_key_that_belongs_to_another_certificate_is_refused(
        self, host: CertificateHost, world: CertificateWorld, site: Site, certificate: InstalledCertificate
    ) -> None:
        before = world.effects()
        with pytest.raises(Rejected) as refused:
            host.install_certificate(site, replace(certificate, key=new_certificate(site.domain).key))
        assert refused.value.code == "certificate_refused"
        assert world.effects() == before

    def test_a_certificate_that_is_only_installed_is_not_served(
        self, host: CertificateHost, site: Site, certificate: InstalledCertificate
    ) -> None:
        host.install_certificate(site, certificate)
        assert isinstance(host.served_certificate(site, NOW), Pending)

    def test_a_certificate_in_use_is_served_with_its_chain(
        self, host: CertificateHost, site: Site, certificate: InstalledCertificate
    ) -> None:
        host.install_certificate(site, certificate)
        host.use_certificate(site, certificate.name)
        served = host.served_certificate(site, NOW)
        assert isinstance(served, Done)
        assert served.data["fingerprint"] == fingerprint(certificate.chain)
        assert served.data["chain"] == certificate.chain
        assert sorted(served.data["names"]) == [site.domain, f"www.{site.domain}"]

    def test_a_certificate_that_is_not_valid_at_that_time_is_waited_for(
        self, host: CertificateHost, site: Site, certificate: InstalledCertificate
    ) -> None:
        host.install_certificate(site, certificate)
        host.use_certificate(site, certificate.name)
        assert isinstance(host.served_certificate(site, LONG_AGO), Pending)

    def test_a_certificate_for_another_name_is_waited_for_in_words(self, host: CertificateHost, site: Site) -> None:
        other = new_certificate("elsewhere.example")
        host.install_certificate(site, other)
        host.use_certificate(site, other.name)
        seen = host.served_certificate(site, NOW)
        assert isinstance(seen, Pending)
        assert "elsewhere.example" in seen.reason

    def test_using_tells_what_was_used_before(
        self, host: CertificateHost, site: Site, certificate: InstalledCertificate
    ) -> None:
        newer = new_certificate(site.domain)
        for each in (certificate, newer):
            host.install_certificate(site, each)
        assert host.use_certificate(site, certificate.name).data["before"] == ""
        assert host.use_certificate(site, newer.name).data["before"] == certificate.name

    def test_using_is_done_once(
        self, host: CertificateHost, world: CertificateWorld, site: Site, certificate: InstalledCertificate
    ) -> None:
        host.install_certificate(site, certificate)
        before = world.effects()
        host.use_certificate(site, certificate.name)
        host.use_certificate(site, certificate.name)
        assert world.effects() == before + 1

    def test_a_site_that_is_to_use_none_uses_none_and_what_it_used_can_be_removed(
        self, host: CertificateHost, site: Site, certificate: InstalledCertificate
    ) -> None:
        host.install_certificate(site, certificate)
        host.use_certificate(site, certificate.name)
        assert host.use_certificate(site, "").data["before"] == certificate.name
        assert isinstance(host.served_certificate(site, NOW), Pending)
        host.remove_certificate(site, certificate.name)
        assert host.find_certificate(site, certificate) is None

    def test_a_certificate_that_is_not_there_cannot_be_used(
        self, host: CertificateHost, world: CertificateWorld, site: Site
    ) -> None:
        before = world.effects()
        with pytest.raises(Rejected) as refused:
            host.use_certificate(site, "never-installed")
        assert refused.value.code == "certificate_not_found"
        assert world.effects() == before

    def test_a_certificate_is_removed_once_and_the_others_stay(
        self, host: CertificateHost, world: CertificateWorld, site: Site, certificate: InstalledCertificate
    ) -> None:
        other = new_certificate(site.domain)
        for each in (certificate, other):
            host.install_certificate(site, each)
        before = world.effects()
        assert host.remove_certificate(site, certificate.name) == host.remove_certificate(site, certificate.name)
        assert world.repository(site) == [other.name]
        assert world.effects() == before + 1

    def test_a_certificate_in_use_is_not_removed(
        self, host: CertificateHost, world: CertificateWorld, site: Site, certificate: InstalledCertificate
    ) -> None:
        host.install_certificate(site, certificate)
        host.use_certificate(site, certificate.name)
        before = world.effects()
        with pytest.raises(Rejected) as refused:
            host.remove_certificate(site, certificate.name)
        assert refused.value.code == "certificate_in_use"
        assert (world.repository(site), world.effects()) == ([certificate.name], before)

    def test_a_certificate_that_was_replaced_can_be_removed(
        self, host: CertificateHost, world: CertificateWorld, site: Site, certificate: InstalledCertificate
    ) -> None:
        newer = new_certificate(site.domain)
        for each in (certificate, newer):
            host.install_certificate(site, each)
            host.use_certificate(site, each.name)
        host.remove_certificate(site, certificate.name)
        assert world.repository(site) == [newer.name]

    @pytest.mark.parametrize("call", [*READS, *CHANGES])
    def test_a_site_that_is_gone_is_rejected(
        self, host: CertificateHost, world: CertificateWorld, site: Site, call: str
    ) -> None:
        world.somebody_removes(site)
        with pytest.raises(Rejected) as refused:
            ALL_CALLS[call](host, site)
        assert refused.value.code == "subscription_not_found"

    @pytest.mark.parametrize("call", list(REMOVALS))
    def test_with_a_site_everything_of_it_is_gone(
        self, host: CertificateHost, world: CertificateWorld, site: Site, call: str
    ) -> None:
        world.somebody_removes(site)
        before = world.effects()
        assert isinstance(ALL_CALLS[call](host, site), Done)
        assert world.effects() == before

    @pytest.mark.parametrize("call", list(ALL_CALLS))
    def test_a_site_of_someone_else_is_left_alone(
        self, host: CertificateHost, world: CertificateWorld, call: str
    ) -> None:
        foreign = world.foreign_site()
        before = world.effects()
        with pytest.raises(Rejected) as left:
            ALL_CALLS[call](host, foreign)
        assert left.value.code == "not_ours"
        assert world.effects() == before

    @pytest.mark.parametrize("call", list(ALL_CALLS))
    def test_an_empty_reference_touches_nothing(
        self, host: CertificateHost, world: CertificateWorld, site: Site, call: str
    ) -> None:
        before = world.effects()
        with pytest.raises(Rejected):
            ALL_CALLS[call](host, replace(site, ref=""))
        assert world.effects() == before

    def test_no_private_key_and_no_password_is_recorded(
        self, host: CertificateHost, site: Site, certificate: InstalledCertificate
    ) -> None:
        with exchange.collected() as exchanges:
            host.show_challenge(site, file(site.domain))
            host.install_certificate(site, certificate)
            host.use_certificate(site, certificate.name)
        recorded = "".join(f"{each.request}{each.response}" for each in exchanges)
        lines = [line for line in certificate.key.reveal().splitlines() if not line.startswith("-----")]
        assert "certificate" in recorded
        assert [line for line in lines if line in recorded] == []
        assert site.password.reveal() not in recorded
