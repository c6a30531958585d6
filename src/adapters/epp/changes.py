"""Looking at a domain of ours, and changing it: read first, send only the difference, nothing when there is none."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeAlias

from adapters.epp import commands, errors, statuses
from adapters.epp.commands import Command, Delta
from adapters.epp.errors import Act
from adapters.epp.hosts import canonical
from adapters.epp.registry import Registry
from adapters.epp.replies import DomainData
from adapters.epp.statuses import UPDATE_LOCK, Change
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done, Rejected
from provisioner.ports.registrar import DnsKey, DsRecord, Host

LATER: Final = "the registry has accepted the change and carries it out later"
HostModel: TypeAlias = Literal["objects", "attributes"]
Records: TypeAlias = tuple[DsRecord | DnsKey, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a domain is to be: the command that is still missing, judged by what the registry shows.

    `values` names the fields of what is sent; `unknown` is the code for an object in it that does not exist.
    """

    domain: str
    difference: Callable[[DomainData], Command | None]
    values: Mapping[str, str] = field(default_factory=dict)
    unknown: str = "object_unknown"


@dataclass(frozen=True, slots=True)
class Changes:
    """Updates of domains. All raise Rejected `not_found`, `not_ours`, `update_prohibited`, `locked_by_registry`."""

    registry: Registry

    def look(self, domain: str) -> Done:
        """What the registry says now."""
        seen = self.registry.seen(domain)
        return Done(
            domain,
            {
                "exists": seen.exists,
                "ours": seen.ours,
                **_as_json(seen.data),
                "looked_at": self.registry.clock.now().isoformat(),
            },
        )

    def nameservers(self, domain: str, hosts: tuple[Host, ...]) -> Done:
        """These name servers and no others."""
        model = self.registry.settings.host_model
        values = {host.name: f"/nameservers/{index}/name" for index, host in enumerate(hosts)}
        return self._brought_about(
            Wish(domain, lambda data: _host_difference(data, hosts, model), values, unknown="host_unknown")
        )

    def contacts(self, domain: str, registrant: str, contacts: Mapping[str, str]) -> Done:
        """These contacts and no others; an empty registrant stays. A thin registry keeps none."""
        if self.registry.settings.data_model == "thin":
            return Done(domain)
        values = {handle: f"/contacts/{role}" for role, handle in {**contacts, "registrant": registrant}.items()}
        wanted = tuple(contacts.items())
        return self._brought_about(
            Wish(domain, lambda data: _contact_difference(data, registrant, wanted), values, unknown="contact_unknown")
        )

    def dnssec(self, domain: str, records: Records) -> Done:
        """These records and no others, of one kind (RFC 5910 §4)."""
        if len({type(record) for record in records}) > 1:
            raise Rejected("invalid_value", "DNSSEC records are either DS or keys, not both", fields=("/dnssec",))
        return self._brought_about(Wish(domain, lambda data: _dnssec_difference(data, records)))

    def statuses(self, domain: str, add: tuple[str, ...], remove: tuple[str, ...]) -> Done:
        """Set and lift statuses of ours. Our own lock against updates is lifted first and alone (RFC 5731 §2.3)."""
        foreign = [status for status in (*add, *remove) if not status.startswith("client")]
        if foreign:
            raise Rejected("locked_by_registry", f"{foreign[0]} is the registry's own status")
        wish = Wish(domain, lambda data: _status_difference(data, add, remove))
        data = self.registry.own(domain)
        if UPDATE_LOCK not in data.statuses or UPDATE_LOCK not in remove:
            return self._brought_about(wish, data)
        self._lift_update_lock(data)
        if not add and set(remove) == {UPDATE_LOCK}:
            return Done(domain)
        with errors.after_effect():
            return self._brought_about(wish)

    def auth_code(self, domain: str, auth_code: Secret | None) -> Done:
        """Set or clear it. A registry need not show it, so it is sent each time (RFC 9154)."""
        data = self.registry.own(domain)
        _refuse_locked(data)
        return self._sent(data, commands.domain_update_auth_code(domain, auth_code), {})

    def _brought_about(self, wish: Wish, seen: DomainData | None = None) -> Done:
        """Send the difference to what was seen; when that is refused, look whether none is left."""
        data = seen or self.registry.own(wish.domain)
        command = wish.difference(data)
        if command is None:
            return Done(wish.domain)
        _refuse_locked(data)
        try:
            return self._sent(data, command, wish.values)
        except Rejected as refused:
            return self._after_refusal(wish, refused)

    def _lift_update_lock(self, data: DomainData) -> None:
        obstacle = statuses.obstacle(data, Change.UPDATE)
        if obstacle is not None and obstacle.code != "update_prohibited":
            raise obstacle
        self._sent(data, commands.domain_update(data.name, remove=Delta(statuses=(UPDATE_LOCK,))), {})

    def _sent(self, data: DomainData, command: Command, values: Mapping[str, str]) -> Done:
        reply = self.registry.ask(command, values=values)
        return Done(data.name, warnings=(LATER,) if reply.pending else ())

    def _after_refusal(self, wish: Wish, refused: Rejected) -> Done:
        if not errors.wants_a_look(refused, Act.UPDATE):
            raise refused
        data = self.registry.own(wish.domain)
        if wish.difference(data) is None:
            return Done(wish.domain)
        _refuse_locked(data)
        if refused.vendor_code == str(errors.ABSENT):
            fields = refused.fields or tuple(wish.values.values())
            raise errors.with_words(refused, wish.unknown, "the registry does not know it", *fields)
        raise refused


def _refuse_locked(data: DomainData) -> None:
    if (obstacle := statuses.obstacle(data, Change.UPDATE)) is not None:
        raise obstacle


def _host_difference(data: DomainData, hosts: tuple[Host, ...], model: HostModel) -> Command | None:
    there, wanted = {_host_key(host, model) for host in data.nameservers}, {_host_key(host, model) for host in hosts}
    add = tuple(host for host in hosts if _host_key(host, model) not in there)
    remove = tuple(host for host in data.nameservers if _host_key(host, model) not in wanted)
    if not add and not remove:
        return None
    return commands.domain_update(data.name, Delta(hosts=add), Delta(hosts=remove), host_model=model)


def _host_key(host: Host, model: HostModel) -> tuple[str, frozenset[str]]:
    """Objects have their addresses elsewhere; attributes are the same only with the same addresses."""
    return host.name.lower(), frozenset() if model == "objects" else canonical(host.addresses)


def _contact_difference(data: DomainData, registrant: str, contacts: tuple[tuple[str, str], ...]) -> Command | None:
    add = tuple(contact for contact in contacts if contact not in data.contacts)
    remove = tuple(contact for contact in data.contacts if contact not in contacts)
    changed = registrant if registrant != data.registrant else ""
    if not add and not remove and not changed:
        return None
    return commands.domain_update(data.name, Delta(contacts=add), Delta(contacts=remove), changed)


def _dnssec_difference(data: DomainData, records: Records) -> Command | None:
    if {_record_key(record) for record in data.dnssec} == {_record_key(record) for record in records}:
        return None
    return commands.domain_replace_dnssec(data.name, records)


def _record_key(record: DsRecord | DnsKey) -> tuple[Any, ...]:
    """Digests are hexadecimal in either case; base64 may be broken into lines."""
    if isinstance(record, DsRecord):
        return record.key_tag, record.algorithm, record.digest_type, record.digest.upper()
    return record.flags, record.protocol, record.algorithm, "".join(record.public_key.split())


def _status_difference(data: DomainData, add: tuple[str, ...], remove: tuple[str, ...]) -> Command | None:
    missing = tuple(status for status in add if status not in data.statuses)
    surplus = tuple(status for status in remove if status in data.statuses)
    if not missing and not surplus:
        return None
    return commands.domain_update(data.name, Delta(statuses=missing), Delta(statuses=surplus))


def _as_json(data: DomainData) -> dict[str, Any]:
    return {
        "roid": data.roid,
        "registrar": data.registrar,
        "registrant": data.registrant,
        "contacts": dict(data.contacts),
        "nameservers": [host.name for host in data.nameservers],
        "hosts": list(data.hosts),
        "statuses": list(data.statuses),
        "grace_statuses": list(data.rgp_statuses),
        "created_at": data.created_at,
        "expires_at": data.expires_at,
        "transferred_at": data.transferred_at,
        "dnssec": [asdict(record) for record in data.dnssec],
    }
