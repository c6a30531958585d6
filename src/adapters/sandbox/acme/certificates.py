"""Certificates after they were issued: download, revocation, and when to renew (RFC 8555 §7.4.2, §7.6; RFC 9773)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from adapters.sandbox.acme import jws
from adapters.sandbox.acme.authority import Authority
from adapters.sandbox.acme.calendar import written
from adapters.sandbox.acme.call import Answer, Call
from adapters.sandbox.acme.hierarchy import spki_sha256
from adapters.sandbox.acme.problems import Kind, Problem, not_found
from adapters.sandbox.acme.records import Account, Certificate, authorized

PEM_CHAIN: Final = "application/pem-certificate-chain"
REASONS: Final = frozenset({0, 1, 3, 4, 5})
_SHORT: Final = timedelta(days=10)
_WIDTH: Final = 50


@dataclass(frozen=True, slots=True)
class Shelf:
    """Hands out certificates and takes them back."""

    authority: Authority

    def download(self, call: Call) -> Answer:
        """A chain as PEM; the others are linked as `alternate`."""
        call.must_only_read()
        found = self.authority.certificates.get(call.parts[0])
        if found is None:
            raise not_found("certificate")
        if found.account != call.owner.key:
            raise Problem(Kind.UNAUTHORIZED, "this account did not order the certificate")
        which, many = int(call.parts[1] or 0), len(self.authority.hierarchy.intermediates)
        if which >= many:
            raise not_found("chain")
        own = call.url("certificate", found.key)
        others = tuple((f"{own}/{each}" if each else own, "alternate") for each in range(many) if each != which)
        chain = self.authority.hierarchy.chain(jws.decoded(found.der, "certificate"), which)
        return Answer(links=others, content=chain, content_type=PEM_CHAIN)

    def revoke(self, call: Call) -> Answer:
        """revokeCert: by the account that ordered it or is authorised for all its names, or by its own key."""
        asked = call.payload()
        found = self._presented(asked.get("certificate"))
        self._check_right(call, found)
        reason = asked.get("reason", 0)
        if reason not in REASONS or not isinstance(reason, int):
            raise Problem(Kind.BAD_REVOCATION_REASON, f"reason {reason} is not among {sorted(REASONS)}")
        if found.revoked is not None:
            raise Problem(Kind.ALREADY_REVOKED, f"certificate {found.key} is revoked already")
        self.mark_revoked(found, reason, "certificate's key" if call.account is None else call.account.key)
        return Answer()

    def mark_revoked(self, found: Certificate, reason: int, account: str) -> None:
        """Revoke a certificate for somebody who may."""
        self.authority.certificates.save(replace(found, revoked=self.authority.clock.now(), reason=reason))
        self.authority.ledger.record(
            "certificate:revoke",
            account=account,
            reference=",".join(found.names),
            object_id=found.key,
            details={"reason": str(reason), "order": found.order, "key_sha256": found.key_sha256},
        )

    def renewal_info(self, call: Call) -> Answer:
        """When a certificate is best renewed (RFC 9773 section 4)."""
        if not self.authority.settings.renewal_info:
            raise not_found("renewal information")
        found = self.authority.certificate_for_renewal(call.parts[0])
        start, end, explanation = found.window or self._window(found)
        document: dict[str, Any] = {"suggestedWindow": {"start": written(start), "end": written(end)}}
        if explanation:
            document["explanationURL"] = explanation
        seconds = str(round(self.authority.settings.renewal_info_seconds))
        return Answer(document, HTTPStatus.OK, {"Retry-After": seconds})

    def _window(self, found: Certificate) -> tuple[datetime, datetime, str]:
        """Around two thirds of the lifetime, half of a short one; in the past for what is revoked."""
        if found.revoked is not None:
            return found.revoked - timedelta(hours=1), found.revoked, ""
        lifetime = found.not_after - found.not_before
        middle = found.not_before + (lifetime * 2 / 3 if lifetime >= _SHORT else lifetime / 2)
        return middle - lifetime / _WIDTH, middle + lifetime / _WIDTH, ""

    def _presented(self, given: object) -> Certificate:
        """The certificate that a request holds. Raises Problem (malformed, 404)."""
        found = self.authority.certificate_of(jws.decoded(given, "certificate"))
        if found is None:
            raise not_found("certificate")
        return found

    def _check_right(self, call: Call, found: Certificate) -> None:
        if call.jwk is not None:
            may = spki_sha256(jws.key_of(call.jwk)) == found.key_sha256
        else:
            may = found.account == call.owner.key or self._has_proven(call.owner, found)
        if not may:
            raise Problem(Kind.UNAUTHORIZED, "the requester may not revoke this certificate")

    def _has_proven(self, account: Account, found: Certificate) -> bool:
        now = self.authority.clock.now()
        marks = [
            authorized(account.key, name.removeprefix("*."), wildcard=name.startswith("*.")) for name in found.names
        ]
        return all(any(each.expires > now for each in self.authority.authorizations.marked(mark)) for mark in marks)
