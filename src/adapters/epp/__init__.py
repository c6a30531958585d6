"""A registrar account over EPP (RFC 5730 to 5734): the registrar port.

settings             what an account must say, checked before anything is sent
commands, replies    what is sent, what comes back; XML is known to nobody else
sessions             the wire: one command out, one reply back
errors, pointers     the table: every result code is one outcome; which field it is about
registry             sends, judges, knows what is ours
contacts, hosts, prices, registrations, restores, transfers, changes, poll    the operations
statuses, dates      what statuses forbid; how dates compare
adapter              the port
"""

from adapters.epp.adapter import EppRegistrar, open_adapter

__all__ = ["EppRegistrar", "open_adapter"]
