"""A hosting service that is there already, accounts for its certificates, and what a storefront says about them."""

from datetime import timedelta
from typing import Any, Final

import pytest
import sqlalchemy as sa

from provisioner.intake.accept import Receipt
from provisioner.kernel.private_keys import open_private_key
from provisioner.kernel.secret import Secret
from provisioner.store import credentials
from provisioner.store.accounts import NewAccount
from provisioner.store.tables import operations, services
from provisioner.store.tables_certificates import certificates
from tests.integration.store.estate import add_domain
from tests.support.stores import ACCOUNT, Stage
from tests.unit.orders.certificate_chains import Made, certificate, intermediate

AUTHORITY: Final = "ca-1"
DOMAIN: Final = "shop.example"
HOSTING: Final = "s-1"
CERTIFICATE: Final = "cert-1"
DAY: Final = timedelta(days=1)


class CertificateStage:
    """A stage with the active hosting service `s-1` of shop.example, its panel, and an authority."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.shop = stage.shop
        stage.add_account()
        add_authority(stage)
        add_hosting(stage)

    def say(self, verb: str, certificate_id: str = CERTIFICATE, **data: Any) -> Receipt:
        """A message about a certificate."""
        return self.shop.say(f"certificate.{verb}.v1", {"certificate_id": certificate_id, **data})

    def issue(self, certificate_id: str = CERTIFICATE, **data: Any) -> Receipt:
        """Have a certificate issued for the hosting."""
        return self.say("issue", certificate_id, **{"service_id": HOSTING, **data})

    def csr(self, certificate_id: str = CERTIFICATE, **data: Any) -> Receipt:
        """Have a CSR made for the hosting."""
        return self.say("generate-csr", certificate_id, **{"service_id": HOSTING, "names": [DOMAIN], **data})

    def service(self, service_id: str = CERTIFICATE) -> dict[str, Any]:
        """The row of a service."""
        return self.stage.row("services", id=service_id)

    def operation(self, workflow: str, service_id: str = CERTIFICATE) -> dict[str, Any]:
        """The newest operation of a workflow on a certificate."""
        return self.stage.operation(service_id, f"certificate.{workflow}")

    def secret(self, operation: dict[str, Any]) -> Secret | None:
        """What an operation alone may see."""
        sealed = operation["sealed_secret"]
        return self._opened(operations.c.sealed_secret, operation["id"], sealed)

    def key(self, service_id: str = CERTIFICATE) -> Secret | None:
        """The private key that a service has."""
        return self._opened(services.c.sealed_password, service_id, self.service(service_id)["sealed_password"])

    def becomes(self, status: str, service_id: str = CERTIFICATE, **columns: Any) -> None:
        """Give a service a status behind the store's back, and end its operations."""
        values = {"status": status, "intended_status": status, **columns}
        with self.stage.store.database.begin() as connection:
            connection.execute(sa.update(services).where(services.c.id == service_id).values(**values))
            ended = {"state": "succeeded", "ended_at": self.stage.store.database.now(), "due_at": None}
            of_service = operations.c.service_id == service_id
            connection.execute(sa.update(operations).where(of_service).values(**ended))

    def _opened(self, column: sa.Column[bytes], key: str, sealed: bytes | None) -> Secret | None:
        box = self.stage.store.accounts._box
        return credentials.unseal_password(box, column, key, sealed)


def add_authority(stage: Stage, name: str = AUTHORITY, **fields: Any) -> None:
    """A certificate authority's account of an adapter that is called `authority`."""
    account = {"adapter": "authority", "product": "certificate", "environment": "live", **fields}
    given = {"settings": {}, "credentials": {"account_key": Secret("k-1")}, **account}
    stage.store.accounts.add(NewAccount(name, **given), "tester")


def add_hosting(stage: Stage, number: int = 1, **columns: Any) -> str:
    """An active hosting service `s-N` of customer c-1 on the panel; the first is shop.example."""
    domain = DOMAIN if number == 1 else f"shop-{number}.example"
    row = {"product": "hosting", "name": None, "vendor_account": ACCOUNT, "attributes": {"domain": domain}}
    row["ref"] = f"sg-s-{number}"
    return add_domain(stage, number, **{**row, **columns})


def add_certificate(stage: Stage, number: int = 1, hosting: int = 1, **columns: Any) -> str:
    """An active certificate `cert-N` of a hosting service, issued by the authority."""
    attributes = {"names": [DOMAIN], "method": "auto", "key": "ec", "auto_renew": True}
    row = {"id": f"cert-{number}", "ownership_mark": f"svc:cert-{number}", "parent_id": f"s-{hosting}", "name": None}
    made = {"product": "certificate", "vendor_account": AUTHORITY, "attributes": attributes}
    add_domain(stage, number, **{**row, **made, **columns})
    return f"cert-{number}"


def keep(desk: CertificateStage, number: int, service_id: str = "cert-1", **columns: Any) -> None:
    """A certificate that was obtained so many minutes from now."""
    begins = desk.stage.now() + timedelta(minutes=number)
    row = {
        "id": f"op-{service_id}-{number}",
        "service_id": service_id,
        "source": "authority",
        "names": [DOMAIN],
        "issuer": "CN=Test",
        "serial": f"{number:x}",
        "fingerprint": f"{number:064x}",
        "not_before": begins,
        "not_after": begins + timedelta(days=90),
        "chain": f"chain {number}",
        "sealed_key": b"sealed",
        "vendor_account": AUTHORITY,
        "obtained_at": begins,
        **columns,
    }
    with desk.stage.store.database.begin() as connection:
        connection.execute(sa.insert(certificates).values(**row))


def code(receipt: Receipt) -> tuple[str, str]:
    """What became of a message, and under which code."""
    return receipt.outcome, receipt.detail.partition(":")[0]


def made_for(desk: CertificateStage, *names: str, key: Secret | None = None, days: float = 90) -> Made:
    """A certificate that is valid since yesterday, with this key or one of its own."""
    own = None if key is None else open_private_key(key)
    begins = desk.stage.now() - DAY
    sans = names or (DOMAIN,)
    return certificate(sans[0], intermediate(), sans=sans, begins=begins, lasts=DAY * days, key=own)


def upload(desk: CertificateStage, made: Made, certificate_id: str = "cert-1", **data: Any) -> tuple[str, str]:
    """Upload a certificate with its chain and its key; what became of it."""
    key = desk.shop.sealed(made.secret.reveal())
    given = {"service_id": HOSTING, "certificate": made.pem + intermediate().pem, "key": key, **data}
    present = {name: value for name, value in given.items() if value is not None}
    return code(desk.say("upload", certificate_id, **present))


@pytest.fixture
def desk(stage: Stage) -> CertificateStage:
    """A stage with hosting and an authority, on each database."""
    return CertificateStage(stage)
