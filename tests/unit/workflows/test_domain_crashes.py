"""Every domain workflow with a worker that dies at each commit, before and after it, and in the middle of each call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioner.orders.statuses import OperationState
from provisioner.workflows.definition import WORKFLOWS
from tests.support.engine.domains import DAY, NAME, DomainWorld, contact
from tests.support.engine.registrar import OTHERS
from tests.support.engine.vendor import FINE, Answer, crash, lost

Arrange = Callable[[DomainWorld], None]

OWN_HOST = {"nameservers": [{"name": f"ns1.{NAME}", "addresses": ["192.0.2.1"]}, {"name": "ns2.host.example"}]}


def nothing(domain: DomainWorld) -> None:
    """The registry does not know the domain."""


def ours(domain: DomainWorld) -> None:
    domain.have_registered(statuses={"clientUpdateProhibited"})


def old(domain: DomainWorld) -> None:
    domain.have_registered(statuses={"clientDeleteProhibited", "clientUpdateProhibited"})
    domain.registry.add_grace = False


def with_own_hosts(domain: DomainWorld) -> None:
    domain.have_registered(statuses={"clientUpdateProhibited"})
    domain.registry.domains[NAME].hosts = (f"ns1.{NAME}", "ns2.host.example")
    domain.registry.hosts = {f"ns1.{NAME}", "ns2.host.example"}


def undeletable(domain: DomainWorld) -> None:
    domain.have_registered(statuses={"clientDeleteProhibited", "clientUpdateProhibited"})
    domain.registry.domains[NAME].hosts = (f"ns1.{NAME}", "ns2.host.example")
    domain.registry.hosts = {f"ns1.{NAME}", "ns2.host.example"}
    domain.registry.refuses_deletion = True


def deleted(domain: DomainWorld) -> None:
    domain.have_registered(statuses={"pendingDelete"}, grace={"redemptionPeriod"})


def due(domain: DomainWorld) -> None:
    domain.have_registered()
    domain.harness.let_pass(336 * DAY)


def theirs(domain: DomainWorld) -> None:
    domain.registry.have(NAME, registrar=OTHERS, auth_code="their-code")


@dataclass(frozen=True)
class Case:
    workflow: str
    arrange: Arrange
    inputs: dict[str, Any]
    secret: str | None = None
    ordered: dict[str, Any] = field(default_factory=dict)
    ends: OperationState = OperationState.SUCCEEDED

    def __str__(self) -> str:
        return self.workflow if self.ends is OperationState.SUCCEEDED else f"{self.workflow} refused"

    def play(self, world: DomainWorld) -> None:
        """Run it to its end; a transfer is approved as soon as it was asked for."""
        self.arrange(world)
        world.order(max_price={"amount": "100.00", "currency": "EUR"}, **self.ordered)
        world.ask(self.workflow, secret=self.secret, **self.inputs)
        for _ in range(40):
            world.run_within(300)
            if world.registry.transfers.get(NAME) == "pending":
                world.registry.approve(NAME)
        world.run_all()


CASES = [
    Case("domain.register", nothing, {}),
    Case("domain.transfer", theirs, {}, "their-code"),
    Case("domain.renew", ours, {"years": 1, "current_expiry": "2027-01-01"}),
    Case("domain.set-nameservers", ours, {"nameservers": [{"name": "a.other.example"}]}),
    Case("domain.set-contacts", ours, {"contacts": {"tech": contact("grace")}}),
    Case("domain.set-dnssec", ours, {"records": [{"key_tag": 1, "algorithm": 13, "digest_type": 2, "digest": "AB"}]}),
    Case("domain.lock", ours, {}),
    Case("domain.auth-code", ours, {}, "new-code"),
    Case("domain.suspend", ours, {}),
    Case("domain.delete", old, {}),
    Case("domain.cancel", with_own_hosts, {}),
    Case("domain.delete", undeletable, {}, ordered=OWN_HOST, ends=OperationState.FAILED),
    Case("domain.restore", deleted, {"reason": "a mistake"}),
    Case("domain.upkeep", due, {}),
]

METHODS = [
    "ensure_contact",
    "ensure_host",
    "remove_host",
    "quote",
    "look",
    "register",
    "renew",
    "request_transfer",
    "change_contacts",
    "change_nameservers",
    "change_dnssec",
    "change_auth_code",
    "change_statuses",
    "delete",
    "request_restore",
    "report_restore",
]


def once(case: Case) -> tuple[list[str], int]:
    """What an undisturbed run does at the registry, and in how many commits."""
    with pytest.MonkeyPatch.context() as patch:
        world = DomainWorld(patch)
        case.play(world)
        assert world.state() is case.ends, world.standing()
        return sorted(world.registry.effects), len(world.journal.commits)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_whichever_commit_a_worker_dies_at_everything_happens_once(case: Case, moment: str) -> None:
    effects, commits = once(case)
    for number in range(1, commits + 1):
        with pytest.MonkeyPatch.context() as patch:
            world = DomainWorld(patch)
            world.journal.crash_at = (number, moment)
            case.play(world)
            assert (world.state(), sorted(world.registry.effects)) == (case.ends, effects), number


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize(
    "trouble",
    [crash(took_effect=True), crash(took_effect=False), lost(took_effect=True), lost(took_effect=False)],
    ids=["crash after", "crash before", "lost answer", "lost request"],
)
def test_whichever_call_goes_wrong_everything_happens_once(case: Case, trouble: Answer) -> None:
    effects, _ = once(case)
    for method in METHODS:
        for skipped in range(3):
            with pytest.MonkeyPatch.context() as patch:
                world = DomainWorld(patch)
                world.registry.will(method, *[FINE] * skipped, trouble)
                case.play(world)
                assert (world.state(), sorted(world.registry.effects)) == (case.ends, effects), method


def test_the_cases_are_all_workflows_that_change_something() -> None:
    workflows = {name for name in WORKFLOWS if name.startswith("domain.")}
    like_another = {
        "domain.unlock",
        "domain.resume",
        "domain.clear-auth-code",
        "domain.set-auto-renew",
        "domain.transfer-cancel",
        "domain.transfer-out",
    }
    assert workflows == {case.workflow for case in CASES} | like_another
