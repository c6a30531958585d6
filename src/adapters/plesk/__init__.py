"""Plesk over its XML API (protocol 1.6.9.1): the hosting port, and that of hosts of certificates.

settings    what an account must say, checked before anything is sent
tls         which server is trusted
packet      requests, serialised from ordered tables
client      the wire: one packet out, one reply back
reply       answers, parsed with care
errors      the table: every code and every broken connection is one outcome
redaction   what may be shown of either
customers, subscriptions, server    the operations
sites, certificates, zones    … of the sites in a subscription
files, file_errors    files of a site, over FTP with TLS, and how that can fail
challenges    what is shown to a certificate authority, by files and zones
served      what a site serves, by a TLS handshake
adapter     the port
"""

from adapters.plesk.adapter import PleskHosting, open_adapter

__all__ = ["PleskHosting", "open_adapter"]
