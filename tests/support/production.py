"""A whole production on one machine: our RabbitMQ and PostgreSQL, simulated vendors, and real processes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import sqlalchemy as sa

from adapters.sandbox.acme import RunningAuthority
from adapters.sandbox.acme import start_simulator as start_authority
from adapters.sandbox.epp import start_simulator as start_registry
from adapters.sandbox.plesk import RunningPlesk, start_simulator
from adapters.sandbox.running import RunningSimulator
from provisioner.app.installed import Installed
from provisioner.intake import topology
from provisioner.kernel.sealing import KeyRing
from provisioner.kernel.secret import Secret
from provisioner.kernel.settings import Settings
from provisioner.store.accounts import NewAccount
from provisioner.store.store import Store
from provisioner.store.tables import orders
from tests.support.forking import fork
from tests.support.processes import Child, wait_for
from tests.support.rabbit_vhost import Vhost

ACCOUNT: Final = "plesk-1"
REGISTRAR: Final = "registry-1"
AUTHORITY: Final = "authority-1"
TLDS: Final = Path(__file__).with_name("tlds.toml")
HEARD: Final = "heard"
ENDED: Final = frozenset({"completed", "completed_with_errors", "provisioning_failed"})

# Short waits: what takes minutes in production takes tenths of a second here.
PACE: Final[Mapping[str, str]] = {
    "PROVISIONER_LEASE_SECONDS": "3",
    "PROVISIONER_HEARTBEAT_SECONDS": "0.5",
    "PROVISIONER_SWEEP_SECONDS": "0.2",
    "PROVISIONER_BACKOFF_FIRST_SECONDS": "0.2",
    "PROVISIONER_BACKOFF_MOST_SECONDS": "2",
    "PROVISIONER_LOOKUP_WAITS_SECONDS": "0.1,0.2,0.3",
    "PROVISIONER_BREAKER_FIRST_SECONDS": "0.5",
    "PROVISIONER_BREAKER_MOST_SECONDS": "2",
    "PROVISIONER_WORKER_THREADS": "4",
    "PROVISIONER_STOP_GRACE_SECONDS": "10",
    "PROVISIONER_POLL_SECONDS": "1",
    "PROVISIONER_TLDS_FILE": str(TLDS),
    "PROVISIONER_LOG_FORMAT": "json",
}


class Vendors(NamedTuple):
    """Every simulated vendor."""

    panel: RunningPlesk
    registry: RunningSimulator
    authority: RunningAuthority

    @classmethod
    def start(cls, folder: Path) -> "Vendors":
        """Start them; the authority finds every name at the panel."""
        panel = start_simulator(data_dir=folder / "sandbox", address="127.0.0.1")
        made = cls(panel, start_registry(data_dir=folder / "registry"), start_authority(data_dir=folder / "authority"))
        made.introduce()
        return made

    def introduce(self) -> None:
        """Have the panel's name server answer for the whole world, and tell the authority where to ask."""
        root = {"name": ".", "type": "NS", "value": "ns.world.example."}
        httpx.post(f"{self.panel.control_url}/dns/records", json=root).raise_for_status()
        world = {"http_address": f"127.0.0.1:{self.panel.http_port}", "dns_server": f"127.0.0.1:{self.panel.dns_port}"}
        self.authority.simulator.adjust({"settings": world})

    def reset(self) -> None:
        """Make them forget everything, faults included."""
        for vendor in self:
            vendor.faults.clear()
            httpx.post(f"{vendor.control_url}/reset").raise_for_status()
        self.introduce()

    def close(self) -> None:
        """Stop them."""
        for vendor in self:
            vendor.close()


@dataclass
class Production:
    """Made with `production()`; `start` runs a role, `publish` is the storefront, `heard` what it was told."""

    folder: Path
    vhost: Vhost
    installed: Installed
    vendors: Vendors
    environ: Mapping[str, str]
    children: list[Child] = field(default_factory=list)

    @property
    def store(self) -> Store:
        """The database, seen by the test itself."""
        return self.installed.store()

    @property
    def simulator(self) -> RunningPlesk:
        """The Plesk server."""
        return self.vendors.panel

    @property
    def registry(self) -> RunningSimulator:
        """The domain registry."""
        return self.vendors.registry

    @property
    def authority(self) -> RunningAuthority:
        """The certificate authority."""
        return self.vendors.authority

    def start(self, role: str, *options: str, **environ: str) -> Child:
        """A process of ours; `environ` is added to what all have."""
        log = self.folder / f"{role}-{len(self.children)}.log"
        child = fork([role, *options], log=log, env={**self.environ, **environ}, cwd=self.folder)
        self.children.append(child)
        return child

    def start_all(self) -> None:
        """A worker, a scheduler and a relay."""
        for role in ("worker", "scheduler", "relay"):
            self.start(role)

    def publish(self, *messages: Mapping[str, Any]) -> None:
        """Publish messages as a storefront does, under their types."""
        for message in messages:
            self.vhost.publish(json.dumps(message).encode(), exchange=topology.STOREFRONT, key=message["type"])

    def status(self, order_id: str) -> str | None:
        """An order's status, None while it is not known."""
        with self.store.database.read() as connection:
            status: str | None = connection.scalar(sa.select(orders.c.status).where(orders.c.id == order_id))
        return status

    def wait_ended(self, *order_ids: str, timeout: float = 60.0) -> None:
        """Return when every order is completed, closed with errors, or failed and open to be mended."""
        waiting = set(order_ids)

        def all_ended() -> bool:
            waiting.difference_update({order for order in waiting if self.status(order) in ENDED})
            return not waiting

        wait_for(all_ended, f"the end of {len(waiting)} orders", timeout=timeout, interval=0.1)

    def heard(self) -> list[dict[str, Any]]:
        """The events that were published since the last call, in order."""
        return [json.loads(body) for body in self.vhost.take(HEARD)]

    def effects(self, operation: str) -> list[str]:
        """Our references of the accepted effects of one kind, from the vendor's ledger."""
        return [effect.reference for effect in self.simulator.ledger.effects(operation=operation)]

    def logs(self) -> str:
        """What all processes wrote."""
        return "".join(child.output() for child in self.children)

    def close(self) -> None:
        """Stop everything that was started."""
        for child in self.children:
            if child.running:
                child.kill()
        self.vendors.close()
        self.installed.close()


@contextmanager
def production(
    folder: Path,
    vhost: Vhost,
    database_url: str,
    *,
    concurrency: int = 4,
    read_timeout: float = 2.0,
    certificates: bool = False,
) -> Iterator[Production]:
    """A production with one Plesk server and one registry, and no process running yet.

    With `certificates` the authority is known too, so that hosting gets certificates by itself.
    """
    ring = folder / "keys.json"
    KeyRing.create(ring)
    environ = {
        **PACE,
        "PROVISIONER_DATABASE_URL": database_url,
        "PROVISIONER_BROKER_URL": vhost.url.reveal(),
        "PROVISIONER_KEY_RING": str(ring),
        "PROVISIONER_DATA_DIR": str(folder),
    }
    installed = Installed(Settings(database_url=Secret(database_url), key_ring=ring, data_dir=folder))
    installed.migrate()
    vendors = Vendors.start(folder)
    made = Production(folder, vhost, installed, vendors, environ)
    try:
        made.store.accounts.add(account(vendors.panel, concurrency, read_timeout), "test")
        made.store.accounts.add(registrar_account(vendors.registry), "test")
        if certificates:
            made.store.accounts.add(authority_account(vendors), "test")
        prepare(vhost)
        yield made
    finally:
        made.close()


def account(simulator: RunningSimulator, concurrency: int = 4, read_timeout: float = 2.0) -> NewAccount:
    """The simulated server as a vendor account for live orders."""
    settings = {**simulator.settings, "read_timeout": f"{read_timeout:g}"}
    return NewAccount(ACCOUNT, "plesk", "hosting", "live", settings, simulator.credentials, concurrency)


def registrar_account(registry: RunningSimulator, *, sessions: int = 4, **settings: str) -> NewAccount:
    """The simulated registry as a vendor account for live orders; `sessions` is all that the registrar has."""
    quick = {"commands_per_second": "0", "checks_per_second": "0"}
    all_settings = {**registry.settings, "max_sessions": str(sessions), **quick, **settings}
    return NewAccount(REGISTRAR, "epp", "domain", "live", all_settings, registry.credentials, sessions - 1)


def authority_account(vendors: Vendors, **settings: str) -> NewAccount:
    """The authority as a vendor account for live orders; names are resolved at the Plesk server."""
    port = str(vendors.panel.dns_port)
    all_settings = {
        **vendors.authority.settings,
        "resolvers": f"127.0.0.1:{port}",
        "nameserver_port": port,
        **settings,
    }
    return NewAccount(AUTHORITY, "acme", "certificate", "live", all_settings, vendors.authority.credentials, 4)


def prepare(vhost: Vhost) -> None:
    """Declare what the worker and the relay declare, and a queue that hears every event."""
    with vhost.channel() as channel:
        topology.declare(channel.connection, topology.parts(topology.DELIVERY_LIMIT))
    subscribe(vhost)


def subscribe(vhost: Vhost) -> None:
    """Declare and bind the queue that hears every event, as a storefront does whenever it connects."""
    vhost.declare(HEARD)
    vhost.bind(HEARD, topology.EVENTS, "#")


def hosting_order(number: int | str, **changes: Any) -> dict[str, Any]:
    """A good order for one hosting service; `changes` go into its data."""
    data = {
        "order_id": f"order-{number}",
        "customer": {"customer_id": f"customer-{number}", "name": f"Customer {number}", "email": "c@example.com"},
        "items": [hosting_item(number)],
        **changes,
    }
    return message("order.place.v1", f"place-{number}", data)


def hosting_item(number: int | str, **changes: Any) -> dict[str, Any]:
    """One hosting item."""
    return {
        "product": "hosting",
        "item_id": "1",
        "change": "purchase",
        "service_id": f"service-{number}",
        "plan": "basic",
        "domain": f"d{number}.example",
        **changes,
    }


def message(kind: str, message_id: str, data: Mapping[str, Any], *, role: str = "admin") -> dict[str, Any]:
    """A CloudEvent of a storefront."""
    return {
        "specversion": "1.0",
        "id": message_id,
        "source": "storefront",
        "type": kind,
        "environment": "live",
        "actorid": "user-1",
        "actororg": "shop",
        "actorrole": role,
        "correlationid": message_id,
        "datacontenttype": "application/json",
        "data": dict(data),
    }
