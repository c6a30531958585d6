"""Commands on host objects (RFC 5732)."""

from adapters.epp.commands.frames import Command, Draft
from adapters.epp.namespaces import HOST
from provisioner.ports.registrar import Host


def host_check(names: tuple[str, ...]) -> Command:
    """Are these names without a host object? Answer: a `Checked` each."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.host.check(list(names))
        return draft.text()

    return Command("host-check", build)


def host_info(name: str) -> Command:
    """What is it like? Answer: `HostData`."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.host.info(name)
        return draft.text()

    return Command("host-info", build)


def host_create(host: Host) -> Command:
    """Make it; with addresses only where it lies within a domain of this registry. Answer: `Created`."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.host.create(host.name, list(host.addresses))
        return draft.text()

    return Command("host-create", build, transform=True)


def host_update(name: str, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> Command:
    """Add and remove addresses. One that changes nothing is Rejected when it is sent."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.host.update(name, add_addresses=list(add), remove_addresses=list(remove))
        return draft.text()

    return Command("host-update", build, transform=True)


def host_rename(name: str, new_name: str) -> Command:
    """Give it another name, in all the domains that use it."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        frame = draft.frame()
        update = frame.ns(frame.verb("update"), HOST, "host:update")
        frame.ns(update, HOST, "host:name", name)
        frame.ns(frame.ns(update, HOST, "host:chg"), HOST, "host:name", new_name)
        return draft.text()

    return Command("host-update", build, transform=True)


def host_delete(name: str) -> Command:
    """Delete it."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.host.delete(name)
        return draft.text()

    return Command("host-delete", build, transform=True)
