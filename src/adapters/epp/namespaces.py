"""The URIs of the objects and extensions that are spoken here."""

from typing import Final

EPP: Final = "urn:ietf:params:xml:ns:epp-1.0"  # RFC 5730
DOMAIN: Final = "urn:ietf:params:xml:ns:domain-1.0"  # RFC 5731
HOST: Final = "urn:ietf:params:xml:ns:host-1.0"  # RFC 5732
CONTACT: Final = "urn:ietf:params:xml:ns:contact-1.0"  # RFC 5733
RGP: Final = "urn:ietf:params:xml:ns:rgp-1.0"  # RFC 3915
SECDNS: Final = "urn:ietf:params:xml:ns:secDNS-1.1"  # RFC 5910
CHANGE_POLL: Final = "urn:ietf:params:xml:ns:changePoll-1.0"  # RFC 8590
FEE: Final = "urn:ietf:params:xml:ns:epp:fee-1.0"  # RFC 8748
LOGIN_SECURITY: Final = "urn:ietf:params:xml:ns:epp:loginSec-1.0"  # RFC 8807

OBJECTS: Final = (DOMAIN, CONTACT, HOST)
EXTENSIONS: Final = (SECDNS, RGP, FEE, LOGIN_SECURITY, CHANGE_POLL)
