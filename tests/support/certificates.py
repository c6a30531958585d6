"""An authority and a hosting panel in memory, behind the ports of certificates, and small stories told with them.

The authority sees what the panel shows and issues real certificates. Calls answer truly, or as they were told to
(`will`): with the effect or without it, with an outcome or a crash.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioner.kernel.clock import FakeClock
from provisioner.kernel.private_keys import generate_private_key, make_csr, open_private_key
from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import CertificateFacts, facts_of
from provisioner.ports.certificates import (
    AuthorityOrder,
    CertificateAuthority,
    CertificateHost,
    CertificateRequest,
    Challenge,
    InstalledCertificate,
    Method,
    NameChecks,
    Site,
)
from provisioner.ports.outcomes import Done, Pending, Rejected
from tests.support.engine.vendor import FINE, Answer

Shown = set[tuple[str, str, str, str]]
LIFETIME = timedelta(days=90)
ADDRESS = "192.0.2.1"


# -- real certificates


@cache
def _authority_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def sign(csr: str, start: datetime, lifetime: timedelta = LIFETIME, *, issuer: str = "Test Authority") -> str:
    """A certificate for this CSR, in PEM."""
    request = x509.load_pem_x509_csr(csr.encode())
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + lifetime)
        .add_extension(names.value, critical=True)
    )
    signed = builder.sign(_authority_key(), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def chain_for(
    names: Sequence[str],
    start: datetime,
    lifetime: timedelta = LIFETIME,
    *,
    issuer: str = "Another Authority",
    key: Secret | None = None,
) -> str:
    """A certificate that somebody else has issued, in PEM."""
    return sign(make_csr(key or generate_private_key("ec"), names), start, lifetime, issuer=issuer)


def fits(key: Secret, chain: str) -> bool:
    """Whether a key is that of a certificate."""
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    leaf = x509.load_pem_x509_certificate(chain.encode()).public_key()
    return open_private_key(key).public_key().public_bytes(encoding, form) == leaf.public_bytes(encoding, form)


# -- how a vendor answers


class Obedient:
    """Calls go well, but for those that were told otherwise. `effects` are counted in the words of a ledger."""

    def __init__(self) -> None:
        self._told: dict[str, deque[Answer]] = defaultdict(deque)
        self.calls: list[str] = []
        self.effects: list[str] = []

    def will(self, method: str, *answers: Answer) -> None:
        """Tell how the next calls of a method go."""
        self._told[method].extend(answers)

    def count(self, operation: str) -> int:
        """How often something happened."""
        return sum(effect.partition(" ")[0] == operation for effect in self.effects)

    def _call(self, method: str, act: Callable[[], Done | Pending]) -> Done | Pending:
        answer = self._next(method)
        result = act() if answer.takes_effect else None
        if answer.raises is not None:
            raise answer.raises
        return answer.returns or result or Done()

    def _find(self, method: str, find: Callable[[], Done | Pending | None]) -> Done | Pending | None:
        answer = self._next(method)
        if answer.raises is not None:
            raise answer.raises
        if answer.returns is not None:
            return answer.returns
        return find() if answer.takes_effect else None

    def _next(self, method: str) -> Answer:
        self.calls.append(method)
        answer = self._told[method].popleft() if self._told[method] else FINE
        if answer.meanwhile is not None:
            answer.meanwhile()
        return answer

    def _done(self, method: str, act: Callable[[], Done]) -> Done:
        answer = self._call(method, act)
        if isinstance(answer, Pending):
            raise TypeError(f"{method} is done at once")
        return answer


# -- the authority


@dataclass
class OrderThere:
    """An order as the authority has it."""

    url: str
    request: CertificateRequest
    answered: set[str] = field(default_factory=set)
    dead: str | None = None
    chain: str | None = None


class FakeAuthority(Obedient, CertificateAuthority, NameChecks):
    """Validates what is shown. `elsewhere` are names that lead elsewhere, and why; all others lead to `address`.

    `shut_out` are names whose CAA records forbid a certificate, and why.
    """

    def __init__(self, clock: FakeClock, shown: Shown) -> None:
        super().__init__()
        self.clock = clock
        self.shown = shown
        self.orders: dict[str, OrderThere] = {}
        self.elsewhere: dict[str, str] = {}
        self.shut_out: dict[str, str] = {}
        self.address: str | None = None
        self.offered: tuple[Method, ...] = tuple(Method)
        self.unseen = False
        self.fails: list[str] = []
        self.replaced: set[str] = set()
        self.revoked: list[tuple[str, int]] = []
        self.window: dict[str, str] = {}
        self.lifetime = LIFETIME

    @property
    def issued(self) -> list[str]:
        """Every certificate that was issued."""
        return [order.chain for order in self.orders.values() if order.chain is not None]

    def open_order(self, request: CertificateRequest) -> Done:
        return self._done("open_order", lambda: self._open_order(request))

    def _open_order(self, request: CertificateRequest) -> Done:
        if request.replaces and facts_of(request.replaces).fingerprint in self.replaced:
            raise Rejected("already_replaced", "this certificate was replaced already")
        order = OrderThere(f"https://authority.test/order/{len(self.orders) + 1}", request)
        self.orders[order.url] = order
        self.effects.append(f"new-order {','.join(request.names)}")
        expires = (self.clock.now() + timedelta(days=7)).isoformat()
        return Done(order.url, {"expires": expires, "challenges": list(self._challenges(order))})

    def _challenges(self, order: OrderThere) -> Iterator[dict[str, str]]:
        for number, name in enumerate(order.request.names):
            for method in self.offered:
                if method is Method.HTTP and name.startswith("*."):
                    continue
                mark = f"{order.url.rpartition('/')[2]}-{number}"
                place = f"_acme-challenge.{name.removeprefix('*.')}" if method is Method.DNS else f"token-{mark}"
                yield {
                    "name": name,
                    "method": method.value,
                    "place": place,
                    "content": f"proof-{mark}",
                    "url": f"{order.url}/{number}/{method.value}",
                }

    def answer(self, order: AuthorityOrder, challenge: Challenge) -> Done:
        def act() -> Done:
            there = self._there(order)
            there.answered.add(challenge.url)
            if self.fails:
                there.dead = self.fails.pop(0)
            elif not any(challenge.content == content for *_, content in self.shown):
                there.dead = f"{challenge.name} does not show the proof"
            return Done()

        return self._done("answer", act)

    def validated(self, order: AuthorityOrder) -> Done | Pending:
        return self._call("validated", lambda: self._validated(order))

    def _validated(self, order: AuthorityOrder) -> Done | Pending:
        there = self._there(order)
        if there.dead is not None:
            raise Rejected("validation_failed", there.dead)
        if len(there.answered) < len(there.request.names):
            return Pending(5, "not all challenges were answered")
        return Done()

    def issue(self, order: AuthorityOrder) -> Done | Pending:
        return self._call("issue", lambda: self._issue(order))

    def _issue(self, order: AuthorityOrder) -> Done:
        there = self._there(order)
        if there.chain is None:
            if there.request.csr != order.request.csr:
                raise AssertionError("another CSR than the one with which the order was opened")
            there.chain = sign(there.request.csr, self.clock.now(), self.lifetime)
            self.effects.append(f"issue {','.join(there.request.names)}")
            if there.request.replaces:
                self.replaced.add(facts_of(there.request.replaces).fingerprint)
        return Done(there.url, {"chain": there.chain})

    def find_issued(self, order: AuthorityOrder) -> Done | Pending | None:
        def find() -> Done | None:
            there = self._there(order)
            return None if there.chain is None else Done(there.url, {"chain": there.chain})

        return self._find("find_issued", find)

    def revoke(self, chain: str, reason: int) -> Done:
        def act() -> Done:
            if chain not in [known for known, _ in self.revoked]:
                self.revoked.append((chain, reason))
                self.effects.append(f"revoke {facts_of(chain).fingerprint}")
            return Done()

        return self._done("revoke", act)

    def renewal_window(self, chain: str) -> Done:
        del chain
        return self._done("renewal_window", lambda: Done(data=dict(self.window)))

    def points_to(self, names: Sequence[str], addresses: Sequence[str]) -> Done | Pending:
        def look() -> Done | Pending:
            plain = [name for name in names if not name.startswith("*.")]
            reasons = [self.elsewhere[name] for name in plain if name in self.elsewhere]
            if plain and self.address is not None and self.address not in addresses:
                reasons.append(f"{plain[0]} leads to {self.address} instead of {', '.join(addresses)}")
            if reasons:
                return Pending(21_600, reasons[0])
            shut_out = [self.shut_out[name] for name in names if name in self.shut_out]
            return Pending(21_600, shut_out[0], code="caa_forbids") if shut_out else Done()

        return self._call("points_to", look)

    def shows(self, challenge: Challenge) -> Done | Pending:
        def look() -> Done | Pending:
            is_shown = any(challenge.content == content for *_, content in self.shown)
            return Done() if is_shown and not self.unseen else Pending(15, f"{challenge.place} is not there yet")

        return self._call("shows", look)

    def _there(self, order: AuthorityOrder) -> OrderThere:
        if order.url not in self.orders:
            raise Rejected("order_gone", "there is no such order")
        return self.orders[order.url]


# -- the panel


class FakeHost(Obedient, CertificateHost):
    """A panel with sites. `serves` is what a site serves of others' making; `away` why it cannot be reached."""

    def __init__(self, clock: FakeClock, shown: Shown) -> None:
        super().__init__()
        self.clock = clock
        self.shown = shown
        self.source = "worker"
        self.addresses = [ADDRESS]
        self.methods: tuple[Method, ...] = tuple(Method)
        self.impossible: set[Method] = set()
        self.sites_gone: set[str] = set()
        self.repository: dict[tuple[str, str], InstalledCertificate] = {}
        self.used: dict[str, str] = {}
        self.serves: dict[str, str] = {}
        self.away: str | None = None

    def certificate_terms(self, site: Site) -> Done:
        methods = [method.value for method in self.methods]
        terms = {"source": self.source, "methods": methods, "addresses": self.addresses, "dns": "panel"}
        return self._at(site, "certificate_terms", lambda: Done(site.ref, terms))

    def show_challenge(self, site: Site, challenge: Challenge) -> Done:
        def act() -> Done:
            if challenge.method in self.impossible:
                raise Rejected("challenge_not_possible", f"this server cannot do {challenge.method}")
            self._change(f"show {challenge.place}", lambda: self.shown.add(_exhibit(site, challenge)))
            return Done()

        return self._at(site, "show_challenge", act)

    def hide_challenge(self, site: Site, challenge: Challenge) -> Done:
        def act() -> Done:
            if _exhibit(site, challenge) in self.shown:
                self._change(f"hide {challenge.place}", lambda: self.shown.discard(_exhibit(site, challenge)))
            return Done()

        return self._done("hide_challenge", act)

    def install_certificate(self, site: Site, certificate: InstalledCertificate) -> Done:
        def act() -> Done:
            if not fits(certificate.key, certificate.chain):
                raise AssertionError("the key is that of another certificate")
            if (site.ref, certificate.name) not in self.repository:
                self.repository[site.ref, certificate.name] = certificate
                self.effects.append(f"install {certificate.name}")
            return Done(certificate.name)

        return self._at(site, "install_certificate", act)

    def find_certificate(self, site: Site, certificate: InstalledCertificate) -> Done | None:
        there = (site.ref, certificate.name) in self.repository
        found = self._find("find_certificate", lambda: Done(certificate.name) if there else None)
        return found if isinstance(found, Done) else None

    def use_certificate(self, site: Site, name: str) -> Done:
        def act() -> Done:
            if name and (site.ref, name) not in self.repository:
                raise Rejected("certificate_not_found", f"{name} is not in the repository")
            before = self.used.get(site.ref, "")
            if before != name:
                self._change(f"use {name}", lambda: self.used.__setitem__(site.ref, name))
            self.serves.pop(site.ref, None)
            return Done(name, {"before": before})

        return self._at(site, "use_certificate", act)

    def remove_certificate(self, site: Site, name: str) -> Done:
        def act() -> Done:
            if self.used.get(site.ref) == name:
                raise Rejected("certificate_in_use", f"{name} is in use")
            if self.repository.pop((site.ref, name), None) is not None:
                self.effects.append(f"remove {name}")
            return Done()

        return self._at(site, "remove_certificate", act)

    def served_certificate(self, site: Site, at: datetime) -> Done | Pending:
        return self._call("served_certificate", lambda: self._served(site, at))

    def _served(self, site: Site, at: datetime) -> Done | Pending:
        if self.away is not None:
            return Pending(60, self.away)
        used = self.repository.get((site.ref, self.used.get(site.ref, "")))
        chain = self.serves.get(site.ref) or (used.chain if used else None)
        if chain is None or facts_of(chain).not_after <= at:
            return Pending(60, f"{site.domain} serves no valid certificate")
        facts = facts_of(chain)
        return Done(data={"chain": chain, "fingerprint": facts.fingerprint, "names": list(facts.names)})

    def _at(self, site: Site, method: str, act: Callable[[], Done]) -> Done:
        def checked() -> Done:
            if site.ref in self.sites_gone:
                raise Rejected("subscription_not_found", f"{site.ref} is not there")
            return act()

        return self._done(method, checked)

    def _change(self, effect: str, change: Callable[[], Any]) -> None:
        change()
        self.effects.append(effect)


def _exhibit(site: Site, challenge: Challenge) -> tuple[str, str, str, str]:
    return site.ref, challenge.method.value, challenge.place, challenge.content


def facts_as_data(chain: str, source: str, **more: Any) -> dict[str, Any]:
    """The data of a service that has this certificate."""
    facts: CertificateFacts = facts_of(chain)
    return {**facts.as_json(), "chain": chain, "source": source, "installed": False, "install": True, **more}
