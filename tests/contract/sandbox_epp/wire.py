"""A stranger's client: frames over real TLS. It knows nothing of the simulator's insides."""

import functools
import itertools
import os
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring
from lxml import etree

from adapters.sandbox.epp import RunningRegistry
from provisioner.kernel.secret import Secret

NAMESPACES = {
    "epp": "urn:ietf:params:xml:ns:epp-1.0",
    "domain": "urn:ietf:params:xml:ns:domain-1.0",
    "contact": "urn:ietf:params:xml:ns:contact-1.0",
    "host": "urn:ietf:params:xml:ns:host-1.0",
    "secDNS": "urn:ietf:params:xml:ns:secDNS-1.1",
    "rgp": "urn:ietf:params:xml:ns:rgp-1.0",
    "fee": "urn:ietf:params:xml:ns:epp:fee-1.0",
    "loginSec": "urn:ietf:params:xml:ns:epp:loginSec-1.0",
    "changePoll": "urn:ietf:params:xml:ns:changePoll-1.0",
}
OBJECTS = ("domain", "contact", "host")
EXTENSIONS = ("secDNS", "rgp", "fee", "loginSec", "changePoll")
Adjust = Callable[[Mapping[str, Any]], dict[str, Any]]
_DECLARED = "".join(f' xmlns:{name}="{uri}"' for name, uri in NAMESPACES.items() if name != "epp")
_transactions = itertools.count(1)


def contract_dir() -> Path | None:
    """Where the shared schemas are: named by the environment, or beside the checkout."""
    named = os.environ.get("PROVISIONER_CONTRACT_DIR")
    found = Path(named) if named else Path(__file__).parents[4] / "shared" / "contract"
    return found / "epp" if (found / "epp" / "xsd").is_dir() else None


@functools.cache
def schema() -> etree.XMLSchema | None:
    folder = contract_dir()
    return None if folder is None else etree.XMLSchema(etree.parse(folder / "xsd" / "all.xsd"))


def document(inner: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><epp xmlns="{NAMESPACES["epp"]}"{_DECLARED}>{inner}</epp>'.encode()


def command(body: str, extension: str = "", transaction: str | None = None) -> bytes:
    named = f"CLIENT-{next(_transactions):05}" if transaction is None else transaction
    wrapped = f"<extension>{extension}</extension>" if extension else ""
    clause = f"<clTRID>{named}</clTRID>" if named else ""
    return document(f"<command>{body}{wrapped}{clause}</command>")


@functools.cache
def _trusting(host: str, port: int, _fingerprint: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=ssl.get_server_certificate((host, port)))


class Reply:
    """One document of the registry, checked against the schemas where they are at hand."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.root: Element = fromstring(content, forbid_dtd=True)
        found = schema()
        if found is not None:
            found.assertValid(etree.fromstring(content))

    @property
    def code(self) -> int:
        result = self.root.find(".//epp:result", NAMESPACES)
        assert result is not None, self.content
        return int(result.attrib["code"])

    @property
    def message(self) -> str:
        return self.text("epp:msg")

    def text(self, name: str) -> str:
        return (self.root.findtext(f".//{name}", "", NAMESPACES) or "").strip()

    def texts(self, name: str) -> list[str]:
        return [(found.text or "").strip() for found in self.root.iterfind(f".//{name}", NAMESPACES)]

    def attribute(self, name: str, attribute: str) -> str:
        return self.attributes(name, attribute)[0]

    def attributes(self, name: str, attribute: str) -> list[str]:
        return [found.attrib[attribute] for found in self.root.iterfind(f".//{name}", NAMESPACES)]

    def has(self, name: str) -> bool:
        return self.root.find(f".//{name}", NAMESPACES) is not None


class Client:
    """A connection; the greeting is read at once unless told otherwise."""

    def __init__(self, simulator: RunningRegistry, *, timeout: float = 20.0, greeted: bool = True) -> None:
        address = (simulator.settings["host"], int(simulator.settings["port"]))
        plain = socket.create_connection(address, timeout)
        self.socket = _trusting(*address, simulator.fingerprint).wrap_socket(plain, server_hostname=address[0])
        self.greeting = self.receive() if greeted else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, content: bytes) -> None:
        self.socket.sendall(struct.pack(">I", len(content) + 4) + content)

    def exactly(self, size: int) -> bytes:
        collected = b""
        while len(collected) < size:
            piece = self.socket.recv(size - len(collected))
            if not piece:
                raise EOFError(collected)
            collected += piece
        return collected

    def frame(self) -> bytes:
        return self.exactly(int.from_bytes(self.exactly(4), "big") - 4)

    def receive(self) -> Reply:
        return Reply(self.frame())

    def ask(self, body: str, extension: str = "", transaction: str | None = None) -> Reply:
        self.send(command(body, extension, transaction))
        return self.receive()

    def code(self, body: str, extension: str = "") -> int:
        return self.ask(body, extension).code

    def is_cut(self) -> bool:
        """Whether the registry ends the connection; it waits for that, or for a byte."""
        try:
            return self.socket.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True

    def log_in(self, credentials: Mapping[str, Secret], **options: Any) -> Reply:
        return self.ask(login(credentials["username"].reveal(), credentials["password"].reveal(), **options))


def login(username: str, password: str, *, extensions: tuple[str, ...] = EXTENSIONS, **replaced: str) -> str:
    parts = {"version": "1.0", "lang": "en", "new": "", "objects": " ".join(OBJECTS), **replaced}
    objects = "".join(f"<objURI>{NAMESPACES.get(each, each)}</objURI>" for each in parts["objects"].split())
    uris = "".join(f"<extURI>{NAMESPACES.get(each, each)}</extURI>" for each in extensions)
    chosen = f"<svcExtension>{uris}</svcExtension>" if uris else ""
    new = f"<newPW>{parts['new']}</newPW>" if parts["new"] else ""
    options = f"<options><version>{parts['version']}</version><lang>{parts['lang']}</lang></options>"
    return f"<login><clID>{username}</clID><pw>{password}</pw>{new}{options}<svcs>{objects}{chosen}</svcs></login>"
