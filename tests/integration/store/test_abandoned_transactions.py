"""A process that is stopped or cut off in the middle of a transaction does not hold up the others for ever."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from provisioner.kernel.clock import SystemClock
from provisioner.kernel.errors import StoreUnavailable
from provisioner.kernel.secret import Secret
from provisioner.store import database
from provisioner.store.claims import CLAIM_LOCK
from provisioner.store.database import Database
from tests.support.stores import Stage

LOCK = sa.select(sa.func.pg_advisory_xact_lock(CLAIM_LOCK))


@pytest.fixture
def stopped(postgres_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The database as a process sees it that will be stopped; the server's patience is short here."""
    monkeypatch.setattr(database, "ABANDONED_MILLISECONDS", 500)
    made = Database(Secret(postgres_stage.opening.url), SystemClock())
    yield made
    made.close()


def _stopped_while_claiming(stopped: Database, others: Stage) -> None:
    """Stop in the middle of a transaction, let another process claim, and go on."""
    with stopped.begin() as connection:
        connection.execute(LOCK)
        assert others.take() == []
        connection.execute(LOCK)


def _stopped_on_a_bare_connection(stopped: Database, others: Stage) -> None:
    with stopped.direct() as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (CLAIM_LOCK,))
        assert others.take() == []
        connection.execute("SELECT 1")


@pytest.mark.parametrize("stop", [_stopped_while_claiming, _stopped_on_a_bare_connection])
def test_others_claim_and_the_process_that_was_stopped_is_told(
    stopped: Database, postgres_stage: Stage, stop: Callable[[Database, Stage], None]
) -> None:
    with pytest.raises(StoreUnavailable):
        stop(stopped, postgres_stage)


def test_the_process_finds_a_new_connection_when_it_goes_on(stopped: Database, postgres_stage: Stage) -> None:
    with pytest.raises(StoreUnavailable):
        _stopped_on_a_bare_connection(stopped, postgres_stage)
    with stopped.direct() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_options_of_the_url_are_kept(postgres_stage: Stage) -> None:
    made = Database(Secret(f"{postgres_stage.opening.url}?options=-c%20work_mem%3D5MB"), SystemClock())
    with made.read() as connection:
        assert connection.scalar(sa.text("SHOW work_mem")) == "5MB"
        assert connection.scalar(sa.text("SHOW idle_in_transaction_session_timeout")) == "10s"
    made.close()
