"""The hosting contract, and what is Plesk's own beside it, against the simulated server."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.plesk import PleskHosting
from provisioner.kernel.secret import Secret
from provisioner.ports import exchange
from provisioner.ports.hosting import HostingSubscription
from provisioner.ports.outcomes import Misconfigured
from tests.contract.hosting_suite import HostingSuite, new_customer, new_subscription
from tests.contract.plesk import simulated
from tests.contract.plesk.simulated import PleskWorld


@pytest.fixture(scope="module")
def world() -> Iterator[PleskWorld]:
    with simulated.running() as world:
        yield world


@pytest.fixture
def panel(world: PleskWorld) -> Iterator[PleskHosting]:
    with simulated.opened(simulated.account(world.simulator)) as panel:
        yield panel


@pytest.fixture
def wanted(panel: PleskHosting) -> HostingSubscription:
    return new_subscription(panel.ensure_customer(new_customer()).ref, simulated.PLAN)


class TestPleskKeepsTheHostingContract(HostingSuite):
    pass


def test_a_subscription_belongs_to_the_customer_that_ordered_it(
    panel: PleskHosting, world: PleskWorld, wanted: HostingSubscription
) -> None:
    panel.create_subscription(wanted)
    target = f"<filter><owner-guid>{wanted.owner}</owner-guid></filter><dataset><gen_info/></dataset>"
    assert world.send(f"<webspace><get>{target}</get></webspace>").findtext("data/gen_info/name") == wanted.domain


def test_names_in_any_script_arrive_unchanged(panel: PleskHosting, world: PleskWorld) -> None:
    customer = new_customer()
    ref = panel.ensure_customer(customer).ref
    target = f"<filter><guid>{ref}</guid></filter><dataset><gen_info/></dataset>"
    shown = world.send(f"<customer><get>{target}</get></customer>")
    assert shown.findtext("data/gen_info/pname") == customer.name
    assert shown.findtext("data/gen_info/cname") == customer.company


def test_a_subscription_on_another_plan_is_put_on_the_one_that_was_ordered(
    panel: PleskHosting, world: PleskWorld, wanted: HostingSubscription
) -> None:
    ref = panel.create_subscription(wanted).ref
    other = world.send(f"<service-plan><get><filter><name>{simulated.OTHER_PLAN}</name></filter></get></service-plan>")
    plan = f"<plan-guid>{other.findtext('guid')}</plan-guid>"
    world.send(
        f"<webspace><switch-subscription><filter><guid>{ref}</guid></filter>{plan}</switch-subscription></webspace>"
    )
    assert panel.find_subscription(wanted) is None
    assert panel.create_subscription(wanted).ref == ref
    assert panel.find_subscription(wanted) is not None


def test_resuming_leaves_a_flag_of_the_administrator_to_the_administrator(
    panel: PleskHosting, world: PleskWorld, wanted: HostingSubscription
) -> None:
    ref = panel.create_subscription(wanted).ref
    world.set_status(ref, 32)
    assert "status 32" in panel.resume(ref).warnings[0]
    assert not world.is_active(ref)


def test_usage_knows_the_plans_limits(panel: PleskHosting, wanted: HostingSubscription) -> None:
    usage = panel.usage(panel.create_subscription(wanted).ref)
    assert (usage["disk_limit"], usage["traffic_limit"]) == (50 * 1024**3, 500 * 1024**3)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"login": Secret("admin"), "password": Secret("not-the-password")}, "login_refused"),
        ({"secret_key": Secret("00000000-0000-4000-8000-000000000000")}, "secret_key_refused"),
    ],
)
def test_wrong_credentials_are_for_an_operator(world: PleskWorld, wrong: dict[str, Secret], code: str) -> None:
    account = replace(simulated.account(world.simulator), credentials=wrong)
    with simulated.opened(account) as panel, pytest.raises(Misconfigured) as parked:
        panel.ping()
    assert parked.value.code == code


def test_a_secret_key_opens_the_server_too(world: PleskWorld) -> None:
    key = {"secret_key": world.simulator.credentials["secret_key"]}
    with simulated.opened(replace(simulated.account(world.simulator), credentials=key)) as panel:
        assert panel.ping().data["protocol"] == "1.6.9.1"


def test_every_packet_is_recorded_without_secrets(panel: PleskHosting) -> None:
    customer = new_customer()
    with exchange.collected() as exchanges:
        wanted = new_subscription(panel.ensure_customer(customer).ref, simulated.PLAN)
        panel.create_subscription(wanted)
    text = "".join(f"{each.request}{each.response}" for each in exchanges)
    assert customer.password.reveal() not in text
    assert wanted.password.reveal() not in text
    assert "$5$" not in text
    assert text.count("<packet") == 2 * len(exchanges)
