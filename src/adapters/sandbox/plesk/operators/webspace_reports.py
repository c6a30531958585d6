"""webspace/get and the other questions about subscriptions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final, get_args
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.call import Call
from adapters.sandbox.plesk.operators import allowances, hosting, site_reports
from adapters.sandbox.plesk.operators.webspace_settings import selector
from adapters.sandbox.plesk.panel import Panel, ascii_name
from adapters.sandbox.plesk.records import ADMIN_LOGIN, Counter, TrafficDay, Webspace
from adapters.sandbox.plesk.refusals import missing
from adapters.sandbox.plesk.selection import text_of
from adapters.sandbox.plesk.vocabulary import HOSTING, LIMITS, PERMISSIONS, Term

COUNTERS: Final[tuple[str, ...]] = get_args(Counter)


def get(call: Call, request: Element) -> Sequence[Element]:
    """Subscriptions with the parts that the dataset asks for, in the order of the content model."""
    asked = {part.tag for part in request.find("dataset") or ()}

    def data(webspace: Webspace) -> Iterable[Element]:
        return [answers.branch("data", *(show(call.panel, webspace) for name, show in _PARTS.items() if name in asked))]

    return selector(call.panel).each(request.find("filter"), data)


def _gen_info(panel: Panel, webspace: Webspace) -> Element:
    site = panel.main_site(webspace)
    owner = panel.customers.get(webspace.owner_id)
    return answers.branch(
        "gen_info",
        answers.leaf("cr_date", webspace.cr_date),
        answers.leaf("name", site.name),
        answers.leaf("ascii-name", ascii_name(site.name)),
        answers.leaf("status", webspace.status),
        answers.leaf("real_size", webspace.real_size),
        answers.leaf("owner-id", webspace.owner_id),
        answers.leaf("owner-login", ADMIN_LOGIN if owner is None else owner.login),
        *(answers.leaf("dns_ip_address", address) for address in site.ip_addresses),
        answers.leaf("htype", site.htype),
        answers.leaf("guid", webspace.guid),
        answers.leaf("vendor-guid", panel.guid),
        answers.leaf("external-id", webspace.external_id),
        answers.leaf("sb-site-uuid"),
        answers.leaf("description", webspace.description),
        answers.leaf("admin-description", webspace.admin_description),
        answers.leaf("reseller-description", webspace.reseller_description),
    )


def _stat(panel: Panel, webspace: Webspace) -> Element:
    used = allowances.usage(panel, webspace)
    values = {
        "traffic": used["max_traffic"],
        "subdom": used["max_subdom"],
        "wu": 0,
        "box": used["max_box"],
        **dict.fromkeys(("redir", "mg", "resp", "maillists", "db", "mssql_db", "traffic_prevday"), 0),
        "domains": used["max_site"],
        "sites": used["max_site"],
    }
    return answers.branch("stat", *(answers.leaf(name, value) for name, value in values.items()))


def _subscriptions(panel: Panel, webspace: Webspace) -> Element:
    guids = [guid for guid in (webspace.plan_guid, *webspace.addon_guids) if guid]
    if not guids:
        return answers.branch("subscriptions")
    return answers.branch(
        "subscriptions",
        answers.branch(
            "subscription",
            answers.leaf("locked", webspace.locked),
            answers.leaf("synchronized", webspace.synchronized),
            *(_plan(panel, guid) for guid in guids),
        ),
    )


def _plan(panel: Panel, guid: str) -> Element:
    plan = panel.plan(guid)
    external_id = plan.external_id if plan else ""
    return answers.branch("plan", answers.leaf("plan-guid", guid), answers.optional("plan-external-id", external_id))


def _resource_usage(panel: Panel, webspace: Webspace) -> Element:
    return answers.branch("resource-usage", *answers.pairs("resource", dict(allowances.usage(panel, webspace))))


def _mail(panel: Panel, webspace: Webspace) -> Element:
    return answers.branch("mail", answers.leaf("mailservice", panel.main_site(webspace).mail_enabled))


def _php_settings(webspace: Webspace) -> Element:
    return answers.branch("php-settings", *answers.pairs("setting", dict(webspace.php_settings)))


_PARTS: Final[Mapping[str, Callable[[Panel, Webspace], Element]]] = {
    "gen_info": _gen_info,
    "hosting": lambda panel, webspace: hosting.as_element(panel, panel.main_site(webspace)),
    "hosting-basic": lambda panel, webspace: hosting.as_element(
        panel, panel.main_site(webspace), "hosting-basic", basic=True
    ),
    "limits": lambda _, webspace: allowances.limits_element(webspace),
    "stat": _stat,
    "prefs": lambda panel, webspace: site_reports.prefs(panel.main_site(webspace)),
    "disk_usage": lambda _, webspace: site_reports.disk_usage(webspace.real_size),
    "performance": lambda panel, webspace: site_reports.performance(panel.main_site(webspace)),
    "subscriptions": _subscriptions,
    "permissions": lambda _, webspace: allowances.permissions_element(webspace.permissions),
    "plan-items": lambda _, __: answers.branch("plan-items"),
    "php-settings": lambda _, webspace: _php_settings(webspace),
    "resource-usage": _resource_usage,
    "mail": _mail,
    "aps-filter": lambda _, __: answers.leaf("aps-filter", value=False),
    "packages": lambda _, __: answers.branch("packages"),
}


def get_traffic(call: Call, request: Element) -> Sequence[Element]:
    """Traffic by day, in bytes."""
    return selector(call.panel).each(request.find("filter"), lambda webspace: days(webspace.traffic, request))


def days(traffic: Iterable[TrafficDay], request: Element) -> Iterable[Element]:
    """The days between `since_date` and `to_date`."""
    since, until = text_of(request, "since_date", "0001-01-01"), text_of(request, "to_date", "9999-12-31")
    for day in traffic:
        if since <= day.date.isoformat() <= until:
            counters = (answers.leaf(name, day.counters.get(name, 0)) for name in COUNTERS)
            yield answers.branch("traffic", answers.leaf("date", day.date), *counters)


def set_traffic(call: Call, request: Element) -> Sequence[Element]:
    """Mail traffic of one domain and day, as outside mail servers report it."""
    site = call.panel.sites.get(int(text_of(request, "dom_id")))
    if site is None:
        raise missing("Domain does not exist")
    webspace = call.panel.webspace_of(site)
    day = date.fromisoformat(text_of(request, "date"))
    counters = {name: int(text_of(request, name)) for name in COUNTERS if request.find(name) is not None}
    call.panel.webspaces.save(with_traffic(webspace, day, counters))
    call.effect(webspace, webspace.external_id, date=day)
    return [answers.ok(answers.leaf("id", site.id))]


def with_traffic(webspace: Webspace, day: date, counters: Mapping[str, int]) -> Webspace:
    """The subscription with these counters of one day, in place of what that day had."""
    old = next((each.counters for each in webspace.traffic if each.date == day), {})
    others = [each for each in webspace.traffic if each.date != day]
    days = sorted([*others, TrafficDay(date=day, counters={**old, **counters})], key=lambda each: each.date)
    return replace(webspace, traffic=tuple(days))


def get_changed(call: Call, request: Element) -> Sequence[Element]:
    """The subscriptions with traffic on or after a moment's date."""
    since = datetime.fromisoformat(text_of(request, "resource-usage/from")).date()
    changed = [each for each in call.panel.webspaces.all() if any(day.date >= since for day in each.traffic)]
    return [
        answers.ok(
            *(
                answers.branch(
                    "subscription",
                    answers.leaf("name", call.panel.main_site(webspace).name),
                    answers.leaf("id", webspace.id),
                    answers.leaf("external-id", webspace.external_id),
                )
                for webspace in changed
            )
        )
    ]


def _descriptor(terms: tuple[Term, ...]) -> Callable[[Call, Element], Sequence[Element]]:
    def describe(call: Call, request: Element) -> Sequence[Element]:
        return selector(call.panel).each(request.find("filter"), lambda _: [allowances.descriptor(terms)])

    return describe


get_limit_descriptor = _descriptor(LIMITS)
get_permission_descriptor = _descriptor(PERMISSIONS)
get_hosting_descriptor = _descriptor(HOSTING)
