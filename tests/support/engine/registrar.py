"""A registry in memory as one registrar account sees it: domains with their whole life, and a list of what happened.

Calls answer truly, or as they were told to (`will`): with the effect or without it, with an outcome or a crash.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from provisioner.kernel.clock import FakeClock
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done, Pending, Rejected
from provisioner.ports.registrar import (
    DnsKey,
    DsRecord,
    Host,
    Price,
    Registrar,
    RegistrarContact,
    Registration,
    RegistryMessage,
    Renewal,
    RestoreReport,
    TransferRequest,
)
from provisioner.workflows.domains.dates import is_years_later
from tests.support.engine.vendor import FINE, Answer

US = "us"
OTHERS = "another-registrar"
SIX_HOURS = 21_600.0
LEAP_DAY = (2, 29)


@dataclass
class Domain:
    """A domain at the registry."""

    roid: str
    registrar: str
    created: datetime
    expires: datetime
    auth_code: str = ""
    registrant: str = ""
    contacts: dict[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    dnssec: tuple[DsRecord | DnsKey, ...] = ()
    statuses: set[str] = field(default_factory=set)
    grace: set[str] = field(default_factory=set)
    transferred: datetime | None = None


class FakeRegistrar(Registrar):
    """`effects` are counted in the words of a ledger: `domain:create example.com`."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.domains: dict[str, Domain] = {}
        self.contacts: dict[str, RegistrarContact] = {}
        self.hosts: set[str] = set()
        self.transfers: dict[str, str] = {}
        self.prices: dict[str, Price] = {}
        self.premium = False
        self.restores: list[RestoreReport] = []
        self.effects: list[str] = []
        self.calls: list[str] = []
        self.decides_later = False
        self.reckons_march = False
        self.hides_expiry = False  # a look does not tell the expiry
        self.add_grace = True
        self.refuses_deletion = False  # for a reason that a look does not tell
        self.hides_codes = False  # so that only the date of a domain tells whether it is the one that was ordered
        self._told: dict[str, deque[Answer]] = defaultdict(deque)

    # -- what tests arrange and ask

    def will(self, method: str, *answers: Answer) -> None:
        """Tell how the next calls of a method go."""
        self._told[method].extend(answers)

    def have(self, name: str, *, registrar: str = US, years: int = 1, **facts: object) -> Domain:
        """Have a domain at the registry."""
        now = self.clock.now()
        kept = Domain(f"{name}-REP", registrar, now, _later(now, years))
        self.domains[name] = replace(kept, **facts)  # type: ignore[arg-type]  # the fields of Domain
        return self.domains[name]

    def approve(self, name: str) -> None:
        """The losing registrar, or the registry, lets the domain go: it is ours, under contacts made anew."""
        self.transfers[name] = "approved"
        domain = self.domains[name]
        domain.registrar, domain.transferred = US, self.clock.now()
        domain.registrant, domain.contacts = "REMADE", {}
        domain.statuses.discard("pendingTransfer")
        domain.expires = _later(domain.expires, 1)

    def count(self, operation: str) -> int:
        """How often something happened."""
        return Counter(effect.partition(" ")[0] for effect in self.effects)[operation]

    # -- contacts

    def ensure_contact(self, contact: RegistrarContact) -> Done:
        verb = "update" if contact.handle in self.contacts else "create"
        return self._at_once("ensure_contact", lambda: self._write(verb, contact))

    def find_contact(self, contact: RegistrarContact) -> Done | None:
        is_so = self.contacts.get(contact.handle) == contact
        return self._look_up("find_contact", lambda: Done(contact.handle) if is_so else None)

    def update_contact(self, contact: RegistrarContact) -> Done:
        return self._at_once("update_contact", lambda: self._write("update", contact))

    def _write(self, verb: str, contact: RegistrarContact) -> Done:
        if self.contacts.get(contact.handle) != contact:
            self._note(f"contact:{verb}", contact.handle)
            self.contacts[contact.handle] = contact
        return Done(contact.handle)

    # -- registering and renewing

    def quote(self, domain: str, command: str, years: int) -> Done:
        def read() -> Done:
            price = self.prices.get(command)
            kept = None if price is None else {"amount": price.amount, "currency": price.currency}
            free = domain not in self.domains
            told = {"available": free, "reason": "" if free else "In use", "premium": self.premium, "price": kept}
            return Done(domain, {**told, "years": years})

        return self._at_once("quote", read)

    def register(self, registration: Registration) -> Done | Pending:
        return self._call("register", lambda: self._register(registration))

    def _register(self, wanted: Registration) -> Done | Pending:
        there = self.domains.get(wanted.domain)
        if there is not None:
            if self._is_wanted(there, wanted):
                return self._made(wanted.domain)
            if there.registrar == US and self.hides_codes:
                raise Rejected("already_here", f"{wanted.domain} is at this account already")
            raise Rejected("domain_taken", f"{wanted.domain} is taken", fields=("/domain",))
        self._check_price("create", wanted.max_price)
        now = self.clock.now()
        self._note("domain:create", wanted.domain)
        self.domains[wanted.domain] = Domain(
            f"{wanted.domain}-REP",
            US,
            now,
            _later(now, wanted.years),
            wanted.auth_code.reveal(),
            wanted.registrant,
            dict(wanted.contacts),
            tuple(host.name for host in wanted.hosts),
            wanted.dnssec,
            {"pendingCreate"} if self.decides_later else set(),
        )
        return self._made(wanted.domain)

    def find_registration(self, registration: Registration) -> Done | Pending | None:
        def find() -> Done | Pending | None:
            there = self.domains.get(registration.domain)
            return self._made(registration.domain) if there and self._is_wanted(there, registration) else None

        return self._look_up_any("find_registration", find)

    def _is_wanted(self, there: Domain, wanted: Registration) -> bool:
        is_new = not wanted.since or there.created >= datetime.fromisoformat(wanted.since) - timedelta(days=1)
        by_code = is_new if self.hides_codes else there.auth_code == wanted.auth_code.reveal()
        return there.registrar == US and there.registrant == wanted.registrant and by_code

    def _made(self, name: str) -> Done | Pending:
        domain = self.domains[name]
        if "pendingCreate" in domain.statuses:
            return Pending(SIX_HOURS, f"the registry decides about {name}")
        return Done(name, {"roid": domain.roid, "created_at": _z(domain.created), "expires_at": _z(domain.expires)})

    def renew(self, renewal: Renewal) -> Done | Pending:
        return self._call("renew", lambda: self._renew(renewal))

    def _renew(self, renewal: Renewal) -> Done | Pending:
        domain = self._ours(renewal.domain)
        self._check_price("renew", renewal.max_price)
        if domain.expires.date() != date.fromisoformat(renewal.current_expiry):
            raise Rejected("expiry_unexpected", f"{renewal.domain} expires on {domain.expires.date()}")
        self._note("domain:renew", renewal.domain)
        if self.decides_later:
            domain.statuses.add("pendingRenew")
            return Pending(SIX_HOURS, f"the registry decides about {renewal.domain}")
        if self.reckons_march and (domain.expires.month, domain.expires.day) == LEAP_DAY:
            domain.expires += timedelta(days=1)
        domain.expires = _later(domain.expires, renewal.years)
        return Done(renewal.domain, {"expires_at": _z(domain.expires)})

    def find_renewal(self, renewal: Renewal) -> Done | Pending | None:
        def find() -> Done | Pending | None:
            there, current = self._ours(renewal.domain), date.fromisoformat(renewal.current_expiry)
            expires = there.expires
            if expires.date() == current:
                return _deciding(renewal.domain) if "pendingRenew" in there.statuses else None
            if is_years_later(current, renewal.years, expires.date()):
                return Done(renewal.domain, {"expires_at": _z(expires)})
            raise Rejected("expiry_unexpected", f"{renewal.domain} expires on {expires.date()}")

        return self._look_up_any("find_renewal", find)

    def delete(self, domain: str, roid: str) -> Done:
        return self._at_once("delete", lambda: self._delete(domain, roid))

    def _delete(self, name: str, roid: str) -> Done:
        domain = self.domains.get(name)
        if domain is None or domain.roid != roid:
            return Done(name, {"state": "deleted"})
        if "pendingDelete" in domain.statuses:
            return Done(name, {"state": "redemption"})
        if domain.statuses & {"clientDeleteProhibited"}:
            raise Rejected("status_prohibits", f"{name} does not allow its deletion")
        if within := [host for host in self.hosts if host.endswith(f".{name}")]:
            raise Rejected("in_use", f"hosts lie within {name}: {within}")
        if self.refuses_deletion:
            raise Rejected("status_prohibits", f"the registry does not delete {name}")
        self._note("domain:delete", name)
        if self.add_grace:
            del self.domains[name]
            return Done(name, {"state": "deleted"})
        domain.statuses.add("pendingDelete")
        domain.grace = {"redemptionPeriod"}
        return Done(name, {"state": "redemption"})

    # -- restoring

    def request_restore(self, domain: str, max_price: Price | None) -> Done | Pending:
        def request() -> Done | Pending:
            there = self._ours(domain)
            if "redemptionPeriod" not in there.grace:
                raise Rejected("not_restorable", f"{domain} is not in redemption")
            self._check_price("restore", max_price)
            self._note("domain:restore", domain)
            there.grace = {"pendingRestore"}
            if self.decides_later:
                return Pending(SIX_HOURS, f"the registry decides about {domain}")
            return Done(domain, {"report_due": True})

        return self._call("request_restore", request)

    def find_restore(self, domain: str, max_price: Price | None) -> Done | Pending | None:
        del max_price

        def find() -> Done | Pending | None:
            grace = self._ours(domain).grace
            if "redemptionPeriod" in grace:
                return None
            if self.decides_later and "pendingRestore" in grace:
                return _deciding(domain)
            return Done(domain, {"report_due": "pendingRestore" in grace})

        return self._look_up_any("find_restore", find)

    def report_restore(self, report: RestoreReport) -> Done:
        def take() -> Done:
            there = self._ours(report.domain)
            if "pendingRestore" in there.grace:
                self._note("domain:restore-report", report.domain)
                self.restores.append(report)
                there.grace.clear()
                there.statuses.discard("pendingDelete")
            return Done(report.domain)

        return self._at_once("report_restore", take)

    # -- transfers

    def request_transfer(self, request: TransferRequest) -> Done | Pending:
        return self._call("request_transfer", lambda: self._request_transfer(request))

    def _request_transfer(self, request: TransferRequest) -> Done | Pending:
        domain = self.domains[request.domain]
        if self.transfers.get(request.domain) == "pending":
            return self._waits_for_transfer(request.domain)
        if request.auth_code.reveal() != domain.auth_code:
            raise Rejected("auth_code_wrong", "the authorisation code is wrong", fields=("/auth_code",))
        self._check_price("transfer", request.max_price)
        self._note("domain:transfer-request", request.domain)
        self.transfers[request.domain] = "pending"
        domain.statuses.add("pendingTransfer")
        return self._waits_for_transfer(request.domain)

    def find_transfer(self, request: TransferRequest) -> Done | Pending | None:
        def find() -> Done | Pending | None:
            state = self.transfers.get(request.domain)
            if self.domains[request.domain].registrar == US:
                return Done(request.domain, {"expires_at": _z(self.domains[request.domain].expires)})
            if state in ("refused", "cancelled"):
                raise Rejected(f"transfer_{state}", f"the transfer was {state}")
            return self._waits_for_transfer(request.domain) if state == "pending" else None

        return self._look_up_any("find_transfer", find)

    def _waits_for_transfer(self, name: str) -> Pending:
        return Pending(SIX_HOURS, f"{name}: the losing registrar has five days to answer", name)

    def cancel_transfer(self, domain: str) -> Done:
        def cancel() -> Done:
            stood = self.transfers.get(domain) == "pending"
            if stood:
                self._note("domain:transfer-cancel", domain)
                self.transfers[domain] = "cancelled"
                self.domains[domain].statuses.discard("pendingTransfer")
            return Done(domain, {"cancelled": stood})

        return self._at_once("cancel_transfer", cancel)

    def answer_transfer(self, domain: str, answer: str) -> Done:
        def respond() -> Done:
            there = self.domains.get(domain)
            if there is not None and "pendingTransfer" in there.statuses and there.registrar == US:
                self._note("domain:transfer-answer", domain)
                there.statuses.discard("pendingTransfer")
                there.registrar = OTHERS if answer == "approve" else US
            return Done(domain)

        return self._at_once("answer_transfer", respond)

    # -- looking and changing

    def look(self, domain: str) -> Done:
        return self._at_once("look", lambda: Done(domain, self._shown(domain)))

    def _shown(self, name: str) -> dict[str, object]:
        at = {"looked_at": self.clock.now().isoformat()}
        there = self.domains.get(name)
        if there is None:
            return {"exists": False, "ours": False, **at}
        if there.registrar != US:
            return {"exists": True, "ours": False, "statuses": sorted(there.statuses), **at}
        return {
            "exists": True,
            "ours": True,
            "roid": there.roid,
            "registrar": there.registrar,
            "registrant": there.registrant,
            "contacts": there.contacts,
            "nameservers": list(there.hosts),
            "hosts": sorted(host for host in self.hosts if host.endswith(f".{name}")),
            "statuses": sorted(there.statuses),
            "grace_statuses": sorted(there.grace),
            "created_at": _z(there.created),
            "expires_at": "" if self.hides_expiry else _z(there.expires),
            "transferred_at": _z(there.transferred) if there.transferred else "",
            **at,
        }

    def ensure_host(self, host: Host) -> Done:
        def make() -> Done:
            if host.name not in self.hosts:
                parent = next((name for name in self.domains if host.name.endswith(f".{name}")), None)
                if host.addresses and parent is None:
                    raise Rejected("host_parent_missing", f"{host.name} lies in no domain that exists")
                self._note("host:create", host.name)
                self.hosts.add(host.name)
            return Done(host.name)

        return self._at_once("ensure_host", make)

    def remove_host(self, host: str) -> Done:
        def remove() -> Done:
            if host in self.hosts:
                if user := next((name for name, domain in self.domains.items() if host in domain.hosts), None):
                    raise Rejected("in_use", f"the host {host} is used by {user}")
                self._note("host:delete", host)
                self.hosts.discard(host)
            return Done(host)

        return self._at_once("remove_host", remove)

    def change_nameservers(self, domain: str, hosts: tuple[Host, ...]) -> Done:
        names = tuple(host.name for host in hosts)

        def change(there: Domain) -> None:
            if missing := [name for name in names if name not in self.hosts]:
                raise Rejected("host_unknown", f"there is no host {missing[0]}", fields=("/nameservers",))
            there.hosts = names

        return self._update("change_nameservers", domain, change)

    def change_contacts(self, domain: str, registrant: str, contacts: Mapping[str, str]) -> Done:
        def change(there: Domain) -> None:
            there.registrant = registrant or there.registrant
            there.contacts = dict(contacts)

        return self._update("change_contacts", domain, change)

    def change_dnssec(self, domain: str, records: tuple[DsRecord | DnsKey, ...]) -> Done:
        def change(there: Domain) -> None:
            there.dnssec = records

        return self._update("change_dnssec", domain, change)

    def change_statuses(self, domain: str, add: tuple[str, ...], remove: tuple[str, ...]) -> Done:
        def change(there: Domain) -> None:
            there.statuses = (there.statuses | set(add)) - set(remove)

        return self._update("change_statuses", domain, change, lifts="clientUpdateProhibited" in remove and not add)

    def change_auth_code(self, domain: str, auth_code: Secret | None) -> Done:
        def change(there: Domain) -> None:
            there.auth_code = auth_code.reveal() if auth_code else ""

        return self._update("change_auth_code", domain, change)

    def _update(self, method: str, name: str, change: Callable[[Domain], None], *, lifts: bool = False) -> Done:
        def update() -> Done:
            there = self._ours(name)
            after = replace(there, statuses=set(there.statuses), contacts=dict(there.contacts))
            change(after)
            if after != there:
                if "clientUpdateProhibited" in there.statuses and not lifts:
                    raise Rejected("status_prohibits", f"{name} does not allow changes")
                self._note("domain:update", name)
                self.domains[name] = after
            return Done(name)

        return self._at_once(method, update)

    # -- messages

    def next_message(self) -> RegistryMessage | None:
        return None

    def acknowledge(self, message_id: str) -> None:
        del message_id

    # -- how it answers

    def _ours(self, name: str) -> Domain:
        there = self.domains.get(name)
        if there is None or there.registrar != US:
            raise Rejected("not_ours", f"{name} is not at this registrar")
        return there

    def _check_price(self, command: str, cap: Price | None) -> None:
        price = self.prices.get(command)
        if price is not None and cap is not None and float(price.amount) > float(cap.amount):
            raise Rejected("price_too_high", f"it costs {price.amount}")

    def _note(self, operation: str, reference: str) -> None:
        self.effects.append(f"{operation} {reference}")

    def _at_once(self, method: str, act: Callable[[], Done]) -> Done:
        answer = self._call(method, act)
        if isinstance(answer, Pending):
            raise TypeError(f"{method} is done at once")
        return answer

    def _look_up(self, method: str, find: Callable[[], Done | None]) -> Done | None:
        found = self._look_up_any(method, find)
        return found if isinstance(found, Done) else None

    def _look_up_any(self, method: str, find: Callable[[], Done | Pending | None]) -> Done | Pending | None:
        answer = self._next(method)
        if answer.raises is not None:
            raise answer.raises
        return find() if answer.takes_effect else None

    def _call(self, method: str, act: Callable[[], Done | Pending]) -> Done | Pending:
        answer = self._next(method)
        result = act() if answer.takes_effect else None
        if answer.raises is not None:
            raise answer.raises
        return answer.returns or result or Done()

    def _next(self, method: str) -> Answer:
        self.calls.append(method)
        answer = self._told[method].popleft() if self._told[method] else FINE
        if answer.meanwhile is not None:
            answer.meanwhile()
        return answer


def _deciding(name: str) -> Pending:
    return Pending(SIX_HOURS, f"the registry decides about {name}", shown=True)


def _later(moment: datetime, years: int) -> datetime:
    if (moment.month, moment.day) == LEAP_DAY:
        moment -= timedelta(days=1)
    return moment.replace(year=moment.year + years)


def _z(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.0Z")
