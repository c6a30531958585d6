"""C2, C3 of certificates: each was issued once, kept and installed as the journal says; what was shown was taken away.

At an authority a certificate is known by its serial number, by its key (each operation has one of its own, so that a
second certificate for one key is a second one for one operation) and by its order, which the journal names. At a panel
the mark is that of the hosting. Each is compared by itself: what is missing in one place excuses nothing in another.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.support.judge.history import History, Row
from tests.support.judge.journal import may_go_on, may_have_happened
from tests.support.judge.verdict import Finding, Wrong

PRODUCT: Final = "certificate"
AUTHORITY: Final = "acme"
PREFIX: Final = "certificate."
NOTHING: Final = ""

ISSUED: Final = "certificate:issue"
REVOKED: Final = "certificate:revoke"
ORDERED: Final = "order:create"
INSTALLED: Final = "certificate.install"
REMOVED: Final = "certificate.remove"
USED: Final = "site.set"

SHOWN: Final[Mapping[str, str]] = {"ftp.store": "ftp.delete", "dns.add_rec": "dns.del_rec"}
"""What shows something to an authority, and what takes it away."""

AT_PANEL: Final = frozenset({INSTALLED, REMOVED, USED, *SHOWN, *SHOWN.values()})
"""What operations of certificates alone do at a panel."""

# Steps by name, with the entry that each makes in a ledger; `NOTHING` for those that look, wait, tell or write down.
STEPS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("terms", "names-lead-here", "leads-here", "request", "validated"), NOTHING),
    **dict.fromkeys(("shown", "seen", "seen-http", "seen-dns", "answer-http", "answer-dns"), NOTHING),
    **dict.fromkeys(("dead", "again", "served", "served-before", "window", "standing"), NOTHING),
    **dict.fromkeys(("certificate", "predecessor", "used", "installed"), NOTHING),
    "order": ORDERED,
    "issue": ISSUED,
    "revoke": REVOKED,
    "show-http": "ftp.store",
    "show-dns": "dns.add_rec",
    "hide-http": "ftp.delete",
    "hide-dns": "dns.del_rec",
    "install": INSTALLED,
    **dict.fromkeys(("use", "switch", "switch-left"), USED),
    **dict.fromkeys(("remove", "remove-unused", "remove-predecessor"), REMOVED),
    **dict.fromkeys(("remove-left", "remove-unused-left"), REMOVED),
}
AT_HOSTING: Final = (INSTALLED, USED, REMOVED)
GONE: Final = "webspace.del"

_NUMBERED: Final = re.compile(r"-\d+(?:-(http|dns)-\d+|-anew)?\Z")


def judge(history: History) -> Iterator[Finding]:
    """Breaches of C2 and C3 at authorities, and of certificates at panels."""
    yield from _unknown(history)
    yield from _issued_twice(history)
    yield from _thrown_away(history)
    yield from _orders(history)
    yield from _issues(history)
    yield from _revocations(history)
    yield from _at_hostings(history)
    yield from _left_behind(history)
    yield from _in_use(history)


def is_of_certificates(workflow: str) -> bool:
    """Whether a workflow is one of certificates."""
    return workflow.startswith(PREFIX)


def effect_of(step: str) -> str | None:
    """The entry that a step makes in a ledger; None for a step that is not known."""
    return STEPS.get(_NUMBERED.sub(lambda found: f"-{found[1]}" if found[1] else "", step))


def _steps(history: History) -> Iterator[tuple[Row, Row]]:
    operations = history.by_id("operations")
    for row in history.table("steps"):
        operation = operations.get(row["operation_id"])
        if operation and is_of_certificates(operation["workflow"]):
            yield row, operation


def _unknown(history: History) -> Iterator[Finding]:
    for row, operation in _steps(history):
        if effect_of(row["name"]) is None:
            told = f"the judge does not know what {operation['workflow']}/{row['name']} does; declare it"
            yield Finding("C2", Wrong.LOST, told)


# -- at the authority


def _at_authority(history: History, operation: str) -> list[Row]:
    return [row for row in history.effects if row.get("simulator") == AUTHORITY and row["operation"] == operation]


def _issued_twice(history: History) -> Iterator[Finding]:
    for key, count in Counter(row["details"]["key_sha256"] for row in _at_authority(history, ISSUED)).items():
        if count > 1:
            yield Finding("C3", Wrong.DOUBLED, f"{count} certificates were issued for the key {key[:16]}")


def _thrown_away(history: History) -> Iterator[Finding]:
    """What was issued is kept, and what is kept was issued; the operation whose order it is may still keep it."""
    kept = {int(row["serial"], 16) for row in history.table("certificates") if row["source"] == "authority"}
    issued = {int(row["object_id"], 16): row for row in _at_authority(history, ISSUED)}
    asked = _asked_orders(history)
    for serial in sorted(issued.keys() - kept):
        if not any(may_go_on(order.operation) for order in asked[issued[serial]["details"]["order"]]):
            told = f"certificate {serial:x} for {issued[serial]['reference']} was issued, and was not kept"
            yield Finding("C2", Wrong.LOST, told)
    for serial in sorted(kept - issued.keys()):
        yield Finding("C2", Wrong.LOST, f"certificate {serial:x} is kept, and was never issued")


# -- what the journal says of authorities


@dataclass(frozen=True, slots=True)
class _Asked:
    """An order that the journal knows: whose it is, and which of its operation's."""

    operation: Row
    number: str


def _asked_orders(history: History) -> defaultdict[str, list[_Asked]]:
    """By the authority's own key of each order, which may give out one order to two operations."""
    asked: defaultdict[str, list[_Asked]] = defaultdict(list)
    for row, operation in _steps(history):
        if effect_of(row["name"]) == ORDERED and row["state"] == "done":
            asked[_key(row)].append(_Asked(operation, row["name"].split("-")[1]))
    return asked


def _key(step: Row) -> str:
    """The order that a finished step has opened, or was issued for."""
    url: str = step["result"]["ref"]
    return url.rpartition("/")[2]


def _orders(history: History) -> Iterator[Finding]:
    """Each order was asked for. One whose answer was lost is opened again; the one before issues nothing."""
    asked, opened = _asked_orders(history), _at_authority(history, ORDERED)
    for key in sorted(asked.keys() - {row["object_id"] for row in opened}):
        yield Finding("C2", Wrong.LOST, f"order {key} of {asked[key][0].operation['id']} was never opened")
    spare = _unanswered_orders(history)
    unknown = Counter(_names(row["reference"].split(",")) for row in opened if row["object_id"] not in asked)
    for names, count in unknown.items():
        if count > spare[names]:
            words = f"{count} orders for {', '.join(sorted(names))} are known to nobody"
            yield Finding("C3", Wrong.DOUBLED, f"{words}, {spare[names]} answers were lost")


def _unanswered_orders(history: History) -> Counter[frozenset[str]]:
    """How many calls for an order of these names have told of none."""
    wanted: dict[str, set[frozenset[str]]] = defaultdict(set)
    steps = list(_steps(history))
    for row, operation in steps:
        if row["name"].partition("-")[0] == "request":
            wanted[operation["id"]].add(_names(row["result"]["data"]["names"]))
    spare: Counter[frozenset[str]] = Counter()
    for row, operation in steps:
        if effect_of(row["name"]) == ORDERED:
            for names in wanted[operation["id"]]:
                spare[names] += row["attempts"] - (row["state"] == "done")
    return spare


def _names(names: list[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _issues(history: History) -> Iterator[Finding]:
    """One certificate for each order of which the journal says that it was asked for, and for no other."""
    asked, steps = _asked_orders(history), {(row["operation_id"], row["name"]): row for row, _ in _steps(history)}
    issued = Counter(row["details"]["order"] for row in _at_authority(history, ISSUED))
    for key, count in issued.items():
        found = [steps.get((order.operation["id"], f"issue-{order.number}")) for order in asked[key]]
        is_asked = any(step is not None and may_have_happened(history, step) for step in found)
        if count > is_asked:
            told = f"{count} certificates were issued for order {key}, asked for {int(is_asked)}x"
            yield Finding("C3", Wrong.DOUBLED, told)
    done = {_key(row) for row in steps.values() if effect_of(row["name"]) == ISSUED and row["state"] == "done"}
    for key in sorted(done - issued.keys()):
        yield Finding("C2", Wrong.LOST, f"the certificate of order {key} is done, and was not issued")


def _revocations(history: History) -> Iterator[Finding]:
    """Only what was to be revoked was revoked."""
    serials = {row["fingerprint"]: int(row["serial"], 16) for row in history.table("certificates")}
    services = history.by_id("services")
    asked: Counter[int | None] = Counter()
    for row, operation in _steps(history):
        if effect_of(row["name"]) == REVOKED and may_have_happened(history, row):
            now = (services[operation["service_id"]].get("data") or {}).get("fingerprint")
            meant = str(operation.get("inputs", {}).get("fingerprint") or now)
            asked[serials.get(meant)] += 1
    for serial, count in Counter(int(row["object_id"], 16) for row in _at_authority(history, REVOKED)).items():
        if count > asked[serial]:
            told = f"certificate {serial:x} was revoked {count}x, asked for {asked[serial]}x"
            yield Finding("C3", Wrong.DOUBLED, told)


# -- at the panel


def _at_hostings(history: History) -> Iterator[Finding]:
    """Nothing happened at a hosting that was not asked for there.

    An idempotent change may have been made again to no effect, and what was there already has none: so that there is
    less than was asked for says nothing. A hosting that goes while a call is made may have the call's effect before.
    """
    marks = _marks(history)
    gone = {row["reference"] for row in history.effects if row["operation"] == GONE}
    asked: Counter[tuple[str, str]] = Counter()
    for row, operation in _steps(history):
        mark = marks.get(operation["service_id"], "")
        asked[effect_of(row["name"]) or NOTHING, mark] += may_have_happened(history, row) or (
            row["state"] == "failed" and mark in gone
        )
    happened = Counter((row["operation"], row["reference"]) for row in history.effects if _is_at_hosting(row))
    for place, count in happened.items():
        if count > asked[place]:
            told = f"{place[0]} of {place[1]} happened {count}x, asked for {asked[place]}x"
            yield Finding("C3", Wrong.DOUBLED, told)


def _is_at_hosting(row: Row) -> bool:
    """Other changes of a site are not about certificates."""
    return row["operation"] in AT_HOSTING and (row["operation"] != USED or "certificate" in row["details"])


def _marks(history: History) -> dict[str, str]:
    """By certificate service: the mark of the hosting that it is for."""
    hostings = history.by_id("services")
    parents = {row["id"]: hostings.get(str(row.get("parent_id"))) for row in history.table("services")}
    return {service: parent["ownership_mark"] for service, parent in parents.items() if parent is not None}


@dataclass(frozen=True, slots=True, order=True)
class _Shown:
    """What an authority is shown at a hosting: a file by its path, or a record by its name and value.

    `token` is what the challenge has of it alone, `name` what it is called when it could not be taken away.
    """

    hosting: str
    place: str
    token: str
    name: str

    @classmethod
    def by(cls, row: Row) -> "_Shown":
        """As the panel's ledger has it."""
        details = row["details"]
        if path := details.get("path"):
            file = path.rpartition("/")[2]
            return cls(row["reference"], path, file, file)
        host, value = details.get("host", ""), details.get("value", "")
        return cls(row["reference"], f"{host} {value}", value, host.rstrip(".").lower())


def _left_behind(history: History) -> Iterator[Finding]:
    """What was shown to an authority is gone, unless the operation that has shown it is still at work on it.

    What a panel refused to take away, as of suspended hosting, is told with the certificate.
    """
    marks, at_work = _marks(history), _shown_at_work(history)
    told = {
        (marks.get(row["id"], ""), left["place"].rstrip(".").lower())
        for row in history.table("services")
        for left in (row.get("data") or {}).get("left_behind") or ()
    }
    for shown in sorted(_still_shown(history)):
        if shown.token not in at_work and (shown.hosting, shown.name.lower()) not in told:
            words = f"{shown.place} of {shown.hosting} was shown to an authority, and is still there"
            yield Finding("C2", Wrong.LOST, words)


def _still_shown(history: History) -> set[_Shown]:
    """What stands, but where the hosting went with it."""
    standing: set[_Shown] = set()
    for row in sorted(history.effects, key=lambda row: row["seq"]):
        if row["operation"] in SHOWN and "acme-challenge" in _Shown.by(row).place:
            standing.add(_Shown.by(row))
        elif row["operation"] in SHOWN.values():
            standing.discard(_Shown.by(row))
        elif row["operation"] == GONE:
            standing = {kept for kept in standing if kept.hosting != row["reference"]}
    return standing


def _shown_at_work(history: History) -> set[str]:
    """The challenges of operations that may still take them away."""
    return {
        challenge[part]
        for row, operation in _steps(history)
        if effect_of(row["name"]) == ORDERED and row["state"] == "done" and may_go_on(operation)
        for challenge in row["result"]["data"].get("challenges", ())
        for part in ("place", "content")
    }


def _in_use(history: History) -> Iterator[Finding]:
    """Of a hosting's installed certificates one is in use, and every installed one is in the repository."""
    marks = {row["id"]: row.get("ownership_mark", "") for row in history.table("services")}
    at_work = {row["resource"] for row in history.table("operations") if row["ended_at"] is None}
    used, there = _panel(history)
    for hosting, installed in _installed(history).items():
        mark = marks.get(hosting, "")
        if f"site:{hosting}" in at_work:
            continue
        for name in sorted(installed - there[mark]):
            yield Finding("C2", Wrong.LOST, f"{name} is installed for {hosting}, and is not at the panel")
        if used.get(mark) not in installed:
            yield Finding("C2", Wrong.LOST, f"{hosting} uses {used.get(mark) or 'no certificate'}, and none of its own")


def _panel(history: History) -> tuple[dict[str, str], dict[str, set[str]]]:
    """By mark: the certificate in use, and those in the repository."""
    used: dict[str, str] = {}
    there: dict[str, set[str]] = defaultdict(set)
    for row in sorted(history.effects, key=lambda row: row["seq"]):
        mark, details = row["reference"], row["details"]
        if row["operation"] == USED and "certificate" in details:
            used[mark] = details["certificate"]
        elif row["operation"] == INSTALLED:
            there[mark].add(details["name"])
        elif row["operation"] == REMOVED:
            there[mark].discard(details["name"])
    return used, there


def _installed(history: History) -> dict[str, set[str]]:
    """By hosting that stands: the names of the certificates that its services say are installed."""
    status = {row["id"]: row["status"] for row in history.table("services")}
    found: dict[str, set[str]] = defaultdict(set)
    for row in history.table("services"):
        data = row.get("data") or {}
        if row.get("product") != PRODUCT or not data.get("installed_as"):
            continue
        if status.get(row["parent_id"]) in ("active", "suspended"):
            found[row["parent_id"]].add(data["installed_as"])
    return found
