"""`domain:create` (RFC 5731 §3.2.1)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from adapters.sandbox.epp import codes, names
from adapters.sandbox.epp.calendar import written, years_later
from adapters.sandbox.epp.call import Answer, Call, Handler
from adapters.sandbox.epp.commands import delegation, dnssec
from adapters.sandbox.epp.commands.domain_queries import why_not
from adapters.sandbox.epp.commands.parameters import check_new_code, code_given, years
from adapters.sandbox.epp.nodes import branch, leaf
from adapters.sandbox.epp.records import Domain, Grace, PendingCreate
from adapters.sandbox.epp.refusals import Code, Refusal

PENDING: Final = "pending-"
REFUSED: Final = "pending-refused"


def create(call: Call) -> Answer:
    """Register a domain; names that begin with `pending-` wait for the registry's decision (1001)."""
    wanted = _wanted(call)
    period = years(call.request.body)
    cost = call.pay(wanted.name, "create", period)
    code = code_given(call.request.body, "domain") or ""
    if wanted.name.startswith(PENDING):
        decides_at = call.now + timedelta(days=call.registry.settings.pending_create_days)
        approved = not wanted.name.startswith(REFUSED)
        transaction = call.request.transaction
        pending = PendingCreate(decides_at, approved, transaction, call.server_transaction, cost.amount)
        made = replace(wanted, pending=pending)
    else:
        until = call.now + timedelta(days=call.registry.settings.add_grace_days)
        made = replace(wanted, graces=(Grace("addPeriod", until, cost.amount),))
    call.registry.domains.save(made)
    remember_code(call, made.name, code)
    call.record(made.name, {"years": str(period), "ex_date": written(made.expires_at)}, roid=made.roid)
    data = branch(
        "domain:creData",
        leaf("domain:name", made.name),
        leaf("domain:crDate", written(made.created_at)),
        leaf("domain:exDate", written(made.expires_at)),
    )
    reply = Code.DONE if made.pending is None else Code.PENDING
    return Answer(reply, (data,), call.told_price("fee:creData", cost))


def remember_code(call: Call, name: str, code: str) -> None:
    """Keep a code in memory for registries that show it; only its hash is written down."""
    if code and call.registry.settings.show_auth_codes:
        call.registry.plain_codes[name] = code
    else:
        call.registry.plain_codes.pop(name, None)


def _wanted(call: Call) -> Domain:
    """The domain to be, checked in all but the money."""
    body, settings = call.request.body, call.registry.settings
    name = _free_name(call, body.value("domain:name"))
    period = years(body)
    registrant = body.value("domain:registrant")
    if registrant:
        delegation.usable_contact(call, registrant, "domain:registrant")
    elif settings.data_model == "thick":
        raise Refusal(Code.MISSING, "A domain needs a registrant", "domain:registrant")
    extension = call.request.extensions.get("secDNS:create")
    return Domain(
        name=name,
        registrant=registrant,
        contacts=delegation.contacts(call, body),
        nameservers=delegation.check_count(delegation.name_servers(call, body, name)),
        auth=codes.hashed(check_new_code(settings, code_given(body, "domain") or "")),
        dnssec=dnssec.records(extension, settings),
        max_signature_life=dnssec.signature_life(extension),
        expires_at=years_later(call.now, period),
        roid=call.registry.new_roid("D"),
        registrar=call.registrar,
        created_by=call.registrar,
        created_at=call.now,
    )


def _free_name(call: Call, text: str) -> str:
    name = names.normal(text, "domain:name")
    reason = why_not(call.registry, name)
    if reason == "In use":
        raise Refusal(Code.EXISTS, "Domain name already exists", "domain:name", name)
    if reason:
        raise Refusal(Code.POLICY, f"Invalid domain:name: {reason}", "domain:name", name)
    return name


HANDLERS: Final[Mapping[str, Handler]] = {"domain:create": create}
