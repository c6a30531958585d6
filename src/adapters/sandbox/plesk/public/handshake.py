"""TLS of the customers' sites: by the name that the client asks for (SNI, RFC 6066), the certificate that is in use."""

import functools
import ssl
from typing import Final

from adapters.sandbox.faults import Fault, FaultPlan
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.public import places
from adapters.sandbox.plesk.records import Certificate, Site
from adapters.sandbox.tls import Identity, context_of
from provisioner.kernel.secret import Secret

OPERATION: Final = "tls.handshake"


def identity_of_sites(panel: Panel, faults: FaultPlan, default: Identity) -> Identity:
    """An identity that shows each site's own certificate, and the panel's where a site has none in use.

    The fault plan knows a handshake that names a host as `tls.handshake`, with that name.
    """
    context = context_of(default.pem)

    def choose(connection: ssl.SSLObject, host: str | None, _context: ssl.SSLContext) -> int | None:
        rule = faults.take(OPERATION, (host,)) if host else None
        if rule is not None and rule.fault is not Fault.DEFAULT_CERTIFICATE:
            return ssl.AlertDescription.ALERT_DESCRIPTION_INTERNAL_ERROR
        if host and rule is None and (chosen := _context_for(panel, host)) is not None:
            connection.context = chosen
        return None

    context.sni_callback = choose
    return Identity(context, default.fingerprint, default.pem)


def _context_for(panel: Panel, host: str) -> ssl.SSLContext | None:
    with panel.lock:
        site = places.site_at(panel, host)
        certificate = None if site is None else in_use(panel, site)
        key = None if certificate is None else panel.private_keys.get(certificate.id)
    if certificate is None or key is None or not certificate.cert:
        return None
    return _context(Secret(f"{key.reveal()}\n{certificate.cert}\n{certificate.ca}\n"))


def in_use(panel: Panel, site: Site) -> Certificate | None:
    """The certificate that a site shows: the one it names, if it has TLS switched on."""
    name = site.properties.get("certificate_name", "")
    if not name or site.properties.get("ssl") != "true":
        return None
    found = {certificate.site_id: certificate for certificate in panel.certificates.where("name", name)}
    return next((found[pool] for pool in (site.id, site.webspace_id, 0) if pool in found), None)


_context = functools.lru_cache(maxsize=64)(context_of)
