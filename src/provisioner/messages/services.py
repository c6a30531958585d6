"""Messages about services that exist: suspend, resume, cancel."""

from typing import Literal

from pydantic import model_validator

from provisioner.messages.fields import Contract, Identifier, Moment, Text, broken


class SuspendService(Contract):
    """Switch a service off without removing anything."""

    service_id: Identifier
    reason: Text


class ResumeService(Contract):
    """Switch a suspended service on again."""

    service_id: Identifier
    reason: Text | None = None


class CancelService(Contract):
    """End a service for good: now, or at the end of its term.

    `at` is that end: required with `end_of_term`, and not allowed with `immediate`.
    """

    service_id: Identifier
    when: Literal["immediate", "end_of_term"]
    at: Moment | None = None
    reason: Text

    @model_validator(mode="after")
    def _time_fits(self) -> "CancelService":
        if self.when == "end_of_term" and self.at is None:
            raise broken('is required when `when` is "end_of_term"', "/at")
        if self.when == "immediate" and self.at is not None:
            raise broken('is only for `when` "end_of_term"', "/at")
        return self
