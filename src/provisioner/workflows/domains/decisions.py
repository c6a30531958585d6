"""What registries decide by hand, and how they say no: with a message, or by no longer showing that they decide.

A transfer is decided by the losing registrar too, and its end is told with a message of its own (trnData).

A message comes by another way than the answers to our commands; it is kept in the service's data, under the decision's
`code`: of which `operation`, `at`, the registry's `words`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from provisioner.ports.outcomes import Rejected
from provisioner.workflows.domains.ordered import Ordered
from provisioner.workflows.operation import Operation

REGISTRY_DECIDES: Final = 30 * 86_400.0
"""Seconds for which a registry that decides by hand is waited for before somebody is told."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that a registry may decide later (1001): the refusal's code and words, and which workflow waits for it.

    `code` is also the key under which the service keeps a refusal.
    """

    code: str
    message: str
    workflow: str
    fields: tuple[str, ...] = ()

    def refusal(self, op: Operation) -> Rejected | None:
        """What the registry has told that it decided against this very operation, if it has."""
        told = op.service.data.get(self.code) or {}
        if told.get("operation") != op.id:
            return None
        return self._rejected(op, told.get("words") or "no reason was given")

    def lapsed(self, op: Operation) -> Rejected:
        """The refusal of what the registry showed as under way, and shows no more, without having done it."""
        return self._rejected(op, "it is no longer under way there, and nothing has come of it")

    def _rejected(self, op: Operation, words: str) -> Rejected:
        return Rejected(self.code, f"{self.message} of {Ordered.of(op).domain}: {words}", fields=self.fields)


REGISTRATION: Final = Decision(
    "registration_refused", "the registry has refused the registration", "domain.register", ("/domain",)
)
RENEWAL: Final = Decision("renewal_refused", "the registry has refused the renewal", "domain.renew")
RESTORE: Final = Decision("restore_refused", "the registry has refused the restore", "domain.restore")
TRANSFER_REFUSED: Final = Decision(
    "transfer_refused", "the losing registrar has rejected the transfer", "domain.transfer"
)
TRANSFER_CANCELLED: Final = Decision(
    "transfer_cancelled", "the registry tells of a cancelled transfer", "domain.transfer"
)

OF_COMMAND: Final[Mapping[str, Decision]] = {
    "domain-create": REGISTRATION,
    "domain-renew": RENEWAL,
    "domain-restore-request": RESTORE,
    "domain-restore-report": RESTORE,
}
"""By the command that was answered with 1001, as messages about it name it."""

OF_TRANSFER: Final[Mapping[str, Decision]] = {
    "clientRejected": TRANSFER_REFUSED,
    "clientCancelled": TRANSFER_CANCELLED,
    "serverCancelled": TRANSFER_CANCELLED,
}
"""By the status with which a transfer to us has ended (RFC 5730 §2.9.3.4)."""


def refusal_of_transfer(op: Operation) -> Rejected | None:
    """How the transfer that this very operation has asked for has ended, if that was told and was not its arrival."""
    return TRANSFER_REFUSED.refusal(op) or TRANSFER_CANCELLED.refusal(op)
