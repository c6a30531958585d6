"""The workflows of certificates as they are in production, with an authority and a panel that answer with everything.

Beyond that: names that lead elsewhere, validations that fail, methods that turn out impossible, hosting that goes.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from provisioner.kernel.private_keys import generate_private_key
from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import automatic, facts_of
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.certificates import Method
from provisioner.workflows import certificates
from provisioner.workflows.journal import ServiceRecord
from provisioner.workflows.memory import KeptOperation, NewOperation
from tests.simulation.authority import CapriciousAuthority, CapriciousHost
from tests.simulation.simulation import CANARY, Simulation
from tests.simulation.vendor import CapriciousVendor
from tests.support.certificates import Shown, chain_for
from tests.support.judge.verdict import Finding, Verdict, Wrong

REGISTERED = certificates  # by being imported
HOSTINGS = ("h-1", "h-2", "h-3")
MOST_OPERATIONS = 20
COMMANDS = 0.15
MISHAPS = 0.1
A_DAY = timedelta(days=1)
PANEL, AUTHORITY = "panel-1", "panel-2"
AT_SITE = ("install", "remove")
WITH_KEY = ("issue", "renew")


class CertificateSimulation(Simulation):
    """Three websites get their certificates; these are renewed, removed, revoked, brought and cancelled at any time."""

    host: CapriciousHost
    authority: CapriciousAuthority

    def _new_vendor(self) -> CapriciousVendor:
        shown: Shown = set()
        self.host = CapriciousHost(self.dice, self.clock, shown)
        self.authority = CapriciousAuthority(self.dice, self.clock, shown)
        self.authority.is_known = self._is_known
        self.authority.meanwhile = self._others_go_on
        return self.host

    def _adapter(self, account: str) -> object:
        return self.authority if account == AUTHORITY else self.host

    def _is_known(self, csr: str) -> bool:
        written = (kept.steps.get("request") for kept in self.memory.operations.values())
        return any(record is not None and record.result and record.result.data["csr"] == csr for record in written)

    def accept_orders(self) -> None:
        """Each website's own certificate."""
        for hosting in HOSTINGS:
            self._ask(hosting, "issue")

    # -- what happens meanwhile

    def _step(self) -> bool:
        if self.dice.random() < COMMANDS:
            self._command()
        if not self._calm and self.dice.random() < MISHAPS:
            self.dice.choice([self._lead_elsewhere, self._lead_here, self._fail, self._make_impossible, self._go])()
        return super()._step()

    def _command(self) -> None:
        if len(self.memory.operations) >= MOST_OPERATIONS:
            return
        hosting = self.dice.choice(HOSTINGS)
        inputs: dict[str, dict[str, Any]] = {
            "issue": {},
            "renew": self._newest(hosting, "fingerprint"),
            "upkeep": {},
            "install": {},
            "remove": {"force": self.dice.random() < 0.5},
            "revoke": {"reason": "superseded", **self._newest(hosting, "fingerprint", "chain", "source")},
            "upload": {},
            "cancel": {},
            "generate-csr": {},
        }
        verb = self.dice.choice(sorted(inputs))
        if verb == "upload":
            key = generate_private_key("ec")
            chain = chain_for([domain_of(hosting)], self.clock.now(), key=key)
            self._ask(hosting, verb, service_id=f"{hosting}-own", key=key, chain=chain, install=True)
        elif verb == "generate-csr":
            self._ask(hosting, verb, service_id=f"{hosting}-own")
        else:
            self._ask(hosting, verb, **inputs[verb])

    def _newest(self, hosting: str, *names: str) -> dict[str, Any]:
        """What the store says of the newest certificate; nothing where there is none, as earlier versions did."""
        data = self.memory.services[f"{hosting}-certificate"].data
        return {"account": AUTHORITY, **{name: data[name] for name in names}} if data.get("chain") else {}

    def _lead_elsewhere(self) -> None:
        hosting = self.dice.choice(HOSTINGS)
        name = self.dice.choice(automatic(domain_of(hosting))["names"])
        self.authority.elsewhere[name] = f"{name} leads elsewhere"

    def _lead_here(self) -> None:
        self.authority.elsewhere.clear()

    def _fail(self) -> None:
        self.authority.fails.append("the site answered 404")

    def _make_impossible(self) -> None:
        self.host.impossible = {self.dice.choice(list(Method))}

    def _go(self) -> None:
        """A hosting is cancelled, and its site goes with it."""
        if self.dice.random() < 0.2:
            hosting = self.dice.choice(HOSTINGS)
            self.host.sites_gone.add(f"space/{hosting}")
            self.memory.services[hosting] = replace(self.memory.services[hosting], status=ServiceStatus.CANCELLED)

    def _become_calm(self) -> None:
        super()._become_calm()
        self.authority.trouble = 0.0
        self.authority.elsewhere.clear()
        self.authority.fails.clear()
        self.host.impossible.clear()

    def _settle_held(self) -> None:
        for kept in self.memory.operations.values():
            if kept.state is OperationState.HELD:
                raise AssertionError(f"{kept.asked.operation_id} is held ({kept.attention}: {kept.reason})")

    # -- operations

    def _ask(
        self, hosting: str, verb: str, *, service_id: str | None = None, key: Secret | None = None, **inputs: Any
    ) -> None:
        certificate_id = service_id or f"{hosting}-certificate"
        own = service_id is not None
        self.memory.accept(
            NewOperation(
                f"op-{len(self.memory.operations)}",
                f"certificate.{verb}",
                f"site:{hosting}" if verb in AT_SITE else f"service:{certificate_id}",
                inputs,
                vendor_account=PANEL if own or verb in AT_SITE else AUTHORITY,
                service=ServiceRecord(
                    certificate_id,
                    "certificate",
                    ServiceStatus.PROVISIONING,
                    automatic(domain_of(hosting)),
                    vendor_account=PANEL if own else AUTHORITY,
                ),
                parent=_hosting(hosting),
                deadline=self.clock.now() + A_DAY,
                secret=key or (generate_private_key("ec") if verb in WITH_KEY else None),
            )
        )


def _hosting(hosting: str) -> ServiceRecord:
    return ServiceRecord(
        hosting,
        "hosting",
        ServiceStatus.ACTIVE,
        {"domain": domain_of(hosting)},
        f"space/{hosting}",
        {"login": hosting},
        password=Secret(CANARY),
        vendor_account=PANEL,
    )


def domain_of(hosting: str) -> str:
    """The domain of a website."""
    return f"{hosting}.test"


# -- what came of it


def judge(simulation: CertificateSimulation) -> Verdict:
    """All breaches. Whatever is on its way has to have arrived."""
    simulation.authority.settle()
    return Verdict(
        [
            *_issued_twice(simulation),
            *_renewed_twice(simulation),
            *_unwritten(simulation),
            *_thrown_away(simulation),
            *_left_behind(simulation),
            *_not_ended(simulation),
            *_not_installed(simulation),
            *_leaked(simulation),
        ]
    )


def _issued_twice(simulation: CertificateSimulation) -> Iterator[Finding]:
    """All orders of an operation have one CSR, and no other operation has it."""
    counts = Counter(order.request.csr for order in simulation.authority.orders.values() if order.chain is not None)
    for csr, count in counts.items():
        if count > 1:
            yield Finding("C3", Wrong.DOUBLED, f"{count} certificates for one operation, by its CSR {csr[-60:]}")


def _renewed_twice(simulation: CertificateSimulation) -> Iterator[Finding]:
    """Of the renewals that say which certificate they are to replace one at most has replaced it."""
    operations, made = simulation.memory.operations, simulation.memory.kept.certificates
    obtained = [operations[operation_id].asked for operation_id in made]
    counts = Counter(asked.inputs.get("fingerprint") for asked in obtained if asked.workflow == "certificate.renew")
    for fingerprint, count in counts.items():
        if fingerprint is not None and count > 1:
            yield Finding("C3", Wrong.DOUBLED, f"{count} certificates took the place of {fingerprint}")


def _unwritten(simulation: CertificateSimulation) -> Iterator[Finding]:
    for csr in simulation.authority.strangers:
        yield Finding("C3", Wrong.LOST, f"an order was opened before its CSR was in the journal: {csr[-60:]}")


def _thrown_away(simulation: CertificateSimulation) -> Iterator[Finding]:
    kept = {each.fingerprint for each in simulation.memory.kept.certificates.values()}
    for chain in simulation.authority.issued:
        facts = facts_of(chain)
        if facts.fingerprint not in kept:
            yield Finding("C2", Wrong.LOST, f"a certificate for {facts.names} was issued and not kept")


def _left_behind(simulation: CertificateSimulation) -> Iterator[Finding]:
    for site, method, place, _ in sorted(simulation.host.shown):
        yield Finding("C2", Wrong.LOST, f"{method} {place} at {site} was shown, and is still there")


def _not_ended(simulation: CertificateSimulation) -> Iterator[Finding]:
    for kept in simulation.open_operations:
        yield Finding("C1", Wrong.STUCK, f"{_words(kept)} is {kept.state}: {kept.reason}")


def _not_installed(simulation: CertificateSimulation) -> Iterator[Finding]:
    """What a service says is installed is there, and of a site's installed ones one is in use."""
    used: dict[str, set[str]] = {}
    for service_id, hosting in simulation.memory.kept.parents.items():
        name = simulation.memory.services[service_id].data.get("installed_as")
        site = f"space/{hosting}"
        if name is None or site in simulation.host.sites_gone:
            continue
        used.setdefault(site, set()).add(name)
        if (site, name) not in simulation.host.repository:
            yield Finding("C2", Wrong.LOST, f"{service_id} is installed as {name}, which is not at the panel")
    for site, names in used.items():
        if simulation.host.used.get(site) not in {*names, ""}:  # by force, none is used
            yield Finding("C2", Wrong.LOST, f"{site} uses {simulation.host.used.get(site)}, and none of {names}")


def _leaked(simulation: CertificateSimulation) -> Iterator[Finding]:
    """Of a key in PEM each line tells it."""
    keys = [kept.key for kept in simulation.memory.kept.certificates.values() if kept.key is not None]
    lines = {CANARY, *(key.reveal().splitlines()[1] for key in keys)}
    written = repr(simulation.memory.commits)
    if any(line in written for line in lines):
        yield Finding("C8", Wrong.LEAKED, "a private key or a password was written to the journal")


def _words(kept: KeptOperation) -> str:
    return f"{kept.asked.workflow} {kept.asked.operation_id}"
