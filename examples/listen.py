"""Print what the worker tells, one event a line. Needs pika, and nothing of the worker's code.

    python examples/listen.py --queue storefront-events.shop

The broker's URL is read from STOREFRONT_EVENTS_BROKER_URL. The queue stays when this program ends: what happens
meanwhile is printed at the next start.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence

import pika
import pika.exceptions
from pika.adapters.blocking_connection import BlockingChannel

EXCHANGE = "provisioner.events"
LOCAL_BROKER = "amqp://storefront-events:storefront-events@127.0.0.1:5672/provisioner"


def line(body: bytes) -> str:
    """One event in one line: what happened, to what, and the status it has now."""
    event = json.loads(body)
    data = event["data"]
    status = data.get("status") or data.get("reason") or ""
    error = (data.get("error") or {}).get("message") or data.get("detail") or ""
    return " ".join(part for part in (event["time"], event["type"], event["subject"], status, error) if part)


def subscribe(channel: BlockingChannel, queue: str) -> None:
    """Make a queue of our own that keeps the events until we have read them."""
    channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(queue, EXCHANGE, routing_key="#")
    channel.basic_qos(prefetch_count=50)


def listen(broker_url: str, queue: str, limit: int | None) -> None:
    """Print events until `limit` of them were printed; each is acknowledged after it was printed.

    Events come at least once: a storefront that acts on them remembers their ids. Those of one subject come in order.
    """
    with pika.BlockingConnection(pika.URLParameters(broker_url)) as connection:
        channel = connection.channel()
        subscribe(channel, queue)
        for count, (method, _properties, body) in enumerate(channel.consume(queue), start=1):
            print(line(body), flush=True)
            channel.basic_ack(method.delivery_tag)
            if count == limit:
                return


def main(argv: Sequence[str]) -> int:
    """Print events until interrupted."""
    parser = argparse.ArgumentParser(description="Print what the worker tells.")
    parser.add_argument("--queue", default="storefront-events.example", help="a name that begins storefront-events.")
    parser.add_argument("--limit", type=int, help="end after this many events")
    chosen = parser.parse_args(argv)
    try:
        listen(os.environ.get("STOREFRONT_EVENTS_BROKER_URL", LOCAL_BROKER), chosen.queue, chosen.limit)
    except KeyboardInterrupt:
        return 0
    except pika.exceptions.AMQPError as error:
        print(f"The broker ended the connection: {error!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
