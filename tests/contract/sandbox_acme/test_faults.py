"""The fault plan on the wire."""

import json
from typing import Any

import httpx
import pytest

from adapters.sandbox.acme import RunningAuthority
from adapters.sandbox.faults import Fault
from tests.contract.sandbox_acme import wire

NAME = "a.test"


@pytest.fixture
def ready(credulous: wire.Client) -> dict[str, Any]:
    """An order that can be finalised."""
    return credulous.validated(credulous.order(NAME))


def finalized(client: wire.Client, order: dict[str, Any]) -> httpx.Response:
    return client.post(order["finalize"], {"csr": wire.csr(NAME)})


def issued(simulator: RunningAuthority) -> bool:
    return bool(simulator.ledger.effects(operation="certificate:issue", reference=NAME))


@pytest.mark.parametrize(
    ("code", "text", "word"),
    [
        (429, "", "rateLimited"),
        (503, "", "rateLimited"),
        (500, "", "serverInternal"),
        (400, "badNonce", "badNonce"),
        (400, "rejectedIdentifier: Not this one.", "rejectedIdentifier"),
        (403, "no", "unauthorized"),
    ],
)
def test_a_planned_refusal_does_nothing(
    code: int, text: str, word: str, client: wire.Client, simulator: RunningAuthority
) -> None:
    simulator.faults.plan("order:create", Fault.REFUSE, code=code, text=text)
    refused = client.order(NAME)
    assert (refused.status_code, wire.problem(refused)) == (code, word)
    assert simulator.ledger.effects(operation="order:create") == []
    assert client.order(NAME).status_code == 201


def test_a_planned_refusal_can_say_when_to_come_back(client: wire.Client, simulator: RunningAuthority) -> None:
    simulator.faults.plan("order:create", Fault.REFUSE, code=429, seconds=120, text="rateLimited: Too many.")
    refused = client.order(NAME)
    assert (refused.headers["Retry-After"], refused.json()["detail"]) == ("120", "Too many.")


def test_a_planned_refusal_comes_with_a_nonce(client: wire.Client, simulator: RunningAuthority) -> None:
    simulator.faults.plan("order:create", Fault.REFUSE, code=400, text="badNonce")
    nonce = client.order(NAME).headers["Replay-Nonce"]
    assert client.post(client.kid, nonce=nonce).status_code == 200


@pytest.mark.parametrize(
    ("fault", "effect"), [(Fault.BAD_GATEWAY_BEFORE_EFFECT, False), (Fault.BAD_GATEWAY_AFTER_EFFECT, True)]
)
def test_a_proxy_may_fail(
    fault: Fault, effect: bool, credulous: wire.Client, ready: dict[str, Any], simulator: RunningAuthority
) -> None:
    simulator.faults.plan("order:finalize", fault, code=503, seconds=30)
    refused = finalized(credulous, ready)
    assert (refused.status_code, refused.headers["Retry-After"], wire.problem(refused)) == (503, "30", "")
    assert issued(simulator) is effect


@pytest.mark.parametrize(
    ("fault", "effect"),
    [
        (Fault.RESET_BEFORE_EFFECT, False),
        (Fault.RESET_AFTER_EFFECT, True),
        (Fault.CUT_IN_REPLY, True),
        (Fault.TIMEOUT_BEFORE_EFFECT, False),
        (Fault.TIMEOUT_AFTER_EFFECT, True),
    ],
)
def test_an_answer_may_not_come(
    fault: Fault, effect: bool, credulous: wire.Client, ready: dict[str, Any], simulator: RunningAuthority
) -> None:
    simulator.faults.plan("order:finalize", fault, seconds=0.1)
    with pytest.raises(httpx.TransportError):
        finalized(credulous, ready)
    assert issued(simulator) is effect


@pytest.mark.parametrize(
    ("fault", "effect"), [(Fault.GARBAGE_BEFORE_EFFECT, False), (Fault.GARBAGE_AFTER_EFFECT, True)]
)
def test_an_answer_may_be_garbage(
    fault: Fault, effect: bool, credulous: wire.Client, ready: dict[str, Any], simulator: RunningAuthority
) -> None:
    simulator.faults.plan("order:finalize", fault)
    response = finalized(credulous, ready)
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        response.json()
    assert issued(simulator) is effect


def test_an_effect_may_be_said_to_have_failed(
    credulous: wire.Client, ready: dict[str, Any], simulator: RunningAuthority
) -> None:
    simulator.faults.plan("order:finalize", Fault.FAIL_AFTER_EFFECT)
    assert wire.problem(finalized(credulous, ready)) == "serverInternal"
    assert issued(simulator)


@pytest.mark.parametrize("fault", [Fault.DELAY, Fault.SLOW_DRIP])
def test_an_answer_may_be_slow(
    fault: Fault, credulous: wire.Client, ready: dict[str, Any], simulator: RunningAuthority
) -> None:
    simulator.faults.plan("order:finalize", fault, seconds=0.05)
    assert finalized(credulous, ready).json()["status"] == "valid"


def test_others_are_served_during_a_delay(
    credulous: wire.Client, other: wire.Client, simulator: RunningAuthority
) -> None:
    credulous.http.timeout = httpx.Timeout(0.2)
    simulator.faults.plan("order:create", Fault.DELAY, match="slow.test", seconds=3600)
    with pytest.raises(httpx.ReadTimeout):
        credulous.order("slow.test")
    assert other.order("fast.test").status_code == 201


def test_a_certificate_may_be_issued_after_the_client_has_left(
    credulous: wire.Client, ready: dict[str, Any], simulator: RunningAuthority
) -> None:
    simulator.faults.plan("order:finalize", Fault.LATE_SUCCESS, seconds=0.05)
    credulous.http.timeout = httpx.Timeout(0.2)
    with pytest.raises(httpx.ReadTimeout):
        finalized(credulous, ready)
    credulous.http.timeout = httpx.Timeout(20)
    location = ready["finalize"].removesuffix("/finalize")
    assert credulous.settled(location, "ready", "processing")["status"] == "valid"


def test_a_fault_can_be_aimed_at_one_name(credulous: wire.Client, simulator: RunningAuthority) -> None:
    simulator.faults.plan("*", Fault.REFUSE, match="bad.test", code=500, times=2)
    good = credulous.issued("good.test")
    assert (good["status"], credulous.order("bad.test").status_code) == ("valid", 500)


def test_a_fault_can_be_aimed_at_reading(client: wire.Client, simulator: RunningAuthority) -> None:
    simulator.faults.plan("authorization:read", Fault.REFUSE, code=503)
    order = client.order(NAME)
    statuses = [client.post(order.json()["authorizations"][0]).status_code for _ in range(2)]
    assert (order.status_code, statuses) == (201, [503, 200])


def test_even_the_directory_may_fail(client: wire.Client, simulator: RunningAuthority) -> None:
    simulator.faults.plan("directory", Fault.BAD_GATEWAY_BEFORE_EFFECT)
    assert client.http.get(simulator.settings["directory_url"]).status_code == 502
