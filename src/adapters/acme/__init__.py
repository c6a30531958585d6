"""ACME (RFC 8555): certificates from Let's Encrypt and every other authority that speaks it.

settings    what an account must say, checked before anything is sent
keys        the account's key and how it signs
problems    what an authority answers instead of what was asked
network     the wire: the private pieces of the `acme` library, and what they leave out
redaction   what may be shown of a request and its answer
errors      the table: every problem and every broken connection is one outcome for each kind of call
resources   orders and authorizations, read with care
client      signed requests in the account's name; account opens or adopts that account
guards      the authority's limits, kept here so that they are never burnt
chains      certificates in PEM, as far as they are looked into
orders, issuance, revocation, renewal    the operations
delegation, caa, checks    what the world's DNS says of a name
adapter     the ports
"""

from adapters.acme.adapter import AcmeAuthority, open_adapter

__all__ = ["AcmeAuthority", "open_adapter"]
