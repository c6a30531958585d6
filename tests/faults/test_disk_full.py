"""The disk of PostgreSQL's log fills up: nothing is acked, no process ends, and with room again all is done."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from provisioner.intake import topology
from tests.faults.judging import judge, wait_completed
from tests.faults.measuring import Measured
from tests.faults.scene import wait_working
from tests.support.postgres import PostgresCluster
from tests.support.production import Production, hosting_order

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system of limited size"),
]

SIZE = "96m"
FILL = "SELECT pg_logical_emit_message(false, 'full', repeat('x', 1000000))"


@pytest.fixture
def small_disk(own_postgres: PostgresCluster) -> Iterator[Path]:
    """The test's PostgreSQL keeps its log on a file system of its own, which is small."""
    folder = Path(tempfile.mkdtemp(prefix="provisioner-wal-"))
    owner = own_postgres.folder.stat()
    options = f"size={SIZE},uid={owner.st_uid},gid={owner.st_gid},mode=700"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False)
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip("this machine does not let us mount a tmpfs")
    own_postgres.stop()
    move_log(own_postgres.folder / "data" / "pg_wal", folder / "pg_wal")
    own_postgres.start()
    yield folder
    with contextlib.suppress(RuntimeError):
        own_postgres.kill()
    subprocess.run(["umount", "--lazy", folder], check=True)
    folder.rmdir()


def test_a_full_disk_stops_intake_without_loss_and_room_lets_it_go_on(
    small_disk: Path, frail_database: Production, own_postgres: PostgresCluster, measured: Measured
) -> None:
    shop = frail_database
    shop.start_all()
    wait_working(shop)
    shop.publish(hosting_order(0))
    wait_completed(shop, [0])

    fill(small_disk, own_postgres)
    shop.publish(*(hosting_order(number) for number in range(1, 11)))
    shop.children[0].wait_output("message held: the database is away")
    unacked = shop.vhost.total(topology.ORDERS)
    (small_disk / "filler").unlink()
    revive(own_postgres)
    room_at = time.monotonic()
    wait_completed(shop, range(11))

    measured(kept_in_the_queue=unacked, seconds_to_the_last_order=round(time.monotonic() - room_at, 1))
    assert unacked == 10
    assert judge(shop, range(11)).clean
    assert [child.running for child in shop.children] == [True] * 3


def move_log(was: Path, now: Path) -> None:
    """Move the log and leave a link, with the owner that it had."""
    owner = was.stat()
    shutil.move(was, now)
    for path in (now, *now.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    was.symlink_to(now)


def fill(disk: Path, cluster: PostgresCluster) -> None:
    """Take all the room, then write log until the server gives up."""
    with (disk / "filler").open("wb") as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"\0" * 65_536)
            filler.flush()
    with cluster.connect() as connection, pytest.raises(psycopg.OperationalError):
        write_until_refused(connection)


def write_until_refused(connection: psycopg.Connection[TupleRow]) -> None:
    """Write log without end."""
    while True:
        connection.execute(FILL)


def revive(cluster: PostgresCluster) -> None:
    """The server tries to recover by itself, and ends when it cannot; then it is started, as an operator would."""
    try:
        cluster.wait_ready()
    except RuntimeError:
        cluster.start()
