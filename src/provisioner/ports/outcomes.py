"""How a call to a vendor can end. An adapter maps every vendor code to exactly one of these.

returns   Done            it is so now (also when it already was)
          Pending         accepted; look again later
raises    Failure
          ├── Rejected        final: the vendor understood and refused
          ├── Unavailable     known not to have been executed; retry later
          │   ├── Throttled   … not before `retry_after`
          │   └── Occupied    … because of the object that it is about; the account is well
          ├── Uncertain       sent, outcome unknown: look before anything else
          └── Misconfigured   an operator must act; the vendor account is parked and no order fails for it
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

Json = Any  # whatever json.dumps takes; checked where it is written to the journal


@dataclass(frozen=True, slots=True)
class Done:
    """It is so now. `ref` is the vendor's own identifier; `data` what later steps need; `warnings` are for people."""

    ref: str = ""
    data: Mapping[str, Json] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """Accepted and not finished: look again after `check_after` seconds; `reason` says in words what is waited for.

    `shown`: the vendor shows it as under way, so that it is over when the vendor shows that no more. `code`: the stable
    one of a wait that is given up for this reason, where it has one of its own.
    """

    check_after: float
    reason: str
    ref: str = ""
    shown: bool = False
    code: str = ""


class Failure(Exception):
    """A call that did not end well.

    `code` is ours and stable; `vendor_code` and `message` are the vendor's; `fields` names what the customer could
    correct (JSON pointers into the item's attributes).
    """

    outcome: ClassVar[str] = "failure"

    def __init__(
        self, code: str, message: str, *, vendor_code: str | None = None, fields: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.vendor_code = vendor_code
        self.fields = fields


class Rejected(Failure):
    """Final: the vendor understood the request and refused it."""

    outcome = "rejected"


class Unavailable(Failure):
    """Known not to have been executed; it may be tried again later."""

    outcome = "unavailable"
    retry_after: float | None = None


class Throttled(Unavailable):
    """Known not to have been executed, and not to be repeated before `retry_after` seconds."""

    outcome = "throttled"

    def __init__(self, code: str, message: str, *, retry_after: float, vendor_code: str | None = None) -> None:
        super().__init__(code, message, vendor_code=vendor_code)
        self.retry_after = retry_after


class Occupied(Unavailable):
    """Known not to have been executed: the vendor is at work on the same object, which says nothing of the account."""


class Uncertain(Failure):
    """Sent, and the outcome is unknown."""

    outcome = "uncertain"


class Misconfigured(Failure):
    """The vendor account is set up wrongly, locked or out of licences; an operator must act."""

    outcome = "misconfigured"


FAILURES: tuple[type[Failure], ...] = (Rejected, Unavailable, Throttled, Occupied, Uncertain, Misconfigured)
