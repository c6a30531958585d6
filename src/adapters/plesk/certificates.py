"""Certificates in a site's repository, and which of them the site serves.

Installing puts a certificate into the repository and changes nothing else; it is served once the site's properties
`ssl` and `certificate_name` say so. Plesk lists names only, so a name must stand for one content.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from adapters.plesk import errors
from adapters.plesk.client import Client
from adapters.plesk.operations import CERTIFICATE_INSTALL, CERTIFICATE_POOL, CERTIFICATE_REMOVE, SITE_SET
from adapters.plesk.packet import FLAG, Filter, Values
from adapters.plesk.sites import WEB_HOSTING, PanelSite, Sites, gone
from provisioner.ports.certificates import InstalledCertificate, Site
from provisioner.ports.outcomes import Done, Misconfigured, Rejected, Uncertain

IN_USE: Final = "certificate_in_use"
_PEM: Final = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Certificates:
    """The repositories of one server's sites."""

    client: Client
    sites: Sites

    def find(self, site: Site, certificate: InstalledCertificate) -> Done | None:
        """The certificate of this name, or None."""
        return Done(certificate.name) if certificate.name in self._pool(self.sites.main(site.ref)) else None

    def install(self, site: Site, certificate: InstalledCertificate) -> Done:
        """Put it there, unless its name is there."""
        main = self.sites.main(site.ref)
        if certificate.name not in self._pool(main):
            self._install(main, certificate, site.ref)
        return Done(certificate.name)

    def use(self, site: Site, name: str) -> Done:
        """Have the main site serve it. `data`: before."""
        main = self.sites.main(site.ref)
        if main.hosting != WEB_HOSTING:
            raise Rejected("no_web_hosting", f"the site {main.name} has no web hosting that could serve a certificate")
        if main.served != name:
            self._choose(main, name)
            with errors.after_effect():
                self._check_served(site.ref, name)
        return Done(name, {"before": main.served})

    def remove(self, site: Site, name: str) -> Done:
        """Take it out. One that is gone, with its subscription or without, is Done."""
        main = self.sites.find_main(site.ref)
        if main is not None and name in self._pool(main):
            self._check_unused(main, name)
            self._remove(main, name)
        return Done(name)

    def _pool(self, main: PanelSite) -> tuple[str, ...]:
        with _permitted():
            answers = self.client.call(CERTIFICATE_POOL, target=Filter("domain-id", main.id))
        return tuple(name for each in answers for name in each.texts("certificates/certificate/name"))

    def _install(self, main: PanelSite, certificate: InstalledCertificate, ref: str) -> None:
        values = _new(main, certificate)
        try:
            with _with_subscription(ref):
                self.client.call(CERTIFICATE_INSTALL, values)
        except Rejected as refused:
            if refused.code not in errors.LOOK_AGAIN or certificate.name not in self._pool(main):
                raise

    def _choose(self, main: PanelSite, name: str) -> None:
        try:
            self.client.call(SITE_SET, _serving(name), Filter("id", main.id))
        except Rejected as refused:
            if refused.code != errors.NOT_FOUND:
                raise
            message = f"the repository of {main.name} has no certificate {name}"
            raise Rejected("certificate_not_found", message, vendor_code=refused.vendor_code) from refused

    def _check_served(self, ref: str, name: str) -> None:
        served = self.sites.main(ref).served
        if served != name:
            raise Uncertain("certificate_not_applied", f"Plesk accepted {name} and shows {served or 'none'} in use")

    def _check_unused(self, main: PanelSite, name: str) -> None:
        users = [site.name for site in self.sites.of(main) if site.served == name]
        if users:
            raise Rejected(IN_USE, f"the certificate {name} is in use by {', '.join(users)}")

    def _remove(self, main: PanelSite, name: str) -> None:
        """Plesk has no code for "in use" (by its mail, or its panel); a refusal after which it is there is taken so."""
        try:
            with _with_subscription(main.name):
                self.client.call(CERTIFICATE_REMOVE, {"site": main.name}, Filter("name", name))
        except Uncertain as failed:
            with errors.after_effect():
                refused = failed.vendor_code is not None and name in self._pool(main)
            if not refused:
                raise
            raise Rejected(IN_USE, failed.message, vendor_code=failed.vendor_code) from failed


def _new(main: PanelSite, certificate: InstalledCertificate) -> Values:
    """The content model demands a CSR; an empty one is what the vendor's own client sends without it."""
    parts = _PEM.findall(certificate.chain)
    if not parts:
        raise Rejected("invalid_input", "the chain holds no PEM certificate")
    content: Values = {
        "csr": certificate.csr or FLAG,
        "pvt": certificate.key,
        "cert": parts[0],
        "ca": "\n".join(parts[1:]),
    }
    return {"name": certificate.name, "site": main.name, "content": content}


def _serving(name: str) -> Values:
    """Plesk takes no empty name of a certificate; a site without one has TLS switched off."""
    chosen = ({"name": "ssl", "value": "true"}, {"name": "certificate_name", "value": name})
    properties = chosen if name else ({"name": "ssl", "value": "false"},)
    return {"values": {"hosting": {"vrt_hst": {"property": properties}}}}


@contextmanager
def _permitted() -> Iterator[None]:
    """Plesk lets administrators only look into repositories; hosting goes on for a login that may not."""
    try:
        yield
    except Misconfigured as refused:
        if refused.code != errors.PERMISSION_DENIED:
            raise
        message = f"this login may not handle certificates: {refused.message}"
        raise Rejected("certificates_not_permitted", message, vendor_code=refused.vendor_code) from refused


@contextmanager
def _with_subscription(ref: str) -> Iterator[None]:
    """Error 1015 here: the subscription went away after it was looked up."""
    try:
        yield
    except Rejected as refused:
        if refused.code != "owner_not_found":
            raise
        raise gone(ref) from refused
