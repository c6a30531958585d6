"""The errors that a user or an operator may meet.

    ProvisionerError
    ├── SettingsError        a setting is missing or wrong
    ├── KeyRingError         a key is missing, or a sealed value does not open
    ├── NotFoundError        there is no such order, service, operation, …
    ├── RefusedError         the request is understood and not allowed now
    └── StoreUnavailable     the database does not answer; nothing was changed

The docstring of an error is its message when none is given; `code` is stable and meant for programs.
"""

from typing import ClassVar


class ProvisionerError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class SettingsError(ProvisionerError):
    """A setting is missing or wrong."""

    code = "settings"


class KeyRingError(ProvisionerError):
    """A key is missing, or a sealed value does not open with any key of the ring."""

    code = "key_ring"


class NotFoundError(ProvisionerError):
    """There is no such thing."""

    code = "not_found"


class RefusedError(ProvisionerError):
    """The request is understood and not allowed now."""

    code = "refused"


class StoreUnavailable(ProvisionerError):
    """The database does not answer; nothing was changed."""

    code = "store_unavailable"
