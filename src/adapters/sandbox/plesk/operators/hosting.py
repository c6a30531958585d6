"""Hosting of a site: virtual hosting with a system user, standard or frame forwarding, or none."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.panel import Panel, check_password, hashed
from adapters.sandbox.plesk.records import Site
from adapters.sandbox.plesk.refusals import Code, Refusal, exists, invalid, missing
from adapters.sandbox.plesk.selection import text_of
from adapters.sandbox.plesk.vocabulary import HANDLERS, HOSTING, names

_LOGIN = re.compile(r"[a-z_][a-z0-9._-]{0,31}")
_RESERVED: Final = frozenset({"root", "psaadm", "psaftp", "popuser", "www-data", "nobody", "mysql", "apache"})


def configured(panel: Panel, site: Site, hosting: Element, defaults: Mapping[str, str]) -> Site:
    """The site with the hosting of a request. `defaults` (a plan's) stand behind what the request says.

    Raises Refusal: 1018 for an address that is not the server's, 1019 for a value that is not taken.
    """
    kind = hosting[0]
    addresses = addresses_of(panel, kind) or site.ip_addresses or tuple(panel.addresses()[:1])
    site = replace(site, htype=kind.tag, ip_addresses=addresses)
    if kind.tag == "vrt_hst":
        return replace(site, properties=_properties(panel, site, kind, defaults), dest_url="", http_code=0)
    properties = {**site.properties} if kind.tag != "none" else {}
    url, code = text_of(kind, "dest_url"), text_of(kind, "http_code", "301")
    return replace(site, properties=properties, dest_url=url, http_code=int(code))


def addresses_of(panel: Panel, parent: Element) -> tuple[str, ...]:
    """The `ip_address` elements below `parent`. Raises Refusal (1018)."""
    asked = tuple((element.text or "").strip() for element in parent.findall("ip_address"))
    for address in asked:
        if address not in panel.addresses():
            raise Refusal(Code.IP_MISSING, f"IP address {address} does not exist.")
    return asked


def given_properties(kind: Element) -> dict[str, str]:
    """The properties of a `vrt_hst` element. Raises Refusal (1019) for an unknown name."""
    given = {text_of(entry, "name"): entry.findtext("value") or "" for entry in kind.findall("property")}
    for name in given.keys() - names(HOSTING):
        raise invalid(f"Unknown hosting property: {name}")
    return given


def given_property(hosting: Element | None, name: str) -> str:
    """One property of the hosting in a request, as it came; empty without it."""
    kind = None if hosting is None else hosting.find("vrt_hst")
    return "" if kind is None else given_properties(kind).get(name, "")


def _properties(panel: Panel, site: Site, kind: Element, defaults: Mapping[str, str]) -> dict[str, str]:
    given = given_properties(kind)
    merged = {**defaults, **site.properties, **given}
    if site.is_main:
        _check_user(panel, site, merged)
    if "ftp_password" in given:
        check_password(given["ftp_password"], merged.get("ftp_login", "\0"))
        merged |= {"ftp_password": hashed(given["ftp_password"]), "ftp_password_type": "crypt"}
    _check_handler(merged.get("php_handler_id", ""))
    _check_certificate(panel, site, given.get("certificate_name", ""))
    merged.setdefault("www_root", _document_root(panel, site))
    return merged


def _document_root(panel: Panel, site: Site) -> str:
    """Further sites lie beside the main one's documents, in a folder with their name."""
    if site.is_main:
        return f"/var/www/vhosts/{site.name}/httpdocs"
    return f"/var/www/vhosts/{panel.main_site(panel.webspace_of(site)).name}/{site.name}"


def _check_user(panel: Panel, site: Site, properties: Mapping[str, str]) -> None:
    login = properties.get("ftp_login", "")
    if not _LOGIN.fullmatch(login):
        raise invalid(f'System user setting was failed. Error: "{login}" is not a valid login name.')
    if not properties.get("ftp_password"):
        raise invalid("System user setting was failed. Error: the password is not set.")
    if login in _RESERVED or any(other.id != site.id for other in panel.sites.where("system_login", login)):
        raise invalid(f'System user setting was failed. Error: A user with username "{login}" already exists.')


def _check_handler(handler: str) -> None:
    if handler and handler not in {known[0] for known in HANDLERS}:
        raise invalid(f"PHP handler {handler} does not exist.")


def _check_certificate(panel: Panel, site: Site, name: str) -> None:
    pools = (0, site.webspace_id, site.id)
    if name and not any(certificate.site_id in pools for certificate in panel.certificates.where("name", name)):
        raise missing("Unable to find certificate")


def check_name_is_free(panel: Panel, name: str) -> None:
    """Raises Refusal (1007) when a domain of that name is on the server."""
    if panel.sites.where("name", name):
        raise exists(f"Incorrect name {name}. This domain name already exists.")


def as_element(panel: Panel, site: Site, name: str = "hosting", *, basic: bool = False) -> Element:
    """The hosting of a site as `get` shows it. The basic form leaves the password out."""
    addresses = [answers.leaf("ip_address", address) for address in site.ip_addresses]
    if site.htype == "none":
        return answers.branch(name, answers.leaf("none"))
    if site.htype == "vrt_hst":
        content: Iterable[Element | None] = answers.pairs("property", _shown_properties(panel, site, basic=basic))
    else:
        code = answers.leaf("http_code", site.http_code) if site.htype == "std_fwd" else None
        content = [answers.leaf("dest_url", site.dest_url), code]
    return answers.branch(name, answers.branch(site.htype, *content, *addresses))


def _shown_properties(panel: Panel, site: Site, *, basic: bool) -> dict[str, object]:
    shown: dict[str, object] = {**site.properties}
    if panel.settings.plain_ftp_passwords and site.id in panel.plain_passwords:
        shown |= {"ftp_password": panel.plain_passwords[site.id], "ftp_password_type": "plain"}
    if basic:
        shown.pop("ftp_password", None)
    return shown
