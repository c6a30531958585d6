"""What a soak leaves behind, as a history for the judge."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.soak.estate import LEASE_SECONDS, Estate
from tests.soak.storefront import Storefront
from tests.support.judge.collect import merged, tables_of
from tests.support.judge.history import History


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
    """What all passwords that the storefront sealed begin with, and what the vendors let us in with."""
    let_in = {
        f"{credential} of {name}": secret.reveal()
        for name, vendor in estate.vendors.items()
        for credential, secret in vendor.credentials.items()
        if credential not in ("login", "username")
    }
    return {"a sealed password": storefront.workload.canary, **let_in}
