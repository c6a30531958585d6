"""Every packet that the adapter can send is valid by the vendor's content model of protocol 1.6.9.1."""

import os
from pathlib import Path

import defusedxml.ElementTree
import pytest

from adapters.plesk import operations
from adapters.plesk.packet import FLAG, Command, Filter, Operation, Value, Values, build
from adapters.sandbox.plesk import grammar, validator
from provisioner.kernel.secret import Secret

BESIDE_THE_CHECKOUT = Path(__file__).parents[3].parent / "shared" / "contract"
MODEL = Path(os.environ.get("PROVISIONER_CONTRACT_DIR", BESIDE_THE_CHECKOUT)) / "plesk" / "request-model.txt"
FILTERED = [each for each in operations.ALL if each.filters]
FLAGS = {
    *("customer/get:gen_info", "customer/get:stat", "site/get:gen_info", "site/get:hosting"),
    *("server/get:key", "server/get:gen_info", "server/get:stat"),
    *(f"webspace/get:{name}" for name in operations.WEBSPACE_GET.order["dataset"]),
}
LEAVES: dict[str, Value] = {
    "status": "0",
    "ip_address": "192.0.2.7",
    "htype": "vrt_hst",
    "email": "demo@customer.example",
    "passwd": Secret("Zq7!"),
    "locale": "en-US",
    "country": "SE",
    "name": "domain.example",
    "site": "domain.example",
    "site-id": "7",
}


@pytest.fixture(scope="module")
def model() -> grammar.ElementRule:
    if not MODEL.is_file():
        pytest.skip(f"the vendor's content model is not at {MODEL}")
    return grammar.parse(MODEL.read_text())


def fullest(operation: Operation, path: str = "") -> Values:
    """A value for every element that the operation's table allows."""
    values: dict[str, Value] = {}
    for name in operation.order.get(path, ()):
        below = f"{path}/{name}".strip("/")
        if below in operation.order:
            values[name] = fullest(operation, below)
        else:
            values[name] = FLAG if f"{operation}:{name}" in FLAGS else LEAVES.get(name, "text")
    return values


def valid(operation: Operation, values: Values, target: Filter | None, model: grammar.ElementRule) -> None:
    body = build(operation, values, target).body()
    validator.validate(defusedxml.ElementTree.fromstring(body), model)


@pytest.mark.parametrize("operation", operations.ALL, ids=str)
def test_the_fullest_packet_of_each_operation_is_valid(operation: Operation, model: grammar.ElementRule) -> None:
    target = Filter(min(operation.filters), "1") if operation.filters else None
    valid(operation, fullest(operation), target, model)


@pytest.mark.parametrize(
    ("operation", "kind"), [(each, kind) for each in FILTERED for kind in sorted(each.filters)], ids=str
)
def test_each_kind_of_filter_is_valid(operation: Operation, kind: str, model: grammar.ElementRule) -> None:
    valid(operation, fullest(operation), Filter(kind, "1"), model)


def test_listing_plans_without_a_filter_is_valid(model: grammar.ElementRule) -> None:
    valid(operations.PLAN_GET, FLAG, None, model)


def test_the_validator_finds_an_order_that_is_wrong(model: grammar.ElementRule) -> None:
    order = {**operations.WEBSPACE_ADD.order, "": ("plan-guid", "hosting", "gen_setup")}
    wrong = Operation("webspace", "add", Command.MUTATE, order=order)
    with pytest.raises(validator.InvalidElement):
        valid(wrong, fullest(wrong), None, model)
