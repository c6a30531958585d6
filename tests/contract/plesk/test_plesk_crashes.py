"""A process is killed in the middle of a change; the next one finds what happened, and the effect is there once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from provisioner.kernel.crash import SPEC_VARIABLE
from provisioner.ports.hosting import HostingCustomer, HostingSubscription
from tests.contract.hosting_suite import new_customer, new_subscription
from tests.contract.plesk import simulated
from tests.contract.plesk.simulated import PleskWorld

CHILD = """
import json, sys
from adapters.plesk import open_adapter
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.hosting import HostingCustomer, HostingSubscription

told = json.load(sys.stdin)
credentials = {name: Secret(text) for name, text in told["credentials"].items()}
panel = open_adapter(VendorAccount("child", "plesk", settings=told["settings"], credentials=credentials), SystemClock())
kind = {"ensure_customer": HostingCustomer, "create_subscription": HostingSubscription}[told["operation"]]
getattr(panel, told["operation"])(kind(**{**told["wanted"], "password": Secret(told["password"])}))
print("finished")
"""


@pytest.fixture(scope="module")
def world() -> Iterator[PleskWorld]:
    with simulated.running() as world:
        yield world


def run_until_killed(world: PleskWorld, operation: str, wanted: HostingCustomer | HostingSubscription, at: str) -> int:
    """Run one operation in a process of its own with a crash point armed; gives its exit code."""
    account = simulated.account(world.simulator)
    told: dict[str, Any] = {
        "settings": dict(account.settings),
        "credentials": {name: secret.reveal() for name, secret in account.credentials.items()},
        "operation": operation,
        "wanted": {each.name: getattr(wanted, each.name) for each in fields(wanted) if each.name != "password"},
        "password": wanted.password.reveal(),
    }
    environment = {**os.environ, SPEC_VARIABLE: f"*:{at}:1"}
    ran = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(told), text=True, env=environment, timeout=60, check=False
    )
    return ran.returncode


POINTS = pytest.mark.parametrize("at", ["request_sent", "response_received"])


@POINTS
def test_a_customer_whose_maker_was_killed_is_made_once(world: PleskWorld, at: str) -> None:
    customer = new_customer()
    assert run_until_killed(world, "ensure_customer", customer, at) == -signal.SIGKILL
    with simulated.opened(simulated.account(world.simulator)) as panel:
        panel.ensure_customer(customer)
    assert world.effects("customer.add", f"cust:{customer.customer_id}") == 1


@POINTS
def test_a_subscription_whose_maker_was_killed_is_made_once(world: PleskWorld, at: str) -> None:
    with simulated.opened(simulated.account(world.simulator)) as panel:
        wanted = new_subscription(panel.ensure_customer(new_customer()).ref, simulated.PLAN)
        assert run_until_killed(world, "create_subscription", wanted, at) == -signal.SIGKILL
        panel.create_subscription(wanted)
    assert world.effects("webspace.add", f"svc:{wanted.service_id}") == 1
