"""The contract of certificates, and what is Plesk's own beside it, against the simulated server."""

from collections.abc import Iterator

import pytest

from adapters.plesk import PleskHosting
from provisioner.kernel.secret import Secret
from provisioner.ports.certificates import InstalledCertificate, Site
from provisioner.ports.outcomes import Done, Pending, Rejected
from tests.contract.certificate_host_suite import (
    NOW,
    CertificateHostSuite,
    file,
    fingerprint,
    new_certificate,
    record,
)
from tests.contract.plesk import simulated, simulated_sites
from tests.contract.plesk.simulated_sites import SitesWorld


@pytest.fixture(scope="module")
def world() -> Iterator[SitesWorld]:
    with simulated_sites.running() as world:
        yield world


@pytest.fixture
def host(world: SitesWorld) -> Iterator[PleskHosting]:
    with simulated.opened(simulated.account(world.simulator)) as host:
        yield host


@pytest.fixture
def site(host: PleskHosting) -> Site:
    return simulated_sites.new_site(host)


class TestPleskKeepsTheContractOfCertificates(CertificateHostSuite):
    pass


@pytest.fixture
def addon(world: SitesWorld, site: Site) -> str:
    """Another domain in the subscription, with a zone and with pages of its own."""
    domain = f"addon-of-{site.domain}"
    world.add_site(site, domain)
    return domain


def test_a_certificate_that_another_site_of_the_subscription_uses_is_not_removed(
    host: PleskHosting, world: SitesWorld, site: Site, addon: str
) -> None:
    certificate = new_certificate(addon)
    host.install_certificate(site, certificate)
    world.set_property(addon, "certificate_name", certificate.name)
    world.set_property(addon, "ssl", "true")
    with pytest.raises(Rejected) as refused:
        host.remove_certificate(site, certificate.name)
    assert refused.value.code == "certificate_in_use"
    assert addon in refused.value.message
    assert world.repository(site) == [certificate.name]


def test_a_file_for_another_site_of_the_subscription_lies_among_its_pages(
    host: PleskHosting, world: SitesWorld, site: Site, addon: str
) -> None:
    challenge = file(addon)
    host.show_challenge(site, challenge)
    assert world.shown_file(addon, challenge.place) == challenge.content
    assert world.shown_file(site.domain, challenge.place) is None


def test_a_record_for_another_site_of_the_subscription_is_in_its_own_zone(
    host: PleskHosting, world: SitesWorld, site: Site, addon: str
) -> None:
    challenge = record(f"*.{addon}")
    host.show_challenge(site, challenge)
    assert world.shown_values(challenge.place) == [challenge.content]
    host.hide_challenge(site, challenge)
    assert world.shown_values(challenge.place) == []


def test_a_file_follows_pages_that_lie_elsewhere(host: PleskHosting, world: SitesWorld, site: Site) -> None:
    world.set_property(site.domain, "www_root", f"/var/www/vhosts/{site.domain}/httpdocs/public")
    challenge = file(site.domain)
    host.show_challenge(site, challenge)
    assert world.shown_file(site.domain, challenge.place) == challenge.content


def test_dns_that_is_switched_off_is_told_and_not_touched(host: PleskHosting, world: SitesWorld, site: Site) -> None:
    world.switch_dns_off(site)
    terms = host.certificate_terms(site).data
    assert (terms["dns"], terms["methods"]) == ("elsewhere", ["http-01"])
    with pytest.raises(Rejected) as refused:
        host.show_challenge(site, record(site.domain))
    assert refused.value.code == "challenge_not_possible"


def test_a_site_that_is_switched_off_shows_no_files(host: PleskHosting, site: Site) -> None:
    host.suspend(site.ref)
    assert host.certificate_terms(site).data["methods"] == ["dns-01"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"certificates": "panel"}, {"source": "panel"}),
        ({"certificates": "none"}, {"source": "none"}),
        ({"challenge_methods": "dns-01,http-01"}, {"methods": ["dns-01", "http-01"]}),
        ({"challenge_methods": "http-01"}, {"methods": ["http-01"], "dns": "panel"}),
        ({"dns_is_ours": "no"}, {"methods": ["http-01"], "dns": "elsewhere"}),
    ],
)
def test_the_accounts_settings_decide_the_terms(
    world: SitesWorld, site: Site, settings: dict[str, str], expected: dict[str, object]
) -> None:
    with simulated.opened(simulated.account(world.simulator, **settings)) as host:
        terms = host.certificate_terms(site).data
    assert {name: terms[name] for name in expected} == expected


@pytest.mark.parametrize("settings", [{"dns_is_ours": "no"}, {"challenge_methods": "http-01"}])
def test_a_record_is_not_shown_where_the_settings_forbid_it(
    world: SitesWorld, site: Site, settings: dict[str, str]
) -> None:
    before = world.effects()
    with simulated.opened(simulated.account(world.simulator, **settings)) as host, pytest.raises(Rejected) as refused:
        host.show_challenge(site, record(site.domain))
    assert refused.value.code == "challenge_not_possible"
    assert world.effects() == before


def test_a_certificate_may_come_with_its_csr(host: PleskHosting, site: Site) -> None:
    made = new_certificate(site.domain)
    host.install_certificate(site, InstalledCertificate(made.name, made.chain, made.key, csr="a signing request"))
    host.use_certificate(site, made.name)
    served = host.served_certificate(site, NOW)
    assert isinstance(served, Done)
    assert served.data["fingerprint"] == fingerprint(made.chain)


def test_a_chain_without_a_certificate_is_refused_before_anything_is_sent(
    host: PleskHosting, world: SitesWorld, site: Site
) -> None:
    before = world.effects()
    with pytest.raises(Rejected) as refused:
        host.install_certificate(site, InstalledCertificate("empty", "no PEM", Secret("no key")))
    assert refused.value.code == "invalid_input"
    assert world.effects() == before


def test_a_renewed_certificate_is_served_in_place_of_the_old_one(host: PleskHosting, site: Site) -> None:
    for each in (new_certificate(site.domain), newer := new_certificate(site.domain)):
        host.install_certificate(site, each)
        host.use_certificate(site, each.name)
    served = host.served_certificate(site, NOW)
    assert isinstance(served, Done)
    assert served.data["fingerprint"] == fingerprint(newer.chain)


def test_a_site_that_cannot_be_reached_is_waited_for_in_words(world: SitesWorld, site: Site) -> None:
    nobody = world.ports.ftp_port  # it speaks, but not TLS
    with simulated.opened(simulated.account(world.simulator, tls_port=str(nobody))) as host:
        seen = host.served_certificate(site, NOW)
    assert isinstance(seen, Pending)
    assert seen.reason.startswith(f"{site.domain} cannot be reached by HTTPS: 127.0.0.1: ")
