"""What messages mean: the items of an order, commands, domains without an order."""

import json
from typing import Any

import pytest

from provisioner.messages import envelope, examples, examples_domains
from provisioner.messages.catalogue import INCOMING
from provisioner.messages.domains import RegisterDomain, TransferDomain
from provisioner.messages.orders import PlaceOrder
from provisioner.orders.commands import NewDomain, is_command, plan_command, plan_domain
from provisioner.orders.plan import WORKFLOW_OF_COMMAND, NewItem, plan_order
from provisioner.orders.statuses import SERVICE_TRANSITIONS

COMMANDS = [name for name in INCOMING if is_command(INCOMING[name].model_construct())]
HOSTING: dict[str, Any] = examples.EXAMPLES["order.place.v1"]["items"][0]
DOMAIN = examples_domains.DOMAIN_ITEM
TRANSFER = examples_domains.EXAMPLES["domain.transfer.v1"]
SEALED = TRANSFER["auth_code"]


def message(name: str, data: dict[str, Any]) -> envelope.Message:
    return envelope.decode(json.dumps(examples.message(name) | {"data": data}).encode())


def items(*given: dict[str, Any]) -> tuple[NewItem, ...]:
    """The planned items of an order of these."""
    order = {"order_id": "1001", "customer": {"customer_id": "C-42", "name": "Example Ltd"}, "items": list(given)}
    placed = message("order.place.v1", order)
    assert isinstance(placed.data, PlaceOrder)
    return plan_order(placed, placed.data).items


def domain(name: str, **changes: Any) -> NewDomain:
    data = message(name, {**examples.EXAMPLES[name], **changes}).data
    assert isinstance(data, RegisterDomain | TransferDomain)
    return plan_domain(data)


def test_a_domain_item_becomes_an_operation_on_its_service() -> None:
    _, item = items(HOSTING, DOMAIN)

    assert (item.workflow, item.resource, item.service_id) == ("domain.register", "service:domain-12", "domain-12")


def test_what_is_json_stays_json() -> None:
    (item,) = items({**DOMAIN, "hosting": None, "nameservers": [{"name": "ns1.example.net"}]})

    assert json.loads(json.dumps(item.attributes)) == item.attributes


def test_a_hosting_item_that_a_domain_names_becomes_its_service() -> None:
    _, item = items(HOSTING, DOMAIN)

    assert item.attributes["hosting"] == HOSTING["service_id"]


def test_a_hosting_service_that_a_domain_names_stays() -> None:
    (item,) = items({**DOMAIN, "hosting": "hosting-5"})

    assert item.attributes["hosting"] == "hosting-5"


def test_a_domain_asks_for_its_registrar() -> None:
    (item,) = items({**DOMAIN, "registrar": "registry-1"})

    assert item.server == "registry-1"


def test_a_transfer_carries_its_sealed_code_beside_the_attributes() -> None:
    (item,) = items({**DOMAIN, "change": "transfer", "auth_code": SEALED})

    assert item.workflow == "domain.transfer"
    assert item.sealed_secret == (SEALED["key_id"], SEALED["box"])
    assert "auth_code" not in item.attributes


def test_a_hosting_item_has_no_secret_of_its_operation() -> None:
    (item,) = items(HOSTING)

    assert (item.sealed_secret, item.sealed_password is None) == (None, False)


# -- without an order


@pytest.mark.parametrize(
    ("name", "workflow"), [("domain.register.v1", "domain.register"), ("domain.transfer.v1", "domain.transfer")]
)
def test_a_domain_without_an_order_is_the_same_workflow(name: str, workflow: str) -> None:
    assert domain(name).workflow == workflow


def test_it_has_the_customer_and_the_terms() -> None:
    planned = domain("domain.register.v1")

    assert planned.customer_id == "C-42"
    assert planned.profile == {"name": "Example Ltd", "email": "hostmaster@example.com"}
    assert {"customer", "service_id"} & planned.attributes.keys() == set()


def test_its_sealed_code_stands_beside_the_attributes() -> None:
    planned = domain("domain.transfer.v1")

    assert planned.transfer
    assert planned.sealed_secret == (SEALED["key_id"], SEALED["box"])
    assert "auth_code" not in planned.attributes


# -- commands


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_workflow_for_what_it_is_about(name: str) -> None:
    planned = plan_command(message(name, examples.EXAMPLES[name]).data)
    family = name.partition(".")[0].replace("service", "domain")

    assert WORKFLOW_OF_COMMAND[family, planned.verb] == f"{family}.{planned.verb}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_given_to_an_active_service(name: str) -> None:
    planned = plan_command(message(name, examples.EXAMPLES[name]).data)

    assert ("active", planned.event) in {(move.source, move.event) for move in SERVICE_TRANSITIONS}


def test_a_command_carries_its_fields() -> None:
    data = {"service_id": "domain-12", "years": 2, "current_expiry": "2027-11-21"}

    planned = plan_command(message("domain.renew.v1", data).data)

    assert (planned.verb, planned.event, planned.service_id) == ("renew", "change", "domain-12")
    assert planned.inputs == {"reason": None, "years": 2, "current_expiry": "2027-11-21"}


def test_a_transfer_is_cancelled_beside_the_transfer_that_waits() -> None:
    data = {"service_id": "domain-12", "reason": "no"}

    planned = plan_command(message("domain.transfer-cancel.v1", data).data)

    assert (planned.resource, planned.reason) == ("transfer-cancel:domain-12", "no")


def test_any_other_command_waits_for_its_turn() -> None:
    planned = plan_command(message("domain.lock.v1", {"service_id": "domain-12"}).data)

    assert planned.resource == "service:domain-12"


@pytest.mark.parametrize(
    "name", ["order.place.v1", "domain.register.v1", "contact.update.v1", "domain.transfer-bulk.v1"]
)
def test_what_is_no_command_to_a_service_is_told(name: str) -> None:
    assert not is_command(message(name, examples.EXAMPLES[name]).data)
