"""Which site a host name leads to, and where its files are."""

from pathlib import Path, PurePosixPath
from typing import Final

from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.records import Site, Webspace

ROOT: Final = "/var/www/vhosts/"
DOCUMENTS: Final = "httpdocs"


def sites_named(panel: Panel, name: str) -> list[Site]:
    """The site of exactly this name, given with A-labels or U-labels."""
    return panel.sites.where("name", name) or panel.sites.where("name", _unicode(name))


def site_at(panel: Panel, host: str) -> Site | None:
    """The site that answers under a host name: its own, or that with `www.` before it."""
    name = host.lower().removesuffix(".")
    found = sites_named(panel, name) or sites_named(panel, name.removeprefix("www."))
    return found[0] if found else None


def is_open(panel: Panel, site: Site) -> bool:
    """False for a site that is suspended, itself or with its subscription."""
    return site.status == 0 and panel.webspace_of(site).status == 0


def documents(site: Site) -> PurePosixPath:
    """The document root of a site, from the home of its subscription's system user."""
    path = PurePosixPath(site.properties.get("www_root") or DOCUMENTS)
    if path.is_absolute():
        path = PurePosixPath(*path.parts[len(PurePosixPath(ROOT).parts) + 1 :])
    return path if path.parts and ".." not in path.parts else PurePosixPath(DOCUMENTS)


def furnished_home(panel: Panel, webspace: Webspace) -> Path:
    """The home of a subscription with the document roots of its sites in it. Raises OSError."""
    home = panel.homes.made(webspace.id)
    for site in panel.sites.where("webspace_id", webspace.id):
        (home / documents(site)).mkdir(parents=True, exist_ok=True)
    return home


def _unicode(name: str) -> str:
    try:
        return name.encode("ascii").decode("idna")
    except UnicodeError:
        return name
