"""A certificate that gets near its end without a replacement is told, whatever keeps its operations from running."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from provisioner.orders.certificates import facts_of, installed_name
from provisioner.runner.scheduler import Scheduler
from provisioner.store.tables_certificates import certificates
from tests.integration.store.certificate_desk import (
    AUTHORITY,
    CERTIFICATE,
    DOMAIN,
    HOSTING,
    CertificateStage,
    add_certificate,
    desk,
)
from tests.integration.store.estate import add_operation
from tests.support.certificates import chain_for
from tests.support.stores import Stage, together

__all__ = ["desk"]

DAY = 86_400
STREAM = f"service/{CERTIFICATE}"
IN_LAST_SIXTH = 76  # days, of the 90 that a certificate is valid


def has(desk: CertificateStage, *, age: float = 0, source: str = "authority", **data: Any) -> str:
    """The certificate service has a certificate that is so many days old; its fingerprint."""
    chain = chain_for([DOMAIN], desk.stage.now() - timedelta(days=age))
    facts = facts_of(chain)
    own: dict[str, Any] = {"attributes": {"names": [DOMAIN], "auto_renew": False}} if source == "customer" else {}
    there = {"installed_as": installed_name(chain), "installed_fingerprint": facts.fingerprint}
    add_certificate(desk.stage, data={**facts.as_json(), "source": source, "installed": True, **there, **data}, **own)
    keep(desk, "op-1", chain, source)
    return facts.fingerprint


def keep(desk: CertificateStage, certificate_id: str, chain: str, source: str = "authority") -> None:
    """A row of a certificate, to be looked at for the first time."""
    facts, now = facts_of(chain), desk.stage.store.database.now()
    row = {
        "id": certificate_id,
        "service_id": CERTIFICATE,
        "source": source,
        "names": list(facts.names),
        "issuer": facts.issuer,
        "serial": facts.serial,
        "fingerprint": facts.fingerprint,
        "not_before": facts.not_before,
        "not_after": facts.not_after,
        "chain": chain,
        "obtained_at": now,
        "watch_at": now,
    }
    with desk.stage.store.database.begin() as connection:
        connection.execute(sa.insert(certificates).values(**row))


def look(desk: CertificateStage) -> list[dict[str, Any]]:
    """The scheduler looks; what was told by then."""
    desk.stage.store.expiries.tell()
    return [event for event in desk.stage.events(STREAM) if event["type"] != "service.status-changed.v1"]


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


TOLD = ["certificate.changed.v1", "operation.needs-attention.v1"]


def test_operators_and_the_storefront_are_told(desk: CertificateStage) -> None:
    has(desk, age=IN_LAST_SIXTH)
    to_storefront, to_operators = look(desk)
    assert (to_storefront["data"]["change"], to_storefront["data"]["code"]) == ("problem", "expires_soon")
    assert to_operators["data"]["reason"] == "certificate_not_replaced"
    assert to_operators["data"]["service_id"] == CERTIFICATE


def test_the_scheduler_looks(desk: CertificateStage) -> None:
    has(desk, age=IN_LAST_SIXTH)
    clock = desk.stage.opening.clock
    Scheduler(desk.stage.store, lambda _due: None, clock, sweep_seconds=0.01, retention_days=90).turn()
    assert desk.stage.count("outbox", type="operation.needs-attention.v1") == 1


def test_it_is_told_once(desk: CertificateStage) -> None:
    has(desk, age=IN_LAST_SIXTH)
    look(desk)
    desk.stage.let_pass(DAY)
    assert types(look(desk)) == TOLD


def test_schedulers_that_look_at_once_tell_it_once(desk: CertificateStage) -> None:
    has(desk, age=IN_LAST_SIXTH)
    together(*[desk.stage.another().expiries.tell for _ in range(3)])
    assert types(look(desk)) == TOLD


def test_the_events_have_places_of_their_own(desk: CertificateStage) -> None:
    has(desk, age=IN_LAST_SIXTH)
    sequences = [int(event["sequence"]) for event in look(desk)]
    assert sequences == [2, 3]
    assert desk.service()["version"] == 3


def test_it_is_told_when_its_last_sixth_begins(desk: CertificateStage) -> None:
    has(desk)
    desk.stage.let_pass(74 * DAY)
    assert look(desk) == []
    desk.stage.let_pass(2 * DAY)
    assert types(look(desk)) == TOLD


def test_what_was_told_stays_with_the_service(desk: CertificateStage) -> None:
    has(desk, age=IN_LAST_SIXTH)
    look(desk)
    assert desk.service()["data"]["problem_code"] == "expires_soon"


def test_a_problem_that_is_known_stays_and_is_told_to_operators(desk: CertificateStage) -> None:
    has(desk, age=IN_LAST_SIXTH, problem="shop.example leads elsewhere", problem_code="dns_elsewhere")
    assert look(desk)[1]["data"]["detail"].endswith("was not replaced: shop.example leads elsewhere")
    assert desk.service()["data"]["problem_code"] == "dns_elsewhere"


def test_one_that_is_over_is_told_as_that(desk: CertificateStage) -> None:
    has(desk, age=91)
    told = look(desk)
    assert (told[0]["data"]["code"], "has expired on" in told[1]["data"]["detail"]) == ("expired", True)


# -- why it was not replaced


@pytest.mark.parametrize(("state", "words"), [("parked", "parked"), ("draining", "draining")])
def test_an_account_that_is_shut_is_named(desk: CertificateStage, state: str, words: str) -> None:
    has(desk, age=IN_LAST_SIXTH)
    add_operation(
        desk.stage, "upkeep:1", service_id=CERTIFICATE, vendor_account=AUTHORITY, workflow="certificate.renew"
    )
    desk.stage.sql("UPDATE vendor_accounts SET state = :state WHERE name = 'ca-1'", state=state)
    told = look(desk)[1]["data"]
    assert (told["operation_id"], told["vendor_account"]) == ("upkeep:1", AUTHORITY)
    assert told["detail"].endswith(f"the vendor account {AUTHORITY} is {words}")


@pytest.mark.parametrize("state", ["waiting", "held", "uncertain", "ready"])
def test_an_operation_that_does_not_get_on_is_named(desk: CertificateStage, state: str) -> None:
    has(desk, age=IN_LAST_SIXTH)
    fields = {"workflow": "certificate.renew", "state": state, "reason": "the breaker is open"}
    patient = desk.stage.now() + timedelta(days=30)
    add_operation(desk.stage, "renewal", service_id=CERTIFICATE, patient_until=patient, **fields)
    told = look(desk)[1]["data"]
    assert (told["operation_id"], told["workflow"]) == ("renewal", "certificate.renew")
    assert told["detail"].endswith(f"certificate.renew is {state}: the breaker is open")


# -- whom it concerns


def test_one_that_was_replaced_is_not_told(desk: CertificateStage) -> None:
    has(desk)
    keep(desk, "op-0", chain_for([DOMAIN], desk.stage.now() - timedelta(days=IN_LAST_SIXTH)))
    assert look(desk) == []


def test_one_whose_successor_could_not_be_installed_is_told(desk: CertificateStage) -> None:
    old = chain_for([DOMAIN], desk.stage.now() - timedelta(days=IN_LAST_SIXTH))
    has(desk, installed=False, installed_fingerprint=facts_of(old).fingerprint)
    keep(desk, "op-0", old)
    assert types(look(desk)) == TOLD


def test_one_that_is_left_for_another_in_use_is_not_told(desk: CertificateStage) -> None:
    old = chain_for([DOMAIN], desk.stage.now() - timedelta(days=IN_LAST_SIXTH))
    has(desk, installed=False, installed_fingerprint=facts_of(old).fingerprint, problem_code="other_in_use")
    keep(desk, "op-0", old)
    assert look(desk) == []


def test_one_that_was_left_for_another_is_not_told_whatever_failed_since(desk: CertificateStage) -> None:
    old = chain_for([DOMAIN], desk.stage.now() - timedelta(days=IN_LAST_SIXTH))
    there: dict[str, Any] = {"installed": False, "installed_fingerprint": facts_of(old).fingerprint}
    has(desk, **there, other_in_use=True, problem_code="rate_limited")
    keep(desk, "op-0", old)
    assert look(desk) == []


@pytest.mark.parametrize("status", ["cancelling", "cancelled", "failed"])
def test_one_whose_service_has_ended_is_not_told(desk: CertificateStage, status: str) -> None:
    has(desk, age=IN_LAST_SIXTH)
    desk.becomes(status)
    assert look(desk) == []


@pytest.mark.parametrize("data", [{"revoked": True}, {"install": False}])
def test_one_that_was_revoked_or_removed_is_not_told(desk: CertificateStage, data: dict[str, Any]) -> None:
    has(desk, age=IN_LAST_SIXTH, **data)
    assert look(desk) == []


def test_one_of_suspended_hosting_is_told_when_that_is_back(desk: CertificateStage) -> None:
    has(desk, age=IN_LAST_SIXTH)
    desk.becomes("suspended", HOSTING)
    assert look(desk) == []
    desk.becomes("active", HOSTING)
    desk.stage.let_pass(DAY + 1)
    assert types(look(desk)) == TOLD


def test_one_that_its_authority_wants_renewed_later_is_given_time(desk: CertificateStage) -> None:
    planned = (desk.stage.now() + timedelta(days=4)).isoformat()
    has(desk, age=IN_LAST_SIXTH, renew_at=planned)
    assert look(desk) == []
    desk.stage.let_pass(10 * DAY)
    assert types(look(desk)) == TOLD


def test_one_that_its_owner_renews_is_told_to_the_storefront_alone(desk: CertificateStage) -> None:
    has(desk, age=IN_LAST_SIXTH, source="customer")
    assert types(look(desk)) == ["certificate.changed.v1"]


def test_an_owner_who_was_told_is_not_told_again(desk: CertificateStage) -> None:
    has(desk, age=IN_LAST_SIXTH, source="customer", problem_code="expires_soon")
    assert look(desk) == []


def test_what_is_due_is_found_by_an_index(postgres_stage: Stage) -> None:
    query = "EXPLAIN SELECT id FROM certificates WHERE watch_at <= now() ORDER BY watch_at"
    with postgres_stage.store.database.begin() as connection:
        for way in ("seqscan", "bitmapscan", "sort"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        plan = "\n".join(connection.scalars(sa.text(query)))
    assert "ix_certificates_watch_at" in plan
