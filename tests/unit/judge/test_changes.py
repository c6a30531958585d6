"""What was changed of a domain is looked for in the registry's ledger: a change that is missing is lost."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.judge.changes import judge
from tests.support.judge.history import History, Row

NAME = "a.example"
HANDLE = "PJQICS2L64NMHCXJ"  # that of `owner`
ANOTHER = "PVZCIVSDMJ2HE33D"  # that of `another`

Entry = tuple[str, Mapping[str, str]]
CREATED: Entry = ("domain:create", {})
FETCHED: Entry = ("domain:transfer-request", {})
LOCKED = ("domain:update", {"statuses_added": "clientTransferProhibited"})
UNLOCKED = ("domain:update", {"statuses_removed": "clientTransferProhibited"})
SERVED = ("domain:update", {"nameservers_added": "ns8.b.example", "nameservers_removed": "ns1.b.example"})
SIGNED = ("domain:update", {"dnssec_added": "4711/13"})
OWNED = ("domain:update", {"registrant": ANOTHER})
RECORD = {"key_tag": 4711, "algorithm": 13, "digest_type": 2, "digest": "00"}

Change = tuple[str, Mapping[str, Any]]
LOCK: Change = ("lock", {})
UNLOCK: Change = ("unlock", {})
SERVE: Change = ("nameservers", {"nameservers": [{"name": "ns8.b.example"}]})
SIGN: Change = ("dnssec", {"records": [RECORD]})
OWN: Change = ("contacts", {"contacts": {"registrant": "another"}})


def _item(**changes: Any) -> dict[str, Any]:
    ordered = {"nameservers": [{"name": "ns1.b.example"}], "dnssec": [], "contacts": {"registrant": "owner"}}
    attributes = {"domain": NAME, "rules": {"data_model": "thick"}, **ordered, **changes}
    return {"product": "domain", "change": "purchase", "attributes": attributes}


def _history(*entries: Entry, of: Mapping[str, str] | None = None, **changes: Any) -> History:
    nothing: Mapping[str, str] = {}
    contacts = [("contact:create", nothing, HANDLE), ("contact:create", nothing, ANOTHER)]
    told = [*contacts, *((operation, details, NAME) for operation, details in entries)]
    effects = [
        {
            "seq": number,
            "simulator": "epp",
            "account": "registrar-a",
            "operation": operation,
            "reference": (of or {}).get(operation, reference),
            "details": details,
        }
        for number, (operation, details, reference) in enumerate(told, start=1)
    ]
    services = [{"id": "s1", "attributes": {"domain": NAME}}]
    return History("", 3, tables={"services": services, "order_items": [_item(**changes)]}, effects=effects)


def _done(*changes: Change, state: str = "done") -> list[tuple[Row, Row]]:
    return [
        (
            {"name": step, "state": state, "updated_at": f"2026-01-01T00:00:0{number}"},
            {"id": f"op{number}", "workflow": f"domain.set-{step}", "service_id": "s1", "inputs": inputs},
        )
        for number, (step, inputs) in enumerate(changes, start=1)
    ]


LOST: Mapping[str, tuple[History, list[tuple[Row, Row]]]] = {
    "a lock": (_history(CREATED), _done(LOCK)),
    "an unlock": (_history(CREATED, LOCKED), _done(LOCK, UNLOCK)),
    "a lock in the wrong place": (_history(CREATED, LOCKED, UNLOCKED), _done(LOCK, UNLOCK, LOCK)),
    "name servers": (_history(CREATED, LOCKED), _done(SERVE)),
    "signatures": (_history(CREATED), _done(SIGN)),
    "a contact": (_history(CREATED), _done(OWN)),
    "a lock of a domain that came to us": (_history(FETCHED), _done(LOCK)),
    "a lock before the domain was deleted": (_history(CREATED, ("domain:delete", {})), _done(LOCK)),
    "a second unlock of a domain that came to us": (_history(LOCKED), _done(UNLOCK, LOCK, UNLOCK)),
}


@pytest.mark.parametrize("lost", LOST)
def test_a_change_that_is_done_and_is_not_in_the_ledger_is_condemned(lost: str) -> None:
    history, steps = LOST[lost]
    assert len(list(judge(history, steps))) == 1


GOOD: Mapping[str, tuple[History, list[tuple[Row, Row]]]] = {
    "each change with its entry": (
        _history(CREATED, LOCKED, SERVED, SIGNED, OWNED, UNLOCKED),
        _done(LOCK, SERVE, SIGN, OWN, UNLOCK),
    ),
    "a change that makes no difference": (_history(CREATED, LOCKED), _done(UNLOCK, LOCK, LOCK)),
    "name servers that it was ordered with": (
        _history(CREATED, nameservers=[{"name": "NS8.b.example"}]),
        _done(SERVE),
    ),
    "name servers within the domain, which came later": (
        _history(CREATED, SERVED, nameservers=[{"name": "ns1.a.example"}]),
        _done(SERVE),
    ),
    "a domain of which nothing is known": (_history(), _done(LOCK, SERVE, SIGN, OWN)),
    "a domain that came to us by a transfer": (
        _history(FETCHED, ("registry:transfer-approved", {}), LOCKED),
        _done(LOCK, SERVE, SIGN, OWN),
    ),
    "a lock that a domain has after its restore": (
        _history(CREATED, LOCKED, ("domain:delete", {}), ("domain:restore", {})),
        _done(LOCK, LOCK),
    ),
    "what is not done": (_history(CREATED), _done(LOCK, SERVE, state="uncertain")),
    "a registry that keeps no contacts": (_history(CREATED, of={"contact:create": "P0"}), _done(OWN)),
    "a host that went with its own domain": (
        _history(
            CREATED,
            ("registry:purge", {}),
            of={"registry:purge": "b.example"},
            nameservers=[{"name": "ns8.b.example"}, {"name": "ns9.b.example"}],
        ),
        _done(SERVE),
    ),
}


@pytest.mark.parametrize("good", GOOD)
def test_a_change_that_is_so_is_well(good: str) -> None:
    history, steps = GOOD[good]
    assert list(judge(history, steps)) == []
