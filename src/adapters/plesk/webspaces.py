"""Subscriptions as Plesk shows them (its word on the wire: webspace)."""

from dataclasses import dataclass
from typing import Final

from adapters.plesk import errors, marks
from adapters.plesk.client import Client
from adapters.plesk.operations import SITE_GET, WEBSPACE_GET
from adapters.plesk.packet import FLAG, Filter, Values
from adapters.plesk.reply import Result
from provisioner.ports.outcomes import Misconfigured, Rejected

ACTIVE: Final = 0
_WHOLE: Final[Values] = {"dataset": {"gen_info": FLAG, "hosting": FLAG, "subscriptions": FLAG}}
_GENERAL: Final[Values] = {"dataset": {"gen_info": FLAG}}
_SUBSCRIPTION: Final = "data/subscriptions/subscription"


@dataclass(frozen=True, slots=True)
class Webspace:
    """One subscription as it is now. `status` is a sum of flags, 0 when it is active."""

    id: str
    guid: str
    mark: str
    name: str
    ascii_name: str
    owner_id: str
    status: int
    hosting: str
    plans: tuple[str, ...]
    locked: bool
    login: str
    ip_address: str

    @property
    def has_hosting(self) -> bool:
        """Whether it has any kind of hosting; Plesk can make a subscription and fail at this."""
        return self.hosting not in ("", "none")

    @property
    def is_ours(self) -> bool:
        """Whether it bears one of our marks."""
        return self.mark.startswith(marks.SUBSCRIPTION)

    def is_named(self, domain: str) -> bool:
        """Whether this is its domain, given as an A-label name."""
        return domain.lower() in (self.name.lower(), self.ascii_name.lower())


class Webspaces:
    """Look-ups. None of them changes anything."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def marked(self, mark: str, domain: str) -> Webspace | None:
        """The subscription with our mark. Whether Plesk keeps marks unique is not documented; the domain decides."""
        found = [space for space in self._get(Filter("external-id", mark)) if space.mark == mark]
        if len(found) <= 1:
            return found[0] if found else None
        named = [space for space in found if space.is_named(domain)]
        if len(named) != 1:
            raise Misconfigured("ambiguous_mark", f"{len(found)} subscriptions bear the mark {mark}")
        return named[0]

    def named(self, domain: str) -> Webspace | None:
        """The subscription whose main domain this is."""
        return next(iter(self._get(Filter("name", domain))), None)

    def by_guid(self, guid: str) -> Webspace | None:
        """The subscription with this guid, without its hosting and plans.

        An answer without data is no proof that it is gone, as an error 1013 is: what would be removed might be there.
        """
        found = self._client.call(WEBSPACE_GET, _GENERAL, Filter("guid", guid))
        if found and not found[0].has("data/gen_info"):
            raise errors.unreadable("a subscription without its data", WEBSPACE_GET.command)
        return _webspace(found[0]) if found else None

    def is_site(self, domain: str) -> bool:
        """Whether some subscription has this domain as a site."""
        return any(site.has("data/gen_info") for site in self._client.call(SITE_GET, _GENERAL, Filter("name", domain)))

    def _get(self, target: Filter) -> list[Webspace]:
        found = self._client.call(WEBSPACE_GET, _WHOLE, target)
        return [_webspace(each) for each in found if each.has("data/gen_info")]


def own(webspaces: Webspaces, ref: str) -> Webspace | None:
    """Our subscription, or None when it is gone. Raises Rejected `not_ours` for one without our mark."""
    space = webspaces.by_guid(ref)
    if space is not None and not space.is_ours:
        raise Rejected("not_ours", f"the subscription {space.name} does not bear our mark and was left alone")
    return space


def _webspace(found: Result) -> Webspace:
    general = "data/gen_info/"
    guid, status = found.text(f"{general}guid"), found.text(f"{general}status") or "0"
    if not guid or not status.isdigit():
        raise errors.unreadable("a subscription without guid or status", WEBSPACE_GET.command)
    properties = found.pairs("data/hosting/vrt_hst/property")
    addresses = found.texts("data/hosting/vrt_hst/ip_address") + found.texts(f"{general}dns_ip_address")
    return Webspace(
        id=found.id,
        guid=guid,
        mark=found.text(f"{general}external-id"),
        name=found.text(f"{general}name"),
        ascii_name=found.text(f"{general}ascii-name"),
        owner_id=found.text(f"{general}owner-id"),
        status=int(status),
        hosting=found.text(f"{general}htype"),
        plans=found.texts(f"{_SUBSCRIPTION}/plan/plan-guid"),
        locked=found.text(f"{_SUBSCRIPTION}/locked") in ("true", "1"),
        login=properties.get("ftp_login", ""),
        ip_address=next(iter(addresses), ""),
    )
