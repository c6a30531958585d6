"""What a soak leaves behind, as a history for the judge."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from tests.soak.estate import LEASE_SECONDS, Estate
from tests.soak.storefront import Storefront
from tests.support.judge.collect import kept_secrets, merged, tables_of, told_by
from tests.support.judge.history import History

KEY: Final = "the key of certificate"
FEW: Final = 20
"""So many keys are looked for one by one: each costs a reading of everything."""
ANY_KEY: Final = "an elliptic private key"
FIRST_OF_KEYS: Final = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQ"
"""So begins every key of the curve P-256 in PEM (RFC 5958): the account's, and all that are made here."""


def gather(estate: Estate, storefront: Storefront) -> History:
    """Everything, once nothing runs any more but broker, database and vendors."""
    return History(
        taken_at=datetime.now(UTC).isoformat(),
        lease_seconds=LEASE_SECONDS,
        published=[base64.b64decode(line["body"]).decode("latin-1") for line in _lines(storefront.accepted_file)],
        tables=tables_of(estate.store.database),
        effects=merged(estate.vendors.values()),
        heard=list(_lines(storefront.heard_file)),
        logs={log.stem: log.read_text(errors="replace") for log in estate.logs()},
        canaries=_canaries(estate, storefront),
    )


def _lines(file: Any) -> Iterator[dict[str, Any]]:
    with file.open() as lines:
        yield from (json.loads(line) for line in lines)


def _canaries(estate: Estate, storefront: Storefront) -> dict[str, str]:
    """What all passwords that the storefront sealed begin with, what the vendors let us in with, and private keys."""
    let_in = {
        f"{credential} of {name}": told_by(secret.reveal())
        for name, vendor in estate.vendors.items()
        for credential, secret in vendor.credentials.items()
        if credential not in ("login", "username")
    }
    kept = kept_secrets(estate.store.database, estate.folder / "keys.json")
    keys = [(name, secret) for name, secret in kept.items() if name.startswith(KEY)]
    return {"a sealed password": storefront.workload.canary, ANY_KEY: FIRST_OF_KEYS, **let_in, **dict(keys[:FEW])}
