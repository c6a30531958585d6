"""Unit tests run with the network off: a socket that is no Unix socket fails the test by name."""

import ipaddress
import socket
from typing import Any

import pytest


class NetworkUsedError(RuntimeError):
    """A unit test reached for the network; mark it `loopback` if it must talk to itself."""


def _is_loopback(host: object) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _guarded(name: str, *, loopback: bool) -> Any:
    original = getattr(socket.socket, name)

    def guard(self: socket.socket, *arguments: Any) -> Any:
        address = arguments[-1]
        allowed = self.family == socket.AF_UNIX or (loopback and _is_loopback(address[0]))
        if not allowed:
            raise NetworkUsedError(f"{name}({address!r}): {NetworkUsedError.__doc__}")
        return original(self, *arguments)

    return guard


def _resolving(*, loopback: bool) -> Any:
    original = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **named: Any) -> Any:
        if not (loopback and _is_loopback(host)):
            raise NetworkUsedError(f"getaddrinfo({host!r}): {NetworkUsedError.__doc__}")
        return original(host, *arguments, **named)

    return resolve


@pytest.fixture(autouse=True)
def _network_off(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    loopback = request.node.get_closest_marker("loopback") is not None
    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, _guarded(name, loopback=loopback))
    monkeypatch.setattr(socket, "getaddrinfo", _resolving(loopback=loopback))
