"""Small stories of certificates. Together they pass every step of every workflow of certificates.

The simulated authority looks for every name at the simulated panel, so hosting and its certificate are all there is.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.sandbox.faults import Fault
from provisioner.kernel.private_keys import generate_private_key
from tests.faults.crash.story import Act, Message, Phase, Scenario, Seal
from tests.support.certificates import chain_for
from tests.support.production import Vendors, hosting_order, message

DOMAIN: Final = "d1.example"
HOSTING: Final = "service-1"
OWN: Final = f"{HOSTING}-certificate"
BROUGHT: Final = "brought-1"
BY_DNS: Final = "by-dns-1"


def _place(_seal: Seal) -> Sequence[Message]:
    return [hosting_order(1)]


def _issue_by_dns(_seal: Seal) -> Sequence[Message]:
    return [_about("issue", BY_DNS, service_id=HOSTING, names=[DOMAIN, f"*.{DOMAIN}"], method="dns-01")]


def _bring(seal: Seal) -> Sequence[Message]:
    """A certificate that the customer has from elsewhere."""
    key = generate_private_key("ec")
    chain = chain_for([DOMAIN], datetime.now(UTC) - timedelta(hours=1), key=key)
    sealed = seal(key.reveal())
    return [_about("upload", BROUGHT, service_id=HOSTING, certificate=chain, key=sealed)]


def _tell(verb: str, certificate_id: str = OWN, **data: Any) -> Phase:
    return lambda _seal: [_about(verb, certificate_id, **data)]


def _cancel(service_id: str) -> Phase:
    told = {"service_id": service_id, "reason": "told to", "when": "immediate"}
    return lambda _seal: [message("service.cancel.v1", "cancel-1", told)]


def _about(verb: str, certificate_id: str, **data: Any) -> Message:
    return message(f"certificate.{verb}.v1", f"{verb}-{certificate_id}", {"certificate_id": certificate_id, **data})


# -- what the vendors do


def _loses_an_answer(operation: str) -> Act:
    return lambda vendors: vendors.authority.faults.plan(operation, Fault.RESET_AFTER_EFFECT)


def _refuses(operation: str, code: int, problem: str) -> Act:
    return lambda vendors: vendors.authority.faults.plan(operation, Fault.REFUSE, code=code, text=problem)


def _replaced_by_another_order(vendors: Vendors) -> None:
    """Every certificate that there is has been replaced already, as the authority sees it."""
    authority = vendors.authority.simulator.authority
    with authority.busy():
        for certificate in authority.certificates:
            authority.certificates.save(replace(certificate, replaced_by="another-order"))


def _story(name: str, *phases: Phase, **changes: Any) -> Scenario:
    return Scenario(f"certificate, {name}", phases, certificates=True, **changes)


CERTIFICATE_SCENARIOS: Final[tuple[Scenario, ...]] = (
    _story("issue", _place),
    _story("issue, answer lost", _place, prepare=_loses_an_answer("order:finalize")),
    _story("issue, order dead", _place, prepare=_refuses("validation:http-01", 403, "unauthorized"), waits=True),
    _story("issue by dns", _place, _issue_by_dns),
    _story("renew", _place, _tell("renew")),
    _story("renew, replaced before", _place, _tell("renew"), acts={2: _replaced_by_another_order}),
    _story("renew, obtained by the panel", _place, _tell("renew"), settings={2: {"certificates": "panel"}}),
    _story("upload", _place, _bring),
    _story("install", _place, _bring, _tell("install")),
    _story("remove", _place, _bring, _tell("remove")),
    _story("remove, in use", _place, _tell("remove")),
    _story("remove, by force", _place, _tell("remove", force=True)),
    _story("revoke", _place, _tell("revoke", reason="keyCompromise")),
    _story("csr", _place, _tell("generate-csr", BROUGHT, service_id=HOSTING, names=[DOMAIN])),
    _story("cancel", _place, _cancel(OWN)),
    _story("cancel with its hosting", _place, _cancel(HOSTING)),
)
