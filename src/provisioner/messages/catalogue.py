"""Every type of message and event. A new one is one line here; schemas and the reference page follow from it."""

from dataclasses import dataclass
from inspect import cleandoc
from typing import Final, Literal

from provisioner.messages import certificates, contacts, domains, event_contracts, orders, services
from provisioner.messages.fields import Contract

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One type: its name with the version, which way it goes, and what its `data` is."""

    name: str
    direction: Direction
    model: type[Contract]

    @property
    def summary(self) -> str:
        """What the message asks for or tells, in one line."""
        return self.description.splitlines()[0]

    @property
    def description(self) -> str:
        """What the message asks for or tells, with the rules that hold between its fields."""
        return cleandoc(self.model.__doc__ or "")


ENTRIES: Final[tuple[Entry, ...]] = (
    Entry("order.place.v1", "in", orders.PlaceOrder),
    Entry("order.retry.v1", "in", orders.RetryOrder),
    Entry("order.close.v1", "in", orders.CloseOrder),
    Entry("order.note.v1", "in", orders.NoteOrder),
    Entry("service.suspend.v1", "in", services.SuspendService),
    Entry("service.resume.v1", "in", services.ResumeService),
    Entry("service.cancel.v1", "in", services.CancelService),
    Entry("domain.register.v1", "in", domains.RegisterDomain),
    Entry("domain.transfer.v1", "in", domains.TransferDomain),
    Entry("domain.transfer-bulk.v1", "in", domains.TransferInBulk),
    Entry("domain.transfer-cancel.v1", "in", domains.CancelTransfer),
    Entry("domain.confirm-transfer.v1", "in", domains.ConfirmTransfer),
    Entry("domain.renew.v1", "in", domains.RenewDomain),
    Entry("domain.set-nameservers.v1", "in", domains.SetNameServers),
    Entry("domain.set-contacts.v1", "in", domains.SetContacts),
    Entry("domain.set-dnssec.v1", "in", domains.SetDnssec),
    Entry("domain.lock.v1", "in", domains.LockDomain),
    Entry("domain.unlock.v1", "in", domains.UnlockDomain),
    Entry("domain.auth-code.v1", "in", domains.MakeAuthCode),
    Entry("domain.delete.v1", "in", domains.DeleteDomain),
    Entry("domain.restore.v1", "in", domains.RestoreDomain),
    Entry("domain.set-auto-renew.v1", "in", domains.SetAutoRenew),
    Entry("contact.create.v1", "in", contacts.CreateContact),
    Entry("contact.update.v1", "in", contacts.UpdateContact),
    Entry("certificate.issue.v1", "in", certificates.IssueCertificate),
    Entry("certificate.renew.v1", "in", certificates.RenewCertificate),
    Entry("certificate.generate-csr.v1", "in", certificates.GenerateCsr),
    Entry("certificate.upload.v1", "in", certificates.UploadCertificate),
    Entry("certificate.install.v1", "in", certificates.InstallCertificate),
    Entry("certificate.remove.v1", "in", certificates.RemoveCertificate),
    Entry("certificate.revoke.v1", "in", certificates.RevokeCertificate),
    Entry("order.status-changed.v1", "out", event_contracts.OrderStatusChanged),
    Entry("item.status-changed.v1", "out", event_contracts.ItemStatusChanged),
    Entry("service.status-changed.v1", "out", event_contracts.ServiceStatusChanged),
    Entry("message.rejected.v1", "out", event_contracts.MessageRejected),
    Entry("operation.needs-attention.v1", "out", event_contracts.OperationNeedsAttention),
    Entry("vendor-account.needs-attention.v1", "out", event_contracts.VendorAccountNeedsAttention),
    Entry("domain.notice.v1", "out", event_contracts.DomainNotice),
    Entry("bulk.progress.v1", "out", event_contracts.BulkProgress),
    Entry("certificate.changed.v1", "out", event_contracts.CertificateChanged),
)

INCOMING: Final[dict[str, type[Contract]]] = {entry.name: entry.model for entry in ENTRIES if entry.direction == "in"}
OUTGOING: Final[dict[str, type[Contract]]] = {entry.name: entry.model for entry in ENTRIES if entry.direction == "out"}
