"""Our program in embedded mode between two vendors: a simulated Plesk server, and a real authority that looks at it.

Pebble asks the panel's name server and fetches from the panel's web server, so what is shown there is what it sees.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import sqlalchemy as sa

from adapters.sandbox.plesk import RunningPlesk, start_simulator
from provisioner.app.installed import Installed
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.private_keys import generate_private_key
from provisioner.kernel.sealing import KeyRing, SecretBox
from provisioner.kernel.secret import Secret
from provisioner.kernel.settings import Settings
from provisioner.orders.statuses import ENDED_OPERATIONS
from provisioner.store import credentials
from provisioner.store.accounts import NewAccount
from provisioner.store.tables import operations
from provisioner.store.tables_certificates import certificates
from tests.support.pebble import EAB_HMAC_KEY, EAB_KEY_ID, ChallengeServer, Pebble
from tests.support.processes import wait_for
from tests.support.production import AUTHORITY, TLDS, account, hosting_order, message

Row = Mapping[str, Any]
LONG: Final = timedelta(seconds=30)
WIDE: Final = dict.fromkeys(
    ("orders_per_3_hours", "certificates_per_week_for_a_name_set", "validations_per_hour_for_a_name"), "1000000"
)
"""The guards are for the real authority's limits; here one name is proven again and again."""


class PanelAsWorld(ChallengeServer):
    """Stands in for the challenge server: the panel's ports, which are open already."""

    def __init__(self, panel: RunningPlesk) -> None:
        self.dns_port, self.http_port = panel.dns_port, panel.http_port

    def start(self) -> None:
        """Nothing: the panel runs."""

    def stop(self) -> None:
        """Nothing: the panel is stopped by whoever started it."""


class PebbleAtPanel(Pebble):
    """A Pebble that finds every name at a panel."""

    @classmethod
    @contextmanager
    def beside(cls, panel: RunningPlesk, *, nonce_rejection: int = 0, binding: bool = False) -> Iterator["Pebble"]:
        """Running, until the end of the context."""
        pebble = cls(nonce_rejection=nonce_rejection, binding=binding)
        pebble.challenges = PanelAsWorld(panel)
        try:
            pebble._prepare()
            pebble.start()
            yield pebble
        finally:
            pebble.remove()


class HurriedClock(SystemClock):
    """The machine's clock, ahead by as much as it was told to be."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The time that it is said to be."""
        return super().now() + self._ahead

    def hurry(self, seconds: float) -> None:
        """Let it be so much later."""
        self._ahead += timedelta(seconds=seconds)


@dataclass
class Stack:
    """An installation on SQLite, a panel and an authority. `working` runs the engine in this process."""

    folder: Path
    panel: RunningPlesk
    pebble: Pebble
    installed: Installed
    clock: HurriedClock
    _ring: SecretBox | None = field(default=None, repr=False)

    @contextmanager
    def working(self) -> Iterator[None]:
        """The engine runs on threads of this process, and so does what finds again the work of a process that died."""
        runner, stop = self.installed.runner(), threading.Event()
        scheduler = threading.Thread(target=self.installed.scheduler(lambda _: runner.wake()).run, args=(stop,))
        runner.start()
        scheduler.start()
        try:
            yield
        finally:
            stop.set()
            scheduler.join()
            runner.stop(10)

    # -- asking

    def order_hosting(self, name: str) -> str:
        """Order hosting; the domain. Its first certificate follows by itself."""
        order = hosting_order(name)
        self._submit(order)
        return str(order["data"]["items"][0]["domain"])

    def ask_for_certificate(self, certificate_id: str, hosting: str, names: Sequence[str], method: str) -> None:
        """Ask for one more for a hosting service."""
        data = {"certificate_id": certificate_id, "service_id": hosting, "names": list(names), "method": method}
        self._submit(message("certificate.issue.v1", f"issue-{certificate_id}", data))

    def _submit(self, given: Row) -> None:
        outcome = self.installed.submit(json.dumps(given).encode(), direct=True)
        if outcome.outcome != "accepted":
            raise AssertionError(f"the message was not accepted: {outcome}")

    # -- looking

    def rows(self, query: sa.Select[Any]) -> list[Row]:
        """What the database answers."""
        with self.installed.store().database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def operation(self, service_id: str, workflow: str = "certificate.issue") -> Row:
        """The newest operation of a workflow on a service; {} before it is there."""
        here = (operations.c.service_id == service_id, operations.c.workflow == workflow)
        found = self.rows(sa.select(operations).where(*here).order_by(operations.c.position.desc()))
        return found[0] if found else {}

    def rests(self) -> bool:
        """Whether every operation has ended."""
        ended = [state.value for state in ENDED_OPERATIONS]
        return not self.rows(sa.select(operations.c.id).where(operations.c.state.not_in(ended)).limit(1))

    def wait_rests(self, timeout: float = 60.0) -> None:
        """Return when every operation has ended."""
        wait_for(self.rests, "every operation has ended", timeout=timeout, interval=0.05)

    def wait_issued(self, certificate_id: str) -> Row:
        """The kept certificate, with its operation's end."""
        wait_for(lambda: self.operation(certificate_id).get("ended_at"), f"the end of {certificate_id}", timeout=60)
        return self.kept(certificate_id)[0]

    def wait_waiting(self, certificate_id: str) -> Row:
        """Its operation, when it waits for something that takes longer."""
        return wait_for(lambda: self._waiting(certificate_id), f"{certificate_id} waits", timeout=60)[0]

    def _waiting(self, certificate_id: str) -> list[Row]:
        at_work = (operations.c.service_id == certificate_id, operations.c.state == "waiting")
        later = operations.c.due_at > self.clock.now() + LONG
        return self.rows(sa.select(operations).where(*at_work, later))

    def kept(self, certificate_id: str) -> list[Row]:
        """Every certificate that a service ever had."""
        return self.rows(sa.select(certificates).where(certificates.c.service_id == certificate_id))

    def key_of(self, kept: Row) -> Secret:
        """The private key that is kept with a certificate."""
        if self._ring is None:
            self._ring = SecretBox(KeyRing.load(self.installed.settings.key_ring))
        key = credentials.unseal_password(self._ring, certificates.c.sealed_key, kept["id"], kept["sealed_key"])
        if key is None:
            raise AssertionError("no key is kept with this certificate")
        return key

    def shown(self) -> list[str]:
        """What the panel still shows to an authority, by its ledger: files and records that were not taken away."""
        standing: dict[str, None] = {}
        for effect in self.panel.ledger.effects():
            place = str(effect.details.get("path") or f"{effect.details.get('host')} {effect.details.get('value')}")
            if effect.operation in ("ftp.store", "dns.add_rec") and "acme-challenge" in place:
                standing[place] = None
            elif effect.operation in ("ftp.delete", "dns.del_rec"):
                standing.pop(place, None)
        return list(standing)

    # -- the world

    def lead_elsewhere(self, name: str, address: str) -> None:
        """Let a name lead to another machine, in the DNS of the world."""
        self._tell_dns({"name": name, "type": "A", "value": address})

    def lead_here(self) -> None:
        """Let every name lead to the panel."""
        httpx.delete(f"{self.panel.control_url}/dns/records").raise_for_status()
        self._tell_dns({"name": ".", "type": "NS", "value": "ns.world.example."})

    def _tell_dns(self, line: Row) -> None:
        httpx.post(f"{self.panel.control_url}/dns/records", json=line).raise_for_status()


@contextmanager
def stack(folder: Path, *, nonce_rejection: int = 0, binding: bool = False, **pace: Any) -> Iterator[Stack]:
    """A fresh one. With `binding` the authority takes only accounts that are bound to one of its customers."""
    quick = {"sweep_seconds": 0.05, "backoff_first_seconds": 0.05, "lookup_waits_seconds": (0.05,), **pace}
    settings = Settings(data_dir=folder, tlds_file=TLDS, **quick)
    with ExitStack() as undo:
        panel = start_simulator(data_dir=folder / "panel", address="127.0.0.1")
        undo.callback(panel.close)
        pebble = undo.enter_context(
            PebbleAtPanel.beside(panel, nonce_rejection=nonce_rejection, binding=binding),
        )
        clock = HurriedClock()
        installed = Installed(settings, clock=clock)
        undo.callback(installed.close)
        installed.migrate()
        for each in (account(panel), authority_account(pebble, panel, binding=binding)):
            installed.store().accounts.add(each, "test")
        made = Stack(folder, panel, pebble, installed, clock)
        made.lead_here()
        yield made


def authority_account(pebble: Pebble, panel: RunningPlesk, *, binding: bool) -> NewAccount:
    """Pebble as a vendor account for live orders."""
    bound = {"eab_key_id": EAB_KEY_ID} if binding else {}
    settings = {**pebble.settings, "nameserver_port": str(panel.dns_port), **WIDE, **bound}
    keys = {"account_key": generate_private_key("ec")}
    if binding:
        keys["eab_hmac_key"] = Secret(EAB_HMAC_KEY)
    return NewAccount(AUTHORITY, "acme", "certificate", "live", settings, keys, 4)
