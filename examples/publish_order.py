"""Publish one order for web hosting, as a storefront does. Needs pika and PyNaCl, and nothing of the worker's code.

    python examples/publish_order.py --domain shop.example.com --public-key public-key.json

The broker's URL is read from STOREFRONT_BROKER_URL. When this program ends without an error, the broker has the order
on disk in a queue that the worker reads.
"""

import argparse
import base64
import json
import os
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pika
import pika.exceptions
from nacl.public import PublicKey, SealedBox

EXCHANGE = "storefront"
LOCAL_BROKER = "amqp://storefront:storefront@127.0.0.1:5672/provisioner"


def seal(password: str, public_key: dict[str, str]) -> dict[str, str]:
    """Encrypt a password so that the worker alone can read it. `public_key` is what `provisioner keys public` tells."""
    box = SealedBox(PublicKey(base64.b64decode(public_key["key"])))
    return {"key_id": public_key["key_id"], "box": base64.b64encode(box.encrypt(password.encode())).decode()}


def hosting_order(order_id: str, domain: str, password: dict[str, str] | None) -> dict[str, Any]:
    """An order of one item. Ids are the storefront's own; a service keeps its id for life."""
    item: dict[str, Any] = {
        "product": "hosting",
        "item_id": "1",
        "change": "purchase",
        "service_id": f"hosting-{order_id}",
        "plan": "basic",
        "domain": domain,
    }
    if password is not None:
        item |= {"login": f"u{order_id[:8]}", "password": password}
    return {
        "order_id": order_id,
        "customer": {"customer_id": "C-1001", "name": "Example Customer", "email": "customer@example.com"},
        "items": [item],
    }


def cloud_event(type_: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    """The envelope: CloudEvents 1.0 and who asks. The worker takes each (source, id) once, so a repeat is harmless."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/storefront/example",
        "type": type_,
        "subject": subject,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "datacontenttype": "application/json",
        "environment": "sandbox",
        "actorid": "customer@example.com",
        "actororg": "example-shop",
        "actorrole": "customer",
        "data": data,
    }


def publish(broker_url: str, event: dict[str, Any]) -> None:
    """Publish, and return when the broker has confirmed. Raises UnroutableError when no queue takes the message."""
    with pika.BlockingConnection(pika.URLParameters(broker_url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        properties = pika.BasicProperties(
            content_type="application/cloudevents+json",
            delivery_mode=pika.DeliveryMode.Persistent.value,
            message_id=event["id"],
        )
        body = json.dumps(event).encode()
        channel.basic_publish(EXCHANGE, event["type"], body, properties, mandatory=True)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Publish one order for web hosting.")
    parser.add_argument("--domain", required=True, help="the domain name of the new web site")
    parser.add_argument("--public-key", type=Path, help="the file with what `provisioner keys public --json` printed")
    parser.add_argument("--password-file", type=Path, help="a file with the password that the customer chose")
    chosen = parser.parse_args(argv)
    if chosen.password_file and not chosen.public_key:
        parser.error("--password-file needs --public-key: a password is never sent as it is")
    return chosen


def main(argv: Sequence[str]) -> int:
    """Publish an order and print its id."""
    chosen = _arguments(argv)
    password = None
    if chosen.password_file:
        public_key = json.loads(chosen.public_key.read_text())
        password = seal(chosen.password_file.read_text().rstrip("\n"), public_key)
    order_id = uuid.uuid4().hex
    event = cloud_event("order.place.v1", order_id, hosting_order(order_id, chosen.domain, password))
    try:
        publish(os.environ.get("STOREFRONT_BROKER_URL", LOCAL_BROKER), event)
    except pika.exceptions.AMQPError as error:
        print(f"The order was not published: {error!r}", file=sys.stderr)
        return 1
    print(order_id)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
