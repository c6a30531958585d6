"""Small stories, one order or one command each, that together pass every step of every workflow.

A story has phases; each phase publishes its messages and lasts until nothing is left to do. Processes are killed in
the last phase: those before it only lead there.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.plesk import open_adapter
from adapters.plesk.adapter import PleskHosting
from adapters.sandbox.faults import Fault
from adapters.sandbox.running import RunningSimulator
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.hosting import HostingCustomer, HostingSubscription
from tests.faults.crash.certificate_scenarios import CERTIFICATE_SCENARIOS
from tests.faults.crash.domain_scenarios import DOMAIN_SCENARIOS
from tests.faults.crash.story import Message, Phase, Scenario, Seal
from tests.support.processes import wait_for
from tests.support.production import Vendors, hosting_item, hosting_order, message

# As the storefront's customers would choose them; sealed on the way, and nowhere else in clear.
PASSWORD: Final = "Canary-sealed-7Qx9fT2m"
OTHER_PASSWORD: Final = "Canary-mended-4Kd8wR1z"

TAKEN: Final = "taken-login"
# Long enough to be still to come when the message is taken in, short enough to be waited for.
TERM_SECONDS: Final = 2.5
REMOVAL_SECONDS: Final = 1.0  # well within the adapter's patience


# -- phases


def _order(**changes: Any) -> Phase:
    def place(seal: Seal) -> Sequence[Message]:
        item = hosting_item(1, password=seal(PASSWORD), **changes)
        return [hosting_order(1, items=[item])]

    return place


def _markup(_seal: Seal) -> Sequence[Message]:
    item = {"product": "markup", "item_id": "1", "change": "markup_change", "text": "two percent more"}
    return [hosting_order(1, items=[item])]


def _retry(seal: Seal) -> Sequence[Message]:
    corrections = {"1": {"plan": "basic", "password": seal(OTHER_PASSWORD)}}
    return [message("order.retry.v1", "retry-1", {"order_id": "order-1", "corrections": corrections})]


def _command(verb: str, **data: Any) -> Phase:
    def tell(_seal: Seal) -> Sequence[Message]:
        return [message(f"service.{verb}.v1", f"{verb}-1", {"service_id": "service-1", "reason": "told to", **data})]

    return tell


def _cancel_later(_seal: Seal) -> Sequence[Message]:
    at = (datetime.now(UTC) + timedelta(seconds=TERM_SECONDS)).isoformat()
    return _command("cancel", when="end_of_term", at=at)(_seal)


# -- what the vendor has before


def _stranger_has_the_login(vendors: Vendors) -> None:
    """Somebody who is not ours, made by hand; the ledger begins after it."""
    panel = _panel(vendors.panel)
    owner = panel.ensure_customer(HostingCustomer("stranger", "Stranger", "stranger", Secret(PASSWORD)))
    wanted = HostingSubscription("stranger", owner.ref, "stranger.example", "basic", TAKEN, Secret(PASSWORD))
    panel.create_subscription(wanted)
    panel.close()
    vendors.panel.ledger.clear()


def _operator_removes_the_customer(vendors: Vendors) -> None:
    """As soon as the customer is made; what is asked for next takes the vendor long enough."""
    vendors.panel.faults.plan("webspace.add", Fault.DELAY, seconds=REMOVAL_SECONDS)
    threading.Thread(target=_remove_when_made, args=(vendors.panel,), daemon=True).start()


def _remove_when_made(simulator: RunningSimulator) -> None:
    made = wait_for(lambda: simulator.ledger.effects(operation="customer.add"), "the customer is made", interval=0.01)
    panel = _panel(simulator)
    panel.remove_customer(made[0].guid)
    panel.close()


def _panel(simulator: RunningSimulator) -> PleskHosting:
    account = VendorAccount("by-hand", "plesk", settings=simulator.settings, credentials=simulator.credentials)
    return open_adapter(account, SystemClock())


def _loses_an_answer(vendors: Vendors) -> None:
    vendors.panel.faults.plan("webspace.add", Fault.RESET_AFTER_EFFECT)


_PLACED: Final = _order()
_REFUSED: Final = _order(plan="no-such-plan")

HOSTING_SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario("create", (_PLACED,)),
    Scenario("create, login taken", (_order(login=TAKEN),), _stranger_has_the_login),
    Scenario("create, answer lost", (_PLACED,), _loses_an_answer),
    Scenario(
        "create, owner gone",
        (_PLACED,),
        _operator_removes_the_customer,
        only=("hosting.create/customer-again", "hosting.create/subscription-again"),
    ),
    Scenario("create, refused", (_REFUSED,)),
    Scenario("retry", (_REFUSED, _retry)),
    Scenario("suspend", (_PLACED, _command("suspend"))),
    Scenario("resume", (_PLACED, _command("suspend"), _command("resume"))),
    Scenario("cancel", (_PLACED, _command("cancel", when="immediate"))),
    Scenario("cancel at the end of the term", (_PLACED, _cancel_later)),
    Scenario("markup", (_markup,)),
)
SCENARIOS: Final = (*HOSTING_SCENARIOS, *DOMAIN_SCENARIOS, *CERTIFICATE_SCENARIOS)
BY_NAME: Final[Mapping[str, Scenario]] = {scenario.name: scenario for scenario in SCENARIOS}
