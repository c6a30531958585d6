"""Domains on real parts: ordered, transferred, renewed and lost at a simulated registry, by real processes."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import sqlalchemy as sa

from adapters.epp import commands, open_adapter
from adapters.epp.sessions import Sessions
from adapters.epp.settings import read
from adapters.sandbox.epp import RunningRegistry
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.registrar import TransferRequest
from provisioner.store.tables import operations, orders, outbox, services, steps
from provisioner.store.tables_domains import poll_messages
from tests.faults.crash.story import Seal, seal_with
from tests.support.domains import contact, domain_command, domain_item, domain_order, terms, wanting
from tests.support.judge.canaries import judge
from tests.support.judge.collect import kept_secrets, merged, tables_of
from tests.support.judge.history import History
from tests.support.postgres import PostgresCluster
from tests.support.processes import wait_for
from tests.support.production import (
    Production,
    account,
    hosting_order,
    message,
    production,
    registrar_account,
)
from tests.support.rabbit import RabbitNode

PROGRAM: Final = Path(sys.executable).with_name("provisioner")
PANEL: Final = ("ns1.panel.example", "ns2.panel.example")
AUTH_CODE: Final = "Canary-move-7Tg3nQ9z"
WRONG_CODE: Final = "Canary-wrong-4Lk8vB2w"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Shop:
    """A production that runs, asked about domains."""

    production: Production
    registry: RunningRegistry
    seal: Seal

    # -- what happens at the registry

    def adjust(self, **changes: Any) -> None:
        httpx.post(f"{self.registry.control_url}/state", json=changes, timeout=30).raise_for_status()

    def elsewhere(self, prefix: str) -> None:
        """A domain of the other registrar."""
        self.adjust(domains=[{"prefix": prefix, "zone": "com", "auth_code": AUTH_CODE}])

    def bought(self, domain: str) -> list[str]:
        """What our account did with a domain, from the ledger."""
        effects = self.registry.ledger.effects(reference=domain)
        return [effect.operation for effect in effects if effect.account == "registrar-a"]

    def asked_for_elsewhere(self, domain: str, auth_code: str) -> None:
        """The other registrar asks for a domain of ours."""
        settings = {**self.registry.settings, "commands_per_second": "0"}
        other = VendorAccount("other", "epp", settings=settings, credentials=self.registry.other_credentials)
        sessions = Sessions(read(other), other, SystemClock(), None)
        reply = sessions.send(commands.domain_transfer_request(TransferRequest(domain, Secret(auth_code), "")))
        sessions.close()
        assert reply.succeeded, reply.message

    def delegated(self, domain: str) -> list[str]:
        """The name servers of a domain, as the registry shows them to us."""
        account = VendorAccount("look", "epp", settings=self.registry.settings, credentials=self.registry.credentials)
        registrar = open_adapter(account, SystemClock())
        hosts = registrar.look(domain).data["nameservers"]
        registrar.close()
        return sorted(hosts)

    # -- what is in the database

    def rows(self, query: sa.Select[Any]) -> list[Row]:
        with self.production.store.database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def service(self, service_id: str) -> Row:
        """A service, {} before it is there."""
        found = self.rows(sa.select(services).where(services.c.id == service_id))
        return found[0] if found else {}

    def wait_service(self, service_id: str, status: str = "active") -> Row:
        """A service that has reached a status."""
        wait_for(lambda: self.service(service_id).get("status") == status, f"service {service_id} is {status}")
        return self.service(service_id)

    def wait_operation(self, service_id: str, workflow: str, state: str = "succeeded") -> Row:
        """The newest operation of a workflow on a service, when it is in a state."""
        here = (operations.c.service_id == service_id, operations.c.workflow == workflow, operations.c.state == state)
        query = sa.select(operations).where(*here).order_by(operations.c.position.desc())
        return wait_for(lambda: self.rows(query), f"{workflow} of {service_id} is {state}")[0]

    def order_error(self, order_id: str) -> Row:
        """What an order's error says."""
        found: Row = self.rows(sa.select(orders.c.error).where(orders.c.id == order_id))[0]["error"]
        return found

    def refusal(self, message_id: str) -> Row:
        """What the storefront is told about a message that was refused."""
        here = (outbox.c.type == "message.rejected.v1", outbox.c.body.contains(f'"{message_id}"'))
        bodies = wait_for(lambda: self.rows(sa.select(outbox.c.body).where(*here)), f"{message_id} is refused")
        told: Row = json.loads(bodies[0]["body"])["data"]
        return told


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, rabbit: RabbitNode, postgres: PostgresCluster) -> Iterator[Shop]:
    """Everything runs; the panel's account says which name servers its domains have."""
    url = postgres.create_database()
    with production(tmp_path_factory.mktemp("shop"), rabbit.new_vhost(), url) as made:
        assert isinstance(made.registry, RunningRegistry)
        panel = account(made.simulator)
        panel = replace(panel, settings={**panel.settings, "nameservers": ",".join(PANEL)})
        made.store.accounts.add(panel, "test", replace=True)
        quick = registrar_account(made.registry, commands_per_second="0", checks_per_second="0")
        made.store.accounts.add(quick, "test", replace=True)
        shop = Shop(made, made.registry, seal_with(made.installed.keys().public_key()))
        shop.adjust(settings={"transfer_lock_days": 0, "tell_gaining": True})
        made.start_all()
        yield shop
    postgres.drop_database(url)


def mixed_order(name: str, **domain: Any) -> dict[str, Any]:
    """Hosting, and a domain whose name servers are the hosting's."""
    order = hosting_order(name)
    item = {**domain_item(name), "hosting": "1", **domain}
    del item["nameservers"]
    order["data"]["items"].append(item)
    return order


def test_a_mixed_order_is_completed_and_the_domain_points_at_the_hosting(shop: Shop) -> None:
    shop.production.publish(mixed_order("mixed"))
    shop.production.wait_ended("order-mixed")
    assert shop.production.status("order-mixed") == "completed"
    assert shop.delegated("namemixed.com") == sorted(PANEL)


def test_an_item_that_is_refused_for_good_leaves_the_other_working(shop: Shop) -> None:
    """Nobody has the domain that is to be transferred: there is nothing to correct."""
    shop.production.publish(mixed_order("half", change="transfer", auth_code=shop.seal(AUTH_CODE)))
    shop.production.wait_ended("order-half")
    assert shop.production.status("order-half") == "completed_with_errors"
    assert (shop.service("service-half")["status"], shop.service("domain-half")["status"]) == ("active", "failed")
    assert shop.bought("namehalf.com") == []


def test_a_taken_name_is_corrected_and_the_other_one_is_bought(shop: Shop) -> None:
    shop.elsewhere("nametaken")
    shop.production.publish(domain_order("taken"))
    shop.production.wait_ended("order-taken")
    assert shop.order_error("order-taken")["code"] == "domain_taken"
    correction = {"order_id": "order-taken", "corrections": {"domain": {"domain": "nameanother.com"}}}
    shop.production.publish(message("order.retry.v1", "retry-taken", correction))
    wait_for(lambda: shop.production.status("order-taken") == "completed", "the order is completed")
    assert (shop.bought("nametaken.com"), "domain:create" in shop.bought("nameanother.com")) == ([], True)


def test_a_transfer_ends_when_the_registry_tells_its_decision(shop: Shop) -> None:
    shop.elsewhere("namemoving")
    shop.production.publish(domain_order("moving", change="transfer", auth_code=shop.seal(AUTH_CODE)))
    shop.wait_operation("domain-moving", "domain.transfer", "waiting")
    wait_for(lambda: shop.bought("namemoving.com") == ["domain:transfer-request"], "the transfer is asked for")
    shop.adjust(transfers=[{"domain": "namemoving.com", "approved": True}])
    shop.production.wait_ended("order-moving")
    assert shop.production.status("order-moving") == "completed"
    told = shop.rows(sa.select(poll_messages).where(poll_messages.c.domain == "namemoving.com"))
    assert {row["service_id"] for row in told} == {"domain-moving"}


def test_a_renewal_that_is_asked_for_again_is_bought_once(shop: Shop) -> None:
    shop.production.publish(wanting("register", **terms("renewed")))
    expires = shop.wait_service("domain-renewed")["data"]["expires_at"][:10]
    for time in ("first", "second"):
        shop.production.publish(domain_command("renew", f"renewed-{time}", **_renewal("domain-renewed", expires)))
    first, second = _ended_renewals(shop, "domain-renewed", 2)
    assert (first, second) == ("succeeded", "failed")
    assert shop.bought("namerenewed.com").count("domain:renew") == 1


def _renewal(service_id: str, expires: str) -> dict[str, Any]:
    return {"service_id": service_id, "years": 1, "current_expiry": expires}


def _ended_renewals(shop: Shop, service_id: str, count: int) -> list[str]:
    here = (operations.c.service_id == service_id, operations.c.workflow == "domain.renew")
    query = sa.select(operations).where(*here, operations.c.ended_at.is_not(None)).order_by(operations.c.position)
    wait_for(lambda: len(shop.rows(query)) == count, f"{count} renewals end")
    return [row["state"] for row in shop.rows(query)]


def test_a_domain_is_registered_without_an_order(shop: Shop) -> None:
    shop.production.publish(wanting("register", **terms("alone")))
    assert shop.wait_service("domain-alone")["order_id"] is None
    assert "domain:create" in shop.bought("namealone.com")


def test_a_wrong_auth_code_is_named_and_the_right_one_completes_the_order(shop: Shop) -> None:
    shop.elsewhere("namewrong")
    shop.production.publish(domain_order("wrong", change="transfer", auth_code=shop.seal(WRONG_CODE)))
    shop.production.wait_ended("order-wrong")
    assert shop.production.status("order-wrong") == "provisioning_failed"
    error = shop.order_error("order-wrong")
    assert (error["code"], error["fields"]) == ("auth_code_wrong", ["/auth_code"])
    correction = {"order_id": "order-wrong", "corrections": {"domain": {"auth_code": shop.seal(AUTH_CODE)}}}
    shop.production.publish(message("order.retry.v1", "retry-wrong", correction))
    wait_for(lambda: shop.bought("namewrong.com"), "the transfer is asked for")
    shop.adjust(transfers=[{"domain": "namewrong.com", "approved": True}])
    wait_for(lambda: shop.production.status("order-wrong") == "completed", "the order is completed")


def test_a_domain_that_is_transferred_away_ends_its_service(shop: Shop) -> None:
    shop.production.publish(wanting("register", **terms("leaving", lock=False)))
    shop.wait_service("domain-leaving")
    shop.asked_for_elsewhere("nameleaving.com", revealed(shop, "domain-leaving").stdout.strip())
    ended = shop.wait_service("domain-leaving", "cancelled")
    assert ended["data"]["domain_status"] == "transferred_away"
    told = shop.rows(sa.select(poll_messages.c.data).where(poll_messages.c.service_id == "domain-leaving"))
    assert [row["data"]["status"] for row in told][:1] == ["pending"]


BAD_PHONE: Final = {role: {**contact("bad-phone"), "phone": "+49 1"} for role in ("registrant", "admin", "tech")}
REFUSED: Final[Mapping[str, tuple[Mapping[str, Any], str, str]]] = {
    "unknown-tld": ({"domain": "name.nonsense"}, "unknown_tld", "/data/items/0/domain"),
    "bad-phone": ({"contacts": BAD_PHONE}, "phone_invalid", "/data/items/0/contacts/registrant/phone"),
    "one-letter": ({"domain": "x.com"}, "name_not_allowed", "/data/items/0/domain"),
    "u-labels": ({"domain": "bücher.com"}, "invalid_data", "/data/items/0/domain"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_bought_is_refused_with_its_place(shop: Shop, kind: str) -> None:
    changes, reason, pointer = REFUSED[kind]
    effects = len(shop.registry.ledger.effects())
    shop.production.publish(domain_order(kind, **changes))
    told = shop.refusal(f"place-{kind}")
    assert (told["reason"], told["pointer"]) == (reason, pointer)
    assert shop.service(f"domain-{kind}") == {}
    assert len(shop.registry.ledger.effects()) == effects


def revealed(shop: Shop, service_id: str) -> subprocess.CompletedProcess[str]:
    """What `provisioner services reveal` answers."""
    command = [str(PROGRAM), "services", "reveal", service_id]
    return subprocess.run(command, env=shop.production.environ, capture_output=True, text=True, check=False)


def test_an_auth_code_is_revealed_once(shop: Shop) -> None:
    shop.production.publish(wanting("register", **terms("revealed", domain="name-revealed.com")))
    shop.wait_service("domain-revealed")
    first, second = (revealed(shop, "domain-revealed") for _ in range(2))
    assert (first.returncode, len(first.stdout.strip())) == (0, 24)
    assert (second.returncode, second.stdout) == (1, "")


def test_no_auth_code_is_in_any_table_log_event_or_ledger(shop: Shop) -> None:
    """The codes that others sealed, and those that were made here; tests before this one have sent all of them."""
    shop.production.publish(wanting("register", **terms("canary", domain="name-canary.com")))
    shop.wait_service("domain-canary")
    database = shop.production.store.database
    kept = kept_secrets(database, shop.production.folder / "keys.json")
    assert "the password of service domain-canary" in kept
    history = History(
        taken_at="",
        lease_seconds=0,
        tables=tables_of(database),
        effects=merged(shop.production.vendors),
        heard=shop.production.heard(),
        logs={child.log.stem: child.output() for child in shop.production.children},
        canaries={"a code": AUTH_CODE, "a wrong code": WRONG_CODE, **kept},
    )
    assert steps.name in history.tables
    assert [str(finding) for finding in judge(history)] == []
