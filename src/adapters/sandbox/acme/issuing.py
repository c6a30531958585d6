"""How a certificate comes to be."""

from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.sandbox.acme import limits
from adapters.sandbox.acme.authority import Authority
from adapters.sandbox.acme.calendar import written
from adapters.sandbox.acme.csr import key_for
from adapters.sandbox.acme.hierarchy import Draft, spki_sha256
from adapters.sandbox.acme.jws import encoded, key_of
from adapters.sandbox.acme.records import Certificate, Order

_BACKDATED = timedelta(hours=1)


def issue(authority: Authority, order: Order) -> Order:
    """Issue what a processed order is for; gives the order as it is then."""
    certificate = authority.certificates.save(_certificate(authority, order))
    if order.replaces:
        _mark_replaced(authority, order)
    else:
        authority.tallies.add(limits.NAME_SETS, limits.name_set(order.names), certificate.issued)
    done = replace(order, status="valid", certificate=certificate.key, csr="", issue_at=None)
    _record(authority, order, certificate)
    return authority.orders.save(done)


def _certificate(authority: Authority, order: Order) -> Certificate:
    public = key_for(order.csr, order.names, key_of(authority.accounts_key(order.account)))
    now = authority.clock.now()
    lifetime = _lifetime(authority, order)
    serial = x509.random_serial_number()
    leaf = Draft(order.names, public, serial, _begin(now, lifetime), now + lifetime)
    return Certificate(
        key=f"{serial:040x}",
        account=order.account,
        order=order.key,
        names=order.names,
        der=encoded(authority.hierarchy.sign(leaf).public_bytes(Encoding.DER)),
        key_sha256=spki_sha256(public),
        renewal_id=authority.hierarchy.renewal_id(serial),
        not_before=leaf.not_before,
        not_after=leaf.not_after,
        issued=now,
    )


def _lifetime(authority: Authority, order: Order) -> timedelta:
    settings = authority.settings
    profile = settings.profiles.get(order.profile) or next(iter(settings.profiles.values()))
    return timedelta(hours=settings.lifetime_hours or profile.hours)


def _begin(now: datetime, lifetime: timedelta) -> datetime:
    """A little before now, for clients whose clock is slow."""
    return (now - min(_BACKDATED, lifetime / 10)).replace(microsecond=0)


def _mark_replaced(authority: Authority, order: Order) -> None:
    before = authority.certificates.get(order.replaces)
    if before is not None and not before.replaced_by:
        authority.certificates.save(replace(before, replaced_by=order.key))


def _record(authority: Authority, order: Order, certificate: Certificate) -> None:
    details = {
        "names": ",".join(certificate.names),
        "key_sha256": certificate.key_sha256,
        "order": order.key,
        "profile": order.profile,
        "replaces": order.replaces,
        "not_after": written(certificate.not_after),
    }
    authority.ledger.record(
        "certificate:issue",
        account=order.account,
        reference=",".join(order.names),
        object_id=certificate.key,
        details={name: value for name, value in details.items() if value},
    )
