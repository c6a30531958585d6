"""Certificates on real parts: proven, issued, installed and served, by real processes."""

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from provisioner.store.tables import operations, outbox, services
from provisioner.store.tables_certificates import certificates
from tests.faults.crash.story import Seal, seal_with
from tests.support.judge.canaries import judge
from tests.support.judge.collect import database_now, kept_secrets, merged, tables_of
from tests.support.judge.history import History
from tests.support.postgres import PostgresCluster
from tests.support.processes import wait_for
from tests.support.production import Production, hosting_item, hosting_order, message, production
from tests.support.rabbit import RabbitNode

OWN_CERTIFICATE: Final = "service-{}-certificate"
BOUGHT: Final = trustme.CA()
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Shop:
    """A production that runs, asked about certificates."""

    production: Production
    seal: Seal
    folder: Path

    def rows(self, query: sa.Select[Any]) -> list[Row]:
        with self.production.store.database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def service(self, service_id: str) -> Row:
        """A service, {} before it is there."""
        found = self.rows(sa.select(services).where(services.c.id == service_id))
        return found[0] if found else {}

    def wait_installed(self, service_id: str) -> Row:
        """The newest certificate of a service, once its website has it."""
        newest = sa.select(certificates).where(certificates.c.service_id == service_id)
        newest = newest.order_by(certificates.c.obtained_at.desc()).limit(1)
        return wait_for(
            lambda: [row for row in self.rows(newest) if row["installed_at"] is not None],
            f"the newest certificate of {service_id} is installed",
        )[0]

    def wait_operation(self, service_id: str, workflow: str, state: str) -> Row:
        """The newest operation of a workflow on a service, when it is in a state."""
        here = (operations.c.service_id == service_id, operations.c.workflow == workflow, operations.c.state == state)
        query = sa.select(operations).where(*here).order_by(operations.c.position.desc())
        return wait_for(lambda: self.rows(query), f"{workflow} of {service_id} is {state}")[0]

    def served(self, domain: str, root: str | None = None) -> x509.Certificate:
        """What the website shows to a browser that trusts one root (the authority's), and nobody else."""
        context = ssl.create_default_context(cadata=root or self.production.authority.roots[0])
        with (
            socket.create_connection(("127.0.0.1", self.production.simulator.tls_port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=domain) as channel,
        ):
            return x509.load_der_x509_certificate(channel.getpeercert(binary_form=True) or b"")

    def issued(self, domain: str) -> int:
        """How many certificates the authority has made for a domain."""
        effects = self.production.authority.ledger.effects(operation="certificate:issue")
        return sum(domain in str(effect) for effect in effects)

    def told(self, kind: str, word: str) -> list[Row]:
        """What storefronts were told by events of a type in which a word stands."""
        query = sa.select(outbox.c.body).where(outbox.c.type == kind, outbox.c.body.contains(f'"{word}"'))
        return [json.loads(row["body"])["data"] for row in self.rows(query.order_by(outbox.c.id))]

    def ask(self, verb: str, certificate_id: str, **data: Any) -> str:
        """Publish a message about a certificate; the message's id."""
        message_id = f"{verb}-{certificate_id}"
        self.production.publish(
            message(f"certificate.{verb}.v1", message_id, {"certificate_id": certificate_id, **data})
        )
        return message_id

    def bring(self, name: str, domain: str, *, certificate_id: str, key: trustme.LeafCert | None = None) -> str:
        """Upload a certificate of another authority, by default with its own key; the message's id."""
        leaf = BOUGHT.issue_cert(domain, f"www.{domain}")
        pem = b"".join(part.bytes() for part in leaf.cert_chain_pems).decode()
        sealed = self.seal((key or leaf).private_key_pem.bytes().decode())
        return self.ask("upload", certificate_id, service_id=f"service-{name}", certificate=pem, key=sealed)

    def order(self, name: str) -> str:
        """Order hosting; the domain."""
        self.production.publish(hosting_order(name))
        self.production.wait_ended(f"order-{name}")
        return str(hosting_item(name)["domain"])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, rabbit: RabbitNode, postgres: PostgresCluster) -> Iterator[Shop]:
    """Everything runs."""
    url = postgres.create_database()
    folder = tmp_path_factory.mktemp("shop")
    with production(folder, rabbit.new_vhost(), url, certificates=True) as made:
        made.start_all()
        yield Shop(made, seal_with(made.installed.keys().public_key()), folder)
    postgres.drop_database(url)


def test_hosting_gets_a_certificate_by_itself_that_a_browser_trusts(shop: Shop) -> None:
    domain = shop.order("shop")
    kept = shop.wait_installed(OWN_CERTIFICATE.format("shop"))
    assert shop.served(domain).fingerprint(hashes.SHA256()).hex() == kept["fingerprint"]
    assert (kept["source"], shop.issued(domain)) == ("authority", 1)


def test_a_certificate_is_renewed_with_another_key_and_served(shop: Shop) -> None:
    domain = shop.order("renewed")
    service = OWN_CERTIFICATE.format("renewed")
    first = shop.wait_installed(service)
    shop.ask("renew", service)
    shop.wait_operation(service, "certificate.renew", "succeeded")
    second = shop.wait_installed(service)
    assert shop.served(domain).fingerprint(hashes.SHA256()).hex() == second["fingerprint"] != first["fingerprint"]
    assert second["sealed_key"] != first["sealed_key"]


def test_a_certificate_that_the_customer_brings_is_served(shop: Shop) -> None:
    domain = shop.order("brought")
    shop.wait_installed(OWN_CERTIFICATE.format("brought"))
    shop.bring("brought", domain, certificate_id="bought-1")
    kept = shop.wait_installed("bought-1")
    served = shop.served(domain, BOUGHT.cert_pem.bytes().decode())
    assert (served.fingerprint(hashes.SHA256()).hex(), kept["source"]) == (kept["fingerprint"], "customer")


def test_a_key_of_another_certificate_is_refused_in_words(shop: Shop) -> None:
    domain = shop.order("mismatched")
    shop.bring("mismatched", domain, certificate_id="bought-2", key=BOUGHT.issue_cert("other.example"))
    told = wait_for(lambda: shop.told("message.rejected.v1", "upload-bought-2"), "the upload is refused")[0]
    assert (told["reason"], shop.service("bought-2")) == ("key_mismatch", {})


def test_a_csr_is_made_here_and_what_another_authority_makes_of_it_is_served(shop: Shop) -> None:
    domain = shop.order("asked")
    shop.wait_installed(OWN_CERTIFICATE.format("asked"))
    shop.ask("generate-csr", "asked-1", service_id="service-asked", names=[domain])
    told = wait_for(lambda: shop.told("certificate.changed.v1", "csr_made"), "the CSR is told")[0]
    pem = signed(told["csr"])
    shop.ask("upload", "asked-1", service_id="service-asked", certificate=pem)
    kept = shop.wait_installed("asked-1")
    assert kept["fingerprint"] == x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex()


def test_the_certificate_in_use_is_removed_only_by_force(shop: Shop) -> None:
    shop.order("removed")
    service = OWN_CERTIFICATE.format("removed")
    shop.wait_installed(service)
    shop.ask("remove", service)
    assert shop.wait_operation(service, "certificate.remove", "failed")["error"]["code"] == "certificate_in_use"
    shop.production.publish(
        message("certificate.remove.v1", "remove-by-force", {"certificate_id": service, "force": True})
    )
    shop.wait_operation(service, "certificate.remove", "succeeded")


def test_a_revoked_certificate_is_revoked_once(shop: Shop) -> None:
    shop.order("revoked")
    service = OWN_CERTIFICATE.format("revoked")
    shop.wait_installed(service)
    shop.ask("revoke", service, reason="keyCompromise")
    shop.wait_operation(service, "certificate.revoke", "succeeded")
    assert len(shop.production.authority.ledger.effects(operation="certificate:revoke")) == 1


def test_certificates_end_with_their_hosting(shop: Shop) -> None:
    shop.order("ended")
    service = OWN_CERTIFICATE.format("ended")
    shop.wait_installed(service)
    cancel = {"service_id": "service-ended", "when": "immediate", "reason": "The customer leaves."}
    shop.production.publish(message("service.cancel.v1", "cancel-ended", cancel))
    wait_for(lambda: shop.service(service)["status"] == "cancelled", "the certificate has ended too")
    assert shop.service(service)["upkeep_at"] is None


def test_no_key_was_told_to_anybody(shop: Shop) -> None:
    """Last: by now every workflow has run."""
    store = shop.production.store
    ring = Path(shop.production.environ["PROVISIONER_KEY_RING"])
    history = History(
        taken_at=database_now(store.database),
        lease_seconds=3,
        published=[],
        tables=tables_of(store.database),
        effects=merged(shop.production.vendors),
        heard=shop.production.heard(),
        logs={"processes": shop.production.logs()},
        canaries=kept_secrets(store.database, ring),
    )
    assert list(judge(history)) == []


def signed(csr: str) -> str:
    """A certificate for a CSR, by an authority that we do not know."""
    asked = x509.load_pem_x509_csr(csr.encode())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Another Authority")])
    names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, asked.subject, asked.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=60))
    made = made.add_extension(names.value, critical=False)
    return made.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM).decode()
