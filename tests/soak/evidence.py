"""What a soak leaves behind, as a history for the judge."""

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from tests.soak.estate import LEASE_SECONDS, Estate
from tests.soak.storefront import Storefront
from tests.support.judge.collect import tables_of
from tests.support.judge.history import History, Row


def gather(estate: Estate, storefront: Storefront) -> History:
    """Everything, once nothing runs any more but broker, database and vendors."""
    return History(
        taken_at=datetime.now(UTC).isoformat(),
        lease_seconds=LEASE_SECONDS,
        published=[base64.b64decode(line["body"]).decode("latin-1") for line in _lines(storefront.accepted_file)],
        tables=tables_of(estate.store.database),
        effects=_effects(estate),
        heard=list(_lines(storefront.heard_file)),
        logs={log.stem: log.read_text(errors="replace") for log in estate.logs()},
        canaries=_canaries(estate, storefront),
    )


def _lines(file: Any) -> Iterator[dict[str, Any]]:
    with file.open() as lines:
        yield from (json.loads(line) for line in lines)


def _effects(estate: Estate) -> list[Row]:
    """All ledgers as one, numbered anew in the order of time; what bears one mark is in one of them."""
    effects = [asdict(effect) for vendor in estate.vendors.values() for effect in vendor.ledger.effects()]
    effects.sort(key=lambda effect: (effect["at"], effect["seq"]))
    return [{**effect, "seq": number} for number, effect in enumerate(effects, start=1)]


def _canaries(estate: Estate, storefront: Storefront) -> dict[str, str]:
    """What all passwords that the storefront sealed begin with, and what the vendors let us in with."""
    let_in = {
        f"{credential} of {name}": secret.reveal()
        for name, vendor in estate.vendors.items()
        for credential, secret in vendor.credentials.items()
        if credential != "login"
    }
    return {"a sealed password": storefront.workload.canary, **let_in}
