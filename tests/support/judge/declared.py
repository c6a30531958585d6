"""Which effect each step of each workflow has at a vendor, in the words of the vendors' ledgers.

A step that is not declared here is a finding: whoever adds a workflow adds its steps.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tests.support.judge.history import Row


class Kind(StrEnum):
    """What a step does to the object with its mark."""

    MAKES = "makes"
    CHANGES = "changes"
    REMOVES = "removes"
    NOTHING = "does nothing to"  # a wait


@dataclass(frozen=True, slots=True)
class Declared:
    """One step's effect. `mark` is our reference, filled in from the operation's row.

    `details` are those by which the ledger's line is told from others; one that is empty must be absent. `also` are
    operations with which the step may finish what was half made.
    """

    kind: Kind
    operation: str = ""
    mark: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    also: frozenset[str] = frozenset()

    def reference(self, operation: Row) -> str:
        """Our mark on what the step works on."""
        return self.mark.format_map(operation)

    def explains(self, effect: Row) -> bool:
        """Whether a ledger's line is this step's effect."""
        here = effect["details"]
        fits = all(here.get(name, "") == value for name, value in self.details.items())
        return effect["operation"] == self.operation and fits


CUSTOMER: Final = "cust:{customer_id}"
SUBSCRIPTION: Final = "svc:{service_id}"
OUR_MARKS: Final = ("cust:", "svc:")
ACTIVE: Final = "0"
SUSPENDED: Final = "16"

_FINISHING: Final = frozenset({"webspace.set", "webspace.switch-subscription"})

STEPS: Final[Mapping[str, Declared]] = {
    "hosting.create/customer": Declared(Kind.MAKES, "customer.add", CUSTOMER),
    # This step is there because an operator has removed the customer meanwhile.
    "hosting.create/customer-again": Declared(Kind.MAKES, "customer.add", CUSTOMER, also=frozenset({"customer.del"})),
    "hosting.create/undo:customer": Declared(Kind.REMOVES, "customer.del", CUSTOMER),
    "hosting.create/subscription": Declared(Kind.MAKES, "webspace.add", SUBSCRIPTION, also=_FINISHING),
    "hosting.create/subscription-again": Declared(Kind.MAKES, "webspace.add", SUBSCRIPTION, also=_FINISHING),
    "hosting.create/undo:subscription-again": Declared(Kind.REMOVES, "webspace.del", SUBSCRIPTION),
    "hosting.create/undo:subscription": Declared(Kind.REMOVES, "webspace.del", SUBSCRIPTION),
    "hosting.suspend/suspend": Declared(Kind.CHANGES, "webspace.set", SUBSCRIPTION, {"status": SUSPENDED}),
    "hosting.resume/resume": Declared(Kind.CHANGES, "webspace.set", SUBSCRIPTION, {"status": ACTIVE}),
    "hosting.cancel/remove": Declared(Kind.REMOVES, "webspace.del", SUBSCRIPTION),
    "hosting.cancel/remove-customer": Declared(Kind.REMOVES, "customer.del", CUSTOMER),
    "service.at-end-of-term/term": Declared(Kind.NOTHING),
}

_NUMBER: Final = re.compile(r"-\d+\Z")


def declared(workflow: str, step: str) -> Declared | None:
    """A step's effect; candidates with a number (`subscription-2`) share one. None for a step that is not known."""
    return STEPS.get(f"{workflow}/{_NUMBER.sub('', step)}")
