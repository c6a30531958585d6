"""Each operation of each port meets each fault of its simulator in some test; what does not is named, with a reason."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Protocol

import pytest

from adapters.sandbox.faults import Fault
from provisioner.ports import certificates, hosting, registrar
from tests.contract.acme import test_faults_of_sandbox as acme
from tests.contract.epp import prepared as epp
from tests.contract.epp import test_epp_faults
from tests.contract.plesk import test_plesk_certificate_faults as plesk_sites
from tests.contract.plesk import test_plesk_faults as plesk
from tests.support.matrix import Matrix, Prepare, operations

REGISTRAR_PORTS = (
    registrar.RegistrarContacts,
    registrar.DomainRegistrations,
    registrar.DomainRestores,
    registrar.DomainTransfers,
    registrar.DomainChanges,
    registrar.PollQueue,
)

OF_ONE_CALL = {
    Fault.HALF_DONE: "webspace.add only: test_a_subscription_that_was_half_made_is_finished and those beside it",
    Fault.PROBLEMS: "the switch of a plan only: test_what_a_plan_switch_leaves_as_it_was_is_a_warning",
    Fault.SEEN_LATE: "what the world sees of a record; the panel's answers are as ever",
    Fault.DEFAULT_CERTIFICATE: "what the world sees of a site; the panel's answers are as ever",
}
OF_HTTP = (
    *(Fault.BAD_GATEWAY_BEFORE_EFFECT, Fault.BAD_GATEWAY_AFTER_EFFECT, Fault.GARBAGE_BEFORE_EFFECT),
    *(Fault.GARBAGE_AFTER_EFFECT, Fault.SLOW_DRIP, Fault.LATE_SUCCESS, Fault.DELAY),
)
PLESK_CALLS: Mapping[str, Sequence[Prepare]] = {
    **{each.__name__: (each,) for each in (*plesk.OPERATIONS, *plesk.QUESTIONS, *plesk_sites.QUESTIONS)},
    "show_challenge": (plesk_sites.show_record, plesk_sites.show_file),
    "hide_challenge": (plesk_sites.hide_record, plesk_sites.hide_file),
    "install_certificate": (plesk_sites.install_certificate,),
    "use_certificate": (plesk_sites.use_certificate,),
    "remove_certificate": (plesk_sites.remove_certificate,),
}

MATRICES: Mapping[str, Matrix] = {
    "epp": Matrix(
        ports=REGISTRAR_PORTS,
        simulator="epp",
        tests=(test_epp_faults,),
        calls={**epp.CHANGES, **epp.QUESTIONS},
        elsewhere={},
        without={},
    ),
    "plesk": Matrix(
        ports=(hosting.HostingPanel, hosting.HostingReports, certificates.CertificateHost),
        simulator="plesk",
        tests=(plesk, plesk_sites),
        calls=PLESK_CALLS,
        elsewhere={"served_certificate": "a handshake with the website: tests/unit/plesk, test_plesk_certificates.py"},
        without={
            **{
                (prepare.__name__, fault): reason
                for each in PLESK_CALLS.values()
                for prepare in each
                for fault, reason in OF_ONE_CALL.items()
            },
            **{(name, fault): "FTP has no such thing" for name in ("show_file", "hide_file") for fault in OF_HTTP},
        },
    ),
    "acme": Matrix(
        ports=(certificates.CertificateAuthority, certificates.NameChecks),
        simulator="acme",
        tests=(acme,),
        calls={each.__name__: (each,) for each in acme.OPERATIONS},
        elsewhere={
            "points_to": "asks the world's DNS and not the authority: tests/contract/acme/test_acme_checks.py",
            "shows": "asks the world's DNS and not the authority: tests/contract/acme/test_acme_checks.py",
        },
        without={},
    ),
}
each_matrix = pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)


@each_matrix
def test_every_operation_of_the_ports_is_in_the_matrix_or_named_with_a_reason(matrix: Matrix) -> None:
    assert set(matrix.calls) | set(matrix.elsewhere) == operations(matrix.ports)
    assert not set(matrix.calls) & set(matrix.elsewhere)
    assert all(matrix.elsewhere.values())


@each_matrix
def test_every_call_meets_every_fault_of_the_simulator_but_for_the_named_exceptions(matrix: Matrix) -> None:
    assert matrix.there() == matrix.wanted()
    assert all(matrix.without.values())


class Port(Protocol):
    """A port with two operations."""

    def make(self) -> None: ...

    def remove(self) -> None: ...


def make() -> None:
    """How the first is prepared."""


def remove() -> None:
    """How the second is prepared."""


@pytest.mark.parametrize("fault", [Fault.DELAY, Fault.REFUSE])
@pytest.mark.parametrize("prepare", [make])
def forged(prepare: Prepare, fault: Fault) -> None:
    """A test that has two cells."""


def test_a_fault_that_no_test_has_is_missed_and_so_is_an_operation() -> None:
    module = ModuleType("forged")
    vars(module)["test_forged"] = forged
    calls = {"make": (make,), "remove": (remove,)}
    matrix = Matrix(ports=(Port,), simulator="epp", tests=(module,), calls=calls, elsewhere={}, without={})
    missed = matrix.wanted() - matrix.there()
    assert operations(matrix.ports) == {"make", "remove"}
    assert ("make", Fault.TIMEOUT_BEFORE_EFFECT) in missed
    assert ("remove", Fault.DELAY) in missed
    assert ("make", Fault.DELAY) not in missed
