"""The DNS zone of a site: what a new one holds, and what a new name does to it."""

from dataclasses import replace
from ipaddress import IPv4Address, ip_address

from adapters.sandbox.plesk.panel import Panel, ascii_name
from adapters.sandbox.plesk.records import DnsRecord, Site


def plant(panel: Panel, site: Site) -> None:
    """The records of a fresh zone."""
    origin = f"{ascii_name(site.name)}."
    records = [
        (_address_type(address), host, address, "")
        for address in site.ip_addresses or panel.addresses()[:1]
        for host in (origin, f"mail.{origin}", f"webmail.{origin}", f"ns1.{origin}")
    ]
    records += [
        ("NS", origin, f"ns1.{origin}", ""),
        ("CNAME", f"www.{origin}", origin, ""),
        ("MX", origin, f"mail.{origin}", "10"),
        ("TXT", origin, "v=spf1 +a +mx -all", ""),
    ]
    for kind, host, value, opt in records:
        identifier = panel.dns_records.next_id()
        panel.dns_records.save(DnsRecord(id=identifier, site_id=site.id, type=kind, host=host, value=value, opt=opt))


def rename(panel: Panel, site: Site, new_name: str) -> None:
    """Move every record of the zone under another name."""
    old, new = f"{ascii_name(site.name)}.", f"{ascii_name(new_name)}."
    for record in panel.dns_records.where("site_id", site.id):
        host, value = _moved(record.host, old, new), _moved(record.value, old, new)
        panel.dns_records.save(replace(record, host=host, value=value))


def _address_type(address: str) -> str:
    return "A" if isinstance(ip_address(address), IPv4Address) else "AAAA"


def _moved(text: str, old: str, new: str) -> str:
    return text.removesuffix(old) + new if text == old or text.endswith(f".{old}") else text
