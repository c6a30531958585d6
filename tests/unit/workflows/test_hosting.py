"""The hosting workflows on a panel that keeps its customers and subscriptions in dictionaries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.hosting import HostingCustomer, HostingPanel, HostingSubscription
from provisioner.ports.outcomes import Done, Rejected, Unavailable
from provisioner.workflows import hosting
from provisioner.workflows.hosting import LOGIN_CANDIDATES, customer_login, login_candidate
from tests.support.engine.harness import MemoryHarness
from tests.support.engine.world import World


class Panel(HostingPanel):
    """Refuses logins that are taken and, once, whatever it is told to."""

    def __init__(self) -> None:
        self.customers: dict[str, HostingCustomer] = {}
        self.subscriptions: dict[str, HostingSubscription] = {}
        self.suspended: set[str] = set()
        self.taken: set[str] = set()
        self.refuses: Exception | None = None

    def ensure_customer(self, customer: HostingCustomer) -> Done:
        self.customers[f"customer/{customer.customer_id}"] = customer
        return Done(f"customer/{customer.customer_id}")

    def find_customer(self, customer: HostingCustomer) -> Done | None:
        ref = f"customer/{customer.customer_id}"
        return Done(ref) if ref in self.customers else None

    def create_subscription(self, subscription: HostingSubscription) -> Done:
        if subscription.login in self.taken:
            raise Rejected("login_taken", f"the login {subscription.login} is taken")
        if self.refuses is not None:
            refusal, self.refuses = self.refuses, None
            raise refusal
        self.subscriptions[f"space/{subscription.service_id}"] = subscription
        return Done(f"space/{subscription.service_id}", {"login": subscription.login})

    def find_subscription(self, subscription: HostingSubscription) -> Done | None:
        ref = f"space/{subscription.service_id}"
        return Done(ref) if ref in self.subscriptions else None

    def suspend(self, ref: str) -> Done:
        self.suspended.add(ref)
        return Done(ref)

    def resume(self, ref: str) -> Done:
        self.suspended.discard(ref)
        return Done(ref)

    def remove_subscription(self, ref: str) -> Done:
        self.subscriptions.pop(ref, None)
        return Done(ref)

    def remove_customer(self, ref: str) -> Done:
        self.customers.pop(ref, None)
        return Done(ref)


@pytest.fixture
def panel() -> Panel:
    return Panel()


@pytest.fixture
def world(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(MemoryHarness(), monkeypatch)
    world.adapter = panel
    return world


def test_hosting_is_a_customer_and_a_subscription(world: World, panel: Panel) -> None:
    world.accept()
    world.run_all()
    (space,) = panel.subscriptions.values()
    assert (space.domain, space.plan, space.owner, space.login) == (
        "example.com",
        "Silver",
        "customer/customer-1",
        "examplecom",
    )
    assert panel.customers["customer/customer-1"].name == "Example Customer"


def test_the_service_knows_what_the_panel_made(world: World) -> None:
    world.accept()
    world.run_all()
    service = world.harness.service("s-1")
    assert (service.status, service.ref) == (ServiceStatus.ACTIVE, "space/s-1")
    assert service.data == {"login": "examplecom", "customer_ref": "customer/customer-1"}


def test_a_login_that_is_taken_is_tried_with_a_number(world: World, panel: Panel) -> None:
    panel.taken = {"examplecom", "examplecom2"}
    world.accept()
    world.run_all()
    assert world.harness.service("s-1").data["login"] == "examplecom3"


def test_each_login_is_a_step_of_its_own(world: World, panel: Panel) -> None:
    panel.taken = {"examplecom"}
    world.accept()
    world.run_all()
    assert list(world.standing().steps) == ["customer", "subscription", "subscription-2"]


def test_when_every_login_is_taken_the_item_is_refused(world: World, panel: Panel) -> None:
    panel.taken = {login_candidate({"domain": "example.com"}, "s-1", number) for number in range(LOGIN_CANDIDATES)}
    world.accept()
    world.run_all()
    assert (world.state(), world.error_code()) == (OperationState.FAILED, "login_taken")


def test_a_refusal_of_another_kind_is_not_tried_with_other_logins(world: World, panel: Panel) -> None:
    panel.refuses = Rejected("domain_taken", "the domain is taken", fields=("/domain",))
    world.accept()
    world.run_all()
    assert (world.error_code(), panel.subscriptions) == ("domain_taken", {})
    assert world.harness.service("s-1").status is ServiceStatus.FAILED


def test_a_refusal_leaves_the_account_that_another_operation_may_be_filling(world: World, panel: Panel) -> None:
    panel.refuses = Rejected("domain_taken", "the domain is taken", fields=("/domain",))
    world.accept()
    world.run_all()
    assert list(panel.customers) == ["customer/customer-1"]


def test_a_customer_that_was_removed_in_between_is_made_again(world: World, panel: Panel) -> None:
    panel.refuses = Rejected("owner_not_found", "owner of the object not found")
    world.accept()
    world.run_all()
    assert list(panel.subscriptions) == ["space/s-1"]
    assert world.harness.service("s-1").status is ServiceStatus.ACTIVE


@given(st.text(min_size=1, max_size=100), st.text(min_size=1, max_size=100))
def test_no_two_customers_have_the_same_login(one: str, other: str) -> None:
    assert (customer_login(one) == customer_login(other)) == (one == other)


def test_an_interruption_between_logins_goes_on_with_the_same_login(world: World, panel: Panel) -> None:
    panel.taken = {"examplecom"}
    panel.refuses = Unavailable("down", "the panel is down")
    world.accept()
    world.run_all()
    assert world.harness.service("s-1").data["login"] == "examplecom2"


def test_a_suspension_records_who_made_it(world: World, panel: Panel) -> None:
    _make(world)
    world.accept("op-2", workflow="hosting.suspend")
    world.run_all()
    assert panel.suspended == {"space/s-1"}
    service = world.harness.service("s-1")
    assert (service.status, service.suspended_by) == (ServiceStatus.SUSPENDED, "system")


def test_a_resumption_switches_the_subscription_on(world: World, panel: Panel) -> None:
    _make(world)
    world.accept("op-2", workflow="hosting.suspend")
    world.run_all()
    world.accept("op-3", workflow="hosting.resume")
    world.run_all()
    assert panel.suspended == set()
    assert world.harness.service("s-1").status is ServiceStatus.ACTIVE


def test_what_was_never_made_cannot_be_suspended(world: World) -> None:
    world.accept(workflow="hosting.suspend")
    world.run_all()
    assert (world.state(), world.error_code()) == (OperationState.FAILED, "nothing_there")


def test_a_cancellation_removes_the_subscription_and_leaves_the_account(world: World, panel: Panel) -> None:
    _make(world)
    world.accept("op-2", workflow="hosting.cancel")
    world.run_all()
    assert (panel.subscriptions, list(panel.customers)) == ({}, ["customer/customer-1"])
    assert world.harness.service("s-1").status is ServiceStatus.CANCELLED


def test_what_was_never_made_is_cancelled_without_a_call(world: World) -> None:
    world.accept(workflow="hosting.cancel")
    world.run_all()
    assert (world.state(), world.standing().steps) == (OperationState.SUCCEEDED, {})


def test_a_change_of_markup_asks_no_vendor(world: World) -> None:
    world.accept(workflow="markup.record", account=None)
    world.run_all()
    assert (world.state(), world.standing().steps) == (OperationState.SUCCEEDED, {})


# -- logins

attributes = st.fixed_dictionaries({}, optional={"login": st.none() | st.text(), "domain": st.none() | st.text()})
numbers = st.integers(0, LOGIN_CANDIDATES - 1)


@given(attributes, st.text(), numbers)
def test_every_login_is_one_that_a_panel_takes(ordered: dict[str, str | None], service_id: str, number: int) -> None:
    login = login_candidate(ordered, service_id, number)
    assert 1 <= len(login) <= hosting.LOGIN_LENGTH
    assert set(login) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    assert login[0].isalpha()


@given(attributes, st.text())
def test_no_login_is_tried_twice(ordered: dict[str, str | None], service_id: str) -> None:
    logins = [login_candidate(ordered, service_id, number) for number in range(LOGIN_CANDIDATES)]
    assert len(set(logins)) == LOGIN_CANDIDATES


@pytest.mark.parametrize(
    ("ordered", "number", "login"),
    [
        ({"login": "demo", "domain": "example.com"}, 0, "demo"),
        ({"domain": "example.com"}, 0, "examplecom"),
        ({"domain": "example.com"}, 1, "examplecom2"),
        ({"domain": "1a2b.example"}, 0, "a2bexample"),
        ({"domain": "a-very-long-name-indeed.example"}, 0, "a-very-long-name"),
        ({"domain": "a-very-long-name-indeed.example"}, 4, "a-very-long-nam5"),
        ({"login": "abcdefghijklmno2"}, 1, "abcdefghijklmno3"),
        ({"domain": "123.456"}, 0, "us-1"),
        ({}, 0, "us-1"),
        ({"login": None, "domain": None}, 1, "us-12"),
    ],
)
def test_a_login_is_made_of_what_was_ordered(ordered: dict[str, str | None], number: int, login: str) -> None:
    assert login_candidate(ordered, "s-1", number) == login


def _make(world: World) -> None:
    world.accept()
    world.run_all()
