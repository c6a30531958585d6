"""Renewals, a few: the measurement of `make renewals` in small, and what it judges by."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioner.store.tables import operations
from tests.faults import renewal_certificates, renewal_domains
from tests.faults.measuring import Measured
from tests.faults.renewal_measuring import leaks, most_within, over_time
from tests.support.production import Production

CERTIFICATES = 12
DOMAINS = 120
RENEWED = 10
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.matrix
@pytest.mark.timeout(300)
def test_certificates_that_are_due_together_are_each_renewed_once_while_the_authority_is_away_for_a_day(
    shop: Production, measured: Measured
) -> None:
    told, kept = renewal_certificates.run(shop, certificates=CERTIFICATES, week=14, away=True)
    measured(**told)
    assert kept, told


@pytest.mark.slow
@pytest.mark.matrix
@pytest.mark.timeout(300)
def test_domains_that_are_due_on_one_day_are_started_in_turn_and_each_renewed_once(
    shop: Production, measured: Measured
) -> None:
    told, kept = renewal_domains.run(shop, domains=DOMAINS, renewed=RENEWED)
    measured(**told)
    assert kept, told


def test_the_most_in_a_span_are_counted_wherever_it_begins() -> None:
    moments = [NOON + timedelta(seconds=seconds) for seconds in (0, 9, 10, 11, 30)]
    assert most_within(moments, timedelta(seconds=3)) == 3


def test_a_span_in_which_nothing_happened_is_told_as_none() -> None:
    moments = [NOON, NOON + timedelta(seconds=25)]
    assert over_time(moments, NOON, timedelta(seconds=10)) == [1, 0, 1]


def test_a_secret_in_a_table_is_found_in_clear_and_in_hex(shop: Production) -> None:
    row = {"id": "o", "resource": "r", "workflow": "w", "state": "held", "environment": "live"}
    counts = {"generation": 1, "fence": 0, "inputs": {"told": "hush-hush"}}
    with shop.store.database.begin() as connection:
        moments = {"since": NOON, "created_at": NOON, "sealed_secret": b"bell-tower"}
        connection.execute(operations.insert().values(**row, **counts, **moments))
    assert [bool(leaks(shop, {"it": text})) for text in ("hush-hush", "bell-tower", "no-such")] == [True, True, False]
