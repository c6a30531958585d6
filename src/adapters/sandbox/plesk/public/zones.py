"""What a zone says of a name (RFC 1034 section 4.3.2, wildcards as in RFC 4592). Nothing but rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

ANY: Final = "ANY"
ALIAS: Final = "CNAME"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record. `host` is absolute, in small letters, with the final dot."""

    host: str
    type: str
    value: str
    opt: str = ""
    ttl: int = 86400


@dataclass(frozen=True, slots=True)
class Found:
    """What there is: the entries asked for, or an alias in their place. `exists` is False where the name is not."""

    entries: Sequence[Entry]
    exists: bool = True

    @property
    def alias(self) -> str:
        """Where to look instead, or nothing."""
        return self.entries[0].value if self.entries and self.entries[0].type == ALIAS else ""


@dataclass(frozen=True, slots=True)
class Zone:
    """Records below an origin, which is absolute too; its own are among them, the start of authority as well."""

    origin: str
    entries: Sequence[Entry]

    def look_up(self, name: str, kind: str) -> Found:
        """The entries of a name and type."""
        here = self._at(name)
        if not here and not self._exists(name):
            here = self._from_wildcard(name)
            if not here:
                return Found((), exists=False)
        exact = [entry for entry in here if kind in (entry.type, ANY)]
        return Found(exact or [entry for entry in here if entry.type == ALIAS])

    def start_of_authority(self) -> Sequence[Entry]:
        """What stands in a negative answer (RFC 2308); nothing for a zone that is made up."""
        return [entry for entry in self._at(self.origin) if entry.type == "SOA"]

    def _at(self, name: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.host == name]

    def _exists(self, name: str) -> bool:
        return any(entry.host == name or entry.host.endswith(f".{name}") for entry in self.entries)

    def _from_wildcard(self, name: str) -> list[Entry]:
        """The wildcard below the nearest name above that exists; no other can match."""
        nearest = next((above for above in ancestors(name) if above != name and self._exists(above)), self.origin)
        return self._at(f"*.{nearest}")


def ancestors(name: str) -> Iterator[str]:
    """A name and those above it, without the root: `a.b.` and `b.`."""
    while name.strip("."):
        yield name
        name = name.partition(".")[2]
