"""C2, C3 at a registry: what was bought, asked for and changed is what the journal says, and nothing of it twice.

A registry takes no mark of ours but the names themselves: of domains, hosts, and contacts' handles. Every entry of our
account in its ledger is an effect of ours.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from tests.support.judge import changes
from tests.support.judge.history import History, Row
from tests.support.judge.journal import SENT, may_have_happened
from tests.support.judge.verdict import Finding, Wrong

DOMAIN: Final = "domain"
REGISTRY: Final = "epp"
STRANGER: Final = "registrar-b"  # what the other registrar does concerns nobody here
PREFIXES: Final = ("domain.", "contact.")
NOTHING: Final = ""

# Steps by name, with the entry that each makes in the ledger; `NOTHING` for those that look, wait or write down.
STEPS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("look", "look-at-taken", "look-at-arrived", "verify", "quote"), NOTHING),
    **dict.fromkeys(("began", "not-cancelled", "requested", "newest", "until", "a-while", "confirmation"), NOTHING),
    "contact": "contact:create",
    "update": "contact:update",
    "host": "host:create",
    "remove-host": "host:delete",
    **dict.fromkeys(("release-nameservers", "put-back-nameservers"), "domain:update"),
    "register": "domain:create",
    "renew": "domain:renew",
    "delete": "domain:delete",
    "report": "domain:restore-report",
    "cancel": "domain:transfer-cancel",
    **dict.fromkeys(("nameservers", "contacts", "dnssec", "lock", "unlock", "suspend", "resume"), "domain:update"),
    **dict.fromkeys(("auth-code", "clear", "lift-protection", "set-protection", "lift-lock"), "domain:update"),
}
BY_WORKFLOW: Final[Mapping[tuple[str, str], str]] = {
    ("domain.transfer", "request"): "domain:transfer-request",
    ("domain.restore", "request"): "domain:restore",
    ("domain.transfer-out", "answer"): "domain:transfer-answer",
}
# An answer is what the rules of the TLD say; for the judge it is one or the other.
ANSWERS: Final = {
    "domain:transfer-approve": "domain:transfer-answer",
    "domain:transfer-reject": "domain:transfer-answer",
}
# What costs money: each entry needs a step of its own, and each finished step an entry.
BOUGHT: Final = frozenset({"domain:create", "domain:renew", "domain:transfer-request", "domain:restore"})
MADE_ONCE: Final = frozenset({"contact:create", "host:create"})
ARRIVED: Final = frozenset({"domain:create", "registry:transfer-approved", "domain:restore"})
LEFT: Final = frozenset({"domain:delete", "domain:transfer-approve", "registry:purge", "registry:create-refused"})
# An authorisation code cannot be read, so there is no difference to be found: it is set again, to the same.
REPEATED: Final = frozenset({"auth-code", "clear"})
# What ends something that the registry had taken in and was to decide later, or could not do any more: the step failed.
_LEFT: Final = ("domain:delete", "registry:purge", "domain:transfer-approve", "registry:transfer-approved")
ENDED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "domain:create": ("registry:create-refused",),
    "domain:renew": ("registry:renew-refused", *_LEFT),
    "domain:transfer-request": ("domain:transfer-reject", "domain:transfer-cancel", "registry:transfer-cancelled"),
    "domain:restore": ("registry:restore-refused", "registry:purge"),
}
CANCELS: Final = "domain.transfer-cancel"

_PLACE: Final = re.compile(r"-(\d+|registrant|admin|tech|billing)\Z")


def judge(history: History) -> Iterator[Finding]:
    """Breaches of C2 and C3 at registries."""
    yield from _unknown(history)
    yield from _bought(history)
    yield from _changed(history)
    yield from changes.judge(history, _steps(history))
    yield from _standing(history)


def effect_of(workflow: str, step: str) -> str | None:
    """The entry that a step makes in a registry's ledger; None for a step that is not known."""
    named = BY_WORKFLOW.get((workflow, step))
    return named if named is not None else STEPS.get(_PLACE.sub("", step))


def is_of_registry(workflow: str) -> bool:
    """Whether a workflow works at a registry."""
    return workflow.startswith(PREFIXES)


def _steps(history: History) -> Iterator[tuple[Row, Row]]:
    """The steps of domains' operations, each with its operation."""
    operations = history.by_id("operations")
    for row in history.table("steps"):
        operation = operations.get(row["operation_id"])
        if operation and is_of_registry(operation["workflow"]):
            yield row, operation


def _unknown(history: History) -> Iterator[Finding]:
    for row, operation in _steps(history):
        if effect_of(operation["workflow"], row["name"]) is None:
            told = f"the judge does not know what {operation['workflow']}/{row['name']} does; declare it"
            yield Finding("C2", Wrong.LOST, told)


def _effects(history: History) -> list[Row]:
    """What our account did, and the registry by itself."""
    return [row for row in history.effects if row.get("simulator") == REGISTRY and row["account"] != STRANGER]


def _bought(history: History) -> Iterator[Finding]:
    """What costs money happened as often as the journal says: no more than steps that were sent, no less than done.

    A failed step has bought nothing, unless the registry has ended afterwards what it had taken in.
    """
    names = _names(history)
    sent: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    done: Counter[tuple[str, str]] = Counter()
    for row, operation in _steps(history):
        effect = effect_of(operation["workflow"], row["name"])
        place = (effect or NOTHING, names.get(operation["service_id"], ""))
        if effect in BOUGHT:
            sent[place] += row["state"] in SENT
            failed[place] += row["state"] == "failed"
            done[place] += row["state"] == "done"
    ended = _ended(history)
    happened = Counter((row["operation"], row["reference"]) for row in _effects(history) if row["operation"] in BOUGHT)
    for place in sorted({*happened, *done}):
        words, asked = f"{place[0]} of {place[1]} happened {happened[place]}x", sent[place]
        if happened[place] > asked + min(failed[place], ended[place]):
            yield Finding("C3", Wrong.DOUBLED, f"{words}, asked for {asked}x")
        if happened[place] < done[place]:
            yield Finding("C2", Wrong.LOST, f"{words}, done {done[place]}x")


def _ended(history: History) -> Counter[tuple[str, str]]:
    """How often what was bought was ended by somebody's decision, or is about to be: a transfer that is withdrawn."""
    names = _names(history)
    told = Counter((row["operation"], row["reference"]) for row in history.effects if row.get("simulator") == REGISTRY)
    references = {reference for _, reference in told}
    ended: Counter[tuple[str, str]] = Counter()
    for effect, ends in ENDED_BY.items():
        for reference in references:
            ended[effect, reference] += sum(told[end, reference] for end in ends)
    for operation in history.table("operations"):
        if operation["workflow"] == CANCELS and not operation["ended_at"]:
            ended["domain:transfer-request", names.get(operation["service_id"], "")] += 1
    return ended


def _names(history: History) -> dict[str, str]:
    """The domain of each service."""
    return {row["id"]: row.get("attributes", {}).get("domain", "") for row in history.table("services")}


def _changed(history: History) -> Iterator[Finding]:
    """Other changes of a domain happened no more often than steps asked for them; what is made is made once."""
    names = _names(history)
    asked: Counter[tuple[str, str]] = Counter()
    for row, operation in _steps(history):
        effect = effect_of(operation["workflow"], row["name"])
        times = row["attempts"] if row["name"] in REPEATED else 1
        place = (effect or NOTHING, names.get(operation["service_id"], ""))
        asked[place] += times if may_have_happened(history, row) else 0
    happened = Counter(map(_place, _effects(history)))
    for (kind, reference), count in happened.items():
        again = happened[kind.replace(":create", ":delete"), reference]
        if kind in MADE_ONCE and count > 1 + again:
            yield Finding("C3", Wrong.DOUBLED, f"{kind} of {reference} happened {count}x, and {again}x it was deleted")
        elif kind.startswith("domain:") and kind not in BOUGHT and count > asked[kind, reference]:
            told = f"{kind} of {reference} happened {count}x, asked for {asked[kind, reference]}x"
            yield Finding("C3", Wrong.DOUBLED, told)


def _place(row: Row) -> tuple[str, str]:
    """What happened, and to what."""
    operation: str = row["operation"]
    return ANSWERS.get(operation, operation), row["reference"]


def _standing(history: History) -> Iterator[Finding]:
    """A domain that its service says is in use is at the registry; one that never came to be is not."""
    at_work = {row["service_id"] for row in history.table("operations") if row["ended_at"] is None}
    stands = _stands(history)
    for service in history.table("services"):
        name = service.get("attributes", {}).get("domain", "")
        if service.get("product") != DOMAIN or service["id"] in at_work:
            continue
        words = f"service {service['id']} is {service['status']}"
        if service["status"] in ("active", "suspended") and not stands.get(name):
            yield Finding("C2", Wrong.LOST, f"{words}, and {name} is not at the registry")
        if service["status"] == "failed" and stands.get(name):
            yield Finding("C2", Wrong.LOST, f"{words}, and {name} was bought")


def _stands(history: History) -> dict[str, bool]:
    stands: dict[str, bool] = {}
    for row in sorted(_effects(history), key=lambda row: row["seq"]):
        if row["operation"] in ARRIVED:
            stands[row["reference"]] = True
        elif row["operation"] in LEFT:
            stands[row["reference"]] = False
    return stands
