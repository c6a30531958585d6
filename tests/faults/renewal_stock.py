"""Certificates that were obtained long ago and are due now, put into a store and into the memory of an authority.

They are what renewals would have left there: a service with its key, the certificate with its chain, and when it is
looked after next by the program's own reckoning. A hosting has many of them, as far more hostings would only be waited
for; each certificate has a name of its own beside the hosting's, which the authority has seen proven before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.sandbox.acme.hierarchy import Draft
from adapters.sandbox.acme.jws import encoded
from adapters.sandbox.acme.records import Account, Authorization, Certificate, Challenge
from provisioner.kernel.private_keys import generate_private_key, open_private_key
from provisioner.kernel.sealing import SecretBox
from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import facts_of, installed_name, renew_at
from provisioner.store import credentials
from provisioner.store.tables import services
from provisioner.store.tables_certificates import certificates
from tests.faults.renewal_squeezed import LIFETIME, WEEK
from tests.support.production import AUTHORITY, Production, hosting_order

ZONE: Final = "stock.example"
PREFIX: Final = "stock-"
OBTAINED_WITHIN: Final = timedelta(days=2.5)
"""The program's own spread is 4.5 days of a lifetime of 90; together they are due within a week."""
BATCH: Final = 500
TOKEN: Final = encoded(bytes(32))
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Stock:
    """So many certificates; a week takes `week` seconds, and the first ones are due at `start`."""

    count: int
    hostings: int
    week: float
    start: datetime

    @property
    def factor(self) -> float:
        """By how much time is squeezed."""
        return WEEK / self.week

    @property
    def lifetime(self) -> timedelta:
        """How long a certificate is valid."""
        return LIFETIME / self.factor

    def obtained_at(self, number: int) -> datetime:
        """When it was: evenly over two and a half days, such that the earliest renewal is due at the start."""
        earliest = self.start - self.lifetime * (2 / 3 - 0.05)
        return earliest + OBTAINED_WITHIN / self.factor * (number / self.count)

    def names(self, number: int) -> tuple[str, str]:
        """The hosting's domain, and one of its own."""
        return (f"d{self.hosting(number)}.example", f"{PREFIX}{number:06}.{ZONE}")

    def hosting(self, number: int) -> int:
        """Whose it is."""
        return number % self.hostings


def order_hostings(shop: Production, stock: Stock) -> None:
    """The hostings, ordered and made by the processes that run. There is no authority yet, so none gets one itself."""
    shop.publish(*(hosting_order(number) for number in range(stock.hostings)))
    shop.wait_ended(*(f"order-{number}" for number in range(stock.hostings)), timeout=60 + stock.hostings)


def open_account(shop: Production) -> Account:
    """Have the program open its account at the authority."""
    shop.installed.ping(AUTHORITY)
    return next(iter(shop.authority.simulator.authority.accounts))


def lead_here(shop: Production) -> None:
    """Have the names of the stock lead to the panel."""
    record = {"name": f"*.{ZONE}", "type": "A", "value": "127.0.0.1"}
    httpx.post(f"{shop.simulator.control_url}/dns/records", json=record, timeout=60).raise_for_status()


def put_stock(shop: Production, stock: Stock) -> Secret:
    """Put them into both memories; gives their private key, which is the same of all."""
    account, key = open_account(shop), generate_private_key("ec")
    lead_here(shop)
    box = SecretBox(shop.installed.keys())
    for numbers in _batches(range(stock.count)):
        made = [_issue(shop, account, stock, number, key) for number in numbers]
        told = [_rows(stock, number, each, key, box) for number, each in zip(numbers, made, strict=True)]
        with shop.store.database.begin() as connection:
            connection.execute(sa.insert(services), [service for service, _ in told])
            connection.execute(sa.insert(certificates), [certificate for _, certificate in told])
    with shop.store.database.begin() as connection:
        connection.execute(sa.text("ANALYZE services"))
    return key


def _batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    return (numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH))


# -- at the authority


def _issue(shop: Production, account: Account, stock: Stock, number: int, key: Secret) -> str:
    """A certificate as the authority would have issued it; its chain."""
    authority, at = shop.authority.simulator.authority, stock.obtained_at(number)
    public = open_private_key(key).public_key()
    draft = Draft(stock.names(number), public, x509.random_serial_number(), at, at + stock.lifetime)
    leaf = authority.hierarchy.sign(draft).public_bytes(Encoding.DER)
    with authority.busy():
        authority.certificates.save(_certificate(account, draft, leaf, authority.hierarchy.renewal_id(draft.serial)))
        for name in draft.names:
            authority.authorizations.save(_proven(account, name))
    return authority.hierarchy.chain(leaf, 0).decode()


def _certificate(account: Account, draft: Draft, leaf: bytes, renewal_id: str) -> Certificate:
    return Certificate(
        key=f"{draft.serial:040x}",
        account=account.key,
        order="",
        names=draft.names,
        der=encoded(leaf),
        key_sha256="",
        renewal_id=renewal_id,
        not_before=draft.not_before,
        not_after=draft.not_after,
        issued=draft.not_before,
    )


def _proven(account: Account, name: str) -> Authorization:
    """That the account has shown control of a name before."""
    now = datetime.now(UTC)
    return Authorization(
        key=f"proven-{name}",
        account=account.key,
        name=name,
        wildcard=False,
        created=now,
        expires=now + timedelta(days=30),
        challenges=(Challenge(method="http-01", token=TOKEN, status="valid"),),
        status="valid",
    )


# -- in the store


def _rows(stock: Stock, number: int, chain: str, key: Secret, box: SecretBox) -> tuple[Row, Row]:
    """The service, and its certificate."""
    service_id, made = f"{PREFIX}{number:06}", f"obtained-{number:06}"
    facts = facts_of(chain)
    planned = renew_at(facts, service_id)
    name = installed_name(chain)
    known = {"source": "authority", "installed": True, "install": True, "revoked": False, "warnings": []}
    service = {
        "id": service_id,
        "ownership_mark": f"svc:{service_id}",
        "customer_id": f"customer-{stock.hosting(number)}",
        "environment": "live",
        "product": "certificate",
        "status": "active",
        "intended_status": "active",
        "version": 1,
        "generation": 1,
        "vendor_account": AUTHORITY,
        "ref": facts.fingerprint,
        "attributes": {"names": list(stock.names(number)), "method": "auto", "key": "ec", "auto_renew": True},
        "data": {**facts.as_json(), **known, "chain": chain, "certificate_id": made, "renew_at": planned.isoformat()},
        "warnings": [],
        "sealed_password": _sealed(box, services.c.sealed_password, service_id, key),
        "created_at": facts.not_before,
        "updated_at": facts.not_before,
        "upkeep_at": planned,
        "upkeep_workflow": "certificate.upkeep",
        "parent_id": f"service-{stock.hosting(number)}",
    }
    certificate = {
        "id": made,
        "service_id": service_id,
        "source": "authority",
        "names": list(facts.names),
        "issuer": facts.issuer,
        "serial": facts.serial,
        "fingerprint": facts.fingerprint,
        "not_before": facts.not_before,
        "not_after": facts.not_after,
        "chain": chain,
        "sealed_key": _sealed(box, certificates.c.sealed_key, made, key),
        "vendor_account": AUTHORITY,
        "obtained_at": facts.not_before,
        "installed_at": facts.not_before,
        "installed_as": name,
    }
    return service, certificate


def _sealed(box: SecretBox, column: sa.Column[bytes], key: str, secret: Secret) -> bytes:
    return credentials.seal(box, column, key, secret.reveal().encode())
