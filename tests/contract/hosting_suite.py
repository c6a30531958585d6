"""What every hosting panel must do, whatever vendor is behind it.

A new adapter's contract test is a class that inherits `HostingSuite` and gives the fixtures `panel` and `world`:

    class TestMyPanel(HostingSuite):
        @pytest.fixture
        def world(self) -> HostingWorld: ...
        @pytest.fixture
        def panel(self, world: MyWorld) -> HostingPort: ...
"""

import itertools
from typing import Protocol

import pytest

from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import Adapter
from provisioner.ports.effects import EffectClass, effect_of
from provisioner.ports.hosting import HostingCustomer, HostingPanel, HostingReports, HostingSubscription
from provisioner.ports.outcomes import Rejected

_numbers = itertools.count(1)


class HostingPort(HostingPanel, HostingReports, Adapter, Protocol):
    """All that a hosting adapter is."""


class HostingWorld(Protocol):
    """What a test sees and does behind the adapter's back."""

    plan: str

    def effects(self) -> int:
        """How many changes the vendor has accepted so far."""
        ...

    def foreign_customer(self, login: str) -> str:
        """Someone else's customer with this login; its ref."""
        ...

    def foreign_subscription(self, domain: str) -> str:
        """Someone else's subscription with this domain; its ref."""
        ...

    def switched_off_by_its_owner(self, ref: str) -> None:
        """The subscription's customer switched it off."""
        ...

    def exists(self, ref: str) -> bool:
        """Whether there is a customer or subscription with this ref."""
        ...

    def is_active(self, ref: str) -> bool:
        """Whether the subscription serves."""
        ...


def new_customer() -> HostingCustomer:
    number = next(_numbers)
    return HostingCustomer(
        customer_id=f"c-{number}",
        name="Zoë Ångström <&>",
        login=f"zoe{number}",
        password=Secret(f"Zq7!customer-{number}"),
        company='Ångström & "Sons"',
        email="zoe@customer.example",
        city="Malmö",
        country="SE",
    )


def new_subscription(owner: str, plan: str) -> HostingSubscription:
    number = next(_numbers)
    return HostingSubscription(
        service_id=f"s-{number}",
        owner=owner,
        domain=f"domain-{number}.example",
        plan=plan,
        login=f"web{number}",
        password=Secret(f"Zq7!system-{number}"),
    )


class HostingSuite:
    """The contract. Each test starts from a server of its own choice of names, so that none disturbs another."""

    @pytest.fixture
    def customer(self, panel: HostingPort) -> str:
        """Our customer's ref."""
        return panel.ensure_customer(new_customer()).ref

    @pytest.fixture
    def wanted(self, customer: str, world: HostingWorld) -> HostingSubscription:
        return new_subscription(customer, world.plan)

    @pytest.fixture
    def ref(self, panel: HostingPort, wanted: HostingSubscription) -> str:
        """Our subscription's ref."""
        return panel.create_subscription(wanted).ref

    def test_it_answers_a_ping(self, panel: HostingPort) -> None:
        assert panel.ping().warnings == ()

    def test_it_lists_the_plan(self, panel: HostingPort, world: HostingWorld) -> None:
        assert world.plan in panel.plans()

    @pytest.mark.parametrize("operation", ["ensure_customer", "create_subscription"])
    def test_what_makes_something_can_be_checked(self, panel: HostingPort, operation: str) -> None:
        effect = effect_of(getattr(panel, operation))
        assert effect.effect_class is EffectClass.CHECKABLE
        assert callable(getattr(panel, effect.find or ""))

    @pytest.mark.parametrize("operation", ["suspend", "resume", "remove_subscription", "remove_customer"])
    def test_everything_else_may_be_repeated(self, panel: HostingPort, operation: str) -> None:
        assert effect_of(getattr(panel, operation)).effect_class is EffectClass.IDEMPOTENT

    def test_a_customer_is_not_found_before_it_is_made(self, panel: HostingPort) -> None:
        assert panel.find_customer(new_customer()) is None

    def test_a_customer_is_found_as_it_was_made(self, panel: HostingPort) -> None:
        customer = new_customer()
        made = panel.ensure_customer(customer)
        assert made.ref
        assert made.data["login"] == customer.login
        assert panel.find_customer(customer) == made

    def test_a_customer_is_made_once(self, panel: HostingPort, world: HostingWorld) -> None:
        customer, before = new_customer(), world.effects()
        assert panel.ensure_customer(customer) == panel.ensure_customer(customer)
        assert world.effects() == before + 1

    def test_a_login_of_someone_else_is_not_taken_over(self, panel: HostingPort, world: HostingWorld) -> None:
        customer = new_customer()
        world.foreign_customer(customer.login)
        before = world.effects()
        with pytest.raises(Rejected) as taken:
            panel.ensure_customer(customer)
        assert (taken.value.code, taken.value.fields) == ("login_taken", ("/login",))
        assert world.effects() == before

    def test_a_subscription_is_not_found_before_it_is_made(
        self, panel: HostingPort, wanted: HostingSubscription
    ) -> None:
        assert panel.find_subscription(wanted) is None

    def test_a_subscription_is_found_as_it_was_made(self, panel: HostingPort, wanted: HostingSubscription) -> None:
        made = panel.create_subscription(wanted)
        assert made.warnings == ()
        assert panel.find_subscription(wanted) == made

    def test_a_subscription_tells_what_later_steps_need(self, panel: HostingPort, wanted: HostingSubscription) -> None:
        told = panel.create_subscription(wanted).data
        assert (told["domain"], told["login"], told["plan"]) == (wanted.domain, wanted.login, wanted.plan)
        assert told["id"]
        assert told["ip_address"]

    def test_a_subscription_is_made_once(
        self, panel: HostingPort, world: HostingWorld, wanted: HostingSubscription
    ) -> None:
        before = world.effects()
        assert panel.create_subscription(wanted) == panel.create_subscription(wanted)
        assert world.effects() == before + 1

    def test_a_domain_of_someone_else_is_not_taken_over(
        self, panel: HostingPort, world: HostingWorld, wanted: HostingSubscription
    ) -> None:
        foreign = world.foreign_subscription(wanted.domain)
        before = world.effects()
        with pytest.raises(Rejected) as taken:
            panel.create_subscription(wanted)
        assert (taken.value.code, taken.value.fields) == ("domain_taken", ("/domain",))
        assert world.effects() == before
        assert world.is_active(foreign)

    def test_a_system_login_that_is_taken_is_named(
        self, panel: HostingPort, world: HostingWorld, wanted: HostingSubscription
    ) -> None:
        panel.create_subscription(wanted)
        other = new_subscription(wanted.owner, wanted.plan)
        other = HostingSubscription(
            other.service_id, other.owner, other.domain, other.plan, wanted.login, other.password
        )
        before = world.effects()
        with pytest.raises(Rejected) as taken:
            panel.create_subscription(other)
        assert (taken.value.code, taken.value.fields) == ("login_taken", ("/login",))
        assert world.effects() == before

    def test_an_unknown_plan_can_be_corrected(self, panel: HostingPort, world: HostingWorld, customer: str) -> None:
        before = world.effects()
        with pytest.raises(Rejected) as refused:
            panel.create_subscription(new_subscription(customer, "no such plan"))
        assert (refused.value.code, refused.value.fields) == ("unknown_plan", ("/plan",))
        assert world.effects() == before

    def test_suspending_switches_off_once(self, panel: HostingPort, world: HostingWorld, ref: str) -> None:
        before = world.effects()
        panel.suspend(ref)
        panel.suspend(ref)
        assert not world.is_active(ref)
        assert world.effects() == before + 1

    def test_resuming_switches_on_once(self, panel: HostingPort, world: HostingWorld, ref: str) -> None:
        panel.suspend(ref)
        before = world.effects()
        assert panel.resume(ref).warnings == ()
        assert panel.resume(ref).warnings == ()
        assert world.is_active(ref)
        assert world.effects() == before + 1

    def test_resuming_leaves_what_its_owner_switched_off(
        self, panel: HostingPort, world: HostingWorld, ref: str
    ) -> None:
        world.switched_off_by_its_owner(ref)
        assert len(panel.resume(ref).warnings) == 1
        assert not world.is_active(ref)

    def test_removing_is_done_once_and_may_be_repeated(
        self, panel: HostingPort, world: HostingWorld, wanted: HostingSubscription
    ) -> None:
        ref = panel.create_subscription(wanted).ref
        before = world.effects()
        panel.remove_subscription(ref)
        panel.remove_subscription(ref)
        assert panel.find_subscription(wanted) is None
        assert world.effects() == before + 1

    @pytest.mark.parametrize("operation", ["suspend", "resume", "usage"])
    def test_what_is_gone_is_rejected(self, panel: HostingPort, ref: str, operation: str) -> None:
        panel.remove_subscription(ref)
        with pytest.raises(Rejected) as gone:
            getattr(panel, operation)(ref)
        assert gone.value.code == "not_found"

    @pytest.mark.parametrize("operation", ["suspend", "resume", "remove_subscription"])
    def test_a_subscription_of_someone_else_is_left_alone(
        self, panel: HostingPort, world: HostingWorld, operation: str
    ) -> None:
        foreign = world.foreign_subscription(f"foreign-{next(_numbers)}.example")
        before = world.effects()
        with pytest.raises(Rejected) as left:
            getattr(panel, operation)(foreign)
        assert left.value.code == "not_ours"
        assert world.effects() == before

    @pytest.mark.parametrize("operation", ["suspend", "resume", "remove_subscription", "remove_customer", "usage"])
    def test_an_empty_reference_touches_nothing(
        self, panel: HostingPort, world: HostingWorld, ref: str, operation: str
    ) -> None:
        before = world.effects()
        with pytest.raises(Rejected):
            getattr(panel, operation)("")
        assert world.effects() == before
        assert world.is_active(ref)

    def test_a_customer_that_owns_something_is_left_alone(
        self, panel: HostingPort, world: HostingWorld, customer: str, ref: str
    ) -> None:
        before = world.effects()
        assert len(panel.remove_customer(customer).warnings) == 1
        assert world.effects() == before
        assert world.is_active(ref)

    def test_an_empty_customer_is_removed_once(self, panel: HostingPort, world: HostingWorld, customer: str) -> None:
        before = world.effects()
        assert panel.remove_customer(customer).warnings == ()
        assert panel.remove_customer(customer).warnings == ()
        assert not world.exists(customer)
        assert world.effects() == before + 1

    def test_a_customer_of_someone_else_is_left_alone(self, panel: HostingPort, world: HostingWorld) -> None:
        foreign = world.foreign_customer(f"foreign{next(_numbers)}")
        assert len(panel.remove_customer(foreign).warnings) == 1
        assert world.exists(foreign)

    def test_usage_is_told_in_whole_numbers(self, panel: HostingPort, ref: str) -> None:
        usage = panel.usage(ref)
        assert set(usage) >= {"disk_space", "disk_limit", "traffic", "traffic_limit"}
        assert all(number >= -1 for number in usage.values())

    def test_closing_twice_is_safe(self, panel: HostingPort) -> None:
        panel.close()
        panel.close()
