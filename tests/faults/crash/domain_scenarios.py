"""Small stories of domains. Together they pass every step of every workflow of domains."""

from collections.abc import Sequence
from typing import Any, Final

import httpx

from adapters.sandbox.faults import Fault
from adapters.sandbox.running import RunningSimulator
from tests.faults.crash.story import Act, Message, Phase, Scenario, Seal
from tests.support.domains import contact, customer, domain_command, domain_order, terms
from tests.support.production import Vendors, message

NAME: Final = "name1.com"
AUTH_CODE: Final = "Canary-move-2Hs7kP4x"
WITHIN: Final = [{"name": f"ns1.{NAME}", "addresses": ["192.0.2.1"]}, {"name": "ns2.elsewhere.example"}]
BOTH_WITHIN: Final = [WITHIN[0], {"name": f"ns2.{NAME}", "addresses": ["192.0.2.2"]}]
OTHER_HOSTS: Final = [{"name": "ns8.elsewhere.example"}, {"name": "ns9.elsewhere.example"}]
A_DS: Final = {"key_tag": 12345, "algorithm": 13, "digest_type": 2, "digest": "AB" * 32}
SOON_DAYS: Final = 2 / 86_400
PROTECTED: Final = ["clientUpdateProhibited", "clientDeleteProhibited"]
YEAR_SECONDS: Final = 366 * 86_400.0
WEEK_SECONDS: Final = 7 * 86_400.0


# -- phases


def _register(**changes: Any) -> Phase:
    return lambda _seal: [domain_order(1, **changes)]


def _transfer(**changes: Any) -> Phase:
    def place(seal: Seal) -> Sequence[Message]:
        return [domain_order(1, change="transfer", auth_code=seal(AUTH_CODE), **changes)]

    return place


def _tell(verb: str, **data: Any) -> Phase:
    return lambda _seal: [domain_command(verb, **data)]


def _service(verb: str, **data: Any) -> Phase:
    told = {"service_id": "domain-1", "reason": "told to", **data}
    return lambda _seal: [message(f"service.{verb}.v1", f"{verb}-1", told)]


def _nothing(_seal: Seal) -> Sequence[Message]:
    """The storefront says nothing; something happens to the domain."""
    return []


def _neighbour(_seal: Seal) -> Sequence[Message]:
    """Another domain uses a name server that lies within the first."""
    return [domain_order(2, nameservers=[{"name": f"ns1.{NAME}"}, {"name": "ns2.elsewhere.example"}])]


def _without_an_order(_seal: Seal) -> Sequence[Message]:
    return [message("domain.register.v1", "register-1", {"customer": customer(1), **terms(1)})]


def _update_contact(_seal: Seal) -> Sequence[Message]:
    moved = {**contact("owner-1"), "city": "Hamburg", "postal_code": "20095"}
    return [message("contact.update.v1", "contact-1", {"customer_id": "customer-1", "contact": moved})]


# -- what the registry has, and does by itself


def adjust(registry: RunningSimulator, **changes: Any) -> None:
    """Change the simulated registry through its control interface."""
    httpx.post(f"{registry.control_url}/state", json=changes, timeout=30).raise_for_status()


def _elsewhere(*, statuses: Sequence[str] = (), days: float = SOON_DAYS) -> Act:
    """The domain is another registrar's; a transfer is decided after so many days."""

    def prepare(vendors: Vendors) -> None:
        stock = {"prefix": "name1", "zone": "com", "auth_code": AUTH_CODE, "statuses": list(statuses)}
        adjust(vendors.registry, settings={"transfer_days": days, "tell_gaining": True}, domains=[stock])

    return prepare


def _settings(**changes: Any) -> Act:
    return lambda vendors: adjust(vendors.registry, settings=changes)


def _loses_an_answer(operation: str) -> Act:
    return lambda vendors: vendors.registry.faults.plan(operation, Fault.RESET_AFTER_EFFECT)


def _other_asks(vendors: Vendors) -> None:
    adjust(vendors.registry, transfer_requests=[{"domain": NAME}])


def _elsewhere_and_loses_an_answer(vendors: Vendors) -> None:
    _elsewhere()(vendors)
    _loses_an_answer("domain:transfer-request")(vendors)


def _elsewhere_and_never_deleted(vendors: Vendors) -> None:
    """The registry refuses its deletion (2304) for a reason that a look does not tell."""
    _elsewhere(statuses=PROTECTED)(vendors)
    vendors.registry.faults.plan("domain:delete", Fault.REFUSE, code=2304, times=100)


# -- the stories

_PLACED: Final = _register()
_IN_REDEMPTION: Final = {"add_grace_days": 0}

DOMAIN_SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario("register", (_register(nameservers=WITHIN),)),
    Scenario("register, answer lost", (_PLACED,), _loses_an_answer("domain:create")),
    Scenario("register without an order", (_without_an_order,)),
    Scenario("renew", (_PLACED, _tell("renew", years=1))),
    Scenario("renew, answer lost", (_PLACED, _tell("renew", years=1)), _loses_an_answer("domain:renew")),
    Scenario("transfer", (_transfer(nameservers=OTHER_HOSTS, dnssec=[A_DS]),), _elsewhere()),
    Scenario("transfer, protected", (_transfer(),), _elsewhere(statuses=PROTECTED)),
    Scenario("transfer, answer lost", (_transfer(),), _elsewhere_and_loses_an_answer),
    Scenario(
        "transfer, cancelled",
        (_transfer(), _tell("transfer-cancel", reason="told to")),
        _elsewhere(days=5),
        begun="domain:transfer-request",
        ends="failed",
        waits=True,
    ),
    Scenario(
        "transfer, not confirmed",
        (_transfer(domain="name1.net"), _tell("transfer-cancel", reason="told to")),
        waits=True,
        ends="failed",
    ),
    Scenario("transfer out", (_register(lock=False), _nothing), acts={2: _other_asks}, ends="cancelled"),
    Scenario("name servers", (_PLACED, _tell("set-nameservers", nameservers=OTHER_HOSTS))),
    Scenario("contacts", (_PLACED, _tell("set-contacts", contacts={"registrant": contact("other-1")}))),
    Scenario("contact, changed", (_PLACED, _update_contact)),
    Scenario("dnssec", (_PLACED, _tell("set-dnssec", records=[A_DS]))),
    Scenario("unlock", (_PLACED, _tell("unlock"))),
    Scenario("lock", (_register(lock=False), _tell("lock"))),
    Scenario("auth code", (_PLACED, _tell("auth-code"))),
    Scenario("domain, suspend", (_PLACED, _service("suspend"))),
    Scenario("domain, resume", (_PLACED, _service("suspend"), _service("resume"))),
    Scenario("domain, cancel", (_register(nameservers=WITHIN), _service("cancel", when="immediate"))),
    Scenario("delete", (_transfer(), _tell("delete", reason="told to")), _elsewhere(statuses=PROTECTED)),
    Scenario("delete, own hosts", (_register(nameservers=BOTH_WITHIN), _tell("delete", reason="told to"))),
    Scenario(
        "delete, refused",
        (_transfer(nameservers=BOTH_WITHIN), _tell("delete", reason="told to")),
        _elsewhere_and_never_deleted,
    ),
    Scenario("delete, host in use", (_register(nameservers=WITHIN), _neighbour, _tell("delete", reason="told to"))),
    Scenario(
        "restore",
        (_register(nameservers=BOTH_WITHIN), _tell("delete", reason="told to"), _tell("restore", reason="told to")),
        _settings(**_IN_REDEMPTION),
    ),
    Scenario("auto-renewal, switched off", (_PLACED, _tell("set-auto-renew", auto_renew=False))),
)
