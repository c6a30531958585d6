"""Messages of a storefront, and a runner that brings orders to their ends."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from provisioner.app.main import CommandInstallation
from tests.support.processes import wait_for

ENDED = ("completed", "completed_with_errors", "provisioning_failed")


def message(type_: str, data: Mapping[str, Any]) -> bytes:
    envelope = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/shop/test",
        "type": type_,
        "environment": "sandbox",
        "actorid": "clerk",
        "actororg": "shop",
        "actorrole": "reseller",
        "data": data,
    }
    return json.dumps(envelope).encode()


def order(order_id: str, domain: str = "", *, plan: str = "basic", **more: Any) -> bytes:
    item = {
        "product": "hosting",
        "item_id": "1",
        "change": "purchase",
        "service_id": f"s-{order_id}",
        "plan": plan,
        "domain": domain or f"{order_id}.example",
    }
    customer = {"customer_id": f"c-{order_id}", "name": "Example Customer"}
    return message("order.place.v1", {"order_id": order_id, "customer": customer, "items": [item], **more})


@contextmanager
def at_work(installation: CommandInstallation) -> Iterator[None]:
    runner = installation.runner()
    runner.start()
    try:
        yield
    finally:
        runner.stop(10.0)


def bring_to_end(installation: CommandInstallation, order_id: str) -> str:
    """Run the order's operations until it has ended; its status."""
    queries = installation.store().queries

    def status() -> str | None:
        found = queries.order(order_id).order.status
        return found if found in ENDED else None

    with at_work(installation):
        return wait_for(status, f"order {order_id} ends") or ""
