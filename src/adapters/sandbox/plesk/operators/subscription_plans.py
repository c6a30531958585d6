"""webspace: switch, sync, and add-on plans. An answer may be `ok` and still tell of problems."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.call import Call, Handler
from adapters.sandbox.plesk.operators import allowances
from adapters.sandbox.plesk.operators.webspace_settings import selector
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.records import Plan, Webspace
from adapters.sandbox.plesk.refusals import exists, missing
from adapters.sandbox.plesk.selection import text_of

Change = Callable[[Webspace], Webspace]


def switch(call: Call, request: Element) -> Sequence[Element]:
    """Another plan, or none. Add-ons stay."""
    plan = None if request.find("no-plan") is not None else _required(call.panel, request, addon=False)

    def other_plan(webspace: Webspace) -> Webspace:
        return replace(webspace, plan_guid="" if plan is None else plan.guid)

    return _for_each(call, request, other_plan, plan="none" if plan is None else plan.name)


def sync(call: Call, request: Element) -> Sequence[Element]:
    """Back to what the plan gives; unlocks."""
    return _for_each(call, request, lambda webspace: webspace)


def add(call: Call, request: Element) -> Sequence[Element]:
    """An add-on plan more."""
    addon = _required(call.panel, request, addon=True)

    def more(webspace: Webspace) -> Webspace:
        if addon.guid in webspace.addon_guids:
            raise exists("The subscription has this add-on plan already.")
        return replace(webspace, addon_guids=(*webspace.addon_guids, addon.guid))

    return _for_each(call, request, more, addon=addon.name)


def remove(call: Call, request: Element) -> Sequence[Element]:
    """An add-on plan less."""
    addon = _required(call.panel, request, addon=True)

    def fewer(webspace: Webspace) -> Webspace:
        if addon.guid not in webspace.addon_guids:
            raise missing("The subscription does not have this add-on plan.")
        return replace(webspace, addon_guids=tuple(guid for guid in webspace.addon_guids if guid != addon.guid))

    return _for_each(call, request, fewer, addon=addon.name)


def _for_each(call: Call, request: Element, change: Change, **details: str) -> Sequence[Element]:
    def apply(webspace: Webspace) -> Iterable[Element | None]:
        wanted = allowances.from_plans(call.panel, change(webspace))
        settled, rows = _settle(call.panel, webspace, wanted)
        call.panel.webspaces.save(settled)
        call.effect(webspace, webspace.external_id, **details)
        text = call.problems or _table(rows)
        return [answers.optional("problems", text)]

    return selector(call.panel).each(request.find("filter"), apply)


def _settle(panel: Panel, before: Webspace, wanted: Webspace) -> tuple[Webspace, list[tuple[str, int, int, int]]]:
    """Limits below what is in use stay as they were; each gives a row of the table of problems."""
    used = allowances.usage(panel, before)
    kept = {
        name: before.limits.get(name, -1)
        for name in allowances.COUNTED
        if allowances.exceeds(wanted.limits, name, used[name])
    }
    rows = [(allowances.COUNTED[name], used[name], wanted.limits[name], used[name]) for name in kept]
    settled = replace(wanted, limits={**wanted.limits, **kept}, synchronized=wanted.synchronized and not kept)
    return settled, rows


def _table(rows: Iterable[tuple[str, int, int, int]]) -> str:
    lines = [f"{description}: {current}, {wanted}, {allowed}" for description, current, wanted, allowed in rows]
    return "\n".join(["Description: Current, Requested, Allowed", *lines]) if lines else ""


def _required(panel: Panel, request: Element, *, addon: bool) -> Plan:
    plan = allowances.plan_named(panel, request, addon=addon)
    if plan is None:
        raise missing(f"Service plan {text_of(request, 'plan-guid')} does not exist.")
    return plan


OPERATIONS: Final[Mapping[str, Handler]] = {
    "webspace.switch-subscription": switch,
    "webspace.sync-subscription": sync,
    "webspace.add-subscription": add,
    "webspace.remove-subscription": remove,
}
