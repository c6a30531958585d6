"""What the storefront of a soak does about certificates, when it hears that one is installed."""

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from provisioner.kernel.private_keys import generate_private_key
from tests.support.certificates import chain_for

Seal = Callable[[str], Mapping[str, str]]
Told = Mapping[str, Any]
Command = tuple[str, dict[str, Any]]
"""The verb, and the data."""

ASKED_FOR: Final = 0.3
"""How often anything is asked for when a certificate was installed."""
BACKDATED: Final = timedelta(hours=1)
"""So long is a certificate that is brought valid already: clocks differ."""
HEARD_OF: Final = "installed"


def commands(told: Told, dice: random.Random, seal: Seal) -> Iterator[Command]:
    """What is asked for in answer to `certificate.changed.v1`; mostly one thing, now and then two in one breath."""
    if told["change"] != HEARD_OF or dice.random() > ASKED_FOR:
        return
    for ask in dice.sample(ASKINGS, 2 if dice.random() < 0.2 else 1):
        yield ask(told, seal)


def _renew(told: Told, _seal: Seal) -> Command:
    return "renew", {"certificate_id": told["certificate_id"]}


def _install(told: Told, _seal: Seal) -> Command:
    return "install", {"certificate_id": told["certificate_id"]}


def _remove(told: Told, _seal: Seal) -> Command:
    """Refused while it is in use."""
    return "remove", {"certificate_id": told["certificate_id"]}


def _remove_by_force(told: Told, _seal: Seal) -> Command:
    return "remove", {"certificate_id": told["certificate_id"], "force": True}


def _revoke(told: Told, _seal: Seal) -> Command:
    return "revoke", {"certificate_id": told["certificate_id"], "reason": "superseded"}


def _issue_by_dns(told: Told, _seal: Seal) -> Command:
    """Another one, for every name below the domain."""
    domain = told["names"][0].removeprefix("*.")
    another = {"certificate_id": f"{told['certificate_id']}-wild", "service_id": told["service_id"]}
    return "issue", {**another, "names": [domain, f"*.{domain}"], "method": "dns-01"}


def _bring(told: Told, seal: Seal) -> Command:
    """One that another authority has made, with its key."""
    key = generate_private_key("ec")
    chain = chain_for(told["names"], datetime.now(UTC) - BACKDATED, key=key)
    brought = {"certificate_id": f"{told['certificate_id']}-brought", "service_id": told["service_id"]}
    return "upload", {**brought, "certificate": chain, "key": seal(key.reveal())}


ASKINGS: Final[tuple[Callable[[Told, Seal], Command], ...]] = (
    _renew,
    _renew,
    _install,
    _remove,
    _remove_by_force,
    _revoke,
    _issue_by_dns,
    _bring,
)
