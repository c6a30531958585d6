"""The vendors of a soak: two simulated Plesk servers, a registry and a certificate authority, each behind a way.

Hosting on the first server gets certificates; on the second nobody obtains any, so that orders stay the main thing.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from adapters.sandbox.acme import start_simulator as start_authority
from adapters.sandbox.epp import start_simulator as start_registry
from adapters.sandbox.plesk import RunningPlesk, start_simulator
from adapters.sandbox.running import RunningSimulator
from provisioner.store.accounts import NewAccount
from tests.soak.proxy import Way, Ways
from tests.support.production import AUTHORITY, REGISTRAR, registrar_account

CERTIFIED: Final = "plesk-1"
UNCERTIFIED: Final = "plesk-2"
SERVERS: Final = (CERTIFIED, UNCERTIFIED)
READ_SECONDS: Final = 2.0
SESSIONS: Final = 8
NO_LIMIT: Final = "1000000"

Vendors = Mapping[str, RunningSimulator]


@contextmanager
def started(folder: Path) -> Iterator[Vendors]:
    """All of them, by the names of their accounts; the authority finds every name at the first Plesk server."""
    certified = start_simulator(data_dir=folder / CERTIFIED, address="127.0.0.1")
    vendors: dict[str, RunningSimulator] = {
        CERTIFIED: certified,
        UNCERTIFIED: start_simulator(data_dir=folder / UNCERTIFIED),
        REGISTRAR: start_registry(data_dir=folder / REGISTRAR),
        AUTHORITY: start_authority(data_dir=folder / AUTHORITY, world=_world(certified)),
    }
    try:
        _answer_for_all(certified)
        yield vendors
    finally:
        for vendor in vendors.values():
            vendor.close()


def accounts(vendors: Vendors, ways: Mapping[str, Way]) -> Iterator[NewAccount]:
    """The vendor accounts, each reached through its way."""
    yield _panel(CERTIFIED, vendors, ways)
    yield _panel(UNCERTIFIED, vendors, ways, certificates="none")
    yield _registrar(vendors[REGISTRAR], ways[REGISTRAR])
    yield _authority(vendors[AUTHORITY], ways[AUTHORITY])


def _panel(name: str, vendors: Vendors, ways: Mapping[str, Way], **settings: str) -> NewAccount:
    vendor = vendors[name]
    endpoint, seconds = through(vendor.endpoint, ways[name]), f"{READ_SECONDS:g}"
    given = {**vendor.settings, "endpoint": endpoint, "read_timeout": seconds, **settings}
    return NewAccount(name, "plesk", "hosting", "live", given, vendor.credentials, concurrency=4)


def _registrar(vendor: RunningSimulator, way: Way) -> NewAccount:
    times = {"command_seconds": f"{READ_SECONDS:g}", "connect_seconds": f"{READ_SECONDS:g}"}
    return registrar_account(vendor, sessions=SESSIONS, port=str(way.port), **times)


def _authority(vendor: RunningSimulator, way: Way) -> NewAccount:
    """Its limits for names are wide, as retries would wait for hours; a long soak reaches the one of orders."""
    wide = ("certificates_per_week_for_a_name_set", "validations_per_hour_for_a_name")
    settings = {
        **vendor.settings,
        "directory_url": through(vendor.settings["directory_url"], way),
        "connect_seconds": f"{READ_SECONDS:g}",
        "command_seconds": f"{READ_SECONDS:g}",
        **dict.fromkeys(wide, NO_LIMIT),
    }
    return NewAccount(AUTHORITY, "acme", "certificate", "live", settings, vendor.credentials, concurrency=4)


# -- how the authority sees the world


def _world(panel: RunningPlesk) -> dict[str, str]:
    return {"http_address": f"127.0.0.1:{panel.http_port}", "dns_server": f"127.0.0.1:{panel.dns_port}"}


def _answer_for_all(panel: RunningPlesk) -> None:
    """Have the panel's name server be that of the root, so that looking begins and ends there."""
    root = {"name": ".", "type": "NS", "value": "ns.world.example."}
    httpx.post(f"{panel.control_url}/dns/records", json=root).raise_for_status()


# -- ports and ways

_PORT: Final = re.compile(r"(?<=127\.0\.0\.1:)\d+")


def ways_to(vendors: Vendors, ways: Ways) -> dict[str, Way]:
    """A way to each vendor, by the account's name."""
    return {name: ways.to(port_in(vendor.endpoint)) for name, vendor in vendors.items()}


def port_in(url: str) -> int:
    """The port of 127.0.0.1 that a URL names. Raises ValueError."""
    found = _PORT.search(url)
    if found is None:
        raise ValueError(f"{url} names no port of 127.0.0.1")
    return int(found[0])


def through(url: str, way: Way) -> str:
    """A URL of 127.0.0.1, through a way."""
    return _PORT.sub(str(way.port), url)
