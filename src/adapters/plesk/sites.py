"""Sites as Plesk shows them: the domains of a subscription, with their hosting. The main one bears its name."""

from dataclasses import dataclass
from typing import Final

from adapters.plesk import errors
from adapters.plesk.client import Client
from adapters.plesk.operations import SITE_GET
from adapters.plesk.packet import FLAG, Filter, Values
from adapters.plesk.reply import Result
from adapters.plesk.webspaces import Webspaces, own
from provisioner.ports.outcomes import Rejected

SUBSCRIPTION_NOT_FOUND: Final = "subscription_not_found"
WEB_HOSTING: Final = "vrt_hst"
DOCUMENTS: Final = "httpdocs"
"""The folder of a site's pages in its subscription's home, unless its properties name another."""

_HOSTING: Final[Values] = {"dataset": {"gen_info": FLAG, "hosting": FLAG}}


@dataclass(frozen=True, slots=True)
class PanelSite:
    """One site as it is now.

    `certificate` is the one that is chosen for it, served or not; `folder` is where its pages lie, as its system user
    sees it.
    """

    id: str
    name: str
    ascii_name: str
    status: str
    hosting: str
    certificate: str
    has_tls: bool
    folder: str
    addresses: tuple[str, ...]

    @property
    def serves_pages(self) -> bool:
        """Whether it is on, and has pages of its own to serve."""
        return self.hosting == WEB_HOSTING and self.status == "0"

    @property
    def served(self) -> str:
        """The certificate that it serves, or empty."""
        return self.certificate if self.has_tls else ""

    def covers(self, name: str) -> bool:
        """Whether a name is this site's, or lies below it."""
        return name == self.ascii_name or name.endswith(f".{self.ascii_name}")


class Sites:
    """Look-ups. None of them changes anything."""

    def __init__(self, client: Client, webspaces: Webspaces) -> None:
        self._client = client
        self._webspaces = webspaces

    def main(self, ref: str) -> PanelSite:
        """The main site of our subscription. Raises Rejected `subscription_not_found` and `not_ours`."""
        site = self.find_main(ref)
        if site is None:
            raise gone(ref)
        return site

    def find_main(self, ref: str) -> PanelSite | None:
        """The main site of our subscription, or None when that is gone. Raises Rejected `not_ours`.

        It has the number of its subscription; that it is the same one is checked all the same.
        """
        space = own(self._webspaces, ref)
        if space is None:
            return None
        if not space.id:
            raise errors.unreadable("a subscription without its number", SITE_GET.command)
        for found in self._client.call(SITE_GET, _HOSTING, Filter("id", space.id)):
            if found.text("data/gen_info/webspace-id") == space.id:
                return _site(found)
        raise errors.unreadable("a subscription without its main site", SITE_GET.command)

    def of(self, main: PanelSite) -> tuple[PanelSite, ...]:
        """All sites of the subscription whose main site this is, that one first."""
        found = self._client.call(SITE_GET, _HOSTING, Filter("parent-id", main.id))
        others = [_site(each) for each in found if each.has("data/gen_info")]
        return (main, *(each for each in others if each.id != main.id))

    def of_name(self, main: PanelSite, name: str) -> PanelSite:
        """The site of the subscription to which a name belongs; the main one when it is none's."""
        fitting = [site for site in self.of(main) if site.covers(name)]
        return max(fitting, key=lambda site: len(site.ascii_name), default=main)


def gone(ref: str) -> Rejected:
    """The outcome for a subscription that is no longer there."""
    return Rejected(SUBSCRIPTION_NOT_FOUND, f"the server has no subscription {ref}", vendor_code="1013")


def _site(found: Result) -> PanelSite:
    general, name = "data/gen_info/", found.text("data/gen_info/name").lower()
    if not found.id or not name:
        raise errors.unreadable("a site without number or name", SITE_GET.command)
    properties = found.pairs("data/hosting/vrt_hst/property")
    addresses = found.texts(f"{general}dns_ip_address") + found.texts("data/hosting/vrt_hst/ip_address")
    return PanelSite(
        id=found.id,
        name=name,
        ascii_name=found.text(f"{general}ascii-name").lower() or name,
        status=found.text(f"{general}status") or "0",
        hosting=found.text(f"{general}htype"),
        certificate=properties.get("certificate_name", ""),
        has_tls=properties.get("ssl", "") in ("true", "1"),
        folder=_folder(properties.get("www_root", "")),
        addresses=tuple(dict.fromkeys(addresses)),
    )


def _folder(root: str) -> str:
    """`/var/www/vhosts/<home>/<folder>` as the system user sees it: what comes after its home."""
    _, found, path = root.replace("\\", "/").partition("/vhosts/")
    parts = [part for part in path.split("/")[1:] if part not in ("", ".", "..")]
    return "/".join(parts) if found and parts else DOCUMENTS
