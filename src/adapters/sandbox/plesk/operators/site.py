"""site: domains inside subscriptions. The main one has the id of its subscription."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.call import Call, Handler
from adapters.sandbox.plesk.operators import allowances, hosting, removal, site_reports, zone
from adapters.sandbox.plesk.operators.webspace_reports import days
from adapters.sandbox.plesk.operators.webspace_settings import texts
from adapters.sandbox.plesk.panel import Panel, ascii_name, domain_name, status_value
from adapters.sandbox.plesk.records import Site, Webspace
from adapters.sandbox.plesk.refusals import Code, Refusal, invalid, missing
from adapters.sandbox.plesk.selection import Selector, by_id, text_of
from adapters.sandbox.plesk.vocabulary import HOSTING


def selector(panel: Panel) -> Selector[Site]:
    """How sites are found."""
    table = panel.sites

    def inside(mains: Iterable[Site]) -> list[Site]:
        return [site for main in mains for site in table.where("webspace_id", main.id) if main.is_main]

    def below(parents: Iterable[Site]) -> list[Site]:
        return [site for parent in parents for site in table.where("parent_site_id", parent.id)]

    def numbered(text: str) -> list[Site]:
        return list(by_id(table.get)(text))

    return Selector(
        everything=table.all,
        keys={
            "id": by_id(table.get),
            "name": lambda value: table.where("name", value.lower()),
            "guid": lambda value: table.where("guid", value),
        },
        parents={
            "parent-id": lambda value: inside(numbered(value)),
            "parent-name": lambda value: inside(table.where("name", value.lower())),
            "parent-guid": lambda value: inside(table.where("guid", value)),
            "parent-site-id": lambda value: below(numbered(value)),
            "parent-site-name": lambda value: below(table.where("name", value.lower())),
            "parent-site-guid": lambda value: below(table.where("guid", value)),
        },
        absent="Site does not exist",
    )


def add(call: Call, request: Element) -> Sequence[Element]:
    """A domain more in a subscription, or a subdomain of one."""
    panel, setup = call.panel, request.find("gen_setup")
    name = domain_name(text_of(setup, "name"))
    hosting.check_name_is_free(panel, name)
    parent = _parent(panel, setup)
    webspace = _webspace(panel, setup, parent)
    _check_limits(panel, webspace, parent)
    site = Site(
        id=panel.sites.next_id(),
        guid=panel.ids.new(),
        webspace_id=webspace.id,
        name=name,
        cr_date=panel.today(),
        status=status_value(text_of(setup, "status", "0")),
        description=text_of(setup, "description"),
        parent_site_id=0 if parent is None else parent.id,
        ip_addresses=panel.main_site(webspace).ip_addresses,
        prefs=texts(request.find("prefs")),
    )
    asked = request.find("hosting")
    site = panel.sites.save(site if asked is None else hosting.configured(panel, site, asked, {}))
    zone.plant(panel, site)
    call.effect(site, webspace.external_id, domain=name, webspace=webspace.id)
    return [answers.ok(answers.leaf("id", site.id), answers.leaf("guid", site.guid))]


def _parent(panel: Panel, setup: Element | None) -> Site | None:
    for tag in ("parent-site-id", "parent-site-name", "parent-site-guid"):
        if setup is not None and setup.find(tag) is not None:
            found = list(selector(panel).keys[tag.removeprefix("parent-site-")](text_of(setup, tag)))
            if not found:
                raise Refusal(Code.OWNER_MISSING, "Parent site does not exist.")
            return found[0]
    return None


def _webspace(panel: Panel, setup: Element | None, parent: Site | None) -> Webspace:
    if parent is not None:
        return panel.webspace_of(parent)
    for tag in ("webspace-id", "webspace-name", "webspace-guid"):
        if setup is not None and setup.find(tag) is not None:
            found = [s for s in selector(panel).keys[tag.removeprefix("webspace-")](text_of(setup, tag)) if s.is_main]
            if not found:
                raise Refusal(Code.OWNER_MISSING, "Webspace does not exist.")
            return panel.webspace_of(found[0])
    raise invalid("The webspace of the site is not set.")


def _check_limits(panel: Panel, webspace: Webspace, parent: Site | None) -> None:
    name = "max_site" if parent is None else "max_subdom"
    if allowances.exceeds(webspace.limits, name, allowances.usage(panel, webspace)[name] + 1):
        raise Refusal(Code.LIMIT_REACHED, f"The limit {name} of the subscription is reached.")
    if parent is None and 0 <= panel.settings.lim_dom <= len(panel.sites):
        raise Refusal(Code.LIMIT_REACHED, "The number of domains allowed by the license key is reached.")


def get(call: Call, request: Element) -> Sequence[Element]:
    """Sites with the parts that the dataset asks for, in the order of the content model."""
    asked = {part.tag for part in request.find("dataset") or ()}

    def data(site: Site) -> Iterable[Element]:
        return [answers.branch("data", *(show(call.panel, site) for name, show in _PARTS.items() if name in asked))]

    return selector(call.panel).each(request.find("filter"), data)


def _gen_info(panel: Panel, site: Site) -> Element:
    webspace = panel.webspace_of(site)
    return answers.branch(
        "gen_info",
        answers.leaf("cr_date", site.cr_date),
        answers.leaf("name", site.name),
        answers.leaf("ascii-name", ascii_name(site.name)),
        answers.leaf("status", site.status or (webspace.status if site.is_main else 0)),
        answers.leaf("real_size", webspace.real_size if site.is_main else 0),
        *(answers.leaf("dns_ip_address", address) for address in site.ip_addresses),
        answers.leaf("htype", site.htype),
        answers.leaf("guid", site.guid),
        answers.leaf("webspace-guid", webspace.guid),
        answers.leaf("sb-site-uuid"),
        answers.leaf("webspace-id", webspace.id),
        answers.leaf("description", site.description),
    )


def _stat(panel: Panel, site: Site) -> Element:
    boxes = sum(mailname.mailbox for mailname in panel.mailnames.where("site_id", site.id))
    subdomains = len(panel.sites.where("parent_site_id", site.id))
    zeros = ("redir", "mg", "resp", "maillists", "db", "mssql_db", "traffic_prevday")
    values = {"traffic": 0, "subdom": subdomains, "wu": 0, "box": boxes, **dict.fromkeys(zeros, 0)}
    return answers.branch("stat", *(answers.leaf(name, value) for name, value in values.items()))


_PARTS: Final[Mapping[str, Callable[[Panel, Site], Element]]] = {
    "gen_info": _gen_info,
    "hosting": hosting.as_element,
    "stat": _stat,
    "prefs": lambda _, site: site_reports.prefs(site),
    "disk_usage": lambda panel, site: site_reports.disk_usage(panel.webspace_of(site).real_size if site.is_main else 0),
    "performance": lambda _, site: site_reports.performance(site),
}


def change(call: Call, request: Element) -> Sequence[Element]:
    """New values for sites."""
    values = request.find("values")

    def apply(site: Site) -> Iterable[Element]:
        if values is not None:
            _apply(call, site, values)
        return ()

    return selector(call.panel).each(request.find("filter"), apply)


def _apply(call: Call, site: Site, values: Element) -> None:
    panel, asked = call.panel, values.find("hosting")
    changed = replace(site, **_changes(panel, site, values))
    changed = changed if asked is None else hosting.configured(panel, changed, asked, {})
    webspace = panel.webspace_of(site)
    if changed.name != site.name:
        zone.rename(panel, site, changed.name)
    panel.sites.save(changed)
    if site.is_main:
        panel.webspaces.save(replace(webspace, guid=changed.guid))
    call.effect(
        changed,
        webspace.external_id,
        domain=changed.name,
        changed=" ".join(part.tag for part in values),
        certificate=hosting.given_property(asked, "certificate_name"),
    )


def _changes(panel: Panel, site: Site, values: Element) -> dict[str, Any]:
    setup = texts(values.find("gen_setup"))
    changes: dict[str, Any] = {
        "prefs": {**site.prefs, **texts(values.find("prefs"))},
        "performance": {**site.performance, **texts(values.find("performance"))},
        "description": setup.get("description", site.description),
    }
    name = domain_name(setup.get("name", site.name))
    if name != site.name:
        hosting.check_name_is_free(panel, name)
        changes["name"] = name
    if "status" in setup:
        changes["status"] = status_value(setup["status"])
    return {**changes, "guid": panel.ids.new()} if "guid" in setup else changes


def delete(call: Call, request: Element) -> Sequence[Element]:
    """Remove sites; the main one only goes with its subscription."""

    def apply(site: Site) -> Iterable[Element]:
        if site.is_main:
            raise Refusal(Code.FAILED, "The main site cannot be removed; remove the webspace.")
        webspace = call.panel.webspace_of(site)
        removal.remove_site(call.panel, site)
        call.effect(site, webspace.external_id, domain=site.name)
        return ()

    return selector(call.panel).each(request.find("filter"), apply)


def get_traffic(call: Call, request: Element) -> Sequence[Element]:
    """Traffic by day, in bytes; all of a subscription's is counted on its main site."""

    def counted(site: Site) -> Iterable[Element]:
        return days(call.panel.webspace_of(site).traffic if site.is_main else (), request)

    return selector(call.panel).each(request.find("filter"), counted)


def get_hosting_descriptor(call: Call, request: Element) -> Sequence[Element]:
    """The hosting properties that may be set."""
    return selector(call.panel).each(request.find("filter"), lambda _: [allowances.descriptor(HOSTING)])


def site_with_id(panel: Panel, text: str) -> Site:
    """The site with this number. Raises Refusal (1013)."""
    site = panel.sites.get(int(text))
    if site is None:
        raise missing("Domain does not exist")
    return site


OPERATIONS: Final[Mapping[str, Handler]] = {
    "site.add": add,
    "site.get": get,
    "site.set": change,
    "site.del": delete,
    "site.get_traffic": get_traffic,
    "site.get-physical-hosting-descriptor": get_hosting_descriptor,
}
