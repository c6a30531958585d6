"""TXT records in the zones of sites.

Plesk takes a host relative to the zone, and shows it absolute, with the final dot. It has no change of a record: one
is added beside the others, or removed by its number.
"""

from dataclasses import dataclass
from typing import Final

from adapters.plesk import errors
from adapters.plesk.client import Client
from adapters.plesk.operations import RECORD_ADD, RECORD_DEL, RECORD_GET, ZONE_GET
from adapters.plesk.packet import Filter, Values
from adapters.plesk.reply import Result
from adapters.plesk.sites import PanelSite
from provisioner.ports.outcomes import Misconfigured, Rejected, Uncertain

_TEXT: Final = "TXT"


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones of one server."""

    client: Client

    def serves(self, site: PanelSite) -> bool:
        """Whether this server is the master of the site's zone. One without a DNS server is not."""
        try:
            found = self.client.call(ZONE_GET, target=Filter("site-id", site.id))
        except Misconfigured as failed:
            if failed.code != errors.FEATURE_MISSING:
                raise
            return False
        return any(each.text("zone_type") == "master" and each.text("zone_status") == "enabled" for each in found)

    def add_text(self, site: PanelSite, name: str, value: str) -> None:
        """A TXT record beside others of its name, unless this very one is there. Raises Rejected for another zone."""
        if self._numbers(site, name, value):
            return
        self._add(site, name, value)
        with errors.after_effect():
            if not self._numbers(site, name, value):
                raise Uncertain("not_shown_yet", f"Plesk accepted the TXT record {name} and does not show it yet")

    def remove_text(self, site: PanelSite, name: str, value: str) -> None:
        """Remove this very record, however often it is there, and no other."""
        for number in self._numbers(site, name, value):
            self.client.call(RECORD_DEL, target=Filter("id", number))

    def _add(self, site: PanelSite, name: str, value: str) -> None:
        values: Values = {"site-id": site.id, "type": _TEXT, "host": _relative(name, site), "value": value}
        try:
            self.client.make(RECORD_ADD, values)
        except Rejected as refused:
            if refused.code not in errors.LOOK_AGAIN or not self._numbers(site, name, value):
                raise

    def _numbers(self, site: PanelSite, name: str, value: str) -> list[str]:
        found = self.client.call(RECORD_GET, target=Filter("site-id", site.id))
        return [each.id for each in found if each.id and _is(each, name, value)]


def _is(record: Result, name: str, value: str) -> bool:
    kind, host, shown = record.text("data/type"), record.text("data/host"), record.text("data/value")
    return kind == _TEXT and host.lower().removesuffix(".") == name.lower() and shown.strip('"') == value


def _relative(name: str, site: PanelSite) -> str:
    if name == site.ascii_name or not site.covers(name):
        raise Rejected("challenge_not_possible", f"the name {name} is outside of the zone {site.ascii_name}")
    return name.removesuffix(f".{site.ascii_name}")
