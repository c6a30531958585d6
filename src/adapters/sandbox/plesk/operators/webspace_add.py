"""webspace/add: a new subscription with its main domain."""

from collections.abc import Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.call import Call
from adapters.sandbox.plesk.operators import allowances, hosting, webspace_settings, zone
from adapters.sandbox.plesk.panel import Panel, domain_name, status_value
from adapters.sandbox.plesk.records import ADMIN_ID, Plan, Site, Webspace
from adapters.sandbox.plesk.refusals import Code, Refusal, invalid
from adapters.sandbox.plesk.selection import text_of


def add(call: Call, request: Element) -> Sequence[Element]:
    """A new subscription. Everything is checked before anything is kept."""
    panel, setup = call.panel, request.find("gen_setup")
    name = domain_name(text_of(setup, "name"))
    hosting.check_name_is_free(panel, name)
    owner = webspace_settings.owner_named(panel, setup)
    plan = allowances.plan_named(panel, request)
    _check_licence(panel)
    _check_hosting_type(request)
    identifier, guid = panel.sites.next_id(), panel.ids.new()
    site = Site(id=identifier, guid=guid, webspace_id=identifier, name=name, cr_date=panel.today())
    site = _configured(panel, request, site)

    webspace = _webspace(panel, request, site, ADMIN_ID if owner is None else owner, plan)
    _keep(call, request, webspace, _hosted(call, request, site, plan))
    return [answers.ok(answers.leaf("id", webspace.id), answers.leaf("guid", webspace.guid))]


def _configured(panel: Panel, request: Element, site: Site) -> Site:
    setup = request.find("gen_setup")
    addresses = () if setup is None else hosting.addresses_of(panel, setup)
    return replace(
        site,
        ip_addresses=addresses or tuple(panel.addresses()[:1]),
        prefs=webspace_settings.texts(request.find("prefs")),
        performance=webspace_settings.texts(request.find("performance")),
    )


def _webspace(panel: Panel, request: Element, site: Site, owner: int, plan: Plan | None) -> Webspace:
    setup = request.find("gen_setup")
    webspace = Webspace(
        id=site.id,
        guid=site.guid,
        cr_date=site.cr_date,
        owner_id=owner,
        status=status_value(text_of(setup, "status", "0")),
        external_id=text_of(setup, "external-id"),
        description=text_of(setup, "description"),
        admin_description=text_of(setup, "admin-description"),
        reseller_description=text_of(setup, "reseller-description"),
        plan_guid="" if plan is None else plan.guid,
    )
    return allowances.given_in(allowances.from_plans(panel, webspace), request)


def _hosted(call: Call, request: Element, site: Site, plan: Plan | None) -> Site:
    asked = request.find("hosting")
    if asked is None:
        return site
    return hosting.configured(call.panel, site, asked, plan.hosting if plan else {})


def _keep(call: Call, request: Element, webspace: Webspace, site: Site) -> None:
    panel = call.panel
    if call.half_done:
        webspace, site = replace(webspace, plan_guid=""), replace(site, htype="none", properties={})
    panel.webspaces.save(webspace)
    panel.sites.save(site)
    zone.plant(panel, site)
    webspace_settings.remember_plain(panel, site, request.find("hosting"))
    plan = panel.plan(webspace.plan_guid)
    call.effect(
        webspace,
        webspace.external_id,
        domain=site.name,
        login=site.system_login,
        owner=webspace.owner_id,
        plan=plan.name if plan else "",
        htype=site.htype,
    )
    if call.half_done:
        raise Refusal(Code.FAILED, "Operation failed: unable to create hosting.")


def _check_licence(panel: Panel) -> None:
    if 0 <= panel.settings.lim_dom <= len(panel.sites):
        raise Refusal(Code.LIMIT_REACHED, "The number of domains allowed by the license key is reached.")


def _check_hosting_type(request: Element) -> None:
    """When a type is given, hosting of that type must be given too (add a subscription, XML API reference)."""
    htype = text_of(request, "gen_setup/htype")
    asked = request.find("hosting")
    given = "" if asked is None else asked[0].tag
    if htype and htype != (given or "none"):
        raise invalid(f"Hosting type is {htype}, but the hosting settings are {given or 'missing'}.")
