"""Each change of a certificate is told once, at its place among the events of its service."""

from collections.abc import Callable
from typing import Any

import pytest

from provisioner.orders.certificates import facts_of
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.outcomes import Done, Rejected
from provisioner.workflows.journal import CertificateUse, NewCertificate, NewService, ServiceChange
from provisioner.workflows.operation import Operation
from tests.integration.store.harness import StoreHarness
from tests.support.engine.certificates import KEY, signed_by_itself
from tests.support.engine.world import World
from tests.support.stores import Stage

SERVICE = "s-1-certificate"
CHAIN = signed_by_itself("example.com")
FACTS = facts_of(CHAIN)
NEXT_CHAIN = signed_by_itself("example.com")
PROBLEM = {"problem_code": "dns_elsewhere", "problem": "www leads elsewhere"}

Workflow = Callable[[Operation], ServiceChange | None]


class Desk:
    """A hosting service with a certificate service inside it, on which operations are run."""

    def __init__(self, stage: Stage, patch: pytest.MonkeyPatch) -> None:
        self._stage = stage
        self._world = World(StoreHarness(stage), patch)
        self._world.harness.add_taker("authority-1", "certificate")
        opened = NewService(SERVICE, "certificate", {"names": ["example.com"]})

        def host(op: Operation) -> ServiceChange:
            op.follow_up("certificate.begin", resource=f"service:{SERVICE}", opens=opened)
            return op.service_is(ServiceStatus.ACTIVE)

        self._world.define(host, port=None)
        self._world.define(lambda _op: None, name="certificate.begin", port=None)
        self._world.accept()
        self._world.run_all()

    def run(self, workflow: Workflow, name: str = "certificate.work", **inputs: Any) -> None:
        """Run an operation on the certificate service."""
        self._world.define(workflow, name=name, port=None)
        self.run_unknown(name, **inputs)

    def run_unknown(self, name: str, **inputs: Any) -> None:
        """Run an operation of a workflow that may not exist: then it is held."""
        number = len(self._world.journal.commits)
        self._world.accept(
            f"op-{number}",
            workflow=name,
            resource=f"service:{SERVICE}",
            account="authority-1",
            secret=KEY,
            **inputs,
        )
        self._world.run_all()

    @property
    def told(self) -> list[dict[str, Any]]:
        """What was told of the certificate."""
        events = self._stage.events(f"service/{SERVICE}")
        return [event["data"] for event in events if event["type"] == "certificate.changed.v1"]

    @property
    def sequences(self) -> list[int]:
        """The places of all events of the service."""
        return [int(event["sequence"]) for event in self._stage.events(f"service/{SERVICE}")]

    @property
    def version(self) -> int:
        """The version of the service."""
        version: int = self._stage.row("services", id=SERVICE)["version"]
        return version

    def give_up(self, reason: str) -> None:
        """An operator ends the operation that is held."""
        held = self._stage.row("operations", state="held")["id"]
        self._stage.store.operations.give_up(held, "operator", reason)


@pytest.fixture
def desk(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(stage, monkeypatch)


def _obtains(chain: str, source: str = "authority") -> Workflow:
    def run(op: Operation) -> ServiceChange:
        made = Done(facts_of(chain).fingerprint, facts_of(chain).as_json())
        return op.service_is(ServiceStatus.ACTIVE, made, certificate=NewCertificate(chain, source))

    return run


def _uses(*uses: CertificateUse) -> Workflow:
    return lambda op: op.service_is(None, uses=uses)


def _has_problem(op: Operation) -> ServiceChange:
    return op.service_is(None, Done(data=PROBLEM))


def test_an_issued_certificate_is_told_with_what_it_says(desk: Desk) -> None:
    desk.run(_obtains(CHAIN))
    assert desk.told == [
        {
            "certificate_id": SERVICE,
            "service_id": "s-1",
            "change": "issued",
            "names": ["example.com"],
            "issuer": None,
            "not_after": "2026-01-31T00:00:00Z",
            "fingerprint": FACTS.fingerprint,
            "csr": None,
            "code": None,
            "message": None,
        }
    ]


def test_it_is_looked_at_when_the_last_sixth_of_its_lifetime_begins(desk: Desk, stage: Stage) -> None:
    desk.run(_obtains(CHAIN))
    left = FACTS.not_after - stage.row("certificates")["watch_at"]
    assert left == FACTS.lifetime / 6


def test_the_place_of_an_event_is_the_services_version(desk: Desk) -> None:
    desk.run(_obtains(CHAIN))
    desk.run(_uses(CertificateUse(FACTS.fingerprint, "provisioner-1")))
    assert desk.sequences == [1, 2, 3]
    assert desk.version == 3


def test_the_next_certificate_is_a_renewal(desk: Desk) -> None:
    desk.run(_obtains(CHAIN))
    desk.run(_obtains(NEXT_CHAIN))
    assert [told["change"] for told in desk.told] == ["issued", "renewed"]


def test_what_the_customer_brings_is_uploaded(desk: Desk) -> None:
    desk.run(_obtains(CHAIN, "customer"))
    assert [told["change"] for told in desk.told] == ["uploaded"]


@pytest.mark.parametrize(
    ("uses", "change"),
    [
        ((CertificateUse(FACTS.fingerprint, "provisioner-1"),), "installed"),
        ((CertificateUse("f" * 64, removed=True), CertificateUse(FACTS.fingerprint, "provisioner-1")), "installed"),
        ((CertificateUse(FACTS.fingerprint, removed=True),), "removed"),
        ((CertificateUse(FACTS.fingerprint, revoked=True),), "revoked"),
    ],
)
def test_what_became_of_it_is_told_once(desk: Desk, uses: tuple[CertificateUse, ...], change: str) -> None:
    desk.run(_obtains(CHAIN))
    desk.run(_uses(*uses))
    assert [(told["change"], told["fingerprint"]) for told in desk.told[1:]] == [(change, FACTS.fingerprint)]


def test_the_facts_are_those_of_the_certificate_that_was_used(desk: Desk) -> None:
    desk.run(_obtains(CHAIN))
    desk.run(_obtains(NEXT_CHAIN))
    desk.run(_uses(CertificateUse(FACTS.fingerprint, removed=True)))
    assert desk.told[-1]["fingerprint"] == FACTS.fingerprint


def test_a_csr_that_was_made_is_told_with_its_names(desk: Desk) -> None:
    def run(op: Operation) -> ServiceChange:
        return op.service_is(None, attributes={"csr": "a CSR"})

    desk.run(run, "certificate.generate-csr")
    assert [(told["change"], told["csr"], told["names"]) for told in desk.told] == [
        ("csr_made", "a CSR", ["example.com"])
    ]


def test_a_problem_is_told_with_its_words(desk: Desk) -> None:
    desk.run(_has_problem)
    assert [(told["change"], told["code"], told["message"]) for told in desk.told] == [
        ("problem", "dns_elsewhere", "www leads elsewhere")
    ]


def test_the_same_problem_is_told_once(desk: Desk) -> None:
    for _ in range(2):
        desk.run(_has_problem)
    assert len(desk.told) == 1


def test_a_failed_operation_is_a_problem(desk: Desk) -> None:
    def refuse(_op: Operation) -> None:
        raise Rejected("caa_forbids", "a CAA record shuts the authority out")

    desk.run(refuse)
    assert [(told["change"], told["code"]) for told in desk.told] == [("problem", "caa_forbids")]


def test_what_an_operation_failed_for_is_kept_with_its_certificate(desk: Desk, stage: Stage) -> None:
    def refuse(_op: Operation) -> None:
        raise Rejected("dns_elsewhere", "www leads elsewhere")

    desk.run(refuse)
    kept = stage.row("services", id=SERVICE)
    assert {name: kept["data"].get(name) for name in PROBLEM} == PROBLEM
    assert kept["status"] == "failed"


def _refuses(*codes: str) -> Workflow:
    left = list(codes)

    def run(_op: Operation) -> None:
        raise Rejected(left.pop(0), "no")

    return run


@pytest.mark.parametrize(("automatic", "times"), [(True, 1), (False, 1), (None, 3)])
def test_what_is_tried_again_by_itself_and_fails_as_before_is_told_once(
    desk: Desk, stage: Stage, automatic: bool | None, times: int
) -> None:
    inputs: dict[str, Any] = {} if automatic is None else {"automatic": automatic}
    for _ in range(3):
        desk.run(_refuses("bad_certificate"), **inputs)
    assert [told["code"] for told in desk.told] == ["bad_certificate"] * times
    assert stage.count("outbox", type="operation.needs-attention.v1") == times


def test_what_is_tried_again_by_itself_and_fails_otherwise_is_told(desk: Desk, stage: Stage) -> None:
    for code in ("bad_certificate", "no_web_hosting", "no_web_hosting", "bad_certificate"):
        desk.run(_refuses(code), automatic=False)
    assert [told["code"] for told in desk.told] == ["bad_certificate", "no_web_hosting", "bad_certificate"]
    assert stage.count("outbox", type="operation.needs-attention.v1") == 3


def test_nothing_is_told_of_a_service_that_is_no_certificate(desk: Desk, stage: Stage) -> None:
    del desk
    assert "certificate.changed.v1" not in [event["type"] for event in stage.events("service/s-1")]


def test_what_an_operator_has_given_up_is_the_last_problem(desk: Desk, stage: Stage) -> None:
    desk.run_unknown("certificate.of-tomorrow")
    desk.give_up("the panel has lost the site")
    [told] = desk.told
    assert (told["change"], told["code"], told["message"]) == ("problem", "given_up", "the panel has lost the site")
    assert desk.sequences == sorted(set(desk.sequences))
    assert stage.row("services", id=SERVICE)["data"]["problem"] == "the panel has lost the site"
