"""The side of DBOS: the same three steps as a durable workflow, in a process of its own.

It is told on its standard input which orders to start, a line each time: a prefix and a count. Each order is one
workflow; DBOS writes its status and the result of each step.
"""

import os
import sys
from typing import Any, Final

from benchmarks.child import say_ready, wanted
from benchmarks.reference import InstantPanel, order_ids
from provisioner.kernel.secret import Secret
from provisioner.ports.hosting import HostingCustomer, HostingSubscription

THREADS: Final = 16


PANEL: Final = InstantPanel()


def customer(order: str) -> dict[str, Any]:
    return _told(PANEL.ensure_customer(HostingCustomer(order, "Example Ltd", order, Secret(""))))


def subscription(order: str, owner: str) -> dict[str, Any]:
    ordered = HostingSubscription(order, owner, f"{order}.example", "Basic", "login", Secret(""))
    return _told(PANEL.create_subscription(ordered))


def switch_on(ref: str) -> dict[str, Any]:
    return _told(PANEL.resume(ref))


def main() -> int:
    from dbos import DBOS, DBOSConfig, SetWorkflowID  # noqa: PLC0415 - only `make bench` installs it

    url = os.environ["PROVISIONER_DATABASE_URL"]
    config = DBOSConfig(name="benchmark", system_database_url=url, log_level="WARNING", max_executor_threads=THREADS)
    DBOS(config=config)
    first, second, third = (DBOS.step()(step) for step in (customer, subscription, switch_on))

    def provision(order: str) -> str:
        owner = first(order)
        space = second(order, owner["ref"])
        return str(third(space["ref"])["ref"])

    workflow = DBOS.workflow()(provision)
    DBOS.launch()
    say_ready()
    for prefix, count in wanted():
        for order in order_ids(prefix, count):
            with SetWorkflowID(order):
                DBOS.start_workflow(workflow, order)
    DBOS.destroy()
    return 0


def _told(done: Any) -> dict[str, Any]:
    return {"ref": done.ref, "data": dict(done.data)}


if __name__ == "__main__":
    sys.exit(main())
