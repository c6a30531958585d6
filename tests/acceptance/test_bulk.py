"""Bulks of domains on real parts: one as a message, one from the command line, at one registrar account."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest
import sqlalchemy as sa

from provisioner.kernel.sealing import seal_to_public_key
from provisioner.store.tables import operations
from provisioner.store.tables_domains import bulk_lines
from tests.faults.bulk import (
    AUTH_CODE,
    bulk,
    bulk_production,
    defaults,
    elsewhere_still,
    judged,
    limits_of,
    put_elsewhere,
    start_file,
    wait_finished,
)
from tests.faults.judging import unpublished
from tests.support.domains import customer
from tests.support.postgres import PostgresCluster
from tests.support.processes import wait_for
from tests.support.production import Production, message
from tests.support.rabbit import RabbitNode

EACH: Final = 60
PER_SECOND: Final = 300
TOLD, FILED = "told-", "filed-"
WRONG_LINE, NOBODYS_LINE, BAD_NAME_LINE, NO_CODE_LINE = range(EACH + 4, EACH + 8)


def spreadsheet() -> bytes:
    """As a spreadsheet writes it, with an empty line, two that the registry refuses, and two that cannot be read."""
    good = [f"{TOLD}{number:05}.com;{AUTH_CODE}" for number in range(1, EACH + 1)]
    others = [f"{TOLD}wrong.com;Not-{AUTH_CODE}", f"{TOLD}nobodys.com;{AUTH_CODE}"]
    bad = [f"-no-name-.com;{AUTH_CODE}", f"{TOLD}codeless.com;"]
    return "\r\n".join(["domain;auth_code", *good[:10], ";", *good[10:], "", *others, *bad]).encode("utf-8-sig")


@dataclass(frozen=True)
class Done:
    """Bulks that are finished, and all events that were heard of them."""

    shop: Production
    heard: Sequence[Any]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, rabbit: RabbitNode, postgres: PostgresCluster) -> Iterator[Done]:
    """Two bulks that are finished; each test looks at another side of them."""
    url = postgres.create_database()
    folder = tmp_path_factory.mktemp("bulks")
    with bulk_production(folder, rabbit.new_vhost(), url, per_second=PER_SECOND) as shop:
        put_elsewhere(shop, TOLD, EACH)
        names = put_elsewhere(shop, FILED, EACH)
        put_elsewhere(shop, f"{TOLD}wrong", 0)
        shop.start_all()
        shop.publish(bulk_message(shop))
        file = folder / "domains.csv"
        file.write_text("\n".join(["domain,auth_code", *(f"{name},{AUTH_CODE}" for name in names)]))
        start_file(shop, FILED, file)
        wait_for(lambda: len(shop.store.domain_queries.bulks()) == 2, "both bulks are taken in")
        wait_finished(shop, "told", f"{FILED}-1", timeout=120)
        wait_for(lambda: unpublished(shop) == 0, "every event is published")
        yield Done(shop, shop.heard())
    postgres.drop_database(url)


def bulk_message(shop: Production) -> dict[str, Any]:
    """The spreadsheet, sealed as a storefront seals it."""
    key = shop.installed.keys().public_key()
    csv = {"key_id": key.key_id, "box": seal_to_public_key(key, spreadsheet().decode())}
    data = {"bulk_id": "told", "customer": customer("bulk"), "csv": csv, "defaults": defaults()}
    return message("domain.transfer-bulk.v1", "bulk-1", data)


def lines(shop: Production, bulk_id: str) -> dict[int, str | None]:
    """What became of each line, by its number: the state of its operation, None if it has none."""
    child = operations.c.id == bulk_lines.c.operation_id
    query = sa.select(bulk_lines.c.line, operations.c.state).join_from(bulk_lines, operations, child, isouter=True)
    with shop.store.database.read() as connection:
        return {row.line: row.state for row in connection.execute(query.where(bulk_lines.c.bulk_id == bulk_id))}


def test_each_line_succeeds_or_fails_alone(done: Done) -> None:
    ended = lines(done.shop, "told")
    assert {line for line, state in ended.items() if state == "failed"} == {WRONG_LINE, NOBODYS_LINE}
    assert sum(state == "succeeded" for state in ended.values()) == EACH


def test_a_line_that_cannot_be_read_is_told_with_line_and_column(done: Done) -> None:
    _, refused = done.shop.store.domain_queries.bulk("told", refused=10)
    assert [(each["line"], each["column"]) for each in refused] == [(BAD_NAME_LINE, 1), (NO_CODE_LINE, 2)]


def test_a_bulk_of_the_command_line_is_transferred(done: Done) -> None:
    found = bulk(done.shop, f"{FILED}-1")
    assert (found.total, found.succeeded, found.failed) == (EACH, EACH, 0)
    assert elsewhere_still(done.shop, [f"{FILED}{number:05}.com" for number in range(1, EACH + 1)]) == 0


def test_progress_is_told_from_the_beginning_to_the_end(done: Done) -> None:
    told = [event for event in done.heard if event["type"] == "bulk.progress.v1" and event["subject"] == "told"]
    assert [event["sequence"] for event in told] == list(range(1, len(told) + 1))
    ended = [event["data"]["succeeded"] + event["data"]["failed"] for event in told]
    assert ended == sorted(ended)
    assert (told[0]["data"]["state"], told[-1]["data"]["state"]) == ("running", "finished")
    assert (told[-1]["data"]["total"], ended[-1]) == (EACH + 4, EACH + 4)


def test_neither_sessions_nor_commands_exceed_what_the_account_allows(done: Done) -> None:
    limits = limits_of(done.shop, per_second=PER_SECOND)
    assert limits.most_sessions > 1
    assert limits.kept, limits


def test_nothing_is_lost_doubled_or_leaked(done: Done) -> None:
    assert [str(finding) for finding in judged(done.shop, done.heard).findings] == []
