"""Gathering a history from a database, and the secrets that the product itself holds there."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.sandbox.running import RunningSimulator
from provisioner.kernel.sealing import KeyRing, SecretBox
from provisioner.store import credentials
from provisioner.store.database import Database
from provisioner.store.tables import customers, metadata, services
from provisioner.store.tables_certificates import certificates
from tests.support.judge.history import Row


def tables_of(database: Database) -> dict[str, list[Row]]:
    """Every row of every table, as JSON values."""
    with database.read() as connection:
        return {
            table.name: [_plain_row(row) for row in connection.execute(sa.select(table)).mappings()]
            for table in metadata.sorted_tables
        }


def merged(vendors: Iterable[RunningSimulator]) -> list[Row]:
    """All ledgers as one, numbered anew in the order of time; what bears one mark is in one of them."""
    effects = [asdict(effect) for vendor in vendors for effect in vendor.ledger.effects()]
    effects.sort(key=lambda effect: (effect["at"], effect["seq"]))
    return [{**effect, "seq": number} for number, effect in enumerate(effects, start=1)]


def database_now(database: Database) -> str:
    """The time on PostgreSQL's clock, by which leases are given."""
    with database.read() as connection:
        now: datetime = connection.scalars(sa.select(sa.func.clock_timestamp())).one()
    return now.astimezone(UTC).isoformat()


def kept_secrets(database: Database, key_ring: Path) -> dict[str, str]:
    """The passwords that the database holds sealed, and the keys that open them, by what they are."""
    box = SecretBox(KeyRing.load(key_ring))
    return {**dict(_passwords(database, box)), **dict(_keys(key_ring))}


def _passwords(database: Database, box: SecretBox) -> Iterator[tuple[str, str]]:
    with database.read() as connection:
        for kind, table, key in (("customer", customers, "customer_id"), ("service", services, "id")):
            for row in connection.execute(sa.select(table)).mappings():
                column = table.c.sealed_password
                secret = credentials.unseal_password(box, column, row[key], row["sealed_password"])
                if secret is not None:
                    yield f"the password of {kind} {row[key]}", told_by(secret.reveal())
        for row in connection.execute(sa.select(certificates)).mappings():
            key_of = credentials.unseal_password(box, certificates.c.sealed_key, row["id"], row["sealed_key"])
            if key_of is not None:
                yield f"the key of certificate {row['id']}", told_by(key_of.reveal())


def told_by(secret: str) -> str:
    """The part of a secret that tells it; of a key in PEM a line of its own, as no text keeps its line breaks."""
    return secret.splitlines()[1] if secret.startswith("-----BEGIN") else secret


def _keys(key_ring: Path) -> Iterator[tuple[str, str]]:
    for key_id, parts in json.loads(key_ring.read_text())["keys"].items():
        yield from ((f"the {part} key {key_id}", text) for part, text in parts.items())


def _plain_row(row: Any) -> Row:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case bytes() | memoryview():
            return bytes(value).decode("latin-1")
        case _:
            return value
