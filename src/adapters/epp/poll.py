"""The registry's messages (RFC 5730 §2.9.2.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.epp import commands
from adapters.epp.registry import Registry
from adapters.epp.replies import Polled
from provisioner.ports.registrar import RegistryMessage


@dataclass(frozen=True, slots=True)
class Messages:
    """The queue of one account; it is empty when the registry says so (1300), and only then."""

    registry: Registry

    def next(self) -> RegistryMessage | None:
        """The oldest message; it stays. One that nobody can read, also when asked again, has the kind `other`."""
        reply = self.registry.ask(commands.poll_request())
        if isinstance(reply.data, Polled) and not reply.data.is_whole:
            reply = self.registry.ask(commands.poll_request())
        if isinstance(reply.data, Polled):
            return self._message(reply.data)
        if reply.queue is None or not reply.queue.message_id or not reply.queue.count:
            return None
        return RegistryMessage(reply.queue.message_id, "", "other", "", reply.message, {}, "")

    def acknowledge(self, message_id: str) -> None:
        """Take it off the queue; one that is gone already does no harm (2303)."""
        self.registry.ask(commands.poll_ack(message_id))

    def _message(self, polled: Polled) -> RegistryMessage:
        return RegistryMessage(
            message_id=polled.message_id,
            queued_at=polled.queued_at,
            kind=polled.kind,
            domain=polled.domain.lower(),
            text=polled.text,
            data=self._facts(polled),
            raw=polled.raw,
        )

    def _facts(self, polled: Polled) -> Mapping[str, Any]:
        """What it tells; of a transfer also whether it is one to us."""
        if polled.kind != "transfer":
            return polled.data
        return {**polled.data, "ours": self.registry.is_us(str(polled.data.get("requested_by")))}
