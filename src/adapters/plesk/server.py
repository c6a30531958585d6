"""What a server offers: its protocol, its plans, its addresses."""

from collections.abc import Mapping, Sequence
from typing import Final

from adapters.plesk import errors
from adapters.plesk.client import Client
from adapters.plesk.operations import IP_GET, PLAN_GET, PROTOCOLS, SERVER_GET
from adapters.plesk.packet import FLAG, VERSION, Filter
from adapters.plesk.reply import Result
from adapters.plesk.settings import Role, Settings
from provisioner.ports.outcomes import Done, Misconfigured, Rejected

_LICENCE: Final = ("lim_dom", "lim_cl", "lim_date")


class Server:
    """One server, as one login sees it."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def ping(self) -> Done:
        """Check login and protocol. `data`: protocol; for administrators also version and the licence's limits."""
        answers = self._client.call(PROTOCOLS)
        spoken = [proto for answer in answers for proto in answer.texts("protos/proto")]
        if VERSION not in spoken:
            raise Misconfigured(
                "protocol_not_supported", f"the server speaks {', '.join(spoken) or 'nothing known'}, not {VERSION}"
            )
        return Done(data={"protocol": VERSION, **self._description()})

    def plans(self) -> tuple[str, ...]:
        """Names of this login's plans."""
        return tuple(name for plan in self._client.call(PLAN_GET) if (name := plan.text("name")))

    def plan_guid(self, name: str) -> str:
        """The plan's guid. Raises Rejected `unknown_plan`, correctable: one bad plan name parks no account."""
        for plan in self._client.call(PLAN_GET, target=Filter("name", name)):
            if plan.text("name") == name and plan.guid:
                return plan.guid
        raise Rejected("unknown_plan", f"the server has no plan {name!r} for this login", fields=("/plan",))

    def shared_address(self) -> str:
        """The configured address, else the first shared one, IPv4 preferred. Raises Misconfigured `ip_address`."""
        if self._settings.ip_address:
            return self._settings.ip_address
        shared = [address for answer in self._client.call(IP_GET) for address in _shared(answer)]
        if not shared:
            raise Misconfigured("ip_address", "the server has no shared IP address, and the account names none")
        return min(shared, key=lambda address: ":" in address)

    def public(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """Addresses of sites as the world knows them: behind address translation, Plesk names both.

        A reseller's login is not asked for that and gets them as they are.
        """
        if self._settings.role is not Role.ADMIN:
            return tuple(addresses)
        outside = {inner: outer for answer in self._client.call(IP_GET) for inner, outer in _translated(answer)}
        return tuple(dict.fromkeys(outside.get(address, address) for address in addresses))

    def _description(self) -> Mapping[str, str]:
        if self._settings.role is not Role.ADMIN:
            return {}
        answers = self._client.call(SERVER_GET, {"key": FLAG, "stat": FLAG})
        if not answers:
            raise errors.unreadable("nothing about the server", SERVER_GET.command)
        licence = answers[0].pairs("key/property")
        limits: Mapping[str, str] = {name: licence[name] for name in _LICENCE if name in licence}
        return {"version": answers[0].text("stat/version/plesk_version"), **limits}


def _translated(answer: Result) -> list[tuple[str, str]]:
    listed = answer.element.iterfind("addresses/ip_info")
    pairs = [(each.findtext("ip_address", ""), each.findtext("public_ip_address", "")) for each in listed]
    return [(inner.strip(), outer.strip()) for inner, outer in pairs if outer.strip()]


def _shared(answer: Result) -> list[str]:
    listed = answer.element.iterfind("addresses/ip_info")
    return [each.findtext("ip_address", "").strip() for each in listed if each.findtext("type", "").strip() == "shared"]
