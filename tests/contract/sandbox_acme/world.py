"""What an authority looks at: a web server that every name leads to, and a name server. Both are real, on loopback."""

import socket
import threading
from collections import defaultdict
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingUDPServer
from types import TracebackType
from typing import Any, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class World:
    """Pages by host and path, redirects likewise, records by name and kind. Started with `with`."""

    def __init__(self) -> None:
        self.pages: dict[tuple[str, str], str] = {}
        self.redirects: dict[tuple[str, str], str] = {}
        self.records: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.fetched: list[tuple[str, str]] = []
        self._web = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Page, self))
        self._names = ThreadingUDPServer(("127.0.0.1", 0), partial(_Question, self))

    @property
    def http_address(self) -> str:
        return f"127.0.0.1:{self._web.server_address[1]}"

    @property
    def dns_server(self) -> str:
        return f"127.0.0.1:{self._names.server_address[1]}"

    def show_file(self, name: str, token: str, content: str) -> None:
        self.pages[name, f"/.well-known/acme-challenge/{token}"] = content

    def show_record(self, name: str, value: str) -> None:
        self.records[f"_acme-challenge.{name}", "TXT"].append(f'"{value}"')

    def __enter__(self) -> Self:
        for server in (self._web, self._names):
            threading.Thread(target=partial(server.serve_forever, 0.02), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self._web, self._names):
            server.shutdown()
            server.server_close()


class _Page(BaseHTTPRequestHandler):
    def __init__(self, world: World, *arguments: Any) -> None:
        self._world = world
        super().__init__(*arguments)

    def do_GET(self) -> None:
        place = (self.headers["Host"], self.path)
        self._world.fetched.append(place)
        if target := self._world.redirects.get(place):
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()
            return
        page = self._world.pages.get(place)
        self.send_response(404 if page is None else 200)
        self.end_headers()
        self.wfile.write((page or "Not here.").encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        pass


class _Question(BaseRequestHandler):
    def __init__(self, world: World, *arguments: Any) -> None:
        self._world = world
        super().__init__(*arguments)

    def handle(self) -> None:
        question = dns.message.from_wire(self.request[0])
        name, kind = question.question[0].name, question.question[0].rdtype
        found = self._world.records.get((name.to_text(omit_final_dot=True), kind.name))
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA
        if found:
            answer.answer.append(dns.rrset.from_text(name, 0, "IN", kind.name, *found))
        elif not any(known == name.to_text(omit_final_dot=True) for known, _ in self._world.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.request[1].sendto(answer.to_wire(), self.client_address)


def closed_port() -> str:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"
