"""Certificates: what a certificate authority issues, and where a hosting panel puts it.

Names are A-labels in small letters, a wildcard as `*.example.com`. Certificates and CSRs are PEM texts; a chain is the
leaf and its intermediates, without the root. Times are aware UTC datetimes, in `data` their ISO texts. All methods
raise the outcomes of `ports.outcomes`. Sources: RFC 8555 (ACME), RFC 9773 (renewal information).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from provisioner.kernel.secret import Secret
from provisioner.ports.effects import checkable, idempotent
from provisioner.ports.outcomes import Done, Pending


class Method(StrEnum):
    """How control of a name is shown (RFC 8555 section 8)."""

    HTTP = "http-01"
    DNS = "dns-01"


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A certificate to be. `replaces` is the chain of the one that it follows, if there is one."""

    names: tuple[str, ...]
    csr: str
    profile: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is to be seen under a name.

    For HTTP `place` is the token, found under `/.well-known/acme-challenge/` on port 80, and `content` the whole file;
    for DNS `place` is the TXT record's full name and `content` its value. `url` is the authority's own.
    """

    name: str
    method: Method
    place: str
    content: str
    url: str


@dataclass(frozen=True, slots=True)
class AuthorityOrder:
    """An order at an authority: where it is, and what it is for."""

    url: str
    request: CertificateRequest


class CertificateAuthority(Protocol):
    """Issues certificates. An order is resumed from its URL alone, at every point.

    Codes that workflows act on (Rejected): `order_gone` (start another), `validation_failed` (the customer must mend
    something; `message` says what, in the authority's words), `caa_forbids` (a CAA record of the customer's shuts the
    authority out), `already_replaced`.
    """

    @idempotent
    def open_order(self, request: CertificateRequest) -> Done:
        """A new order; one that is left behind by a crash issues nothing and expires by itself.

        `ref` is its URL; `data`: expires, challenges (a list of `Challenge` as JSON, for both methods where offered,
        of the names that are not validated yet).
        """
        ...

    @idempotent
    def answer(self, order: AuthorityOrder, challenge: Challenge) -> Done:
        """Tell the authority that the challenge can be looked at. One that was told before is Done."""
        ...

    @idempotent
    def validated(self, order: AuthorityOrder) -> Done | Pending:
        """Whether every name is validated. Raises Rejected `validation_failed`, `caa_forbids` and `order_gone`."""
        ...

    @checkable(find="find_issued", ends=("order_gone", "validation_failed", "caa_forbids"))
    def issue(self, order: AuthorityOrder) -> Done | Pending:
        """Have the certificate issued for the order's CSR. `data`: chain."""
        ...

    def find_issued(self, order: AuthorityOrder) -> Done | Pending | None:
        """The certificate of this order; Pending while it is being issued; None when nobody has asked for it yet."""
        ...

    @idempotent
    def revoke(self, chain: str, reason: int) -> Done:
        """Revoke a certificate (RFC 5280 section 5.3.1 for the reason). One that is revoked already is Done."""
        ...

    @idempotent
    def renewal_window(self, chain: str) -> Done:
        """When the authority wants it renewed. `data`: start, end, look_again (times); empty when it does not say."""
        ...


class NameChecks(Protocol):
    """What the world's DNS says of a name, asked of the servers that are responsible for it. Changes nothing."""

    def points_to(self, names: Sequence[str], addresses: Sequence[str]) -> Done | Pending:
        """Done when every name leads to one of the addresses, and no CAA record shuts the authority out.

        Else Pending, whose reason says in a sentence for customers which name leads where instead; its code is
        `caa_forbids` where all lead there and a record shuts the authority out. Of wildcards only CAA is looked at.
        """
        ...

    def shows(self, challenge: Challenge) -> Done | Pending:
        """Done when all responsible servers show the TXT record of a DNS challenge. An HTTP one is always Done."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """A website on a panel: the subscription's `ref`, its main domain, and its system login."""

    ref: str
    domain: str
    login: str
    password: Secret


@dataclass(frozen=True, slots=True)
class InstalledCertificate:
    """A certificate in a site's repository under a name that was chosen and persisted before the call."""

    name: str
    chain: str
    key: Secret
    csr: str = ""


class CertificateHost(Protocol):
    """Where certificates are proven, put and served: the hosting panel of a site.

    Codes that workflows act on (Rejected): `certificate_in_use`, `subscription_not_found`.
    """

    @idempotent
    def certificate_terms(self, site: Site) -> Done:
        """How this server handles certificates.

        `data`: source ("worker" when we issue, "panel" when it does so itself, "none" when nobody shall), methods
        (the `Method`s that it can show), addresses (of the site), dns ("panel" when its own DNS serves the domain).
        """
        ...

    @idempotent
    def show_challenge(self, site: Site, challenge: Challenge) -> Done:
        """Put the file or the TXT record there, beside others of the same name."""
        ...

    @idempotent
    def hide_challenge(self, site: Site, challenge: Challenge) -> Done:
        """Take exactly this file or record away. One that is gone is Done."""
        ...

    @checkable(find="find_certificate")
    def install_certificate(self, site: Site, certificate: InstalledCertificate) -> Done:
        """Put it into the site's repository. The site does not use it by that."""
        ...

    def find_certificate(self, site: Site, certificate: InstalledCertificate) -> Done | None:
        """The certificate of this name in the site's repository, or None."""
        ...

    @idempotent
    def use_certificate(self, site: Site, name: str) -> Done:
        """Have the site serve this one; with an empty name none, so that it has no TLS of its own.

        `data`: before (the name of the one that it used, or empty).
        """
        ...

    @idempotent
    def remove_certificate(self, site: Site, name: str) -> Done:
        """Take it out of the repository. One that is gone is Done; one in use is Rejected `certificate_in_use`."""
        ...

    def served_certificate(self, site: Site, at: datetime) -> Done | Pending:
        """What the site serves, by a TLS handshake. `data`: chain, fingerprint (SHA-256 of the leaf, hex), names.

        Pending, with the reason in words, when the site cannot be reached or serves nothing that is valid at `at`.
        """
        ...
