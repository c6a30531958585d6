"""A simulated Plesk server, and what happens on it behind the adapter's back."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import defusedxml.ElementTree
import httpx

from adapters.plesk import PleskHosting, open_adapter, tls
from adapters.plesk.settings import read
from adapters.sandbox.plesk import start_simulator
from adapters.sandbox.running import RunningSimulator
from provisioner.kernel.clock import SystemClock
from provisioner.ports.accounts import VendorAccount

PLAN = "business"
OTHER_PLAN = "basic"
_numbers = itertools.count(1)


def account(simulator: RunningSimulator, **settings: str) -> VendorAccount:
    given = {**simulator.settings, "read_timeout": "20", **settings}
    credentials = {name: simulator.credentials[name] for name in ("login", "password")}
    return VendorAccount("simulated", "plesk", settings=given, credentials=credentials)


@contextmanager
def opened(account: VendorAccount) -> Iterator[PleskHosting]:
    hosting = open_adapter(account, SystemClock())
    try:
        yield hosting
    finally:
        hosting.close()


@contextmanager
def running() -> Iterator["PleskWorld"]:
    with start_simulator() as simulator:
        world = PleskWorld(simulator)
        try:
            yield world
        finally:
            world.close()


class PleskWorld:
    """Sends packets of its own, as another program with the same login would."""

    plan = PLAN

    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator
        self._settings = read(account(simulator))
        self._http = httpx.Client(
            transport=tls.transport(self._settings),
            headers={name: value.reveal() for name, value in self._settings.headers.items()},
        )

    def close(self) -> None:
        self._http.close()

    def send(self, packet: str) -> Element:
        """The first result of a packet."""
        answer = self._http.post(self._settings.url, content=f"<packet>{packet}</packet>".encode())
        found = defusedxml.ElementTree.fromstring(answer.content).find(".//result")
        assert found is not None, answer.text
        return found

    def effects(self, operation: str = "", reference: str = "") -> int:
        return len(self.simulator.ledger.effects(operation=operation, reference=reference))

    def foreign_customer(self, login: str) -> str:
        general = f"<pname>Someone else</pname><login>{escape(login)}</login><passwd>Zq7!someone</passwd>"
        return _guid(self.send(f"<customer><add><gen_info>{general}</gen_info></add></customer>"))

    def foreign_subscription(self, domain: str) -> str:
        number = next(_numbers)
        owner = self.foreign_customer(f"someone{number}")
        setup = f"<name>{escape(domain)}</name><owner-guid>{owner}</owner-guid><htype>vrt_hst</htype>"
        login = f"<property><name>ftp_login</name><value>theirs{number}</value></property>"
        password = "<property><name>ftp_password</name><value>Zq7!someone</value></property>"
        hosting = f"<hosting><vrt_hst>{login}{password}</vrt_hst></hosting>"
        return _guid(self.send(f"<webspace><add><gen_setup>{setup}</gen_setup>{hosting}</add></webspace>"))

    def switched_off_by_its_owner(self, ref: str) -> None:
        self.set_status(ref, 64)

    def set_status(self, ref: str, status: int) -> None:
        values = f"<values><gen_setup><status>{status}</status></gen_setup></values>"
        result = self.send(f"<webspace><set><filter><guid>{ref}</guid></filter>{values}</set></webspace>")
        assert result.findtext("status") == "ok"

    def exists(self, ref: str) -> bool:
        return any(self._get(operator, ref).findtext("status") == "ok" for operator in ("customer", "webspace"))

    def is_active(self, ref: str) -> bool:
        return self._get("webspace", ref).findtext("data/gen_info/status") == "0"

    def _get(self, operator: str, ref: str) -> Element:
        target = f"<filter><guid>{ref}</guid></filter><dataset><gen_info/></dataset>"
        return self.send(f"<{operator}><get>{target}</get></{operator}>")


def _guid(result: Element) -> str:
    guid = result.findtext("guid")
    assert guid, result.findtext("errtext")
    return guid
