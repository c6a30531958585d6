"""Validates challenges in the background, as real authorities do."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from adapters.sandbox.acme import caa, validation
from adapters.sandbox.acme.authority import Authority
from adapters.sandbox.acme.authorizations import Proofs, waiting
from adapters.sandbox.acme.problems import Problem, planned
from adapters.sandbox.acme.settings import AuthoritySettings
from adapters.sandbox.acme.validation import Assignment
from adapters.sandbox.faults import Fault, FaultPlan
from provisioner.kernel.clock import Clock

WORKERS: Final = 8


class Examiner:
    """Takes authorisations whose challenge is to be looked at; `stop` ends it."""

    def __init__(self, authority: Authority, faults: FaultPlan, clock: Clock) -> None:
        self._authority = authority
        self._faults = faults
        self._clock = clock
        self._proofs = Proofs(authority, self.examine)
        self._workers = ThreadPoolExecutor(WORKERS, "validation")

    @property
    def proofs(self) -> Proofs:
        """The authorisations, for those who hand them out."""
        return self._proofs

    def resume(self) -> None:
        """Look again at what an earlier run had not finished."""
        for authorization in self._authority.authorizations.marked("waits"):
            self.examine(authorization.key)

    def examine(self, key: str) -> None:
        """Look at the challenge of an authorisation that waits: at once when nothing is validated, else later."""
        if self._authority.settings.validation == "none":
            self._run(key)
        else:
            with suppress(RuntimeError):  # the simulator stops; the next one looks again
                self._workers.submit(self._run, key)

    def stop(self) -> None:
        """Finish what was begun, and no more. Safe to call twice."""
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _run(self, key: str) -> None:
        with self._authority.busy():
            assignment, settings = self._assignment(key), self._authority.settings
        if assignment is None:
            return
        problem = self._verdict(assignment, settings)
        with self._authority.busy():
            self._proofs.close(key, assignment.method, problem)

    def _assignment(self, key: str) -> Assignment | None:
        found = self._authority.authorizations.get(key)
        challenge = None if found is None else waiting(found)
        if found is None or challenge is None:
            return None
        account = self._authority.accounts.get(found.account)
        thumbprint = "" if account is None else account.thumbprint
        expected = f"{challenge.token}.{thumbprint}"
        return Assignment(key, found.name, challenge.method, challenge.token, expected, found.wildcard)

    def _verdict(self, assignment: Assignment, settings: AuthoritySettings) -> Problem | None:
        try:
            self._strike(assignment)
            caa.check_told((assignment.name,), settings)
            validation.look(assignment, settings)
            caa.check_records(assignment.name, settings, wildcard=assignment.wildcard)
        except Problem as problem:
            return problem
        return None

    def _strike(self, assignment: Assignment) -> None:
        """What the fault plan has for validations: refusals and delays. Raises Problem."""
        rule = self._faults.take(f"validation:{assignment.method}", (assignment.name, assignment.authorization))
        if rule is None:
            return
        if rule.fault is Fault.REFUSE:
            raise planned(rule.code, rule.text, 0)
        self._clock.sleep(rule.seconds)
