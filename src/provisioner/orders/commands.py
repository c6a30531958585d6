"""What a command means: the verb, the move of the service's status, the resource that it waits for, its inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.messages import certificates, contacts, domains, services
from provisioner.messages.fields import Contract, Sealed, SealedKey

WORKFLOW_OF_REQUEST: Final[dict[type[Contract], str]] = {
    domains.RegisterDomain: "domain.register",
    domains.TransferDomain: "domain.transfer",
    contacts.UpdateContact: "contact.update",
    certificates.IssueCertificate: "certificate.issue",
    certificates.GenerateCsr: "certificate.generate-csr",
    certificates.UploadCertificate: "certificate.upload",
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
    certificates.RenewCertificate: "renew",
    certificates.InstallCertificate: "install",
    certificates.RemoveCertificate: "remove",
    certificates.RevokeCertificate: "revoke",
}
_MOVES: Final = frozenset({"suspend", "resume", "cancel", "delete", "restore"})

# What may wait long, or must not wait for what waits long, has a resource of its own.
_OWN_RESOURCE: Final = frozenset({"transfer-cancel"})

# What is done at the site of the service's parent: one at a time there, whichever of its certificates it is about.
_AT_SITE: Final = frozenset({"install", "remove"})


@dataclass(frozen=True, slots=True)
class NewCommand:
    """One command to a service. `event` is what happens to the service's status (`statuses.SERVICE_TRANSITIONS`).

    `at_site`: it is done at the site of the service's parent, and waits for what else is done there.
    """

    verb: str
    event: str
    service_id: str
    resource: str
    reason: str | None
    inputs: Mapping[str, Any]
    at_site: bool = False

    def resource_under(self, parent_id: str | None) -> str:
        """What it waits for, where the service has this parent."""
        return site(parent_id) if self.at_site and parent_id is not None else self.resource


def site(hosting_id: str) -> str:
    """The resource that changes of one hosting's site wait for."""
    return f"site:{hosting_id}"


def is_command(data: Contract) -> bool:
    """Whether this is a command to one service that exists."""
    return type(data) in _VERBS


def plan_command(data: Contract) -> NewCommand:
    """The command in this message. `inputs` has its other fields as JSON values, with the reason. Raises KeyError."""
    verb = _VERBS[type(data)]
    given = data.model_dump(mode="json", exclude_none=True)
    service_id = given.pop(_id_field(data))
    return NewCommand(
        verb=verb,
        event=verb if verb in _MOVES else "change",
        service_id=service_id,
        resource=f"{verb}:{service_id}" if verb in _OWN_RESOURCE else f"service:{service_id}",
        reason=given.get("reason"),
        inputs={"reason": None, **given},
        at_site=verb in _AT_SITE,
    )


def _id_field(data: Contract) -> str:
    return "certificate_id" if "certificate_id" in type(data).model_fields else "service_id"


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


@dataclass(frozen=True, slots=True)
class NewCertificateService:
    """A certificate for a hosting service: one that is to be, or another try for one that is there under this id.

    `attributes` are as the message has them; `certificates.settle` makes them complete. `key_kind`: the private key
    that is to be made as the operation's secret, None where the customer brings one (`sealed_key`) or has one here.
    """

    certificate_id: str
    hosting_id: str
    workflow: str
    resource: str
    attributes: Mapping[str, Any]
    inputs: Mapping[str, Any]
    key_kind: str | None = None
    account: str | None = None
    sealed_key: tuple[str, str] | None = None


CertificateRequest = certificates.IssueCertificate | certificates.GenerateCsr | certificates.UploadCertificate


def plan_certificate(data: CertificateRequest) -> NewCertificateService:
    """The certificate that this message asks for."""
    sealed: SealedKey | None = getattr(data, "key", None)
    return NewCertificateService(
        certificate_id=data.certificate_id,
        hosting_id=data.service_id,
        workflow=WORKFLOW_OF_REQUEST[type(data)],
        resource=f"service:{data.certificate_id}",
        attributes=_certificate_attributes(data),
        inputs=data.model_dump(mode="json", include={"subject", "certificate", "install"}, exclude_none=True),
        key_kind=getattr(data, "key_kind", None),
        account=getattr(data, "account", None),
        sealed_key=(sealed.key_id, sealed.box) if sealed else None,
    )


def _certificate_attributes(data: CertificateRequest) -> dict[str, Any]:
    """Only what the authority issues here can be renewed here."""
    kept = data.model_dump(mode="json", include={"names", "method", "profile"}, exclude_none=True)
    key_kind = getattr(data, "key_kind", None)
    return {
        **kept,
        **({"key": key_kind} if key_kind else {}),
        "auto_renew": isinstance(data, certificates.IssueCertificate) and data.auto_renew,
    }
