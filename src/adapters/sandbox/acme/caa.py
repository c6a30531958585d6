"""Which authorities a domain lets issue for it (RFC 8659), by the DNS and by what the control interface says."""

from collections.abc import Iterable
from typing import Any, Final

from adapters.sandbox.acme import lookup
from adapters.sandbox.acme.problems import Kind, Problem
from adapters.sandbox.acme.settings import AuthoritySettings

_FEWEST_LABELS: Final = 2


def check_told(names: Iterable[str], settings: AuthoritySettings) -> None:
    """Raises Problem (caa) for a name below one of `caa_forbidden`."""
    for name in names:
        bare = name.removeprefix("*.")
        for forbidden in settings.caa_forbidden:
            if bare == forbidden or bare.endswith(f".{forbidden}"):
                raise _forbidden(forbidden, bare)


def check_records(name: str, settings: AuthoritySettings, *, wildcard: bool) -> None:
    """Raises Problem (caa, dns) when records forbid this authority; nothing is looked up without `caa_checked`."""
    if not settings.caa_checked:
        return
    holder, found = _relevant(name, settings)
    by_tag = {tag: [_issuer(record) for record in found if record.tag.lower() == tag] for tag in _TAGS}
    allowed = (wildcard and by_tag[b"issuewild"]) or by_tag[b"issue"]
    if allowed and not set(allowed) & set(settings.caa_identities):
        raise _forbidden(holder, name)


_TAGS: Final = (b"issue", b"issuewild")


def _relevant(name: str, settings: AuthoritySettings) -> tuple[str, list[Any]]:
    """The records of the name, or of the closest one above it that has any; top-level domains are not asked."""
    labels = name.split(".")
    for first in range(len(labels) - _FEWEST_LABELS + 1):
        holder = ".".join(labels[first:])
        try:
            found = lookup.records(holder, "CAA", settings)
        except lookup.NoSuchName:
            continue
        if found:
            return holder, found
    return name, []


def _issuer(record: Any) -> str:
    """The authority that a record names; empty for none."""
    return str(record.value.decode("ascii", "replace")).partition(";")[0].strip()


def _forbidden(holder: str, name: str) -> Problem:
    return Problem(Kind.CAA, f"CAA record for {holder} prevents issuance for {name}")
