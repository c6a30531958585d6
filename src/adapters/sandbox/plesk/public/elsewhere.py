"""The rest of the DNS, as far as tests want one: names that are served elsewhere, and servers that misbehave."""

import threading
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from adapters.sandbox.plesk.public.zones import ALIAS, ANY, Entry, Zone, ancestors
from adapters.sandbox.plesk.rdata import rdata_of

ROOT: Final = "."
_NAMES: Final = ("NS", ALIAS)


class OutsideName(BaseModel):
    """One line of `POST /dns/records`: a record, or how a name and all below it are answered (`rcode`, `seconds`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=254)]
    type: str = ""
    value: str = ""
    ttl: Annotated[int, Field(ge=0, le=2**31 - 1)] = 60
    rcode: Literal["", "SERVFAIL", "NXDOMAIN", "REFUSED"] = ""
    seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0

    @field_validator("name")
    @classmethod
    def _absolute(cls, name: str) -> str:
        return f"{name.lower().removesuffix('.')}."

    @field_validator("type")
    @classmethod
    def _in_capitals(cls, kind: str) -> str:
        return kind.upper()

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.type) == bool(self.rcode or self.seconds):
            raise ValueError("give either type and value, or rcode or seconds")
        if self.type:
            rdata_of(self.type, self.value)
        return self


_LINES: Final[TypeAdapter[list[OutsideName]]] = TypeAdapter(list[OutsideName])


class Elsewhere:
    """Names that are not the panel's, safe to use from several threads. Nothing of it survives a restart."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[OutsideName] = []

    def add(self, body: Any) -> Mapping[str, int]:
        """Take one line or a list of them. Raises ValueError."""
        lines = _LINES.validate_python(body if isinstance(body, list) else [body])
        with self._lock:
            self._lines += lines
            return {"records": len(self._lines)}

    def lines(self) -> list[dict[str, Any]]:
        """Everything, as JSON."""
        with self._lock:
            return [line.model_dump(mode="json") for line in self._lines]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._lines.clear()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def zone(self) -> Zone:
        """All its records, as if one server held them."""
        with self._lock:
            return Zone(ROOT, [_entry(line) for line in self._lines if line.type])

    def governs(self, name: str, kind: str) -> bool:
        """True where a name has records of a type here, or lies in a zone that is delegated here by NS records."""
        above = set(ancestors(name))
        with self._lock:
            return any(_decides(line, name, kind) or (line.type == "NS" and line.name in above) for line in self._lines)

    def misbehaviour(self, name: str) -> OutsideName | None:
        """How this name is answered instead, if it was told."""
        above = set(ancestors(name))
        with self._lock:
            return next((line for line in self._lines if not line.type and line.name in above), None)


def _decides(line: OutsideName, name: str, kind: str) -> bool:
    return line.name == name and line.type != "" and (line.type in (kind, ALIAS) or kind == ANY)


def _entry(line: OutsideName) -> Entry:
    value = f"{line.value.lower().removesuffix('.')}." if line.type in _NAMES else line.value
    return Entry(line.name, line.type, value, ttl=line.ttl)
