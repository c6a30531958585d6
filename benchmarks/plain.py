"""The plain side: a dramatiq actor that writes three results and two statuses with SQLAlchemy's ORM, and no journal.

As such actors are written: the first status in one transaction, the results and the last status in another. A crash
between a call and its result is not noticed; that is what the journal's further commits buy. All else is dramatiq's
default.
"""

import os
import sys
from typing import Any, Final

import dramatiq
import sqlalchemy as sa
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from sqlalchemy import orm

from benchmarks.child import say_ready, when_parent_ends
from benchmarks.reference import InstantPanel
from provisioner.kernel import log
from provisioner.kernel.secret import Secret
from provisioner.ports.hosting import HostingCustomer, HostingSubscription
from provisioner.ports.outcomes import Done
from provisioner.runner.supervisor import stop_on_signals

THREADS: Final = 8  # dramatiq's own default
QUEUE: Final = "plain"
ACTOR: Final = "provision"


class Base(orm.DeclarativeBase):
    """The tables of this side."""


class PlainOrder(Base):
    __tablename__ = "plain_orders"
    id: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    status: orm.Mapped[str]
    results: orm.Mapped[list["PlainResult"]] = orm.relationship()


class PlainResult(Base):
    __tablename__ = "plain_results"
    order_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey("plain_orders.id"), primary_key=True)
    step: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    ref: orm.Mapped[str]
    data: orm.Mapped[dict[str, Any]] = orm.mapped_column(sa.JSON)


class Actor:
    """What the actor does with one order."""

    def __init__(self, engine: sa.Engine) -> None:
        self._sessions = orm.sessionmaker(engine)
        self._panel = InstantPanel()

    def provision(self, order_id: str) -> None:
        with self._sessions() as session:
            order = PlainOrder(id=order_id, status="provisioning_started")
            session.add(order)
            session.commit()
            for step, done in self._steps(order_id):
                session.add(PlainResult(order_id=order_id, step=step, ref=done.ref, data=dict(done.data)))
            order.status = "completed"
            session.commit()

    def _steps(self, order_id: str) -> list[tuple[str, Done]]:
        customer = self._panel.ensure_customer(HostingCustomer(order_id, "Example Ltd", order_id, Secret("")))
        ordered = HostingSubscription(order_id, customer.ref, f"{order_id}.example", "Basic", "login", Secret(""))
        space = self._panel.create_subscription(ordered)
        return [("customer", customer), ("subscription", space), ("switch-on", self._panel.resume(space.ref))]


def open_broker(url: str) -> RabbitmqBroker:
    """dramatiq's broker with the actor's queue declared."""
    broker = RabbitmqBroker(url=url)
    broker.declare_queue(QUEUE, ensure=True)
    return broker


def publish(broker: RabbitmqBroker, order_ids: list[str]) -> None:
    """Send the actor a message for each order."""
    for order_id in order_ids:
        broker.enqueue(dramatiq.Message(QUEUE, ACTOR, (order_id,), {}, {}))


def main() -> int:
    stop = stop_on_signals()
    log.configure("warning")
    engine = sa.create_engine(os.environ["PROVISIONER_DATABASE_URL"], pool_size=THREADS)
    Base.metadata.create_all(engine)
    broker = open_broker(os.environ["PROVISIONER_BROKER_URL"])
    dramatiq.Actor(Actor(engine).provision, broker=broker, actor_name=ACTOR, queue_name=QUEUE, priority=0, options={})
    worker = dramatiq.Worker(broker, worker_threads=THREADS)
    worker.start()
    when_parent_ends(stop.set)
    say_ready()
    stop.wait()
    worker.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
