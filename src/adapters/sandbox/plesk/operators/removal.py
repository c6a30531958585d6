"""What goes away together with a subscription or a site."""

from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.records import Certificate, Site, Webspace


def remove_webspace(panel: Panel, webspace: Webspace) -> None:
    """Forget a subscription, its sites, and what hangs on them."""
    for site in panel.sites.where("webspace_id", webspace.id):
        remove_site(panel, site)
    panel.plain_passwords.pop(webspace.id, None)
    panel.homes.forget(webspace.id)
    panel.webspaces.drop(webspace)


def remove_site(panel: Panel, site: Site) -> None:
    """Forget a site, its zone, mail names and certificates."""
    for record in panel.dns_records.where("site_id", site.id):
        panel.dns_records.drop(record)
    for mailname in panel.mailnames.where("site_id", site.id):
        panel.mailnames.drop(mailname)
    for certificate in panel.certificates.where("site_id", site.id):
        remove_certificate(panel, certificate)
    panel.sites.drop(site)


def remove_certificate(panel: Panel, certificate: Certificate) -> None:
    """Forget a certificate and its private key."""
    panel.private_keys.forget(certificate.id)
    panel.certificates.drop(certificate)
