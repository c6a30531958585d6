"""What a soak leaves behind, as a history for the judge."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from provisioner.intake import topology
from tests.soak.estate import LEASE_SECONDS, Estate
from tests.soak.storefront import Storefront
from tests.support.judge.canaries import dressings
from tests.support.judge.collect import kept_secrets, merged, tables_of, told_by
from tests.support.judge.history import History

QUEUES: Final = (*topology.INTAKE_QUEUES, topology.ADVANCE)
PART: Final = 1_000_000  # characters of a log that are read at once
KEY: Final = "the key of certificate"
FEW: Final = 20
"""So many keys are looked for one by one: each costs a reading of everything."""
ANY_KEY: Final = "an elliptic private key"
FIRST_OF_KEYS: Final = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQ"
"""So begins every key of the curve P-256 in PEM (RFC 5958): the account's, and all that are made here."""


def gather(estate: Estate, storefront: Storefront) -> History:
    """Everything, once nothing runs any more but broker, database and vendors. What is left in queues is taken."""
    canaries = _canaries(estate, storefront)
    return History(
        taken_at=datetime.now(UTC).isoformat(),
        lease_seconds=LEASE_SECONDS,
        published=[base64.b64decode(line["body"]).decode("latin-1") for line in _lines(storefront.accepted_file)],
        tables=tables_of(estate.store.database),
        effects=merged(estate.vendors.values()),
        heard=list(_lines(storefront.heard_file)),
        logs={**{log.stem: log.read_text(errors="replace") for log in estate.logs()}, **_of_servers(estate, canaries)},
        canaries=canaries,
        left={queue: [body.decode("latin-1") for body in estate.vhost.take(queue)] for queue in QUEUES},
        leases=estate.watch.leases(),
    )


def _of_servers(estate: Estate, canaries: Mapping[str, str]) -> dict[str, str]:
    """Of what broker and database wrote only the parts that have a canary: it may be long, and should be nothing."""
    logs = {
        **{f"broker-{log.name}": log for log in (estate.rabbit.folder / "log").glob("*.log")},
        "broker-console": estate.rabbit.folder / "console.log",
        "database": estate.postgres.log,
    }
    return {name: "\n".join(parts_with(log, canaries.values())) for name, log in logs.items()}


def parts_with(log: Path, secrets: Iterable[str]) -> Iterator[str]:
    """The parts of a file in which a secret stands, however it is dressed. Never more than a part is in memory."""
    dressed = {each for secret in secrets for each in dressings(secret)}
    longest = max(map(len, dressed), default=1)
    with log.open(errors="replace") as text:
        last = ""
        while part := text.read(PART):
            if any(each in last + part for each in dressed):
                yield last + part
            last = part[-longest:]


def _lines(file: Any) -> Iterator[dict[str, Any]]:
    with file.open() as lines:
        yield from (json.loads(line) for line in lines)


def _canaries(estate: Estate, storefront: Storefront) -> dict[str, str]:
    """What all passwords that the storefront sealed begin with, what servers let us in with, and private keys."""
    servers = {
        "the password of the broker": estate.rabbit.password,
        "the password of the database": str(urlsplit(estate.database_url).password),
    }
    let_in = {
        f"{credential} of {name}": told_by(secret.reveal())
        for name, vendor in estate.vendors.items()
        for credential, secret in vendor.credentials.items()
        if credential not in ("login", "username")
    }
    kept = kept_secrets(estate.store.database, estate.folder / "keys.json")
    keys = [(name, secret) for name, secret in kept.items() if name.startswith(KEY)]
    return {
        "a sealed password": storefront.workload.canary,
        ANY_KEY: FIRST_OF_KEYS,
        **servers,
        **let_in,
        **dict(keys[:FEW]),
    }
