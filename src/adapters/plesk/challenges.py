"""Challenges of a certificate authority, shown as a file of the site or as a TXT record of its zone."""

import re
from dataclasses import dataclass
from typing import Final

from adapters.plesk import errors
from adapters.plesk.file_errors import NOT_POSSIBLE
from adapters.plesk.files import FileServer
from adapters.plesk.server import Server
from adapters.plesk.settings import Settings
from adapters.plesk.sites import PanelSite, Sites
from adapters.plesk.zones import Zones
from provisioner.ports.certificates import Challenge, Method, Site
from provisioner.ports.outcomes import Done, Rejected, Uncertain

FOLDER: Final = ".well-known/acme-challenge"
_TOKEN: Final = re.compile("[A-Za-z0-9_-]{1,255}")
"""RFC 8555 section 8.3: base64url. It becomes the name of a file, so nothing else is taken."""


@dataclass(frozen=True, slots=True)
class Challenges:
    """What this server can show, and shows."""

    settings: Settings
    server: Server
    sites: Sites
    zones: Zones
    files: FileServer

    def terms(self, site: Site) -> Done:
        """How this server handles the site's certificates. `data`: source, methods, addresses, dns."""
        main = self.sites.main(site.ref)
        own_dns = self.settings.dns_is_ours and self.zones.serves(main)
        possible = {Method.HTTP: main.serves_pages and bool(site.login and site.password), Method.DNS: own_dns}
        return Done(
            site.ref,
            {
                "source": self.settings.certificates,
                "methods": [method.value for method in self.settings.challenge_methods if possible[method]],
                "addresses": list(self.server.public(main.addresses)),
                "dns": "panel" if own_dns else "elsewhere",
            },
        )

    def show(self, site: Site, challenge: Challenge) -> Done:
        """Put it there, beside others."""
        if challenge.method not in self.settings.challenge_methods:
            raise Rejected(NOT_POSSIBLE, f"{challenge.method.value} is not to be used on this server")
        main = self.sites.main(site.ref)
        if challenge.method is Method.DNS:
            self._add_record(main, challenge)
        else:
            self._write(self._path(main, challenge), site, challenge.content.encode())
        return Done(challenge.place)

    def hide(self, site: Site, challenge: Challenge) -> Done:
        """Take exactly it away. What is gone, with the subscription or without, is Done."""
        main = self.sites.find_main(site.ref)
        if main is not None and challenge.method is Method.DNS:
            self.zones.remove_text(self._zone(main, challenge), challenge.place, challenge.content)
        elif main is not None:
            path = self._path(main, challenge)
            with self.files.opened(site) as folder:
                folder.remove(path)
        return Done(challenge.place)

    def _add_record(self, main: PanelSite, challenge: Challenge) -> None:
        zone = self._zone(main, challenge)
        if not (self.settings.dns_is_ours and self.zones.serves(zone)):
            raise Rejected(NOT_POSSIBLE, f"the DNS of {zone.ascii_name} is not served by this server")
        self.zones.add_text(zone, challenge.place, challenge.content)

    def _zone(self, main: PanelSite, challenge: Challenge) -> PanelSite:
        return self.sites.of_name(main, challenge.place.lower().removesuffix("."))

    def _path(self, main: PanelSite, challenge: Challenge) -> str:
        if not _TOKEN.fullmatch(challenge.place):
            raise Rejected("invalid_input", "the challenge's token is none by RFC 8555")
        folder = self.sites.of_name(main, challenge.name.lower()).folder
        return f"{folder}/{FOLDER}/{challenge.place}"

    def _write(self, path: str, site: Site, content: bytes) -> None:
        """Look, write, and read back: what is shown must be complete before the authority is told."""
        with self.files.opened(site) as folder:
            if folder.read(path) == content:
                return
            folder.write(path, content)
            with errors.after_effect():
                if folder.read(path) != content:
                    raise Uncertain("not_shown_yet", f"the file {path} was written and does not read the same")
