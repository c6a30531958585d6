"""One account at one registry: sends commands, judges what comes back, knows which domains are ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from adapters.epp import commands, errors
from adapters.epp.commands import Command
from adapters.epp.replies import (
    Checked,
    ContactData,
    Created,
    DomainData,
    HostData,
    Renewed,
    Reply,
    ReplyData,
    TransferData,
)
from adapters.epp.settings import Settings
from provisioner.kernel.clock import Clock
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Failure, Pending, Rejected, Unavailable, Uncertain

_Data = TypeVar("_Data")


class Wire(Protocol):
    """What carries commands: `sessions.Sessions`."""

    def send(self, command: Command) -> Reply:
        """Send one command and read its reply. Raises the outcomes of a connection."""
        ...

    def close(self) -> None:
        """Close all sessions. Safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """A domain as this account sees it; `data` is empty where the registry shows nothing."""

    exists: bool
    ours: bool
    data: DomainData


@dataclass(frozen=True, slots=True)
class Registry:
    """What all operations share. Safe to use from many threads."""

    wire: Wire
    settings: Settings
    clock: Clock

    def ask(
        self, command: Command, about: str = "", *, priced: bool = False, values: Mapping[str, str] | None = None
    ) -> Reply:
        """The reply, if the table of `errors` takes it for an answer or a success; otherwise raises its outcome.

        `about`: the name or handle that the command is about. An answer about another one is no answer.
        """
        reply = self.wire.send(command)
        failed = errors.failure(reply, command, priced=priced, values=values)
        if failed is not None:
            raise failed
        if about and _subject(reply.data, about).lower() != about.lower():
            raise _mistaken(command, about)
        return reply

    def is_us(self, registrar: str) -> bool:
        """Whether a registrar's identifier (clID, reID, acID) is this account's."""
        return registrar == self.settings.sponsor

    def pending(self, reason: str, domain: str, *, shown: bool = False) -> Pending:
        """What the registry decides by hand; its message comes sooner than the next look. `shown`: by a status."""
        return Pending(self.settings.pending_look_seconds, reason, domain, shown)

    def seen(self, domain: str, auth_code: Secret | None = None) -> Seen:
        """What the registry shows of a domain; with its authorisation code also of another registrar's."""
        reply = self.ask(commands.domain_info(domain, auth_code), domain)
        if not reply.succeeded:
            return Seen(exists=reply.code != errors.ABSENT, ours=False, data=DomainData(domain))
        data = told(reply, DomainData)
        return Seen(exists=True, ours=self.is_us(data.registrar), data=data)

    def own(self, domain: str) -> DomainData:
        """A domain of ours. Raises Rejected `not_found` or `not_ours`."""
        seen = self.seen(domain)
        if not seen.exists:
            raise Rejected("not_found", f"{domain} is not registered", vendor_code=str(errors.ABSENT))
        if not seen.ours:
            raise not_ours(seen.data)
        return seen.data


def _subject(data: ReplyData | None, default: str) -> str:
    """What an answer is about; one that does not say so is about what was asked."""
    match data:
        case DomainData(name=name) | Created(name=name) | Renewed(name=name) | TransferData(name=name):
            return name
        case HostData(name=name) | ContactData(handle=name) | (Checked(name=name), *_):
            return name
    return default


def _mistaken(command: Command, about: str) -> Failure:
    message = f"{command.name}: the registry answered about another object than {about}"
    return (Uncertain if command.transform else Unavailable)("wrong_answer", message)


def told(reply: Reply, kind: type[_Data]) -> _Data:
    """The data of an answer. Raises Unavailable when a success comes without it."""
    if not isinstance(reply.data, kind):
        raise Unavailable("unreadable_answer", f"a success without {kind.__name__}", vendor_code=str(reply.code))
    return reply.data


def not_ours(data: DomainData) -> Rejected:
    """The refusal to touch another registrar's domain."""
    whose = f"registrar {data.registrar}" if data.registrar else "another registrar"
    return Rejected("not_ours", f"{data.name} is with {whose}")
