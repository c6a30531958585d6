"""Parameters that several commands read: periods, codes, statuses, and lists that are added to or removed from."""

from collections.abc import Iterable
from typing import Final, TypeVar

from adapters.sandbox.epp.reading import Part
from adapters.sandbox.epp.records import Domain
from adapters.sandbox.epp.refusals import Code, Refusal
from adapters.sandbox.epp.settings import RegistrySettings

T = TypeVar("T")
MAX_YEARS: Final = 10
DOMAIN_STATUSES: Final = frozenset(
    {
        "clientDeleteProhibited",
        "clientHold",
        "clientRenewProhibited",
        "clientTransferProhibited",
        "clientUpdateProhibited",
    }
)


def years(body: Part, default: int = 1) -> int:
    """The period of a command. Raises Refusal (2004, 2005, 2306): whole years, 1 to 10."""
    period = body.find("domain:period")
    if period is None:
        return default
    if not period.text.isdecimal():
        raise Refusal(Code.VALUE, "A period is a number", "domain:period", period.text)
    if period.attributes.get("unit") != "y":
        raise Refusal(Code.POLICY, "A period is in years", "domain:period", period.text)
    if not 1 <= int(period.text) <= MAX_YEARS:
        raise Refusal(Code.POLICY, "A period is 1 to 10 years", "domain:period", period.text)
    return int(period.text)


def code_given(body: Part, prefix: str) -> str | None:
    """The authorisation code of a command as it came, or None without one. Raises Refusal (2102)."""
    given = body.find(f"{prefix}:authInfo")
    if given is None:
        return None
    if given.find(f"{prefix}:ext") is not None:
        raise Refusal(Code.OPTION, "Authorisation information is a password here", f"{prefix}:authInfo")
    found = given.find(f"{prefix}:pw")
    return "" if found is None else found.raw


def check_new_code(settings: RegistrySettings, code: str) -> str:
    """A code that may be set; an empty one clears it (RFC 9154 §4). Raises Refusal (2005)."""
    if code and len(code) < settings.auth_code_min:
        reason = f"A code has at least {settings.auth_code_min} characters"
        raise Refusal(Code.VALUE, reason, "domain:authInfo")
    return code


def statuses(part: Part | None, prefix: str, allowed: frozenset[str]) -> tuple[str, ...]:
    """The statuses to be set or lifted. Raises Refusal (2306) for one that no registrar may touch."""
    asked = () if part is None else [each.attributes.get("s", "") for each in part.all(f"{prefix}:status")]
    for status in asked:
        if status not in allowed:
            raise Refusal(Code.POLICY, f"A registrar cannot set or lift {status}", f"{prefix}:status", status)
    return tuple(asked)


def changed(kind: str, present: Iterable[T], add: Iterable[T], remove: Iterable[T], element: str) -> tuple[T, ...]:
    """What is left and added. Raises Refusal (2306) for adding what is there and removing what is not."""
    result = list(present)
    for each in remove:
        if each not in result:
            raise Refusal(Code.POLICY, f"This {kind} is not there", element, _told(each))
        result.remove(each)
    for each in add:
        if each in result:
            raise Refusal(Code.POLICY, f"This {kind} already exists", element, _told(each))
        result.append(each)
    return tuple(result)


def forbid(domain: Domain, command: str, *locks: str) -> None:
    """Raises Refusal (2304) when a status of the domain does not allow the command."""
    blocking = [status for status in (*domain.statuses, *_pending(domain)) if status in (*locks, *_PENDING)]
    if blocking:
        raise Refusal(Code.STATUS, f"{blocking[0]} does not allow the {command}", "domain:status", blocking[0])


_PENDING: Final = ("pendingCreate", "pendingDelete", "pendingRenew", "pendingTransfer")


def _pending(domain: Domain) -> tuple[str, ...]:
    waits = (domain.pending, domain.removal, domain.renewal)
    stands = (*(each is not None for each in waits), domain.in_transfer)
    return tuple(name for name, is_so in zip(_PENDING, stands, strict=True) if is_so)


def _told(value: object) -> str:
    name = getattr(value, "name", value)
    return name if isinstance(name, str) else ""
