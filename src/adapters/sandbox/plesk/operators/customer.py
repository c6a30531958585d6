"""customer: accounts. Source: XML API reference, Managing Customer Accounts, and the content models."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.call import Call, Handler
from adapters.sandbox.plesk.operators import removal
from adapters.sandbox.plesk.panel import Panel, ascii_name, check_password, hashed, status_value
from adapters.sandbox.plesk.records import ADMIN_ID, ADMIN_LOGIN, Customer
from adapters.sandbox.plesk.refusals import Code, Refusal, exists, invalid
from adapters.sandbox.plesk.selection import Selector, by_id, text_of

CONTACT: Final = (
    "cname",
    "phone",
    "fax",
    "email",
    "address",
    "city",
    "state",
    "pcode",
    "country",
    "locale",
    "description",
)
_LOGIN = re.compile(r"[A-Za-z0-9._@-]{1,60}")


def selector(panel: Panel) -> Selector[Customer]:
    """How customers are found."""
    table = panel.customers
    return Selector(
        everything=table.all,
        keys={
            "id": by_id(table.get),
            "login": lambda value: table.where("login", value),
            "guid": lambda value: table.where("guid", value),
            "external-id": lambda value: table.where("external_id", value) if value else [],
        },
        parents={
            "owner-id": lambda value: table.all() if value == str(ADMIN_ID) else [],
            "owner-login": lambda value: table.all() if value == ADMIN_LOGIN else [],
        },
        absent="client does not exist",
    )


def add(call: Call, request: Element) -> Sequence[Element]:
    """A new account."""
    panel, info = call.panel, request.find("gen_info")
    login = text_of(info, "login")
    _check_owner(info)
    _check_login(panel, login)
    _check_external_id(panel, text_of(info, "external-id"))
    check_password(_raw(info, "passwd"), login)
    if 0 <= panel.settings.lim_cl <= len(panel.customers):
        raise Refusal(Code.LIMIT_REACHED, "The number of clients allowed by the license key is reached.")
    customer = panel.customers.save(_new(panel, info, login))
    call.effect(customer, customer.external_id, login=login)
    return [answers.ok(answers.leaf("id", customer.id), answers.leaf("guid", customer.guid))]


def _new(panel: Panel, info: Element | None, login: str) -> Customer:
    return Customer(
        id=panel.customers.next_id(),
        guid=panel.ids.new(),
        cr_date=panel.today(),
        pname=text_of(info, "pname"),
        login=login,
        password=hashed(_raw(info, "passwd")),
        status=status_value(text_of(info, "status", "0")),
        external_id=text_of(info, "external-id"),
        contact={name: text_of(info, name) for name in CONTACT},
    )


def get(call: Call, request: Element) -> Sequence[Element]:
    """Accounts, with `gen_info` (the password's hash included) and `stat` as asked."""
    dataset = {part.tag for part in request.find("dataset") or ()}

    def data(customer: Customer) -> Iterable[Element | None]:
        return [
            answers.branch(
                "data",
                _gen_info(call.panel, customer) if "gen_info" in dataset else None,
                _stat(call.panel, customer) if "stat" in dataset else None,
            )
        ]

    return selector(call.panel).each(request.find("filter"), data)


def _gen_info(panel: Panel, customer: Customer) -> Element:
    contact = customer.contact
    return answers.branch(
        "gen_info",
        answers.leaf("cr_date", customer.cr_date),
        answers.leaf("cname", contact.get("cname", "")),
        answers.leaf("pname", customer.pname),
        answers.leaf("login", customer.login),
        answers.leaf("status", customer.status),
        *(answers.leaf(name, contact.get(name, "")) for name in CONTACT[1:-1]),
        answers.leaf("password", customer.password),
        answers.leaf("password_type", "crypt"),
        answers.leaf("guid", customer.guid),
        answers.leaf("owner-id", customer.owner_id),
        answers.leaf("owner-login", ADMIN_LOGIN),
        answers.leaf("vendor-guid", panel.guid),
        answers.leaf("external-id", customer.external_id),
        answers.leaf("description", contact.get("description", "")),
    )


def _stat(panel: Panel, customer: Customer) -> Element:
    owned = panel.webspaces.where("owner_id", customer.id)
    sites = [site for webspace in owned for site in panel.sites.where("webspace_id", webspace.id)]
    counted = {
        "active_domains": sum(site.status == 0 for site in sites),
        "subdomains": sum(bool(site.parent_site_id) for site in sites),
        "disk_space": sum(webspace.real_size for webspace in owned),
        "postboxs": sum(len(panel.mailnames.where("site_id", site.id)) for site in sites),
    }
    traffic = sum(sum(day.counters.values()) for webspace in owned for day in webspace.traffic)
    zeros = ("redirects", "mail_groups", "mail_resps", "mail_lists", "web_users", "data_bases")
    values = {**counted, **dict.fromkeys(zeros, 0), "traffic": traffic, "traffic_prevday": 0}
    return answers.branch("stat", *(answers.leaf(name, value) for name, value in values.items()))


def change(call: Call, request: Element) -> Sequence[Element]:
    """New values for accounts."""
    info = request.find("values/gen_info")

    def apply(customer: Customer) -> Iterable[Element]:
        changes = {} if info is None else _changes(call.panel, customer, info)
        changed = call.panel.customers.save(replace(customer, **changes))
        shown = {name: value for name, value in changes.items() if name in ("login", "status", "external_id")}
        call.effect(changed, changed.external_id or customer.external_id, changed=" ".join(sorted(changes)), **shown)
        return ()

    return selector(call.panel).each(request.find("filter"), apply)


def _changes(panel: Panel, customer: Customer, info: Element) -> dict[str, Any]:
    given = {field.tag: (field.text or "").strip() for field in info}
    changes: dict[str, Any] = {}
    if given.get("login", customer.login) != customer.login:
        _check_login(panel, given["login"])
        changes["login"] = given["login"]
    if given.get("external-id", customer.external_id) != customer.external_id:
        _check_external_id(panel, given["external-id"])
        changes["external_id"] = given["external-id"]
    if "passwd" in given:
        check_password(_raw(info, "passwd"), given.get("login", customer.login))
        changes["password"] = hashed(_raw(info, "passwd"))
    changes.update(_plain_changes(panel, customer, given))
    return changes


def _plain_changes(panel: Panel, customer: Customer, given: Mapping[str, str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "pname" in given:
        changes["pname"] = given["pname"]
    if "status" in given:
        changes["status"] = status_value(given["status"])
    if "guid" in given:
        changes["guid"] = panel.ids.new()
    contact = {name: given[name] for name in CONTACT if name in given}
    return {**changes, "contact": {**customer.contact, **contact}} if contact else changes


def delete(call: Call, request: Element) -> Sequence[Element]:
    """Remove accounts and everything that they own."""

    def apply(customer: Customer) -> Iterable[Element]:
        for webspace in call.panel.webspaces.where("owner_id", customer.id):
            removal.remove_webspace(call.panel, webspace)
        call.panel.customers.drop(customer)
        call.effect(customer, customer.external_id, login=customer.login)
        return ()

    return selector(call.panel).each(request.find("filter"), apply)


def get_domain_list(call: Call, request: Element) -> Sequence[Element]:
    """The domains of accounts."""

    def domains(customer: Customer) -> Iterable[Element]:
        return [answers.branch("domains", *_domains(call.panel, customer))]

    return selector(call.panel).each(request.find("filter"), domains)


def _domains(panel: Panel, customer: Customer) -> Iterable[Element]:
    for webspace in panel.webspaces.where("owner_id", customer.id):
        for site in panel.sites.where("webspace_id", webspace.id):
            yield answers.branch(
                "domain",
                answers.leaf("id", site.id),
                answers.leaf("name", site.name),
                answers.leaf("ascii-name", ascii_name(site.name)),
                answers.leaf("type", site.htype),
                answers.leaf("main", site.is_main),
                answers.leaf("guid", site.guid),
                answers.leaf("external-id", webspace.external_id if site.is_main else ""),
                answers.leaf("domain-id", webspace.id) if not site.is_main else None,
            )


def _check_owner(info: Element | None) -> None:
    known = {"owner-id": str(ADMIN_ID), "owner-login": ADMIN_LOGIN, "owner-external-id": ""}
    if any(text_of(info, name, owner) != owner for name, owner in known.items()):
        raise Refusal(Code.OWNER_MISSING, "Owner of the client does not exist.")


def _check_login(panel: Panel, login: str) -> None:
    if not _LOGIN.fullmatch(login):
        raise invalid(f'Unable to set login or password argument: "{login}" is not a valid login name.')
    if login == ADMIN_LOGIN or panel.customers.where("login", login):
        raise exists(f"Client with login name '{login}' already exists.")


def _check_external_id(panel: Panel, external_id: str) -> None:
    if external_id and panel.customers.where("external_id", external_id):
        raise exists("Customer with such external id already exist.")


def _raw(info: Element | None, name: str) -> str:
    """The text as it came: a password may begin or end with a blank."""
    return (None if info is None else info.findtext(name)) or ""


OPERATIONS: Final[Mapping[str, Handler]] = {
    "customer.add": add,
    "customer.get": get,
    "customer.set": change,
    "customer.del": delete,
    "customer.get-domain-list": get_domain_list,
}
