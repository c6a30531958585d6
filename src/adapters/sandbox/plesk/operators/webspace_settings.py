"""webspace/set and webspace/del, and what they share with webspace/add."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk.call import Call
from adapters.sandbox.plesk.operators import allowances, hosting, removal, zone
from adapters.sandbox.plesk.panel import Panel, domain_name, status_value
from adapters.sandbox.plesk.records import ADMIN_ID, ADMIN_LOGIN, Customer, Site, Webspace
from adapters.sandbox.plesk.refusals import Code, Refusal
from adapters.sandbox.plesk.selection import Selector, by_id, text_of
from adapters.sandbox.plesk.vocabulary import PERSONAL_HOSTING

_TEXTS: Final = {
    "external-id": "external_id",
    "description": "description",
    "admin-description": "admin_description",
    "reseller-description": "reseller_description",
}


def selector(panel: Panel) -> Selector[Webspace]:
    """How subscriptions are found."""
    table = panel.webspaces

    def owned_by(login: str) -> list[Webspace]:
        is_admin = login == ADMIN_LOGIN
        return table.where("owner_id", ADMIN_ID) if is_admin else owned(panel.customers.where("login", login))

    def owned(customers: Iterable[Customer]) -> list[Webspace]:
        return [webspace for customer in customers for webspace in table.where("owner_id", customer.id)]

    return Selector(
        everything=table.all,
        keys={
            "id": by_id(table.get),
            "name": lambda name: [panel.webspace_of(s) for s in panel.sites.where("name", name.lower()) if s.is_main],
            "guid": lambda value: table.where("guid", value),
            "external-id": lambda value: table.where("external_id", value) if value else [],
        },
        parents={
            "owner-id": lambda value: table.where("owner_id", int(value)),
            "owner-login": owned_by,
            "owner-guid": lambda value: owned(panel.customers.where("guid", value)),
            "owner-external-id": lambda value: owned(panel.customers.where("external_id", value) if value else []),
        },
        absent="Domain does not exist",
    )


def change(call: Call, request: Element) -> Sequence[Element]:
    """New values for subscriptions."""
    values = request.find("values")

    def apply(webspace: Webspace) -> Iterable[Element]:
        if values is not None:
            _apply(call, webspace, values)
        return ()

    return selector(call.panel).each(request.find("filter"), apply)


def _apply(call: Call, webspace: Webspace, values: Element) -> None:
    panel, before = call.panel, call.panel.main_site(webspace)
    setup, asked = values.find("gen_setup"), values.find("hosting")
    changes = {} if setup is None else _setup_changes(panel, webspace, setup)
    site = _changed_site(panel, before, values)
    changed = replace(allowances.given_in(webspace, values), **changes)
    if webspace.plan_guid and _is_customised(values):
        changed = replace(changed, locked=True, synchronized=False)
    if site.name != before.name:
        zone.rename(panel, before, site.name)
    panel.webspaces.save(changed)
    panel.sites.save(replace(site, guid=changed.guid))
    remember_plain(panel, site, asked)
    parts = [part.tag for section in values for part in (section if section.tag == "gen_setup" else [section])]
    call.effect(
        changed,
        changed.external_id or webspace.external_id,
        domain=site.name,
        changed=" ".join(parts),
        status=changes.get("status", ""),
        certificate=hosting.given_property(asked, "certificate_name"),
    )


def _setup_changes(panel: Panel, webspace: Webspace, setup: Element) -> dict[str, Any]:
    changes: dict[str, Any] = {
        attribute: text_of(setup, tag) for tag, attribute in _TEXTS.items() if setup.find(tag) is not None
    }
    if setup.find("status") is not None:
        changes["status"] = status_value(text_of(setup, "status"))
    if setup.find("guid") is not None:
        changes["guid"] = panel.ids.new()
    owner = owner_named(panel, setup)
    return changes | ({"owner_id": owner} if owner is not None and owner != webspace.owner_id else {})


def _changed_site(panel: Panel, site: Site, values: Element) -> Site:
    setup, asked = values.find("gen_setup"), values.find("hosting")
    if setup is not None:
        site = replace(site, ip_addresses=hosting.addresses_of(panel, setup) or site.ip_addresses)
        name = domain_name(text_of(setup, "name", site.name))
        if name != site.name:
            hosting.check_name_is_free(panel, name)
            site = replace(site, name=name)
    site = replace(
        site,
        prefs={**site.prefs, **texts(values.find("prefs"))},
        performance={**site.performance, **texts(values.find("performance"))},
    )
    return site if asked is None else hosting.configured(panel, site, asked, {})


def _is_customised(values: Element) -> bool:
    """True when a part is set that the plan would govern; the subscription is locked then."""
    if any(values.find(part) is not None for part in ("limits", "permissions", "php-settings")):
        return True
    kind = values.find("hosting/vrt_hst")
    return kind is not None and bool(hosting.given_properties(kind).keys() - PERSONAL_HOSTING)


def delete(call: Call, request: Element) -> Sequence[Element]:
    """Remove subscriptions with their contents."""

    def apply(webspace: Webspace) -> Iterable[Element]:
        name = call.panel.main_site(webspace).name
        removal.remove_webspace(call.panel, webspace)
        call.effect(webspace, webspace.external_id, domain=name)
        return ()

    return selector(call.panel).each(request.find("filter"), apply)


def owner_named(panel: Panel, setup: Element | None) -> int | None:
    """The id of the owner that a request names; None when it names none. Raises Refusal (1015)."""
    given = texts(setup)
    tag = next((tag for tag in _OWNER_KEYS if tag in given), None)
    if tag is None:
        return None
    if (tag, given[tag]) in (("owner-id", str(ADMIN_ID)), ("owner-login", ADMIN_LOGIN)):
        return ADMIN_ID
    owners = _OWNER_KEYS[tag](panel, given[tag]) if given[tag] else []
    if not owners:
        raise Refusal(Code.OWNER_MISSING, "Owner of the subscription does not exist.")
    return owners[0].id


_OWNER_KEYS: Final[Mapping[str, Callable[[Panel, str], list[Customer]]]] = {
    "owner-id": lambda panel, value: list(by_id(panel.customers.get)(value)),
    "owner-login": lambda panel, value: panel.customers.where("login", value),
    "owner-guid": lambda panel, value: panel.customers.where("guid", value),
    "owner-external-id": lambda panel, value: panel.customers.where("external_id", value),
}


def remember_plain(panel: Panel, site: Site, asked: Element | None) -> None:
    """Keep the system user's password in memory, only when the panel is set to show it as old ones do."""
    password = hosting.given_property(asked, "ftp_password")
    if password and panel.settings.plain_ftp_passwords:
        panel.plain_passwords[site.id] = password


def texts(element: Element | None) -> dict[str, str]:
    """The children of an element as a mapping from name to text."""
    return {} if element is None else {child.tag: (child.text or "").strip() for child in element}
