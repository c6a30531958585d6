"""Limits, permissions and PHP settings: read from requests, taken from plans, shown in answers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.records import Plan, Webspace
from adapters.sandbox.plesk.refusals import invalid, missing
from adapters.sandbox.plesk.selection import by_id, text_of
from adapters.sandbox.plesk.vocabulary import LIMITS, PERMISSIONS, UNLIMITED, Term, names

COUNTED: Final = {"max_box": "Mailboxes", "max_site": "Domains", "max_subdom": "Subdomains", "disk_space": "Disk space"}


def limits_of(element: Element | None) -> dict[str, int]:
    """The limits of a request. Raises Refusal (1019) for a name that is none."""
    if element is None:
        return {}
    zeros = dict.fromkeys(names(LIMITS), 0) if element.find("all-to-zero") is not None else {}
    given = {text_of(entry, "name"): int(text_of(entry, "value")) for entry in element.findall("limit")}
    _check_names(given, LIMITS, "limit")
    return {**zeros, **given}


def permissions_of(element: Element | None) -> dict[str, bool]:
    """The permissions of a request. Raises Refusal (1019) for a name that is none."""
    if element is None:
        return {}
    none = dict.fromkeys(names(PERMISSIONS), False) if element.find("revoke-all") is not None else {}
    entries = element.findall("permission")
    given = {text_of(entry, "name"): text_of(entry, "value") in ("true", "1") for entry in entries}
    _check_names(given, PERMISSIONS, "permission")
    return {**none, **given}


def php_settings_of(element: Element | None) -> dict[str, str]:
    """The PHP settings of a request."""
    entries = element.findall("setting") if element is not None else []
    return {text_of(entry, "name"): text_of(entry, "value") for entry in entries}


def given_in(webspace: Webspace, request: Element) -> Webspace:
    """The subscription with the limits, permissions and PHP settings of a request laid over its own."""
    return replace(
        webspace,
        overuse=text_of(request, "limits/overuse", webspace.overuse),
        limits={**webspace.limits, **limits_of(request.find("limits"))},
        permissions={**webspace.permissions, **permissions_of(request.find("permissions"))},
        php_settings={**webspace.php_settings, **php_settings_of(request.find("php-settings"))},
    )


def from_plans(panel: Panel, webspace: Webspace) -> Webspace:
    """The subscription with exactly what its plan and add-ons give; as it is, when it has no plan."""
    plan = panel.plan(webspace.plan_guid)
    if plan is None:
        return webspace
    addons = [addon for guid in webspace.addon_guids if (addon := panel.plan(guid)) is not None]
    limits, permissions = dict(plan.limits), dict(plan.permissions)
    for addon in addons:
        limits |= {name: _sum(limits.get(name, 0), value) for name, value in addon.limits.items()}
        permissions |= {name: True for name, given in addon.permissions.items() if given}
    webspace = replace(webspace, limits=limits, permissions=permissions, php_settings=plan.php_settings)
    return replace(webspace, locked=False, synchronized=True)


def plan_named(panel: Panel, request: Element, *, addon: bool = False) -> Plan | None:
    """The plan that a request names by id, name, guid or external id; None when it names none.

    Raises Refusal (1013) for a plan that does not exist.
    """
    tag = next((tag for tag in _PLAN_KEYS if request.find(tag) is not None), None)
    if tag is None:
        return None
    value = text_of(request, tag)
    found = _PLAN_KEYS[tag](panel, value) if value else []
    plan = next((each for each in found if each.addon is addon), None)
    if plan is None:
        raise missing("Service plan add-on does not exist." if addon else "Service plan does not exist.")
    return plan


_PLAN_KEYS: Final[Mapping[str, Callable[[Panel, str], list[Plan]]]] = {
    "plan-id": lambda panel, value: list(by_id(panel.plans.get)(value)),
    "plan-name": lambda panel, value: panel.plans.where("name", value),
    "plan-guid": lambda panel, value: panel.plans.where("guid", value),
    "plan-external-id": lambda panel, value: panel.plans.where("external_id", value),
}


def usage(panel: Panel, webspace: Webspace) -> dict[str, int]:
    """What the subscription uses, by the names of the limits. Traffic is that of this month, in bytes."""
    sites = panel.sites.where("webspace_id", webspace.id)
    month = panel.today().replace(day=1)
    traffic = sum(sum(day.counters.values()) for day in webspace.traffic if day.date >= month)
    return {
        "disk_space": webspace.real_size,
        "max_traffic": traffic,
        "max_site": sum(not site.parent_site_id for site in sites),
        "max_subdom": sum(bool(site.parent_site_id) for site in sites),
        "max_box": sum(m.mailbox for site in sites for m in panel.mailnames.where("site_id", site.id)),
        "max_db": 0,
    }


def exceeds(limits: Mapping[str, int], name: str, value: int) -> bool:
    """True when `value` is more than the limit allows."""
    return limits.get(name, UNLIMITED) != UNLIMITED and value > limits[name]


def limits_element(webspace: Webspace) -> Element:
    """The limits as `get` shows them."""
    return answers.branch("limits", answers.leaf("overuse", webspace.overuse), *answers.pairs("limit", webspace.limits))


def permissions_element(permissions: Mapping[str, bool]) -> Element:
    """The permissions as `get` shows them."""
    return answers.branch("permissions", *answers.pairs("permission", permissions))


def descriptor(terms: Iterable[Term]) -> Element:
    """The description of a set of names."""
    return answers.branch(
        "descriptor",
        *(
            answers.branch(
                "property",
                answers.leaf("name", term.name),
                answers.leaf("type", term.type),
                answers.leaf("default-value", term.default),
                answers.leaf("writable-by", "admin"),
                answers.leaf("label", term.label),
            )
            for term in terms
        ),
    )


def _sum(one: int, other: int) -> int:
    return UNLIMITED if UNLIMITED in (one, other) else one + other


def _check_names(given: Iterable[str], terms: tuple[Term, ...], kind: str) -> None:
    for name in set(given) - names(terms):
        raise invalid(f"Unknown {kind}: {name}")
