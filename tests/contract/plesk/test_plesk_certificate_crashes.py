"""A process is killed in the middle of a change of certificates; the next one finds what happened."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest

from adapters.plesk import PleskHosting
from provisioner.kernel.crash import SPEC_VARIABLE
from provisioner.ports.certificates import Challenge, InstalledCertificate, Site
from tests.contract.certificate_host_suite import file, new_certificate, record
from tests.contract.plesk import simulated, simulated_sites
from tests.contract.plesk.simulated_sites import SitesWorld

CHILD = """
import json, sys
from adapters.plesk import open_adapter
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.certificates import Challenge, InstalledCertificate, Method, Site

told = json.load(sys.stdin)
credentials = {name: Secret(text) for name, text in told["credentials"].items()}
host = open_adapter(VendorAccount("child", "plesk", settings=told["settings"], credentials=credentials), SystemClock())
site = Site(**{**told["site"], "password": Secret(told["site"]["password"])})
given = told["given"]
if told["operation"] == "show_challenge":
    given = Challenge(**{**given, "method": Method(given["method"])})
elif told["operation"] == "install_certificate":
    given = InstalledCertificate(**{**given, "key": Secret(given["key"])})
getattr(host, told["operation"])(site, given)
print("finished")
"""
Given = Challenge | InstalledCertificate | str
Call = tuple[str, Given]


@pytest.fixture(scope="module")
def world() -> Iterator[SitesWorld]:
    with simulated_sites.running() as world:
        yield world


@pytest.fixture
def host(world: SitesWorld) -> Iterator[PleskHosting]:
    with simulated.opened(simulated.account(world.simulator)) as host:
        yield host


def run_until_killed(world: SitesWorld, site: Site, call: Call, at: str) -> int:
    """Run one operation in a process of its own with a crash point armed; gives its exit code."""
    account = simulated.account(world.simulator)
    told: dict[str, Any] = {
        "settings": dict(account.settings),
        "credentials": {name: secret.reveal() for name, secret in account.credentials.items()},
        "site": {"ref": site.ref, "domain": site.domain, "login": site.login, "password": site.password.reveal()},
        "operation": call[0],
        "given": plain(call[1]),
    }
    environment = {**os.environ, SPEC_VARIABLE: f"*:{at}:1"}
    ran = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(told), text=True, env=environment, timeout=60, check=False
    )
    return ran.returncode


def plain(given: Given) -> object:
    if isinstance(given, InstalledCertificate):
        return {"name": given.name, "chain": given.chain, "key": given.key.reveal()}
    return given if isinstance(given, str) else asdict(given)


def show_record(_host: PleskHosting, site: Site) -> Call:
    return "show_challenge", record(site.domain)


def show_file(_host: PleskHosting, site: Site) -> Call:
    return "show_challenge", file(site.domain)


def install(_host: PleskHosting, site: Site) -> Call:
    return "install_certificate", new_certificate(site.domain)


def use(host: PleskHosting, site: Site) -> Call:
    certificate = new_certificate(site.domain)
    host.install_certificate(site, certificate)
    return "use_certificate", certificate.name


@pytest.mark.parametrize("at", ["request_sent", "response_received"])
@pytest.mark.parametrize("prepare", [show_record, show_file, install, use], ids=lambda prepare: prepare.__name__)
def test_a_change_whose_maker_was_killed_is_made_once(
    host: PleskHosting, world: SitesWorld, prepare: Callable[[PleskHosting, Site], Call], at: str
) -> None:
    site = simulated_sites.new_site(host)
    call = prepare(host, site)
    before = world.effects()
    assert run_until_killed(world, site, call, at) == -signal.SIGKILL
    getattr(host, call[0])(site, call[1])
    assert world.effects() == before + 1
