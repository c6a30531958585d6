"""Subscriptions live: suspended, resumed, measured, removed. Ours only; a stranger's is left alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapters.plesk import errors
from adapters.plesk.client import Client
from adapters.plesk.operations import WEBSPACE_DEL, WEBSPACE_GET, WEBSPACE_SET
from adapters.plesk.packet import FLAG, Filter, Values
from adapters.plesk.reply import Result
from adapters.plesk.settings import Role
from adapters.plesk.webspaces import ACTIVE, Webspace, Webspaces, own
from provisioner.ports.outcomes import Done, Rejected, Uncertain

BACKUP: Final = 4
"""The flag of a running backup or restore: it comes and goes by itself and cannot be set."""

SETTABLE: Final = frozenset({ACTIVE, 16, 32, 64})
"""What the vendor's pages name for `set`. A sum of flags is shown, and not named as something that may be set."""

UNLIMITED: Final = "-1"
_USAGE: Final[Values] = {"dataset": {"gen_info": FLAG, "limits": FLAG, "stat": FLAG, "resource-usage": FLAG}}


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What happens to subscriptions that exist. `flag` is ours among the status flags."""

    client: Client
    webspaces: Webspaces
    flag: Role

    def suspend(self, ref: str) -> Done:
        """Set our flag, unless it is set."""
        before = self._existing(ref).status
        if before & self.flag:
            return Done(ref)
        now = self._set_status(ref, self.flag)
        lost = before & ~now & ~BACKUP
        return Done(
            ref, warnings=(f"others had switched it off too, which Plesk forgot (status {lost})",) if lost else ()
        )

    def resume(self, ref: str) -> Done:
        """Clear our flag and no other."""
        before = self._existing(ref).status
        others = before & ~BACKUP & ~self.flag
        if before & self.flag and others in SETTABLE:
            return Done(ref, warnings=_remaining(self._set_status(ref, others)))
        return Done(ref, warnings=_remaining(before))

    def remove(self, ref: str) -> Done:
        """Remove it. One that is gone is Done."""
        if own(self.webspaces, ref) is not None:
            self.client.call(WEBSPACE_DEL, target=Filter("guid", ref))
        return Done(ref)

    def usage(self, ref: str) -> Mapping[str, int]:
        """What it uses and may use: bytes, -1 for no limit."""
        for found in self.client.call(WEBSPACE_GET, _USAGE, Filter("guid", ref)):
            if found.has("data/gen_info"):
                return _usage(found)
        raise _gone(ref)

    def _existing(self, ref: str) -> Webspace:
        space = own(self.webspaces, ref)
        if space is None:
            raise _gone(ref)
        return space

    def _set_status(self, ref: str, status: int) -> int:
        """Set it, look, and give what it is now."""
        values: Values = {"values": {"gen_setup": {"status": str(int(status))}}}
        self.client.call(WEBSPACE_SET, values, Filter("guid", ref))
        with errors.after_effect():
            now = self._existing(ref).status
        if now & self.flag != status & self.flag:
            raise Uncertain("status_not_applied", f"Plesk accepted status {status} and shows {now}")
        return now


def _gone(ref: str) -> Rejected:
    return Rejected(errors.NOT_FOUND, f"the server has no subscription {ref}", vendor_code="1013")


def _remaining(status: int) -> tuple[str, ...]:
    if status == ACTIVE:
        return ()
    return (f"the subscription stays switched off by others (status {status})",)


def _usage(found: Result) -> Mapping[str, int]:
    limits, used = found.pairs("data/limits/limit"), found.pairs("data/resource-usage/resource")
    return {
        "disk_space": _number(found.text("data/gen_info/real_size") or "0"),
        "disk_limit": _number(limits.get("disk_space", UNLIMITED)),
        "traffic": _number(used.get("max_traffic") or found.text("data/stat/traffic") or "0"),
        "traffic_limit": _number(limits.get("max_traffic", UNLIMITED)),
    }


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise errors.unreadable(f"{text[:40]!r} is no number of bytes", WEBSPACE_GET.command) from None
