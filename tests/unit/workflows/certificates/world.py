"""One website, one authority, one panel, and the certificate service `h-1-certificate`."""

from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from provisioner.kernel.private_keys import generate_private_key, make_csr
from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import automatic, facts_of, installed_name
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.certificates import InstalledCertificate
from provisioner.workflows import certificates
from provisioner.workflows.journal import ServiceRecord
from provisioner.workflows.memory import NewOperation
from provisioner.workflows.memory_services import KeptCertificate
from tests.support.certificates import LIFETIME, FakeAuthority, FakeHost, Shown, chain_for, facts_as_data, sign
from tests.support.engine.harness import MemoryHarness
from tests.support.engine.world import World

REGISTERED = certificates  # by being imported
DOMAIN: Final = "example.test"
HOSTING: Final = "h-1"
CERTIFICATE: Final = "h-1-certificate"
SITE: Final = "space/h-1"
AUTHORITY: Final = "panel-2"
"""The name of the authority's account; the harness knows two."""
PANEL: Final = "panel-1"
DAY: Final = 86_400.0
AT_SITE: Final = frozenset({"certificate.install", "certificate.remove"})
WITH_KEY: Final = frozenset({"certificate.issue", "certificate.renew"})


class CertificateWorld(World):
    """Operations begin at the account of their service, but those at the site at the panel's."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.memory_harness = MemoryHarness()
        super().__init__(self.memory_harness, patch)
        shown: Shown = set()
        self.authority = FakeAuthority(self.memory_harness.clock, shown)
        self.host = FakeHost(self.memory_harness.clock, shown)
        self.others = {AUTHORITY: self.authority, PANEL: self.host}
        self.hosting_status = ServiceStatus.ACTIVE
        self.hosting_ref: str | None = SITE
        self.status = ServiceStatus.PROVISIONING
        self.attributes: dict[str, Any] = automatic(DOMAIN)
        self.data: dict[str, Any] = {}
        self.key: Secret | None = None
        self.account = AUTHORITY
        self.asked = 0

    # -- what there is

    @property
    def now(self) -> datetime:
        """The journal's clock."""
        return self.harness.now()

    def order(self, **attributes: Any) -> None:
        """Change what is ordered."""
        self.attributes = {**self.attributes, **attributes}

    def have(
        self,
        source: str = "authority",
        *,
        issuer: str = "Test Authority",
        age: timedelta = timedelta(),
        installed: bool = True,
        **data: Any,
    ) -> str:
        """The service has a certificate, as old as that, which is in use on the website; the chain."""
        self.key = generate_private_key("ec")
        chain = sign(make_csr(self.key, (DOMAIN, f"www.{DOMAIN}")), self.now - age, LIFETIME, issuer=issuer)
        fingerprint = facts_of(chain).fingerprint
        name = installed_name(chain)
        self.status = ServiceStatus.ACTIVE
        self.data = facts_as_data(chain, source, **data)
        if source == "customer":
            self.account = PANEL
        if installed:
            self.host.repository[SITE, name] = InstalledCertificate(name, chain, self.key)
            self.host.used[SITE] = name
            self.data |= {"installed": True, "installed_as": name, "installed_fingerprint": fingerprint}
        return chain

    def others_serve(
        self, *, issuer: str = "Another Authority", age: timedelta = timedelta(), name: str = DOMAIN
    ) -> None:
        """The website serves a certificate that is not this service's."""
        self.host.serves[SITE] = chain_for([name], self.now - age, issuer=issuer)

    # -- what is asked for

    def ask(self, workflow: str, *, deadline: float | None = DAY, secret: Secret | None = None, **inputs: Any) -> str:
        """Accept an operation on the service; its id."""
        self.asked += 1
        at_site = workflow in AT_SITE
        if secret is None and workflow in WITH_KEY:
            secret = generate_private_key("ec")
        self.harness.accept(
            NewOperation(
                f"op-{self.asked}",
                workflow,
                f"site:{HOSTING}" if at_site else f"service:{CERTIFICATE}",
                inputs,
                vendor_account=PANEL if at_site else self.account,
                service=self._service(),
                parent=self._hosting(),
                deadline=None if deadline is None else self.now + timedelta(seconds=deadline),
                secret=secret,
            )
        )
        return f"op-{self.asked}"

    def _service(self) -> ServiceRecord:
        ref = self.data.get("fingerprint")
        return ServiceRecord(
            CERTIFICATE,
            "certificate",
            self.status,
            self.attributes,
            ref,
            self.data,
            password=self.key,
            vendor_account=self.account,
        )

    def _hosting(self) -> ServiceRecord:
        data = {"login": "exampletest"}
        return ServiceRecord(
            HOSTING,
            "hosting",
            self.hosting_status,
            {"domain": DOMAIN},
            self.hosting_ref,
            data,
            password=Secret("the-login"),
            vendor_account=PANEL,
        )

    def do(self, workflow: str, **inputs: Any) -> str:
        """Accept an operation and run everything to its end."""
        operation_id = self.ask(workflow, **inputs)
        self.run_all()
        return operation_id

    def hosting_becomes(self, status: ServiceStatus) -> None:
        """Something happens to the hosting."""
        records = self.memory_harness.memory.kept.records
        records[HOSTING] = ServiceRecord(
            HOSTING, "hosting", status, {"domain": DOMAIN}, SITE, vendor_account=PANEL, password=Secret("the-login")
        )

    # -- what came of it

    @property
    def service(self) -> ServiceRecord:
        """How the certificate service stands."""
        return self.harness.service(CERTIFICATE)

    @property
    def kept(self) -> dict[str, KeptCertificate]:
        """The certificates that were obtained, by operation."""
        return self.memory_harness.memory.kept.certificates

    @property
    def served_fingerprint(self) -> str | None:
        """That of the certificate which the website uses."""
        used = self.host.repository.get((SITE, self.host.used.get(SITE, "")))
        return None if used is None else facts_of(used.chain).fingerprint

    @property
    def upkeep_in_days(self) -> float | None:
        """In how many days the certificate is looked after next."""
        upkeep = self.memory_harness.memory.kept.upkeeps.get(CERTIFICATE)
        if upkeep is None or upkeep.at is None:
            return None
        return (upkeep.at - self.now).total_seconds() / DAY

    @property
    def workflows(self) -> list[str]:
        """Every operation's workflow, in order of acceptance."""
        return [kept.asked.workflow for kept in self.memory_harness.memory.operations.values()]

    def steps(self, operation_id: str = "op-1") -> list[str]:
        """The names of an operation's steps, in order."""
        return list(self.standing(operation_id).steps)
