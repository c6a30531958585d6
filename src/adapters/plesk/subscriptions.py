"""Subscriptions come to be: looked for by our mark and by their domain, made once, finished when half made.

Any of the packets may be the last one before a crash or a time-out. Calling again begins with the same look-ups, so
it adopts what is there and does what is missing.
"""

from dataclasses import dataclass
from typing import TypeAlias

from adapters.plesk import errors, marks
from adapters.plesk.client import Client
from adapters.plesk.customers import Customers
from adapters.plesk.operations import WEBSPACE_ADD, WEBSPACE_SET, WEBSPACE_SWITCH
from adapters.plesk.packet import Filter, Values
from adapters.plesk.server import Server
from adapters.plesk.webspaces import ACTIVE, Webspace, Webspaces
from provisioner.ports.hosting import HostingSubscription
from provisioner.ports.outcomes import Done, Rejected, Unavailable, Uncertain

Warnings: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Makes and finds the subscriptions of one server."""

    client: Client
    server: Server
    customers: Customers
    webspaces: Webspaces

    def find(self, wanted: HostingSubscription) -> Done | None:
        """The subscription with our mark, if it has its hosting and its plan."""
        space = self._ours(wanted)
        if space is None or not _is_complete(space, self.server.plan_guid(wanted.plan)):
            return None
        return _done(wanted, space, self._owner_warnings(wanted, space))

    def create(self, wanted: HostingSubscription) -> Done:
        """The complete subscription. Raises Rejected `domain_taken` or `login_taken` when a name is someone else's."""
        plan = self.server.plan_guid(wanted.plan)
        space = self._ours(wanted) or self._with_domain(wanted)
        if space is not None:
            return self._finish(wanted, space, plan, self._owner_warnings(wanted, space))
        self._add(wanted, plan)
        with errors.after_effect():
            return self._finish(wanted, self._read_back(wanted), plan)

    def _ours(self, wanted: HostingSubscription) -> Webspace | None:
        return self.webspaces.marked(marks.subscription(wanted.service_id), wanted.domain)

    def _with_domain(self, wanted: HostingSubscription, refused: Rejected | None = None) -> Webspace | None:
        """Ours by its domain, or None. Raises Rejected when it is someone else's."""
        space = self.webspaces.named(wanted.domain)
        if space is not None and space.mark != marks.subscription(wanted.service_id):
            raise _domain_taken(wanted, refused)
        return space

    def _add(self, wanted: HostingSubscription, plan: str) -> None:
        values = _new(wanted, plan, self.server.shared_address())
        try:
            self.client.make(WEBSPACE_ADD, values)
        except Rejected as refused:
            self._after_refusal(wanted, refused)

    def _after_refusal(self, wanted: HostingSubscription, refused: Rejected) -> None:
        """Return if it is there after all: an earlier attempt may have been slow. Else say what is in the way."""
        if refused.code not in errors.LOOK_AGAIN:
            raise refused
        if self._ours(wanted) or self._with_domain(wanted, refused):
            return
        if refused.code != errors.ALREADY_EXISTS:
            raise refused
        if self.webspaces.is_site(wanted.domain):
            raise _domain_taken(wanted, refused)
        raise _unseen_obstacle(wanted, refused)

    def _read_back(self, wanted: HostingSubscription) -> Webspace:
        space = self._ours(wanted)
        if space is None:
            raise Uncertain("not_shown_yet", "Plesk accepted the subscription and does not show it yet")
        return space

    def _finish(self, wanted: HostingSubscription, space: Webspace, plan: str, warnings: Warnings = ()) -> Done:
        """Add what is missing, one packet each, and look at the result."""
        if space.has_hosting:
            return self._put_on_plan(wanted, space, plan, warnings)
        self._add_hosting(wanted, space)
        with errors.after_effect():
            return self._put_on_plan(wanted, self._read_back(wanted), plan, warnings)

    def _put_on_plan(self, wanted: HostingSubscription, space: Webspace, plan: str, warnings: Warnings) -> Done:
        if plan not in space.plans:
            warnings += self._switch(space, plan)
            with errors.after_effect():
                space = self._read_back(wanted)
        if not _is_complete(space, plan):
            raise Uncertain("incomplete", "the subscription still lacks its hosting or its plan")
        return _done(wanted, space, warnings)

    def _add_hosting(self, wanted: HostingSubscription, space: Webspace) -> None:
        hosting = _hosting(wanted, space.ip_address or self.server.shared_address())
        try:
            self.client.call(WEBSPACE_SET, {"values": {"hosting": hosting}}, Filter("guid", space.guid))
        except Rejected as refused:
            if refused.code == errors.ALREADY_EXISTS:
                raise _login_taken(wanted, refused) from refused
            raise

    def _switch(self, space: Webspace, plan: str) -> Warnings:
        """Put the subscription on its plan. Plesk says `ok` and lists as problems what it left as it was."""
        answers = self.client.call(WEBSPACE_SWITCH, {"plan-guid": plan}, Filter("guid", space.guid))
        return tuple(f"not all of the plan applies: {text}" for each in answers if (text := each.text("problems")))

    def _owner_warnings(self, wanted: HostingSubscription, space: Webspace) -> Warnings:
        if space.owner_id and space.owner_id != self.customers.numeric_id(wanted.owner):
            return ("the subscription belongs to another customer than the one that ordered it",)
        return ()


def _is_complete(space: Webspace, plan: str) -> bool:
    return space.has_hosting and plan in space.plans


def _done(wanted: HostingSubscription, space: Webspace, warnings: Warnings) -> Done:
    if not space.is_named(wanted.domain):
        warnings += (f"the subscription is named {space.name}, not {wanted.domain}",)
    if space.locked:
        warnings += ("the subscription was customised and is locked: changes of its plan will not reach it",)
    if space.status != ACTIVE:
        warnings += (f"the subscription is not active (status {space.status})",)
    return Done(
        space.guid,
        {
            "id": space.id,
            "domain": space.ascii_name or space.name,
            "login": space.login,
            "plan": wanted.plan,
            "ip_address": space.ip_address,
        },
        warnings,
    )


def _new(wanted: HostingSubscription, plan: str, address: str) -> Values:
    return {
        "gen_setup": {
            "name": wanted.domain,
            "owner-guid": wanted.owner,
            "htype": "vrt_hst",
            "ip_address": address,
            "external-id": marks.subscription(wanted.service_id),
        },
        "hosting": _hosting(wanted, address),
        "plan-guid": plan,
    }


def _hosting(wanted: HostingSubscription, address: str) -> Values:
    login: Values = {"name": "ftp_login", "value": wanted.login}
    password: Values = {"name": "ftp_password", "value": wanted.password}
    return {"vrt_hst": {"property": [login, password], "ip_address": address}}


def _domain_taken(wanted: HostingSubscription, refused: Rejected | None) -> Rejected:
    message = f"the domain {wanted.domain} is on this server already and is not ours"
    return Rejected("domain_taken", message, vendor_code=refused.vendor_code if refused else None, fields=("/domain",))


def _login_taken(wanted: HostingSubscription, refused: Rejected) -> Rejected:
    message = f"the login {wanted.login!r} belongs to someone else on this server"
    return Rejected("login_taken", message, vendor_code=refused.vendor_code, fields=("/login",))


def _unseen_obstacle(wanted: HostingSubscription, refused: Rejected) -> Rejected | Unavailable:
    """Plesk says that something exists, and no look-up shows it: the system user's login, or a domain in the making."""
    if refused.vendor_code != "1007" or _names_login_only(wanted, refused.message):
        return _login_taken(wanted, refused)
    return Unavailable("name_in_use", f"no look-up shows what is in the way: {refused.message}", vendor_code="1007")


def _names_login_only(wanted: HostingSubscription, text: str) -> bool:
    """1007 has no other mark of what exists than the name that it quotes."""
    return wanted.login in text and wanted.domain not in text
