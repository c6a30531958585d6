"""What a storefront's developer tries first works, on a real broker, and the worker accepts what comes out of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioner.kernel.sealing import KeyRing
from provisioner.messages import events
from provisioner.messages.envelope import Message, decode
from provisioner.messages.orders import HostingItem, PlaceOrder
from tests.support.processes import Child, start
from tests.support.rabbit import RabbitNode
from tests.support.rabbit_vhost import Vhost

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TUTORIAL = ROOT / "docs/tutorial/first-order.md"
VHOST = "provisioner"
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def shop(rabbit: RabbitNode) -> Iterator[Vhost]:
    """The virtual host of the product, with the exchanges and queues of deploy/rabbitmq."""
    definitions = json.loads((ROOT / "deploy/rabbitmq/definitions.json").read_text())
    everything = {"user": "tests", "vhost": VHOST, "configure": ".*", "write": ".*", "read": ".*"}
    rabbit.import_definitions({**definitions, "users": [], "permissions": [everything]})
    yield Vhost(rabbit, VHOST)
    rabbit.ctl("delete_vhost", VHOST)


@pytest.fixture(autouse=True)
def _empty(shop: Vhost) -> None:
    shop.take("orders")


def _publish(shop: Vhost, *options: str | Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        sys.executable,
        EXAMPLES / "publish_order.py",
        "--domain",
        "shop.example.com",
        *options,
    ]
    environment = {**os.environ, "STOREFRONT_BROKER_URL": shop.url.reveal()}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _the_order(shop: Vhost) -> tuple[Message, PlaceOrder]:
    [body] = shop.take("orders")
    message = decode(body)
    assert isinstance(message.data, PlaceOrder)
    return message, message.data


def test_the_published_order_waits_in_the_queue_and_is_accepted(shop: Vhost) -> None:
    printed = _publish(shop)
    message, order = _the_order(shop)
    assert (message.type, printed.stdout.strip()) == ("order.place.v1", order.order_id)


def test_the_password_opens_with_the_worker_s_key_and_travels_nowhere_in_clear(shop: Vhost, tmp_path: Path) -> None:
    ring = KeyRing.create(tmp_path / "keys.json")
    public = ring.public_key()
    (tmp_path / "public-key.json").write_text(json.dumps({"key_id": public.key_id, "key": public.key}))
    (tmp_path / "password").write_text(PASSWORD + "\n")
    _publish(shop, "--public-key", tmp_path / "public-key.json", "--password-file", tmp_path / "password")
    message, order = _the_order(shop)
    item = order.items[0]
    assert isinstance(item, HostingItem)
    assert item.password is not None
    assert ring.unseal(item.password.key_id, item.password.box).reveal() == PASSWORD
    assert PASSWORD.encode() not in message.raw


def test_a_password_without_a_key_is_not_sent(shop: Vhost, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    answer = _publish(shop, "--password-file", tmp_path / "password")
    assert (answer.returncode, shop.take("orders")) == (2, [])


def test_a_broker_that_is_away_gives_one_sentence() -> None:
    environment = {**os.environ, "STOREFRONT_BROKER_URL": "amqp://nobody:nothing@127.0.0.1:1/none"}
    command = [sys.executable, str(EXAMPLES / "publish_order.py"), "--domain", "shop.example.com"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert [line.split(":")[0] for line in answer.stderr.splitlines()] == ["The order was not published"]


def _one_liner() -> str:
    [line] = [line for line in TUTORIAL.read_text().splitlines() if line.startswith("amqp-publish ")]
    return line


def test_the_one_liner_of_the_tutorial_publishes_an_order_that_is_accepted(shop: Vhost) -> None:
    environment = {**os.environ, "STOREFRONT_BROKER_URL": shop.url.reveal()}
    subprocess.run(["sh", "-c", _one_liner()], cwd=ROOT, env=environment, check=True)
    _message, order = _the_order(shop)
    assert order.order_id == "20260131-0001"


def test_the_listener_prints_an_event_in_one_line_and_keeps_it_no_longer(shop: Vhost, tmp_path: Path) -> None:
    listener = _listen(shop, tmp_path)
    shop.wait_consumed(["storefront-events.test"])
    shop.publish(_completed().encode(), exchange="provisioner.events", key="order.status-changed.v1")
    assert listener.wait() == 0
    line = "2026-01-31T12:00:00Z order.status-changed.v1 A-1 completed"
    assert (listener.output().strip(), shop.take("storefront-events.test")) == (line, [])


def _listen(shop: Vhost, tmp_path: Path) -> Child:
    program = [str(EXAMPLES / "listen.py"), "--queue", "storefront-events.test", "--limit", "1"]
    return start(
        [sys.executable, *program], log=tmp_path / "log", env={"STOREFRONT_EVENTS_BROKER_URL": shop.url.reveal()}
    )


def _completed() -> str:
    event = events.order_status_changed(
        "A-1",
        status="completed",
        previous="provisioning_finished",
        section="historical",
        rollup="completed",
        reason=None,
        attempt=1,
        error=None,
    )
    return events.encode(
        event,
        id="E-1",
        source="provisioner",
        time=datetime(2026, 1, 31, 12, tzinfo=UTC),
        sequence=1,
        environment="sandbox",
        correlation_id=None,
    )


def test_the_examples_need_nothing_of_the_worker_s_code() -> None:
    assert [file.name for file in EXAMPLES.glob("*.py") if "provisioner." in _imports(file)] == []


def _imports(file: Path) -> str:
    return "\n".join(line for line in file.read_text().splitlines() if line.startswith(("import ", "from ")))
