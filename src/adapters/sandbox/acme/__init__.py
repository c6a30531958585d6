"""A certificate authority on loopback that speaks ACME (RFC 8555, renewal information of RFC 9773, profiles).

It shares no code with the adapter that talks to it; `docs/reference/sandbox-acme.md` says what it serves.
"""

import json
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.sandbox.acme.access_log import AccessLog
from adapters.sandbox.acme.accounts import Reception
from adapters.sandbox.acme.authority import Authority
from adapters.sandbox.acme.desk import Desk
from adapters.sandbox.acme.examiner import Examiner
from adapters.sandbox.acme.hierarchy import hierarchy
from adapters.sandbox.acme.jws import encoded
from adapters.sandbox.acme.orders import Counter
from adapters.sandbox.acme.routes import routes
from adapters.sandbox.acme.simulator import AcmeSimulator
from adapters.sandbox.acme.surroundings import Folder, account_settings
from adapters.sandbox.control import Control
from adapters.sandbox.faults import FaultPlan
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.running import RunningSimulator
from adapters.sandbox.serving import LoopbackServer
from adapters.sandbox.tls import Identity, write_private
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret

BANNER: Final = "sandbox-acme"
_USED: Final = ("http_address", "dns_server")


@dataclass(frozen=True, slots=True)
class RunningAuthority(RunningSimulator):
    """An authority that is up. `roots` are PEM; `external` is the key that accounts can be bound with.

    `settings["ca_file"]` is what the TLS of the directory is verified with.
    """

    roots: tuple[str, ...]
    external: Mapping[str, Secret]
    access: AccessLog
    simulator: AcmeSimulator


def start_simulator(
    *,
    data_dir: Path | None = None,
    port: int = 0,
    control_port: int = 0,
    world: Mapping[str, str] | None = None,
) -> RunningAuthority:
    """Start an authority on 127.0.0.1, on background threads. Port 0 is chosen at run time.

    With `data_dir` its memory, ledger, keys and credentials survive a restart; the files are readable by their owner
    only. `world`: the `http_address` of every website and the `dns_server` that is asked, until they are set otherwise;
    what else is in there is left alone. Raises OSError when a port is taken or a file cannot be written.
    """
    with ExitStack() as undo:
        folder = Folder.given(data_dir)
        undo.callback(folder.stop)
        running = _start(data_dir, folder, port, control_port, world or {})
        undo.pop_all()
    return running


def _start(
    data_dir: Path | None, folder: Folder, port: int, control_port: int, world: Mapping[str, str]
) -> RunningAuthority:
    """Memory is kept in `data_dir`; what must be a file in any case is in `folder`."""
    clock = SystemClock()
    identity, trusted = folder.identity(clock)
    credentials, external = _credentials(_file(data_dir, "credentials.json"))
    ledger, faults = Ledger("acme", _file(data_dir, "ledger.jsonl"), clock), FaultPlan()
    keys = hierarchy(_file(data_dir, "authority.pem"), clock.now())
    authority = Authority(clock, ledger, keys, _file(data_dir, "state.jsonl"))
    examiner = Examiner(authority, faults, clock)
    simulator = _simulator(authority, examiner, faults, _file(data_dir, "access.jsonl"), external)
    if told := {name: world[name] for name in _USED if name in world}:
        simulator.adjust({"settings": told})
    control = LoopbackServer(Control(simulator, ledger, faults), control_port)
    server = _beside(control, simulator, port, identity)
    examiner.resume()
    return RunningAuthority(
        name=simulator.name,
        endpoint=server.url,
        control_url=control.url,
        fingerprint=identity.fingerprint,
        credentials=credentials,
        settings=account_settings(f"{server.url}/directory", trusted, world),
        ledger=ledger,
        faults=faults,
        servers=(server, control, examiner, folder),
        roots=keys.root_pems(),
        external=external,
        access=simulator.desk.log,
        simulator=simulator,
    )


def _simulator(
    authority: Authority, examiner: Examiner, faults: FaultPlan, log: Path | None, external: Mapping[str, Secret]
) -> AcmeSimulator:
    reception = Reception(authority, {external["eab_key_id"].reveal(): external["eab_hmac_key"]})
    counter = Counter(authority, examiner.proofs)
    resources = routes(authority, reception, counter)
    return AcmeSimulator(
        authority, counter, Desk(authority, resources, counter, faults, log=AccessLog(authority.clock.base, log))
    )


def _beside(control: LoopbackServer, simulator: AcmeSimulator, port: int, identity: Identity) -> LoopbackServer:
    """Start the authority's server, and the control server with it; neither stays when one cannot be had."""
    try:
        server = LoopbackServer(simulator.desk, port, identity, BANNER)
    except OSError:
        control.server_close()
        raise
    server.start()
    control.start()
    return server


def _file(data_dir: Path | None, name: str) -> Path | None:
    return None if data_dir is None else data_dir / name


def _credentials(path: Path | None) -> tuple[dict[str, Secret], dict[str, Secret]]:
    """A key for an account, and an external account to bind it with: those of the file, or new ones."""
    if path is not None and path.exists():
        found = json.loads(path.read_text("utf-8"))
    else:
        found = _made_credentials()
        if path is not None:
            write_private(path, json.dumps(found).encode())
    credentials = {name: Secret(text) for name, text in found.items()}
    return {"account_key": credentials.pop("account_key")}, credentials


def _made_credentials() -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "account_key": pem,
        "eab_key_id": f"external-{secrets.token_hex(4)}",
        "eab_hmac_key": encoded(secrets.token_bytes(32)),
    }
