"""Reading XML: from the bytes of a frame to a request whose elements are where the schemas want them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from adapters.sandbox.epp import grammar
from adapters.sandbox.epp.nodes import NAMESPACES
from adapters.sandbox.epp.refusals import Code, Refusal

OBJECTS: Final = ("domain", "contact", "host")
VERBS: Final = ("check", "create", "delete", "info", "renew", "transfer", "update")
TRANSFERS: Final = ("approve", "cancel", "query", "reject", "request")
_PREFIXES: Final = {uri: prefix for prefix, uri in NAMESPACES.items()}
_SECRET: Final = frozenset({"pw", "newPW", "domain:pw", "contact:pw", "loginSec:pw", "loginSec:newPW"})
_MIN_ID, _MAX_ID = 3, 64


@dataclass(frozen=True, slots=True)
class Part:
    """An element of a request, named with the prefix of `NAMESPACES`. `raw` is its text as it came."""

    name: str
    raw: str
    attributes: Mapping[str, str]
    children: tuple["Part", ...]

    @property
    def text(self) -> str:
        """The text as an XML token: no space around it, single spaces within."""
        return " ".join(self.raw.split())

    @property
    def namespace(self) -> str:
        """The namespace's URI; empty for an element without one."""
        prefix = self.name.rpartition(":")[0]
        return NAMESPACES.get(prefix, prefix.removeprefix("?"))

    def find(self, name: str) -> "Part | None":
        """The first child of this name."""
        return next((child for child in self.children if child.name == name), None)

    def all(self, name: str) -> list["Part"]:
        """The children of this name."""
        return [child for child in self.children if child.name == name]

    def value(self, name: str) -> str:
        """The text of the first child of this name, or nothing."""
        found = self.find(name)
        return "" if found is None else found.text

    def walk(self) -> Iterator["Part"]:
        """This element and everything in it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Request:
    """One command. `operation` is its name as ledger, log and fault plan know it; `body` its object's element."""

    operation: str
    body: Part
    transaction: str = ""
    extensions: Mapping[str, Part] = field(default_factory=dict)

    def marks(self) -> Iterator[str]:
        """Names, handles and other texts that a fault may be aimed at; no secrets."""
        for part in self.body.walk():
            if part.name not in _SECRET and part.text:
                yield part.text

    @property
    def subject(self) -> str:
        """The first name or handle of the command."""
        return next((part.text for part in self.body.walk() if part.name in _NAMES), "")


_NAMES: Final = frozenset({"domain:name", "contact:id", "host:name", "clID"})


class Unreadable(Refusal):
    """A refusal of a request that was not understood, with the transaction that it names, if it does."""

    def __init__(self, refusal: Refusal, transaction: str, operation: str = "unreadable") -> None:
        super().__init__(refusal.code, refusal.reason, refusal.element, refusal.value)
        self.transaction = transaction
        self.operation = operation


def read(frame: bytes, contact_extension_uri: str = "") -> Request:
    """A request from a frame. Raises Unreadable: 2001, 2000, 2101, 2103, 2307 and, for identifiers, 2001.

    With contacts an extension of the given namespace may come, whatever it holds.
    """
    try:
        root = _part(fromstring(frame, forbid_dtd=True))
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise Unreadable(Refusal(Code.SYNTAX, "The frame is no XML that can be read"), "") from error
    transaction = _transaction(root)
    try:
        return _request(root, transaction, contact_extension_uri)
    except Refusal as refusal:
        raise Unreadable(refusal, transaction) from refusal


def _part(element: Element) -> Part:
    children = tuple(_part(child) for child in element)
    return Part(_name(element.tag), element.text or "", dict(element.attrib), children)


def _name(tag: Any) -> str:
    if not isinstance(tag, str) or not tag.startswith("{"):
        return f"?:{tag}"
    uri, _, local = tag[1:].partition("}")
    prefix = _PREFIXES.get(uri)
    if prefix is None:
        return f"?{uri}:{local}"
    return f"{prefix}:{local}" if prefix else local


def _transaction(root: Part) -> str:
    command = root.find("command")
    named = "" if command is None else command.value("clTRID")
    return named if _MIN_ID <= len(named) <= _MAX_ID else ""


def _request(root: Part, transaction: str, own_uri: str) -> Request:
    if root.name != "epp" or len(root.children) != 1:
        raise Refusal(Code.SYNTAX, "One epp element with one child is expected")
    (child,) = root.children
    if child.name == "hello":
        return Request("hello", child)
    if child.name != "command":
        raise Refusal(Code.SYNTAX, f"{child.name} is nothing that a client sends")
    return _command(child, transaction, own_uri)


def _command(command: Part, transaction: str, own_uri: str) -> Request:
    names = [child.name for child in command.children]
    if not names or names[0] in ("extension", "clTRID"):
        raise Refusal(Code.SYNTAX, "The command has no verb")
    if names[1:] not in ([], ["extension"], ["clTRID"], ["extension", "clTRID"]):
        raise Refusal(Code.SYNTAX, "A command has one verb, then its extension, then clTRID")
    if "clTRID" in names and not transaction:
        raise Refusal(Code.SYNTAX, "clTRID has 3 to 64 characters")
    extensions = _extensions(command, own_uri)
    operation, body = _operation(command.children[0], extensions)
    _check(body)
    return Request(operation, body, transaction, extensions)


def _extensions(command: Part, own_uri: str) -> dict[str, Part]:
    found = command.find("extension")
    for each in () if found is None else found.children:
        if own_uri and each.namespace == own_uri and _is_of_contact(command):
            continue
        if each.name not in _EXTENSIONS:
            raise Refusal(Code.EXTENSION, f"The extension {each.name} is not implemented")
        _check(each)
    return {} if found is None else {each.name: each for each in found.children}


def _is_of_contact(command: Part) -> bool:
    return [child.name for child in command.children[0].children] in (["contact:create"], ["contact:update"])


_EXTENSIONS: Final = frozenset(
    {
        "secDNS:create",
        "secDNS:update",
        "rgp:update",
        "fee:check",
        "fee:create",
        "fee:renew",
        "fee:transfer",
        "fee:update",
        "loginSec:loginSec",
    }
)


def _operation(verb: Part, extensions: Mapping[str, Part]) -> tuple[str, Part]:
    if verb.name in ("login", "logout"):
        return verb.name, verb
    if verb.name == "poll":
        return _one_of("poll", verb, ("req", "ack")), verb
    if verb.name not in VERBS:
        raise Refusal(Code.UNKNOWN_COMMAND, f"There is no command {verb.name}")
    if len(verb.children) != 1:
        raise Refusal(Code.SYNTAX, f"{verb.name} has one object")
    (body,) = verb.children
    return _object_operation(verb, body, extensions), body


def _object_operation(verb: Part, body: Part, extensions: Mapping[str, Part]) -> str:
    prefix, _, local = body.name.rpartition(":")
    if prefix not in OBJECTS:
        raise Refusal(Code.SERVICE, f"{body.name} belongs to no object service of this registry")
    if local != verb.name:
        raise Refusal(Code.SYNTAX, f"{verb.name} cannot hold {body.name}")
    if verb.name == "transfer":
        return _one_of(f"{prefix}:transfer", verb, TRANSFERS).replace("transfer:", "transfer-")
    restore = extensions.get("rgp:update")
    if body.name == "domain:update" and restore is not None:
        return _restore(restore)
    return body.name


def _restore(update: Part) -> str:
    restore = update.children[0] if update.children else update
    names = {"request": "domain:restore", "report": "domain:restore-report"}
    operation = names.get(restore.attributes.get("op", ""))
    if operation is None:
        raise Refusal(Code.SYNTAX, "op of a restore is request or report")
    return operation


def _one_of(start: str, part: Part, choices: tuple[str, ...]) -> str:
    chosen = part.attributes.get("op", "")
    if chosen not in choices:
        raise Refusal(Code.SYNTAX, f"op of {part.name} is one of {', '.join(choices)}")
    return f"{start}:{chosen}"


def _check(part: Part) -> None:
    if not grammar.fits(part.name, [child.name for child in part.children]):
        raise Refusal(Code.SYNTAX, f"What {part.name} holds is not what the schema says")
    if grammar.MODELS.get(part.name) == grammar.ANY:
        return
    for child in part.children:
        _check(child)
