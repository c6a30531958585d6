"""C2, C3 of certificates: each was issued once, kept and installed as the journal says; what was shown was taken away.

At an authority a certificate is known by its serial number and by its key: each operation has one of its own, so that
a second certificate for one key is a second one for one operation. At a panel the mark is that of the hosting.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from tests.support.judge.history import History, Row
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
COUNTED: Final = (ORDERED, ISSUED, REVOKED, INSTALLED, USED, REMOVED)
NOT_SENT: Final = frozenset({"retry"})
OPENS_AGAIN: Final = frozenset({ORDERED})
"""An order whose answer was lost is opened again; the one before issues nothing."""

_NUMBERED: Final = re.compile(r"-\d+(?:-(http|dns)-\d+|-anew)?\Z")


def judge(history: History) -> Iterator[Finding]:
    """Breaches of C2 and C3 at authorities, and of certificates at panels."""
    yield from _unknown(history)
    yield from _issued_twice(history)
    yield from _thrown_away(history)
    yield from _not_as_told(history)
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
    """What was issued is kept, and what is kept was issued; an operation that is at work may still keep it."""
    kept = {int(row["serial"], 16) for row in history.table("certificates") if row["source"] == "authority"}
    issued = {int(row["object_id"], 16): row["reference"] for row in _at_authority(history, ISSUED)}
    at_work = any(not row["ended_at"] for row in _obtaining(history))
    for serial in sorted(issued.keys() - kept):
        if not at_work:
            told = f"certificate {serial:x} for {issued[serial]} was issued, and was not kept"
            yield Finding("C2", Wrong.LOST, told)
    for serial in sorted(kept - issued.keys()):
        yield Finding("C2", Wrong.LOST, f"certificate {serial:x} is kept, and was never issued")


def _obtaining(history: History) -> list[Row]:
    names = ("certificate.issue", "certificate.renew")
    return [row for row in history.table("operations") if row["workflow"] in names]


# -- what the journal says


def _not_as_told(history: History) -> Iterator[Finding]:
    """Nothing happened that was not asked for, and what is done has happened.

    Idempotent changes that were sent and whose answer was lost may have been made again to no effect, so that there is
    no second entry. What was there already (`use`, `remove`, `install`) has none either.
    """
    sent: Counter[str] = Counter()
    done: Counter[str] = Counter()
    for row, _ in _steps(history):
        effect = effect_of(row["name"]) or NOTHING
        sent[effect] += row.get("attempts", 1) if effect in OPENS_AGAIN else row["state"] not in NOT_SENT
        done[effect] += row["state"] == "done"
    happened = Counter(row["operation"] for row in history.effects if _is_counted(row))
    for effect in COUNTED:
        words = f"{effect} happened {happened[effect]}x"
        if happened[effect] > sent[effect]:
            yield Finding("C3", Wrong.DOUBLED, f"{words}, asked for {sent[effect]}x")
        if effect in (ORDERED, ISSUED) and happened[effect] < done[effect]:
            yield Finding("C2", Wrong.LOST, f"{words}, done {done[effect]}x")


def _is_counted(row: Row) -> bool:
    """Other changes of a site are not about certificates."""
    return row["operation"] in COUNTED and (row["operation"] != USED or "certificate" in row["details"])


# -- at the panel


def _left_behind(history: History) -> Iterator[Finding]:
    """What was shown to an authority is gone, when nobody works at it any more and its hosting is there.

    What a panel refused to take away, as of suspended hosting, is told with the certificate.
    """
    if any(not row["ended_at"] for row in _obtaining(history)):
        return
    standing: set[tuple[str, str]] = set()
    for row in sorted(history.effects, key=lambda row: row["seq"]):
        place = (row["reference"], _place(row))
        if row["operation"] in SHOWN and "acme-challenge" in place[1]:
            standing.add(place)
        elif row["operation"] in SHOWN.values():
            standing.discard(place)
        elif row["operation"] == "webspace.del":
            standing = {kept for kept in standing if kept[0] != row["reference"]}
    told = {place for row in history.table("services") for place in (row.get("data") or {}).get("left_behind") or ()}
    for reference, left in sorted(place for place in standing if place[1].rpartition("/")[2] not in told):
        yield Finding("C2", Wrong.LOST, f"{left} of {reference} was shown to an authority, and is still there")


def _place(row: Row) -> str:
    details = row["details"]
    return str(details.get("path") or f"{details.get('host', '')} {details.get('value', '')}")


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
