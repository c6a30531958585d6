"""mail: addresses of a site, one result for each."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.call import Call, Handler
from adapters.sandbox.plesk.operators import allowances
from adapters.sandbox.plesk.operators.site import site_with_id
from adapters.sandbox.plesk.operators.webspace_settings import texts
from adapters.sandbox.plesk.panel import Panel, check_password, hashed
from adapters.sandbox.plesk.records import Mailname, Site
from adapters.sandbox.plesk.refusals import Code, Refusal, exists, invalid, missing
from adapters.sandbox.plesk.selection import text_of

_NAME = re.compile(r"[a-z0-9_][a-z0-9._+-]{0,63}")


def create(call: Call, request: Element) -> Sequence[Element]:
    """New addresses."""
    site = _site(call.panel, request)

    def make(asked: Element) -> Element:
        name = _free_name(call.panel, site, text_of(asked, "name"))
        identifier = call.panel.mailnames.next_id()
        mailname = _edited(Mailname(id=identifier, site_id=site.id, name=name), asked)
        if (mailname.mailbox or mailname.cp_access) and not mailname.password:
            raise invalid("The password of the mail account is not set.")
        _check_room(call.panel, site, mailname)
        _keep(call, site, mailname)
        return answers.branch("mailname", answers.leaf("id", mailname.id), answers.leaf("name", name))

    return [_result(asked, make) for asked in request.findall("filter/mailname")]


def update(call: Call, request: Element) -> Sequence[Element]:
    """Changes: `set` replaces, `add` and `remove` edit the lists of aliases and forwarding addresses."""
    kind = request[0]
    site = _site(call.panel, kind)
    edit = {"set": _edited, "add": _enlarged, "remove": _reduced}[kind.tag]

    def change(asked: Element) -> Element:
        mailname = edit(_existing(call.panel, site, text_of(asked, "name")), asked)
        _check_room(call.panel, site, mailname)
        _keep(call, site, mailname)
        return answers.branch("mailname", answers.leaf("name", mailname.name))

    results = [_result(asked, change) for asked in kind.findall("filter/mailname")]
    return [answers.branch(kind.tag, *results)]


def get_info(call: Call, request: Element) -> Sequence[Element]:
    """Addresses with the parts that are asked for; all of the site's when none is named."""
    site = _site(call.panel, request)
    named = request.findall("filter/name")
    if not named:
        everything = call.panel.mailnames.where("site_id", site.id)
        return [answers.ok(_shown(mailname, request)) for mailname in everything] or [answers.ok()]

    def show(name: Element) -> Element:
        return _shown(_existing(call.panel, site, (name.text or "").strip()), request)

    return [_result(name, show) for name in named]


def remove(call: Call, request: Element) -> Sequence[Element]:
    """Remove addresses; without names, all of the site's."""
    site = _site(call.panel, request)

    def drop(mailname: Mailname) -> Element:
        call.panel.mailnames.drop(mailname)
        call.effect(mailname, call.panel.webspace_of(site).external_id, address=f"{mailname.name}@{site.name}")
        return answers.branch("mailname", answers.leaf("name", mailname.name))

    named = request.findall("filter/name")
    if not named:
        return [answers.ok(drop(m)) for m in call.panel.mailnames.where("site_id", site.id)] or [answers.ok()]
    return [_result(name, lambda each: drop(_existing(call.panel, site, (each.text or "").strip()))) for name in named]


def rename(call: Call, request: Element) -> Sequence[Element]:
    """Another name for an address."""
    site = site_with_id(call.panel, text_of(request, "site-id"))
    mailname = _existing(call.panel, site, text_of(request, "name"))
    _keep(call, site, replace(mailname, name=_free_name(call.panel, site, text_of(request, "new-name"))))
    return [answers.ok()]


def get_prefs(call: Call, request: Element) -> Sequence[Element]:
    """The mail preferences of sites."""

    def show(key: Element) -> Element:
        site = site_with_id(call.panel, (key.text or "").strip())
        return answers.ok(
            answers.leaf("site-id", site.id),
            answers.branch("prefs", answers.leaf("mailservice", site.mail_enabled)),
        )

    return [_answer(key, show) for key in request.findall("filter/site-id")] or [answers.ok()]


def _switched(*, on: bool) -> Handler:
    def switch(call: Call, request: Element) -> Sequence[Element]:
        site = site_with_id(call.panel, text_of(request, "site-id"))
        call.panel.sites.save(replace(site, mail_enabled=on))
        call.effect(site, call.panel.webspace_of(site).external_id, domain=site.name)
        return [answers.ok()]

    return switch


def _site(panel: Panel, request: Element) -> Site:
    return site_with_id(panel, text_of(request, "filter/site-id"))


def _existing(panel: Panel, site: Site, name: str) -> Mailname:
    for mailname in panel.mailnames.where("site_id", site.id):
        if mailname.name == name.lower():
            return mailname
    raise missing("Mail name does not exist")


def _free_name(panel: Panel, site: Site, name: str) -> str:
    if not _NAME.fullmatch(name.lower()):
        raise invalid(f"Incorrect mail name: {name}")
    taken = {each for m in panel.mailnames.where("site_id", site.id) for each in (m.name, *m.aliases)}
    if name.lower() in taken:
        raise exists(f"Mail name {name} already exists.")
    return name.lower()


def _edited(mailname: Mailname, asked: Element) -> Mailname:
    """The address with what the request says in place of its own."""
    changes: dict[str, Any] = {
        "cp_access": _flag(asked, "cp-access", mailname.cp_access),
        "mailbox": _flag(asked, "mailbox/enabled", mailname.mailbox),
        "quota": int(text_of(asked, "mailbox/quota", str(mailname.quota))),
        "forwarding": _flag(asked, "forwarding/enabled", mailname.forwarding),
        "antivir": text_of(asked, "antivir", mailname.antivir),
        "description": text_of(asked, "description", mailname.description),
        "addresses": _listed(asked, "forwarding/address") or mailname.addresses,
        "aliases": _listed(asked, "alias") or mailname.aliases,
        "autoresponder": {**mailname.autoresponder, **texts(asked.find("autoresponder"))},
    }
    password = asked.findtext("password/value")
    if password is not None:
        check_password(password, mailname.name)
        changes["password"] = hashed(password)
    return replace(mailname, **changes)


def _enlarged(mailname: Mailname, asked: Element) -> Mailname:
    return replace(
        mailname,
        addresses=tuple(dict.fromkeys((*mailname.addresses, *_listed(asked, "forwarding/address")))),
        aliases=tuple(dict.fromkeys((*mailname.aliases, *_listed(asked, "alias")))),
        cp_access=_flag(asked, "cp-access", mailname.cp_access),
    )


def _reduced(mailname: Mailname, asked: Element) -> Mailname:
    addresses, aliases = _listed(asked, "forwarding/address"), _listed(asked, "alias")
    return replace(
        mailname,
        addresses=tuple(each for each in mailname.addresses if each not in addresses),
        aliases=tuple(each for each in mailname.aliases if each not in aliases),
    )


def _check_room(panel: Panel, site: Site, mailname: Mailname) -> None:
    webspace, before = panel.webspace_of(site), panel.mailnames.get(mailname.id)
    had_box = before is not None and before.mailbox
    used = allowances.usage(panel, webspace)["max_box"]
    if mailname.mailbox and not had_box and allowances.exceeds(webspace.limits, "max_box", used + 1):
        raise Refusal(Code.LIMIT_REACHED, "The limit max_box of the subscription is reached.")


def _keep(call: Call, site: Site, mailname: Mailname) -> None:
    call.panel.mailnames.save(mailname)
    call.effect(mailname, call.panel.webspace_of(site).external_id, address=f"{mailname.name}@{site.name}")


def _shown(mailname: Mailname, request: Element) -> Element:
    asked = {flag.tag for flag in request}
    aliases = mailname.aliases if "aliases" in asked else ()
    return answers.branch(
        "mailname",
        answers.leaf("id", mailname.id),
        answers.leaf("name", mailname.name),
        _mailbox(mailname, with_usage="mailbox-usage" in asked) if asked & {"mailbox", "mailbox-usage"} else None,
        _forwarding(mailname) if "forwarding" in asked else None,
        *(answers.leaf("alias", alias) for alias in aliases),
        _autoresponder(mailname) if "autoresponder" in asked else None,
        answers.optional("description", mailname.description),
    )


def _mailbox(mailname: Mailname, *, with_usage: bool) -> Element:
    return answers.branch(
        "mailbox",
        answers.leaf("enabled", mailname.mailbox),
        answers.leaf("quota", mailname.quota),
        answers.leaf("usage", 0) if with_usage else None,
    )


def _forwarding(mailname: Mailname) -> Element:
    addresses = [answers.leaf("address", address) for address in mailname.addresses]
    return answers.branch("forwarding", answers.leaf("enabled", mailname.forwarding), *addresses)


def _autoresponder(mailname: Mailname) -> Element:
    values = mailname.autoresponder
    return answers.branch("autoresponder", *(answers.leaf(name, values[name]) for name in _RESPONDER if name in values))


_RESPONDER: Final = ("enabled", "subject", "content_type", "charset", "text", "forward", "end_date")


def _flag(asked: Element, path: str, otherwise: bool) -> bool:
    return text_of(asked, path, str(otherwise).lower()) in ("true", "1")


def _listed(asked: Element, path: str) -> tuple[str, ...]:
    return tuple(text for each in asked.findall(path) if (text := (each.text or "").strip()))


def _result(asked: Element, act: Callable[[Element], Element]) -> Element:
    return _answer(asked, lambda each: answers.ok(act(each)))


def _answer(asked: Element, act: Callable[[Element], Element]) -> Element:
    try:
        return act(asked)
    except Refusal as refusal:
        return answers.refused(refusal)


OPERATIONS: Final[Mapping[str, Handler]] = {
    "mail.create": create,
    "mail.update": update,
    "mail.get_info": get_info,
    "mail.remove": remove,
    "mail.rename": rename,
    "mail.enable": _switched(on=True),
    "mail.disable": _switched(on=False),
    "mail.get_prefs": get_prefs,
}
