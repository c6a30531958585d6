"""The services of the memory journal, the certificates that they obtained, and who takes new ones."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import facts_of
from provisioner.orders.siblings import displaced
from provisioner.orders.statuses import ServiceStatus
from provisioner.workflows.journal import (
    CertificateUse,
    Claim,
    NewCertificate,
    NewService,
    ServiceChange,
    ServiceRecord,
    Upkeep,
    installed_by,
)

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KeptCertificate:
    """A certificate as it stands, known by the operation that obtained it."""

    service_id: str
    certificate: NewCertificate
    fingerprint: str
    key: Secret | None
    installed_as: str | None = None
    removed: bool = False
    revoked: bool = False


@dataclass(slots=True)
class KeptServices:
    """`parents` says for which service another is; `takers` which vendor account takes a product's new services."""

    records: dict[str, ServiceRecord] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    upkeeps: dict[str, Upkeep] = field(default_factory=dict)
    certificates: dict[str, KeptCertificate] = field(default_factory=dict)
    takers: dict[str, str] = field(default_factory=dict)

    def keep(self, service: ServiceRecord, parent: ServiceRecord | None) -> None:
        """Keep a service that is not known yet, and the one that it is for."""
        self.records.setdefault(service.service_id, service)
        if parent is not None:
            self.records.setdefault(parent.service_id, parent)
            self.parents.setdefault(service.service_id, parent.service_id)

    def parent(self, service: ServiceRecord | None) -> ServiceRecord | None:
        """The service that another is for."""
        return None if service is None else self.records.get(self.parents.get(service.service_id, ""))

    def opened(self, new: NewService) -> ServiceRecord | None:
        """A new service; None when it is there already, or nobody takes its product."""
        account = self.takers.get(new.product)
        if account is None or new.service_id in self.records:
            return None
        attributes = as_json(new.attributes)
        return ServiceRecord(
            new.service_id, new.product, ServiceStatus.PROVISIONING, attributes, vendor_account=account
        )

    def change(self, claim: Claim, service_id: str, change: ServiceChange) -> None:
        """Write what an operation made of its service."""
        self.records[service_id] = _changed(self.records[service_id], change)
        if change.upkeep is not None:
            self.upkeeps[service_id] = change.upkeep
        if change.certificate is not None:
            self._keep_certificate(claim, service_id, change.certificate)
        for use in change.uses:
            self._note_use(service_id, use)

    def beside(self, service_id: str) -> list[tuple[ServiceStatus, Mapping[str, Any]]]:
        """Status and data of the other services of a service's website."""
        others = [self.records[other] for other in self._siblings(service_id)]
        return [(other.status, other.data) for other in others]

    def displace(self, claim: Claim, service_id: str, change: ServiceChange) -> None:
        """What is installed takes the place of what was, which is looked after within a day."""
        name = installed_by(change)
        for other in self._siblings(service_id) if name else ():
            record, upkeep = self.records[other], self.upkeeps.get(other)
            told = displaced(record.status, record.data, str(name))
            if told is None:
                continue
            self.records[other] = replace(record, data={**record.data, **told})
            if upkeep is not None and upkeep.at is not None:
                self.upkeeps[other] = Upkeep(min(upkeep.at, claim.now + DAY), upkeep.workflow)

    def _siblings(self, service_id: str) -> list[str]:
        parent = self.parents.get(service_id)
        return sorted(each for each, its in self.parents.items() if its == parent and each != service_id)

    def _keep_certificate(self, claim: Claim, service_id: str, certificate: NewCertificate) -> None:
        key = claim.key_of(certificate)
        fingerprint = facts_of(certificate.chain).fingerprint
        self.certificates[claim.operation_id] = KeptCertificate(service_id, certificate, fingerprint, key)
        if key is not None:
            self.records[service_id] = replace(self.records[service_id], password=key)

    def _note_use(self, service_id: str, use: CertificateUse) -> None:
        for operation_id, kept in self.certificates.items():
            if (kept.service_id, kept.fingerprint) == (service_id, use.fingerprint):
                self.certificates[operation_id] = _used(kept, use)


def _used(kept: KeptCertificate, use: CertificateUse) -> KeptCertificate:
    if use.installed_as is not None:
        kept = replace(kept, installed_as=use.installed_as, removed=False)
    return replace(kept, removed=kept.removed or use.removed, revoked=kept.revoked or use.revoked)


def _changed(service: ServiceRecord, change: ServiceChange) -> ServiceRecord:
    status, suspended_by = change.status, change.suspended_by
    if status is None:
        status, suspended_by = service.status, service.suspended_by
    return replace(
        service,
        status=status,
        ref=service.ref if change.ref is None else change.ref,
        data={**service.data, **as_json(change.data or {})},
        attributes={**service.attributes, **as_json(change.attributes or {})},
        suspended_by=suspended_by if status is ServiceStatus.SUSPENDED else None,
    )


def as_json(data: Mapping[str, Any]) -> Any:
    """As it comes back from a database. Raises TypeError for what is no JSON."""
    return json.loads(json.dumps(dict(data)))
