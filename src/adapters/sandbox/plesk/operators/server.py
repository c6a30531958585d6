"""server, ip and php-handler: what the machine is."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers, seed
from adapters.sandbox.plesk.call import Call, Handler
from adapters.sandbox.plesk.packet import PROTOCOLS
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.refusals import missing
from adapters.sandbox.plesk.vocabulary import HANDLERS

VERSION: Final = "18.0.75"


def get_protos(call: Call, request: Element) -> Sequence[Element]:
    """The protocol versions that are spoken."""
    del call, request
    return [answers.ok(answers.branch("protos", *(answers.leaf("proto", each) for each in PROTOCOLS)))]


def get(call: Call, request: Element) -> Sequence[Element]:
    """What is asked for about the server; parts that are not simulated are left out."""
    return [answers.ok(*(_PARTS[part.tag](call.panel) for part in request if part.tag in _PARTS))]


def _key(panel: Panel) -> Element:
    properties = {
        "plesk_key_id": "PLSK.00000001.0000",
        "lim_cl": panel.settings.lim_cl,
        "lim_dom": panel.settings.lim_dom,
        "lim_date": -1,
        "can-manage-customers": 1,
        "can-manage-resellers": 0,
    }
    content = answers.leaf("content", base64.b64encode(b"sandbox").decode())
    return answers.branch("key", *answers.pairs("property", dict(properties)), content)


def _gen_info(panel: Panel) -> Element:
    return answers.branch(
        "gen_info",
        answers.leaf("server_name", "plesk.sandbox.test"),
        answers.leaf("server_guid", panel.guid),
        answers.leaf("mode", "standard"),
    )


def _components(_: Panel) -> Element:
    known = {"httpd": "2.4.58", "nginx": "1.26.3", "postfix": "3.8.6", "psa-api": VERSION}
    return answers.branch(
        "components",
        *(answers.branch("component", answers.leaf("name", k), answers.leaf("version", v)) for k, v in known.items()),
    )


def _stat(panel: Panel) -> Element:
    sizes = {"total": 8 * seed.GIB, "used": 2 * seed.GIB, "free": 6 * seed.GIB}
    memory = {**sizes, "shared": 0, "buffer": 0, "cached": 0}
    return answers.branch(
        "stat",
        _leaves("objects", _counts(panel)),
        _leaves("version", _VERSION),
        _leaves("other", {"cpu": "simulated", "uptime": int(panel.clock.monotonic()), "inside_vz": False}),
        _leaves("load_avg", {"l1": 0.1, "l5": 0.1, "l15": 0.1}),
        _leaves("mem", memory),
        _leaves("swap", sizes),
        answers.branch("diskspace", _leaves("device", {"name": "/dev/sda1", **sizes})),
    )


_VERSION: Final = {
    "plesk_name": "psa",
    "plesk_version": VERSION,
    "plesk_os": "Ubuntu",
    "plesk_os_version": "24.04",
    "plesk_build": "1800260101.00",
    "os_release": "6.8.0",
}


def _counts(panel: Panel) -> dict[str, object]:
    sites = panel.sites.all()
    return {
        "clients": len(panel.customers),
        "domains": len(sites),
        "active_domains": sum(site.status == 0 for site in sites),
        "mail_boxes": sum(mailname.mailbox for mailname in panel.mailnames.all()),
        **dict.fromkeys(("mail_redirects", "mail_groups", "mail_responders", "web_users"), 0),
        **dict.fromkeys(("databases", "database_users", "problem_clients", "problem_domains"), 0),
    }


def _leaves(name: str, values: Mapping[str, object]) -> Element:
    return answers.branch(name, *(answers.leaf(key, value) for key, value in values.items()))


def _interfaces(panel: Panel) -> Element:
    names = sorted({address.interface for address in panel.address_pool()})
    return answers.branch("interfaces", *(answers.leaf("interface", name) for name in names))


def _services(_: Panel) -> Element:
    known = {"web": "Web Server (Apache)", "smtp": "SMTP Server (Postfix)", "dns": "DNS Server (BIND)"}
    services = [_leaves("srv", {"id": k, "title": title, "state": "running"}) for k, title in known.items()]
    return answers.branch("services_state", *services)


_PARTS: Final[Mapping[str, Callable[[Panel], Element]]] = {
    "key": _key,
    "gen_info": _gen_info,
    "components": _components,
    "stat": _stat,
    "admin": lambda _: _leaves("admin", {"admin_pname": "Administrator", "admin_email": "admin@sandbox.test"}),
    "interfaces": _interfaces,
    "services_state": _services,
    "prefs": lambda _: _leaves("prefs", {"stat_ttl": 3, "traffic_accounting": 3}),
    "shells": lambda _: answers.branch("shells", _leaves("shell", {"name": "Forbidden", "path": "/bin/false"})),
    "session_setup": lambda _: _leaves("session_setup", {"login_timeout": 30}),
    "admin-domain-list": lambda _: answers.branch("admin-domain-list"),
}


def get_addresses(call: Call, request: Element) -> Sequence[Element]:
    """The server's IP addresses."""
    del request
    shown = [
        _leaves("ip_info", {"ip_address": a.ip, "netmask": a.netmask, "type": a.type, "interface": a.interface})
        for a in call.panel.address_pool()
    ]
    return [answers.ok(answers.branch("addresses", *shown))]


def get_handlers(call: Call, request: Element) -> Sequence[Element]:
    """The PHP handlers."""
    del call
    asked = [(key.text or "").strip() for key in request.findall("filter/id")]
    known = {handler[0]: handler for handler in HANDLERS}
    return [_handler(known[name]) if name in known else _no_handler(name) for name in asked or known]


def _handler(handler: tuple[str, str, str, str, str]) -> Element:
    identifier, display, full, version, kind = handler
    return answers.ok(
        answers.leaf("id", identifier),
        answers.leaf("display-name", display),
        answers.leaf("full-version", full),
        answers.leaf("version", version),
        answers.leaf("type", kind),
        answers.leaf("custom", value=False),
        answers.leaf("handler-status", "enabled"),
    )


def _no_handler(name: str) -> Element:
    return answers.refused(missing(f"PHP handler {name} does not exist."))


OPERATIONS: Final[Mapping[str, Handler]] = {
    "server.get_protos": get_protos,
    "server.get": get,
    "ip.get": get_addresses,
    "php-handler.get": get_handlers,
}
