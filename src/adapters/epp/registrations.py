"""Registering, renewing and deleting domains (RFC 5731).

Each begins with a question and sends at most one change, so that all of it may be called again; what a registry
refuses because an earlier attempt of ours got through is found to be so.
"""

from dataclasses import dataclass, replace

from adapters.epp import commands, errors, statuses
from adapters.epp.dates import ONE_DAY, date_of, is_target, moment
from adapters.epp.errors import Act
from adapters.epp.prices import Prices, within
from adapters.epp.registry import Registry, Seen, not_ours
from adapters.epp.replies import Created, DomainData, Renewed, Reply
from adapters.epp.statuses import Change
from provisioner.ports.outcomes import Done, Failure, Pending, Rejected, Unavailable, Uncertain
from provisioner.ports.registrar import Registration, Renewal


@dataclass(frozen=True, slots=True)
class Registrations:
    """New domains of ours."""

    registry: Registry
    prices: Prices

    def register(self, wanted: Registration) -> Done | Pending:
        """The domain with its price agreed; adopted when an earlier attempt of ours made it."""
        checked = self.prices.checked(wanted.domain, "create", wanted.years)
        if not checked.available:
            return self._not_available(wanted, checked.reason)
        price = within(checked, wanted.max_price)
        sent = replace(self._as_kept(wanted), max_price=price)
        command = commands.domain_create(sent, self.registry.settings.host_model)
        try:
            reply = self.registry.ask(command, wanted.domain, priced=price is not None, values=_values(wanted))
        except Rejected as refused:
            return self._after_refusal(wanted, refused)
        if reply.pending:
            return self._deciding(wanted.domain)
        return self._read_back(wanted, reply)

    def find(self, wanted: Registration) -> Done | Pending | None:
        """Ours with this authorisation code and registrant; where no code is shown, one that is not from before."""
        seen = self.registry.seen(wanted.domain, wanted.auth_code)
        if not seen.ours or not _is_this(seen.data, wanted):
            return None
        if statuses.PENDING_CREATE in seen.data.statuses:
            return self._deciding(wanted.domain)
        return _registered(seen.data)

    def _deciding(self, domain: str) -> Pending:
        return self.registry.pending(f"the registry has yet to decide on the registration of {domain}", domain)

    def _as_kept(self, wanted: Registration) -> Registration:
        """A thin registry keeps no contacts."""
        if self.registry.settings.data_model == "thin":
            return replace(wanted, registrant="", contacts={})
        return wanted

    def _after_refusal(self, wanted: Registration, refused: Rejected) -> Done | Pending:
        if errors.wants_a_look(refused, Act.CREATE):
            return self._ours_or(wanted, refused)
        raise refused

    def _not_available(self, wanted: Registration, reason: str) -> Done | Pending:
        """Ours already, someone else's, or a name that nobody can have."""
        found = self.find(wanted)
        if found is not None:
            return found
        seen = self.registry.seen(wanted.domain)
        if seen.ours and _is_from_before(seen.data, wanted):
            told = f"{wanted.domain} is at this registrar account already; an operator has to say whose it is"
            raise Rejected("already_here", told)
        code = "domain_taken" if seen.exists else "name_not_allowed"
        words = f"{wanted.domain} cannot be registered: {reason or 'the registry gives no reason'}"
        raise Rejected(code, words, fields=("/domain",))

    def _ours_or(self, wanted: Registration, refused: Rejected) -> Done | Pending:
        found = self.find(wanted)
        if found is None:
            raise refused
        return found

    def _read_back(self, wanted: Registration, reply: Reply) -> Done | Pending:
        """What a look shows; else what the answer told, which stands though it is not shown as ours yet."""
        try:
            found = self.find(wanted)
        except Failure:
            found = None
        if found is not None:
            return found
        told = reply.data if isinstance(reply.data, Created) else Created(wanted.domain, "")
        return Done(wanted.domain, {"roid": "", "created_at": told.created_at, "expires_at": told.expires_at})


@dataclass(frozen=True, slots=True)
class Renewals:
    """From one date of expiry to another, never twice."""

    registry: Registry
    prices: Prices

    def renew(self, renewal: Renewal) -> Done | Pending:
        """Renew, and compare the date that comes of it with the one that was wanted."""
        data = self.registry.own(renewal.domain)
        found = self._renewed(renewal, data)
        if found is not None:
            return found
        if (obstacle := statuses.obstacle(data, Change.RENEW)) is not None:
            raise obstacle
        price = self.prices.agreed(renewal.domain, "renew", renewal.years, renewal.max_price)
        command = commands.domain_renew(replace(renewal, max_price=price))
        try:
            reply = self.registry.ask(
                command, renewal.domain, priced=price is not None, values=_renewal_values(renewal)
            )
        except Rejected as refused:
            return self._after_refusal(renewal, refused)
        if reply.pending:
            return self._renewing(renewal.domain, shown=False)
        expires_at = reply.data.expires_at if isinstance(reply.data, Renewed) else ""
        with errors.after_effect():
            return self._verified(renewal, expires_at or self.registry.own(renewal.domain).expires_at)

    def find(self, renewal: Renewal) -> Done | Pending | None:
        """Where the date of expiry stands. Raises Rejected `expiry_unexpected`, `not_found` and `not_ours`."""
        return self._renewed(renewal, self.registry.own(renewal.domain))

    def _after_refusal(self, renewal: Renewal, refused: Rejected) -> Done | Pending:
        """What an earlier attempt did, or what began since the look and stands in the way; else the refusal."""
        if not errors.wants_a_look(refused, Act.RENEW):
            raise refused
        data = self.registry.own(renewal.domain)
        if (found := self._renewed(renewal, data)) is not None:
            return found
        if (obstacle := statuses.obstacle(data, Change.RENEW)) is not None:
            raise obstacle from refused
        raise refused

    def _renewed(self, renewal: Renewal, data: DomainData) -> Done | Pending | None:
        if is_target(data.expires_at, renewal.target_expiry):
            return Done(renewal.domain, {"expires_at": data.expires_at})
        if date_of(data.expires_at) != date_of(renewal.current_expiry):
            message = f"{renewal.domain} expires on {date_of(data.expires_at) or 'no known date'}"
            raise Rejected(
                "expiry_unexpected",
                f"{message}; expected {renewal.current_expiry} or, renewed, {renewal.target_expiry}",
            )
        return self._renewing(renewal.domain, shown=True) if statuses.PENDING_RENEW in data.statuses else None

    def _renewing(self, domain: str, *, shown: bool) -> Pending:
        reason = f"the registry has yet to decide on the renewal of {domain}"
        return self.registry.pending(reason, domain, shown=shown)

    def _verified(self, renewal: Renewal, expires_at: str) -> Done:
        """A success is only one with the right date; with another, a look decides what is to be done."""
        if not is_target(expires_at, renewal.target_expiry):
            message = (
                f"the registry says that {renewal.domain} is renewed, and that it expires on {date_of(expires_at)}"
            )
            raise Uncertain("expiry_unexpected", f"{message}, not on {renewal.target_expiry}")
        return Done(renewal.domain, {"expires_at": expires_at})


@dataclass(frozen=True, slots=True)
class Deletions:
    """Domains that are given up."""

    registry: Registry

    def delete(self, domain: str, roid: str) -> Done:
        """Delete this object of that name; another one of the same name is left alone."""
        seen = self.registry.seen(domain)
        if (already := _gone(seen, roid)) is not None:
            return already
        if not seen.ours:
            raise not_ours(seen.data)
        if (obstacle := statuses.obstacle(seen.data, Change.DELETE)) is not None:
            raise obstacle
        try:
            self.registry.ask(commands.domain_delete(domain))
        except Rejected as refused:
            return self._after_refusal(domain, roid, seen.data, refused)
        with errors.after_effect():
            return self._read_back(domain, roid)

    def _after_refusal(self, domain: str, roid: str, before: DomainData, refused: Rejected) -> Done:
        if refused.code == "in_use" and before.hosts:
            words = f"{domain} has host objects that other domains may use: {', '.join(before.hosts)}"
            raise errors.with_words(refused, "in_use", words) from refused
        if errors.wants_a_look(refused, Act.DELETE):
            if (already := _gone(seen := self.registry.seen(domain), roid)) is not None:
                return already
            if seen.ours and (obstacle := statuses.obstacle(seen.data, Change.DELETE)) is not None:
                raise obstacle from refused
        raise refused

    def _read_back(self, domain: str, roid: str) -> Done:
        gone = _gone(self.registry.seen(domain), roid)
        if gone is None:
            raise Uncertain("not_shown_yet", f"the registry deleted {domain} and still shows it as before")
        return gone


def _is_this(data: DomainData, wanted: Registration) -> bool:
    if not _has_registrant(data, wanted):
        return False
    return not _is_from_before(data, wanted) if data.auth_code is None else data.auth_code == wanted.auth_code


def _is_from_before(data: DomainData, wanted: Registration) -> bool:
    """Whether it is as ordered, shows no code, and was made before: it could be anybody's.

    A day is left for the registry's clock, and for one that tells no more than its own date.
    """
    if data.auth_code is not None or not _has_registrant(data, wanted) or not wanted.since:
        return False
    try:
        return moment(data.created_at) < moment(wanted.since) - ONE_DAY
    except Unavailable:
        return False


def _has_registrant(data: DomainData, wanted: Registration) -> bool:
    return not (data.registrant and wanted.registrant) or data.registrant == wanted.registrant


def _registered(data: DomainData) -> Done:
    return Done(data.name, {"roid": data.roid, "created_at": data.created_at, "expires_at": data.expires_at})


def _gone(seen: Seen, roid: str) -> Done | None:
    """Whether the object of that `roid` is gone, or about to be; some registries do not show in which period it is."""
    data = seen.data
    if not seen.exists or (data.roid and roid and data.roid != roid):
        return Done(data.name, {"state": "deleted"})
    is_leaving = statuses.PENDING_DELETE in data.statuses or statuses.REDEMPTION in data.rgp_statuses
    if seen.ours and is_leaving and statuses.PENDING_RESTORE not in data.rgp_statuses:
        return Done(data.name, {"state": "redemption"})
    return None


def _values(wanted: Registration) -> dict[str, str]:
    """What may be quoted in a refusal, and where it came from."""
    values = {wanted.domain: "/domain", wanted.registrant: "/contacts/registrant"}
    for role, handle in wanted.contacts.items():
        values.setdefault(handle, f"/contacts/{role}")
    for index, host in enumerate(wanted.hosts):
        values[host.name] = f"/nameservers/{index}/name"
        values |= dict.fromkeys(host.addresses, f"/nameservers/{index}/addresses")
    return values


def _renewal_values(renewal: Renewal) -> dict[str, str]:
    return {renewal.domain: "/domain", str(renewal.years): "/years", renewal.current_expiry: "/current_expiry"}
