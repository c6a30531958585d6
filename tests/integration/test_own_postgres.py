"""The tests' own PostgreSQL behaves as the tests that break it need."""

import shutil
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, text

from tests.support.postgres import PostgresCluster
from tests.support.processes import start, wait_for

ROOT = Path(__file__).parents[2]


def test_a_database_of_its_own_is_reached_through_sqlalchemy(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar_one()
    engine.dispose()
    assert tables == 0


def test_what_was_committed_survives_sigkill_on_the_same_port(own_postgres: PostgresCluster) -> None:
    url = own_postgres.create_database()
    with own_postgres.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    own_postgres.kill()
    own_postgres.start()
    with own_postgres.connect(url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]


def test_a_killed_server_answers_nobody(own_postgres: PostgresCluster) -> None:
    own_postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        own_postgres.connect()


def test_terminating_backends_cuts_only_the_named_database(postgres: PostgresCluster) -> None:
    one, other = postgres.create_database(), postgres.create_database()
    with postgres.connect(other) as untouched, postgres.connect(one) as cut:
        assert postgres.terminate_backends(one) == 1
        with pytest.raises(psycopg.OperationalError):
            cut.execute("SELECT 1")
        assert untouched.execute("SELECT 1").fetchone() == (1,)


def test_a_database_is_copied_from_a_template(postgres: PostgresCluster) -> None:
    template = postgres.create_database()
    with postgres.connect(template) as connection:
        connection.execute("CREATE TABLE made_before (n int)")
    with postgres.connect(postgres.create_database(template=template)) as connection:
        assert connection.execute("SELECT count(*) FROM made_before").fetchone() == (0,)


def test_a_server_does_not_outlive_a_test_run_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import time; from tests.support.postgres import PostgresCluster as C; c = C.create(fsync=False);"
        " print(c.pid, c.folder, flush=True); time.sleep(60)"
    )
    run = start([sys.executable, "-c", code], log=tmp_path / "log", cwd=ROOT)
    pid, folder = wait_for(run.output, "the server runs").split()
    run.kill()
    wait_for(lambda: not psutil.pid_exists(int(pid)), "the server has ended")
    shutil.rmtree(folder)
