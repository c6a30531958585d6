"""A registry of few words: it gives the answers that a test wrote down, in their order, and keeps what it was sent."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from adapters.epp import EppRegistrar
from adapters.epp.commands import Command
from adapters.epp.namespaces import EXTENSIONS
from adapters.epp.registry import Registry
from adapters.epp.replies import Checked, DomainData, Fee, Reason, Reply, ReplyData, TransferData
from adapters.epp.settings import read
from provisioner.kernel.clock import FakeClock
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.outcomes import Failure

US = "us-registrar"
THEM = "other-registrar"
NAME = "shop.example"

Answer: TypeAlias = Reply | Failure
Turn: TypeAlias = tuple[str, Answer]


@dataclass
class ScriptedWire:
    """Answers in order, each to the command that it is meant for."""

    turns: list[Turn]
    frames: list[str] = field(default_factory=list)

    def send(self, command: Command) -> Reply:
        assert self.turns, f"nothing was written down for {command.name}"
        name, answer = self.turns.pop(0)
        assert command.name == name
        self.frames.append(command.frame("TEST-0001", frozenset(EXTENSIONS)).decode())
        if isinstance(answer, Failure):
            raise answer
        return answer

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Scene:
    """A registrar and what was said."""

    registrar: EppRegistrar
    wire: ScriptedWire

    def last(self) -> str:
        """The XML of the last command."""
        return self.wire.frames[-1]


@contextmanager
def scene(*turns: Turn, **settings: str) -> Iterator[Scene]:
    """A registrar whose registry answers so; at the end every answer must have been used."""
    told = {"host": "epp.registry.example", "currency": "EUR", "restore_report": "true", **settings}
    credentials = {"username": Secret(US), "password": Secret("unused")}
    account = VendorAccount("scripted", "epp", settings=told, credentials=credentials)
    wire = ScriptedWire(list(turns))
    yield Scene(EppRegistrar(Registry(wire, read(account), FakeClock())), wire)
    assert [name for name, _ in wire.turns] == []


def ok(data: ReplyData | None = None, code: int = 1000) -> Reply:
    return Reply(code, "Command completed successfully", data=data)


def no(code: int, text: str = "no", *reasons: Reason) -> Reply:
    return Reply(code, text, sv_trid=f"SV-{code}", reasons=reasons)


def checked(
    amount: str = "10.00", *, available: bool = True, fee_class: str = "standard", currency: str = "EUR"
) -> Turn:
    """A check that names a price."""
    fee = Fee("create", amount, currency, 1, fee_class)
    return "domain-check", ok((Checked(NAME, available, "" if available else "In use", fee),))


def info(
    *,
    registrar: str = US,
    statuses: Sequence[str] = ("ok",),
    rgp: Sequence[str] = (),
    expires_at: str = "2027-03-04T05:06:07Z",
    **more: object,
) -> Turn:
    """A domain as the registry shows it."""
    told: dict[str, object] = {
        "roid": "D1-REG",
        "registrant": "PHANDLE1",
        "created_at": "2026-03-04T05:06:07Z",
        **more,
    }
    data = DomainData(
        NAME,
        registrar=registrar,
        statuses=tuple(statuses),
        rgp_statuses=tuple(rgp),
        expires_at=expires_at,
        **told,  # type: ignore[arg-type]  # the test names the fields that it is about
    )
    return "domain-info", ok(data)


def not_shown(code: int) -> Turn:
    """A domain that is not there (2303), or not shown (2201, 2202)."""
    return "domain-info", no(code)


def transfer(status: str, *, by: str = US, at: str = "2026-01-01T00:00:00Z", code: int = 1000) -> Reply:
    data = TransferData(NAME, status, by, at, THEM if by == US else US, "2026-01-06T00:00:00Z")
    return ok(data, code)
