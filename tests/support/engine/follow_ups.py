"""Scenarios: operations that follow from another's success, elsewhere, with a key, or on a service of their own."""

from dataclasses import replace

import pytest

from provisioner.kernel.private_keys import open_private_key
from provisioner.kernel.secret import Secret
from provisioner.orders.statuses import OperationState, ServiceStatus
from provisioner.ports.outcomes import Rejected
from provisioner.workflows.journal import KeyKind, NewService, ServiceRecord
from provisioner.workflows.operation import Operation
from tests.support.engine.world import World

FOLLOWING = "op-1/hosting.next"
CERTIFICATE = NewService("s-1-certificate", "certificate", {"names": ["example.com"]})
AUTHORITY = "authority-1"


def _seal_of_approval(op: Operation) -> None:
    op.follow_up("hosting.next", resource="service:s-1-certificate", key=KeyKind.EC, opens=CERTIFICATE)


class FollowUpScenarios:
    @pytest.fixture
    def seen(self, world: World) -> list[Operation]:
        """The operations that followed, as their workflow saw them."""
        seen: list[Operation] = []
        world.define(seen.append, name="hosting.next", port=None)
        return seen

    def test_a_follow_up_begins_at_the_account_that_it_is_given(self, world: World) -> None:
        def run(op: Operation) -> None:
            op.follow_up("hosting.next", resource="beside:s-1", account="panel-2")

        world.define(run, port=None)
        world.accept()
        world.run_one()
        assert world.claim().vendor_account == "panel-2"

    def test_a_follow_up_without_an_account_begins_at_the_same(self, world: World) -> None:
        def run(op: Operation) -> None:
            op.follow_up("hosting.next", resource="beside:s-1")

        world.define(run, port=None)
        world.accept()
        world.run_one()
        assert world.claim().vendor_account == "panel-1"

    @pytest.mark.parametrize("kind", list(KeyKind))
    def test_a_key_is_made_for_a_follow_up(self, world: World, seen: list[Operation], kind: KeyKind) -> None:
        def run(op: Operation) -> None:
            op.follow_up("hosting.next", resource="beside:s-1", key=kind)

        world.define(run, port=None)
        world.accept()
        world.run_all()
        key = open_private_key(seen[0].secret or Secret(""))
        assert kind.value in type(key).__name__.lower().replace("elliptic", "ec")

    def test_each_follow_up_has_a_key_of_its_own(self, world: World, seen: list[Operation]) -> None:
        def run(op: Operation) -> None:
            op.follow_up("hosting.next", resource="beside:s-1", key=KeyKind.EC)

        world.define(run, port=None)
        for number in (1, 2):
            world.accept(f"op-{number}")
        world.run_all()
        keys = {op.secret.reveal() for op in seen if op.secret}
        assert len(keys) == 2

    def test_a_follow_up_without_a_key_has_no_secret(self, world: World, seen: list[Operation]) -> None:
        def run(op: Operation) -> None:
            op.follow_up("hosting.next", resource="beside:s-1")

        world.define(run, port=None)
        world.accept(secret=Secret("of the first alone"))
        world.run_all()
        assert [op.secret for op in seen] == [None]

    # -- services that are opened

    def test_a_service_is_opened_at_the_account_that_takes_its_product(self, world: World) -> None:
        world.harness.add_taker(AUTHORITY, "certificate")
        world.define(_seal_of_approval, port=None)
        world.accept()
        world.run_one()
        opened = ServiceRecord(
            "s-1-certificate",
            "certificate",
            ServiceStatus.PROVISIONING,
            {"names": ["example.com"]},
            vendor_account=AUTHORITY,
        )
        assert replace(world.harness.service("s-1-certificate"), accepted_at=None) == opened
        assert world.claim().vendor_account == AUTHORITY

    def test_the_operation_of_an_opened_service_knows_it_and_its_parent(
        self, world: World, seen: list[Operation]
    ) -> None:
        world.harness.add_taker(AUTHORITY, "certificate")
        world.define(_seal_of_approval, port=None)
        world.accept()
        world.run_all()
        assert (seen[0].service.service_id, seen[0].parent.service_id) == ("s-1-certificate", "s-1")
        assert (seen[0].parent.vendor_account, seen[0].customer.customer_id) == ("panel-1", "customer-1")

    def test_a_service_without_a_parent_has_none(self, world: World) -> None:
        world.define(lambda op: op.parent and None, port=None)
        world.accept()
        with pytest.raises(TypeError, match="has no parent service"):
            world.run_one()

    def test_what_follows_within_an_opened_service_still_knows_the_parent(
        self, world: World, seen: list[Operation]
    ) -> None:
        def next_but_one(op: Operation) -> None:
            op.follow_up("hosting.next", resource="beside:s-1")

        def run(op: Operation) -> None:
            op.follow_up("hosting.first", resource="service:s-1-certificate", opens=CERTIFICATE)

        world.harness.add_taker(AUTHORITY, "certificate")
        world.define(run, port=None)
        world.define(next_but_one, name="hosting.first", port=None)
        world.accept()
        world.run_all()
        assert [op.parent.service_id for op in seen] == ["s-1"]

    def test_nothing_is_opened_where_nobody_takes_the_product(self, world: World) -> None:
        world.define(_seal_of_approval, port=None)
        world.accept()
        world.run_all()
        assert world.state() is OperationState.SUCCEEDED
        with pytest.raises(KeyError):
            world.standing(FOLLOWING)

    def test_a_service_that_is_there_already_is_left_alone(self, world: World) -> None:
        world.harness.add_taker(AUTHORITY, "certificate")
        world.define(lambda op: op.id and None, name="hosting.look", port=None)
        world.accept("op-0", workflow="hosting.look", resource="service:s-1-certificate")
        world.define(_seal_of_approval, port=None)
        world.accept()
        world.run_all()
        assert world.harness.service("s-1-certificate").product == "hosting"
        with pytest.raises(KeyError):
            world.standing(FOLLOWING)

    def test_an_opened_service_that_cannot_be_made_fails_alone(self, world: World) -> None:
        def refuse(op: Operation) -> None:
            raise Rejected("not_here", f"{op.service.service_id} cannot be made")

        world.harness.add_taker(AUTHORITY, "certificate")
        world.define(_seal_of_approval, port=None)
        world.define(refuse, name="hosting.next", port=None)
        world.accept()
        world.run_all()
        statuses = [world.harness.service(name).status for name in ("s-1", "s-1-certificate")]
        assert statuses == [ServiceStatus.PROVISIONING, ServiceStatus.FAILED]

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_crash_at_the_end_opens_one_service(self, world: World, seen: list[Operation], when: str) -> None:
        world.harness.add_taker(AUTHORITY, "certificate")
        world.define(_seal_of_approval, port=None)
        world.journal.crash_at = (1, when)
        world.accept()
        world.run_all()
        assert len(seen) == 1
        assert world.harness.service("s-1-certificate").status is ServiceStatus.PROVISIONING
