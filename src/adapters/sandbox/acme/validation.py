"""Looks whether a challenge is met, in the way of RFC 8555 sections 8.3 (HTTP) and 8.4 (DNS)."""

import hashlib
import http.client
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from adapters.sandbox.acme import lookup
from adapters.sandbox.acme.jws import encoded
from adapters.sandbox.acme.problems import Kind, Problem
from adapters.sandbox.acme.records import Method
from adapters.sandbox.acme.settings import AuthoritySettings

MOST_REDIRECTS: Final = 10
MOST_BYTES: Final = 1024
_SHOWN: Final = 80
_USER_AGENT: Final = "Mozilla/5.0 (compatible; sandbox validation server)"


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be looked at: the challenge of a name, its token, and the key authorisation that must be found."""

    authorization: str
    name: str
    method: Method
    token: str
    key_authorization: str
    wildcard: bool = False


def look(assignment: Assignment, settings: AuthoritySettings) -> None:
    """Return when the challenge is met. Raises Problem (connection, dns, unauthorized) when it is not."""
    if settings.validation == "none":
        return
    if assignment.method == "http-01":
        _look_at_file(assignment, settings)
    else:
        _look_at_record(assignment, settings)


def record_value(key_authorization: str) -> str:
    """What the TXT record must hold."""
    return encoded(hashlib.sha256(key_authorization.encode()).digest())


# HTTP


def _look_at_file(assignment: Assignment, settings: AuthoritySettings) -> None:
    url = f"http://{assignment.name}/.well-known/acme-challenge/{assignment.token}"
    found = _fetch(url, settings).rstrip()
    if found != assignment.key_authorization.encode():
        shown = found[:_SHOWN].decode("utf-8", "replace")
        raise Problem(
            Kind.UNAUTHORIZED,
            "The key authorization file from the server did not match this challenge. "
            f'Expected "{assignment.key_authorization}" (got "{shown}")',
        )


def _fetch(url: str, settings: AuthoritySettings) -> bytes:
    """The beginning of a page, redirects followed. Raises Problem (connection, unauthorized)."""
    for _ in range(MOST_REDIRECTS + 1):
        status, location, body = _get(url, settings)
        if status == http.HTTPStatus.OK:
            return body
        if not (location and status in (301, 302, 303, 307, 308)):
            raise Problem(Kind.UNAUTHORIZED, f"Invalid response from {url}: {status}")
        url = _next(url, location)
    raise Problem(Kind.CONNECTION, f"Fetching {url}: Too many redirects")


def _next(url: str, location: str) -> str:
    """Where a redirect leads; only to another page over HTTP. Raises Problem (connection)."""
    if location.startswith("/"):
        return f"http://{urlsplit(url).netloc}{location}"
    if urlsplit(location).scheme != "http":
        raise Problem(Kind.CONNECTION, f"Fetching {location}: only redirects to http are followed here")
    return location


def _get(url: str, settings: AuthoritySettings) -> tuple[int, str, bytes]:
    parts = urlsplit(url)
    host, port = _address(parts.hostname or "", settings)
    connection = http.client.HTTPConnection(host, port, timeout=settings.validation_seconds)
    try:
        connection.request("GET", parts.path or "/", headers={"Host": parts.netloc, "User-Agent": _USER_AGENT})
        response = connection.getresponse()
        return response.status, response.getheader("Location", ""), response.read(MOST_BYTES)
    except TimeoutError as error:
        raise Problem(Kind.CONNECTION, f"Fetching {url}: Timeout during connect (likely firewall problem)") from error
    except ConnectionRefusedError as error:
        raise Problem(Kind.CONNECTION, f"Fetching {url}: Connection refused") from error
    except (OSError, http.client.HTTPException) as error:
        raise Problem(Kind.CONNECTION, f"Fetching {url}: {type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _address(name: str, settings: AuthoritySettings) -> tuple[str, int]:
    """Where a name leads: always to `http_address` if that is set, else where the DNS says."""
    if settings.http_address:
        host, _, port = settings.http_address.rpartition(":")
        return host, int(port)
    found = [record.to_text() for record in lookup.records(name, "A", settings)]
    if not found:
        raise Problem(Kind.DNS, f"No valid IP addresses found for {name}")
    return found[0], settings.http_port


# DNS


def _look_at_record(assignment: Assignment, settings: AuthoritySettings) -> None:
    name, wanted = f"_acme-challenge.{assignment.name}", record_value(assignment.key_authorization)
    records = lookup.records(name, "TXT", settings)
    found = [b"".join(record.strings).decode("utf-8", "replace") for record in records]
    if not found:
        raise Problem(Kind.UNAUTHORIZED, f"No TXT record found at {name}")
    if wanted not in found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise Problem(Kind.UNAUTHORIZED, f'Incorrect TXT record "{found[0][:_SHOWN]}"{more} found at {name}')
