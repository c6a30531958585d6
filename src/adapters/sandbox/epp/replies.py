"""The protocol's own documents: greeting and response (RFC 5730 §2.4, §2.6)."""

from datetime import datetime
from typing import Final

from adapters.sandbox.epp.calendar import written
from adapters.sandbox.epp.call import Answer, QueueHead
from adapters.sandbox.epp.nodes import NAMESPACES, Node, branch, leaf, optional
from adapters.sandbox.epp.refusals import MESSAGES, Refusal
from adapters.sandbox.epp.settings import RegistrySettings

SERVER: Final = "Simulated EPP Registry"
_SECURE_TRANSFER: Final = "urn:ietf:params:xml:ns:epp:secure-authinfo-transfer-1.0"
_EXTENSIONS: Final = ("secDNS", "rgp", "fee", "loginSec", "changePoll")


def object_services(settings: RegistrySettings) -> tuple[str, ...]:
    """The objects that this registry keeps, as namespaces."""
    names = ["domain"]
    names += ["contact"] if settings.data_model == "thick" else []
    names += ["host"] if settings.host_model == "objects" else []
    return tuple(NAMESPACES[name] for name in names)


def extension_services(settings: RegistrySettings) -> tuple[str, ...]:
    """The extensions that this registry knows, as namespaces."""
    names = [name for name in _EXTENSIONS if name != "secDNS" or settings.dnssec != "none"]
    own = (settings.contact_extension_uri,) if settings.contact_extension_uri else ()
    return (*(NAMESPACES[name] for name in names), _SECURE_TRANSFER, *own)


def greeting(settings: RegistrySettings, now: datetime) -> Node:
    """What the registry says first, and to hello."""
    extensions = (leaf("extURI", uri) for uri in extension_services(settings))
    menu = branch(
        "svcMenu",
        leaf("version", "1.0"),
        leaf("lang", "en"),
        *(leaf("objURI", uri) for uri in object_services(settings)),
        branch("svcExtension", *extensions),
    )
    name, date = leaf("svID", SERVER), leaf("svDate", written(now))
    return branch("epp", branch("greeting", name, date, menu, _policy()))


def response(answer: Answer, transaction: str, server_transaction: str, allowed: frozenset[str]) -> Node:
    """A good answer, with the extensions that the client may get."""
    extensions = [each for each in answer.extensions if NAMESPACES[each.prefix] in allowed]
    return _response(
        branch("result", leaf("msg", MESSAGES[answer.code]), code=str(int(answer.code))),
        None if answer.queue is None else _queue(answer.queue),
        branch("resData", *answer.data) if answer.data else None,
        branch("extension", *extensions) if extensions else None,
        _transactions(transaction, server_transaction),
    )


def refused(refusal: Refusal, transaction: str, server_transaction: str) -> Node:
    """A refusal; what was wrong is named in `extValue`."""
    said = MESSAGES.get(refusal.code, "Command failed")
    message = f"{said} : {refusal.reason}" if refusal.reason else said
    result = branch("result", leaf("msg", message), _fault(refusal), code=str(int(refusal.code)))
    return _response(result, _transactions(transaction, server_transaction))


def _response(*parts: Node | None) -> Node:
    return branch("epp", branch("response", *parts))


def _fault(refusal: Refusal) -> Node | None:
    prefix = refusal.element.rpartition(":")[0]
    if not refusal.element or prefix not in NAMESPACES:
        return None
    value = branch("value", leaf(refusal.element, refusal.value))
    return branch("extValue", value, leaf("reason", refusal.reason))


def _queue(head: QueueHead) -> Node:
    date = None if head.queued_at is None else leaf("qDate", written(head.queued_at))
    return branch("msgQ", date, optional("msg", head.text), count=str(head.count), id=head.number)


def _transactions(transaction: str, server_transaction: str) -> Node:
    return branch("trID", optional("clTRID", transaction), leaf("svTRID", server_transaction))


def _policy() -> Node:
    statement = branch(
        "statement",
        branch("purpose", leaf("admin"), leaf("prov")),
        branch("recipient", leaf("ours"), leaf("public")),
        branch("retention", leaf("stated")),
    )
    return branch("dcp", branch("access", leaf("all")), statement)
