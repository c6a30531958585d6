"""What a command means: the verb, the move of the service's status, the resource that it waits for, its inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.messages import contacts, domains, services
from provisioner.messages.fields import Contract, Sealed

WORKFLOW_OF_REQUEST: Final[dict[type[Contract], str]] = {
    domains.RegisterDomain: "domain.register",
    domains.TransferDomain: "domain.transfer",
    contacts.UpdateContact: "contact.update",
}

_VERBS: Final[dict[type[Contract], str]] = {
    services.SuspendService: "suspend",
    services.ResumeService: "resume",
    services.CancelService: "cancel",
    domains.RenewDomain: "renew",
    domains.CancelTransfer: "transfer-cancel",
    domains.SetNameServers: "set-nameservers",
    domains.SetContacts: "set-contacts",
    domains.SetDnssec: "set-dnssec",
    domains.LockDomain: "lock",
    domains.UnlockDomain: "unlock",
    domains.MakeAuthCode: "auth-code",
    domains.DeleteDomain: "delete",
    domains.RestoreDomain: "restore",
    domains.SetAutoRenew: "set-auto-renew",
}
_MOVES: Final = frozenset({"suspend", "resume", "cancel", "delete", "restore"})

# What may wait long, or must not wait for what waits long, has a resource of its own.
_OWN_RESOURCE: Final = frozenset({"transfer-cancel"})


@dataclass(frozen=True, slots=True)
class NewCommand:
    """One command to a service. `event` is what happens to the service's status (`statuses.SERVICE_TRANSITIONS`)."""

    verb: str
    event: str
    service_id: str
    resource: str
    reason: str | None
    inputs: Mapping[str, Any]


def is_command(data: Contract) -> bool:
    """Whether this is a command to one service that exists."""
    return type(data) in _VERBS


def plan_command(data: Contract) -> NewCommand:
    """The command in this message. `inputs` has its other fields as JSON values, with the reason. Raises KeyError."""
    verb = _VERBS[type(data)]
    given = data.model_dump(mode="json", exclude_none=True)
    service_id = given.pop("service_id")
    return NewCommand(
        verb=verb,
        event=verb if verb in _MOVES else "change",
        service_id=service_id,
        resource=f"{verb}:{service_id}" if verb in _OWN_RESOURCE else f"service:{service_id}",
        reason=given.get("reason"),
        inputs={"reason": None, **given},
    )


@dataclass(frozen=True, slots=True)
class NewDomain:
    """A domain without an order. `attributes` are as the message has them; `domains.settle` makes them complete."""

    service_id: str
    customer_id: str
    profile: Mapping[str, Any]
    workflow: str
    resource: str
    attributes: Mapping[str, Any]
    sealed_secret: tuple[str, str] | None = None

    @property
    def transfer(self) -> bool:
        """Whether it exists elsewhere and is to come to us."""
        return self.workflow == WORKFLOW_OF_REQUEST[domains.TransferDomain]


def plan_domain(data: domains.RegisterDomain | domains.TransferDomain) -> NewDomain:
    """The service that this message asks for."""
    sealed: Sealed | None = getattr(data, "auth_code", None)
    return NewDomain(
        service_id=data.service_id,
        customer_id=data.customer.customer_id,
        profile=data.customer.model_dump(exclude={"customer_id"}, exclude_none=True),
        workflow=WORKFLOW_OF_REQUEST[type(data)],
        resource=f"service:{data.service_id}",
        attributes=data.model_dump(mode="json", exclude={"service_id", "customer", "auth_code"}, exclude_none=True),
        sealed_secret=(sealed.key_id, sealed.box) if sealed else None,
    )
