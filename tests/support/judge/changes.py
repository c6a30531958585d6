"""C2 of a domain's changes: what the journal says was changed, the registry's ledger has had since, in the same order.

A change that makes no difference leaves no entry. So a domain is followed entry by entry, as far as the ledger tells
it, and each finished change must find the domain as it was to be, at a place no earlier than the change before it. What
nobody has told, as the name servers of a domain that was not registered here, may be as it was to be.
"""

import base64
import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.support.judge.history import History, Row
from tests.support.judge.verdict import Finding, Wrong

STATUSES: Final = "statuses"
NAMESERVERS: Final = "nameservers"
DNSSEC: Final = "dnssec"
REGISTRANT: Final = "registrant"

LOCK: Final = "clientTransferProhibited"
HOLD: Final = "clientHold"
STATUS_OF: Final[Mapping[str, tuple[str, bool]]] = {
    "lock": (LOCK, True),
    "unlock": (LOCK, False),
    "suspend": (HOLD, True),
    "resume": (HOLD, False),
}
"""The steps that set or lift a status."""

CREATED: Final = "domain:create"
UPDATED: Final = "domain:update"
ASKED: Final = "domain:transfer-request"
MOVED: Final = frozenset({ASKED, "domain:transfer-approve", "registry:transfer-approved"})
"""With these, or soon after, the contacts become those of another registrar; all else stays."""
REMOVED: Final = frozenset({"domain:delete", "registry:purge"})
STRANGER: Final = "registrar-b"


@dataclass(slots=True)
class Part:
    """A part of a domain: which values it has, as far as that is known. `rest`: whether it has any other."""

    known: dict[str, bool | None] = field(default_factory=dict)
    rest: bool | None = None

    def has(self, value: str) -> bool | None:
        """Whether it has this value; None when nobody knows."""
        return self.known.get(value, self.rest)

    def may_be(self, wanted: "Part") -> bool:
        """Whether it may be as wanted; what the wish leaves open does not matter."""
        values = {*self.known, *wanted.known}
        pairs = [(self.has(value), wanted.has(value)) for value in values] + [(self.rest, wanted.rest)]
        return all(None in pair or pair[0] is pair[1] for pair in pairs)

    def is_now(self, found: "Part") -> None:
        """It was seen to be so; what that leaves open stays."""
        if found.rest is not None:
            self.known.clear()
            self.rest = found.rest
        self.known.update(found.known)


def exactly(values: Iterable[str]) -> Part:
    """These values and no others."""
    return Part(dict.fromkeys(values, True), rest=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a finished step has made of a domain."""

    domain: str
    part: Part
    words: str


def judge(history: History, steps: Iterable[tuple[Row, Row]]) -> Iterator[Finding]:
    """Finished changes of which the ledger of the registries has nothing."""
    effects = sorted((row for row in history.effects if row.get("simulator") == "epp"), key=_place)
    ledger: dict[str, list[Row]] = defaultdict(list)
    for row in effects:
        ledger[row["reference"]].append(row)
    removed = [row for row in effects if row["operation"] in REMOVED]
    registered = _registered(history)
    for (domain, aspect), wishes in _wishes(history, steps).items():
        entries = [*ledger[domain], *(row for row in removed if row["reference"] != domain)]
        reader = _Reader(domain, aspect, registered.get((domain, aspect), Part()))
        yield from _never_so(reader, wishes, deque(sorted(entries, key=_place)))


def _place(row: Row) -> int:
    place: int = row["seq"]
    return place


def _never_so(reader: "_Reader", wishes: Iterable[Wanted], entries: deque[Row]) -> Iterator[Finding]:
    """Each wish takes as few entries as it needs, which leaves the most to the next."""
    part = reader.beginning(entries)
    for wish in wishes:
        while not part.may_be(wish.part):
            if not entries:
                told = f"{wish.words} is done, and the registry has not had it of {wish.domain} since"
                yield Finding("C2", Wrong.LOST, told)
                return
            part = reader.after(part, entries.popleft())
        part.is_now(wish.part)


# -- what the ledger tells


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the ledger for one part of one domain; `registered` is what that was when we registered it."""

    domain: str
    aspect: str
    registered: Part

    def beginning(self, entries: deque[Row]) -> Part:
        """Of a domain that we have registered or fetched: as it was then, and the entries after that."""
        ours = (row for row in entries if row["reference"] == self.domain and row["account"] != STRANGER)
        first = next(ours, None)
        if first is None or first["operation"] not in (CREATED, ASKED):
            return Part()
        while entries.popleft() is not first:
            pass
        return self.after(Part(), first)

    def after(self, part: Part, entry: Row) -> Part:
        """The part after one more entry. What was deleted comes back as it was; the hosts within it may not."""
        operation = entry["operation"]
        if entry["reference"] != self.domain:
            within = [value for value in part.known if value.endswith(f".{entry['reference']}")]
            return Part({**part.known, **dict.fromkeys(within)}, part.rest)
        if operation == CREATED:
            return exactly(()) if self.aspect == STATUSES else self._new(entry)
        if operation in MOVED and self.aspect == REGISTRANT:
            return Part()
        if operation == ASKED and self.aspect == STATUSES:  # which a lock would not have allowed
            return Part({**part.known, LOCK: False}, part.rest)
        return self._updated(part, entry["details"]) if operation == UPDATED else part

    def _new(self, entry: Row) -> Part:
        return Part() if entry["account"] == STRANGER else Part(dict(self.registered.known), self.registered.rest)

    def _updated(self, part: Part, details: Row) -> Part:
        if self.aspect == REGISTRANT:
            return exactly([details[REGISTRANT]]) if details.get(REGISTRANT) else part
        removed = dict.fromkeys(details.get(f"{self.aspect}_removed", "").split(), False)
        added = dict.fromkeys(details.get(f"{self.aspect}_added", "").split(), True)
        return Part({**part.known, **removed, **added}, part.rest)


# -- what the journal says


def _wishes(history: History, steps: Iterable[tuple[Row, Row]]) -> Mapping[tuple[str, str], list[Wanted]]:
    """By domain and part of it, in the order in which they were done."""
    domains = {row["id"]: row.get("attributes", {}).get("domain", "") for row in history.table("services")}
    found: dict[tuple[str, str], list[Wanted]] = defaultdict(list)
    made = {row["reference"] for row in history.effects if row["operation"] == "contact:create"}
    done = [(row, operation) for row, operation in steps if row["state"] == "done"]
    for row, operation in sorted(done, key=lambda each: str(each[0].get("updated_at", ""))):
        domain = domains.get(operation["service_id"], "")
        aspect, part = _part(row["name"], operation)
        if aspect == REGISTRANT and not part.known.keys() <= made:
            continue  # a registry that keeps no contacts
        if domain and aspect:
            words = f"step {row['name']} of {operation['workflow']} {operation['id']}"
            found[domain, aspect].append(Wanted(domain, part, words))
    return found


def _part(step: str, operation: Row) -> tuple[str, Part]:
    """What a step was to make of which part; of none where the journal does not tell it."""
    inputs = operation.get("inputs") or {}
    if step in STATUS_OF:
        status, is_set = STATUS_OF[step]
        return STATUSES, Part({status: is_set})
    match operation["workflow"], step:
        case "domain.set-nameservers", "nameservers":
            return NAMESERVERS, exactly(_hosts(inputs["nameservers"]))
        case "domain.set-dnssec", "dnssec":
            return DNSSEC, exactly(map(_record, inputs["records"]))
        case "domain.set-contacts", "contacts" if REGISTRANT in inputs["contacts"]:
            return REGISTRANT, exactly([_handle(inputs["contacts"][REGISTRANT])])
    return "", Part()


def _registered(history: History) -> Mapping[tuple[str, str], Part]:
    """What was ordered with a domain that was ordered once, as far as it is registered with that."""
    items = [row for row in history.table("order_items") if row["product"] == "domain" and row["change"] == "purchase"]
    times = Counter(row["attributes"]["domain"] for row in items)
    found: dict[tuple[str, str], Part] = {}
    for attributes in (row["attributes"] for row in items if times[row["attributes"]["domain"]] == 1):
        domain, hosts = attributes["domain"], _hosts(attributes.get("nameservers") or ())
        if hosts and not any(f".{host}".endswith(f".{domain}") for host in hosts):
            found[domain, NAMESERVERS] = exactly(hosts)
        if not attributes.get("dnssec"):
            found[domain, DNSSEC] = exactly(())
        if _keeps_contacts(attributes):
            found[domain, REGISTRANT] = exactly([_handle(attributes["contacts"][REGISTRANT])])
    return found


def _hosts(given: Iterable[Mapping[str, Any]]) -> list[str]:
    return [each["name"].lower().rstrip(".") for each in given]


def _record(record: Mapping[str, Any]) -> str:
    """As the ledger has it."""
    return f"{record['key_tag'] if 'digest' in record else 'key'}/{record['algorithm']}"


def _keeps_contacts(attributes: Mapping[str, Any]) -> bool:
    has_registrant = REGISTRANT in (attributes.get("contacts") or {})
    return has_registrant and bool((attributes.get("rules") or {}).get("data_model") == "thick")


def _handle(contact: Mapping[str, Any] | str) -> str:
    """A contact's handle follows from its identifier."""
    identifier = contact if isinstance(contact, str) else contact["contact_id"]
    return "P" + base64.b32encode(hashlib.sha256(identifier.encode()).digest()).decode()[:15]
