"""dns: records of zones. Hosts come back absolute, with the final dot."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.call import Call, Handler
from adapters.sandbox.plesk.operators.site import site_with_id
from adapters.sandbox.plesk.panel import Panel, ascii_name
from adapters.sandbox.plesk.rdata import rdata_of
from adapters.sandbox.plesk.records import DnsRecord, Site
from adapters.sandbox.plesk.refusals import Code, Refusal, exists, invalid, missing
from adapters.sandbox.plesk.selection import text_of

TYPES: Final = frozenset({"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NS", "PTR", "SRV", "TLSA", "TXT"})
NAMES: Final = frozenset({"CNAME", "MX", "NS", "PTR", "SRV"})
SOA: Final = {"ttl": 86400, "refresh": 10800, "retry": 3600, "expire": 604800, "minimum": 10800}
_HOST = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+")


def add_record(call: Call, request: Element) -> Sequence[Element]:
    """A record in a site's zone; without a site, in the server's template."""
    panel, site_id = call.panel, text_of(request, "site-id")
    if request.find("site-alias-id") is not None:
        raise missing("Domain alias does not exist")
    site = site_with_id(panel, site_id) if site_id else None
    record = _new(request, site)
    if site is not None and not site.dns_enabled:
        raise Refusal(Code.FAILED, "DNS service is not enabled on the domain.")
    if any(replace(each, id=record.id) == record for each in panel.dns_records.where("site_id", record.site_id)):
        raise exists("The DNS record already exists.")
    saved = panel.dns_records.save(replace(record, id=panel.dns_records.next_id()))
    if call.seen_after:
        panel.delay(saved, call.seen_after)
    call.effect(saved, _reference(panel, saved), type=saved.type, host=saved.host, value=saved.value)
    return [answers.ok(answers.leaf("id", saved.id))]


def _new(request: Element, site: Site | None) -> DnsRecord:
    kind = text_of(request, "type")
    if kind not in TYPES:
        raise invalid(f"Unknown type of DNS record: {kind}")
    origin = "<domain>." if site is None else f"{ascii_name(site.name)}."
    host = _absolute(text_of(request, "host"), origin) if site else text_of(request, "host")
    value, opt = _checked_value(kind, text_of(request, "value")), text_of(request, "opt")
    if site is not None:
        _check_data(kind, value, opt)
    return DnsRecord(id=0, site_id=site.id if site else 0, type=kind, host=host, value=value, opt=opt)


def _check_data(kind: str, value: str, opt: str) -> None:
    try:
        rdata_of(kind, value, opt)
    except ValueError as error:
        raise invalid(f"Incorrect DNS record values were specified: {error}") from error


def _absolute(host: str, origin: str) -> str:
    """A relative name gets the zone's behind it; one with a final dot must lie in the zone."""
    name = host.lower()
    absolute = name if name.endswith(".") else f"{name}.{origin}" if name else origin
    if absolute != origin and not absolute.endswith(f".{origin}"):
        raise invalid(f"Incorrect DNS record values were specified: {host} is outside of the zone.")
    if not _HOST.fullmatch(absolute):
        raise invalid(f"Incorrect DNS record values were specified: {host}")
    return absolute


def _checked_value(kind: str, value: str) -> str:
    address: Mapping[str, Callable[[str], object]] = {"A": IPv4Address, "AAAA": IPv6Address}
    if not value:
        raise invalid("Incorrect DNS record values were specified: the value is empty.")
    if kind in NAMES:
        return value.lower().removesuffix(".") + "."
    try:
        return str(address[kind](value)) if kind in address else value
    except AddressValueError as error:
        raise invalid(f"Incorrect DNS record values were specified: {value} is no address.") from error


def get_records(call: Call, request: Element) -> Sequence[Element]:
    """Records, one result each."""

    def data(record: DnsRecord) -> Element:
        return answers.ok(
            answers.leaf("id", record.id),
            answers.branch(
                "data",
                answers.leaf("site-id", record.site_id) if record.site_id else None,
                answers.leaf("type", record.type),
                answers.leaf("host", record.host),
                answers.leaf("value", record.value),
                answers.leaf("opt", record.opt),
            ),
        )

    return _each(call, request, data)


def delete_records(call: Call, request: Element) -> Sequence[Element]:
    """Remove records, one result each."""

    def remove(record: DnsRecord) -> Element:
        call.panel.dns_records.drop(record)
        call.effect(record, _reference(call.panel, record), type=record.type, host=record.host, value=record.value)
        return answers.ok(answers.leaf("id", record.id))

    return _each(call, request, remove)


def _each(call: Call, request: Element, act: Callable[[DnsRecord], Element]) -> Sequence[Element]:
    """Results here carry no filter-id: the content model has none for records."""
    panel, keys = call.panel, request.find("filter")
    if request.find("template") is not None:
        return [act(record) for record in panel.dns_records.where("site_id", 0)] or [answers.ok()]
    if keys is None or not len(keys):
        return [act(record) for record in panel.dns_records.all() if record.site_id] or [answers.ok()]
    return [result for key in keys for result in _matching(panel, key, act)]


def _matching(panel: Panel, key: Element, act: Callable[[DnsRecord], Element]) -> list[Element]:
    try:
        return [act(record) for record in _found(panel, key.tag, (key.text or "").strip())] or [answers.ok()]
    except Refusal as refusal:
        return [answers.refused(refusal)]


def _found(panel: Panel, kind: str, value: str) -> Iterable[DnsRecord]:
    if kind == "id":
        record = panel.dns_records.get(int(value))
        if record is None:
            raise missing("DNS record does not exist")
        return [record]
    if kind == "site-id":
        return panel.dns_records.where("site_id", site_with_id(panel, value).id)
    sites = panel.sites.where("name", value.lower().removesuffix(".")) if kind == "dns-zone-name" else []
    if not sites:
        raise missing("Domain does not exist")
    return panel.dns_records.where("site_id", sites[0].id)


def get_zone(call: Call, request: Element) -> Sequence[Element]:
    """The start of authority of zones, and whether they are served."""
    return _each_site(call, request, lambda site: _zone(site, with_soa=request.find("soa") is not None))


def _zone(site: Site, *, with_soa: bool) -> list[Element | None]:
    soa = answers.branch("soa", *(answers.leaf(name, value) for name, value in SOA.items()))
    status = "enabled" if site.dns_enabled else "disabled"
    return [soa if with_soa else None, answers.leaf("zone_type", "master"), answers.leaf("zone_status", status)]


def _switched(*, on: bool) -> Handler:
    def switch(call: Call, request: Element) -> Sequence[Element]:
        def apply(site: Site) -> list[Element | None]:
            call.panel.sites.save(replace(site, dns_enabled=on))
            call.effect(site, call.panel.webspace_of(site).external_id, domain=site.name)
            return []

        return _each_site(call, request, apply)

    return switch


def _each_site(call: Call, request: Element, act: Callable[[Site], list[Element | None]]) -> Sequence[Element]:
    keys = request.find("filter")
    if keys is None or not len(keys):
        sites = call.panel.sites.all()
        return [answers.ok(answers.leaf("site-id", site.id), *act(site)) for site in sites] or [answers.ok()]
    return [_site_result(call.panel, key, act) for key in keys]


def _site_result(panel: Panel, key: Element, act: Callable[[Site], list[Element | None]]) -> Element:
    echo = answers.leaf(key.tag, (key.text or "").strip())
    try:
        if key.tag != "site-id":
            raise missing("Domain alias does not exist")
        return answers.ok(echo, *act(site_with_id(panel, (key.text or "").strip())))
    except Refusal as refusal:
        return answers.refused(refusal, echo)


def _reference(panel: Panel, record: DnsRecord) -> str:
    site = panel.sites.get(record.site_id)
    return "" if site is None else panel.webspace_of(site).external_id


OPERATIONS: Final[Mapping[str, Handler]] = {
    "dns.add_rec": add_record,
    "dns.get_rec": get_records,
    "dns.del_rec": delete_records,
    "dns.get": get_zone,
    "dns.enable": _switched(on=True),
    "dns.disable": _switched(on=False),
}
