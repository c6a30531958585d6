"""A process is killed in the middle of a purchase; the next one finds what happened, and it is bought once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from provisioner.kernel.crash import SPEC_VARIABLE
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Pending
from provisioner.ports.registrar import Registration, Renewal, TransferRequest
from tests.contract.epp import simulated
from tests.contract.epp.simulated import EppWorld
from tests.contract.registrar_world import AUTH_CODE, LONG_AGO, new_contact, new_name, years_later

CHILD = """
import json, sys
from adapters.epp import open_adapter
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.registrar import Registration, Renewal, TransferRequest

told = json.load(sys.stdin)
credentials = {name: Secret(text) for name, text in told["credentials"].items()}
account = VendorAccount("child", "epp", settings=told["settings"], credentials=credentials)
registrar = open_adapter(account, SystemClock())
wanted, code = told["wanted"], Secret(told["auth_code"])
if told["operation"] == "register":
    registrar.register(Registration(wanted["domain"], 1, wanted["registrant"], {}, (), code))
elif told["operation"] == "renew":
    registrar.renew(Renewal(wanted["domain"], wanted["current"], wanted["target"], 1))
else:
    registrar.request_transfer(TransferRequest(wanted["domain"], code, since=wanted["since"]))
print("finished")
"""

POINTS = pytest.mark.parametrize("at", ["request_sent", "response_received"])


@pytest.fixture(scope="module")
def world() -> Iterator[EppWorld]:
    with simulated.running() as world:
        yield world


def run_until_killed(world: EppWorld, operation: str, auth_code: Secret, at: str, **wanted: str) -> int:
    """Run one purchase in a process of its own with a crash point armed; gives its exit code."""
    account = simulated.account(world.simulator)
    told = {
        "settings": dict(account.settings),
        "credentials": {name: secret.reveal() for name, secret in account.credentials.items()},
        "operation": operation,
        "auth_code": auth_code.reveal(),
        "wanted": wanted,
    }
    environment = {**os.environ, SPEC_VARIABLE: f"*:{at}:1"}
    ran = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(told), text=True, env=environment, timeout=60, check=False
    )
    return ran.returncode


@POINTS
def test_mode_1_a_domain_whose_buyer_was_killed_is_found_and_registered_once(world: EppWorld, at: str) -> None:
    with simulated.opened(simulated.account(world.simulator)) as registrar:
        handle = registrar.ensure_contact(new_contact()).ref
        since = datetime.now(UTC).isoformat()
        wanted = Registration(new_name(world), 1, handle, {}, (), Secret(AUTH_CODE), since=since)
        killed = run_until_killed(world, "register", wanted.auth_code, at, domain=wanted.domain, registrant=handle)
        assert killed == -signal.SIGKILL
        made = registrar.register(wanted)
        assert registrar.find_registration(wanted) == made
    assert world.effects("domain:create", wanted.domain) == 1


@POINTS
def test_mode_2_a_renewal_whose_buyer_was_killed_is_found_and_made_once(world: EppWorld, at: str) -> None:
    with simulated.opened(simulated.account(world.simulator)) as registrar:
        handle, name = registrar.ensure_contact(new_contact()).ref, new_name(world)
        registrar.register(Registration(name, 1, handle, {}, (), Secret(AUTH_CODE)))
        current = registrar.look(name).data["expires_at"][:10]
        target = years_later(current, 1)
        killed = run_until_killed(world, "renew", Secret(AUTH_CODE), at, domain=name, current=current, target=target)
        assert killed == -signal.SIGKILL
        registrar.renew(Renewal(name, current, target, 1))
    assert world.effects("domain:renew", name) == 1


@POINTS
def test_mode_1_a_transfer_whose_buyer_was_killed_is_found_and_asked_for_once(world: EppWorld, at: str) -> None:
    name = new_name(world)
    code = world.foreign_domain(name)
    assert run_until_killed(world, "transfer", code, at, domain=name, since=LONG_AGO) == -signal.SIGKILL
    with simulated.opened(simulated.account(world.simulator)) as registrar:
        assert isinstance(registrar.request_transfer(TransferRequest(name, code, since=LONG_AGO)), Pending)
    assert world.effects("domain:transfer-request", name) == 1
