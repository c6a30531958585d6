"""Simulators that start together: which ones, and how they find one another."""

from collections.abc import Mapping
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import httpx
import pytest

from provisioner.app.sandboxes import simulators
from provisioner.console.installation import RunningSandbox, SandboxOptions
from provisioner.kernel.errors import RefusedError


def by_product(running: Mapping[str, RunningSandbox]) -> dict[str, str]:
    return {each.product: each.name for each in running.values()}


def asked(name: str, server: str) -> dns.rcode.Rcode:
    host, _, port = server.rpartition(":")
    return dns.query.udp(dns.message.make_query(name, "A"), host, port=int(port), timeout=10).rcode()


@pytest.fixture
def without_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_program_of_the_machine_comes_before_our_own() -> None:
    with simulators(SandboxOptions()) as started:
        running = {each.name: each for each in started}
    assert by_product(running) == {"hosting": "plesk", "domain": "epp", "certificate": "pebble"}
    assert running["pebble"].adapter == "acme"


@pytest.mark.usefixtures("without_programs")
def test_without_the_program_the_authority_is_ours() -> None:
    with simulators(SandboxOptions()) as started:
        running = {each.name: each for each in started}
    assert by_product(running) == {"hosting": "plesk", "domain": "epp", "certificate": "acme"}


def test_ours_can_be_asked_for_by_its_name() -> None:
    with simulators(SandboxOptions(simulator="acme")) as (running,):
        assert running.control_url


@pytest.mark.usefixtures("without_programs")
def test_our_authority_looks_where_the_panel_shows_its_sites() -> None:
    with simulators(SandboxOptions()) as started:
        running = {each.name: each for each in started}
        settings = httpx.get(f"{running['acme'].control_url}/state").json()["settings"]
        assert settings["dns_server"] == running["acme"].settings["resolvers"]
        assert asked("nobody.example", settings["dns_server"]) == dns.rcode.NXDOMAIN
        assert httpx.get(f"http://{settings['http_address']}/").status_code == 404


def test_a_panel_by_itself_answers_for_its_own_names_only() -> None:
    with simulators(SandboxOptions(simulator="plesk")) as (running,):
        assert httpx.get(f"{running.control_url}/dns/records").json() == []


def test_a_control_port_for_what_has_no_control_interface_is_refused() -> None:
    options = SandboxOptions(simulator="pebble", control_port=1)
    with pytest.raises(RefusedError, match="no control interface"), simulators(options):
        pass
