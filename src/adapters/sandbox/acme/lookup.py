"""What the name server that the authority asks says of a name."""

from typing import Any

import dns.exception
import dns.resolver

from adapters.sandbox.acme.problems import Kind, Problem
from adapters.sandbox.acme.settings import AuthoritySettings


class NoSuchName(Problem):
    """The name is not in the DNS."""


def records(name: str, kind: str, settings: AuthoritySettings) -> list[Any]:
    """The records of a kind, aliases followed. Raises Problem (dns); NoSuchName when there is no such name."""
    resolver = _resolver(settings, name)
    try:
        return list(resolver.resolve(f"{name}.", kind, lifetime=settings.validation_seconds))
    except dns.resolver.NXDOMAIN as error:
        detail = f"DNS problem: NXDOMAIN looking up {kind} for {name} - check that a DNS record exists for this domain"
        raise NoSuchName(Kind.DNS, detail) from error
    except dns.resolver.NoAnswer:
        return []
    except dns.resolver.LifetimeTimeout as error:
        raise Problem(Kind.DNS, f"DNS problem: query timed out looking up {kind} for {name}") from error
    except dns.exception.DNSException as error:
        raise Problem(Kind.DNS, f"DNS problem: SERVFAIL looking up {kind} for {name}") from error


def _resolver(settings: AuthoritySettings, name: str) -> dns.resolver.Resolver:
    if not settings.dns_server:
        raise Problem(Kind.DNS, f"DNS problem: no name server is set (`dns_server`) to look up {name}")
    host, _, port = settings.dns_server.rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [host]
    resolver.port = int(port)
    return resolver
