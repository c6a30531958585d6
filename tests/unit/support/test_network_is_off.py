import socket

import pytest

from tests.unit.conftest import NetworkUsedError


def test_a_unit_test_cannot_connect_even_to_this_machine() -> None:
    with socket.socket() as ours, pytest.raises(NetworkUsedError, match="mark it `loopback`"):
        ours.connect(("127.0.0.1", 9))


def test_a_unit_test_cannot_listen() -> None:
    with socket.socket() as ours, pytest.raises(NetworkUsedError, match="bind"):
        ours.bind(("127.0.0.1", 0))


def test_a_unit_test_cannot_resolve_a_name() -> None:
    with pytest.raises(NetworkUsedError, match="getaddrinfo"):
        socket.create_connection(("storefront.example", 443))


def test_a_unix_socket_is_no_network() -> None:
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"hello")
        assert right.recv(5) == b"hello"


@pytest.mark.loopback
def test_a_test_marked_loopback_may_talk_to_itself() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with socket.create_connection(server.getsockname()) as client:
            assert client.getpeername() == server.getsockname()


@pytest.mark.loopback
def test_a_test_marked_loopback_still_cannot_reach_others() -> None:
    with socket.socket() as ours, pytest.raises(NetworkUsedError):
        ours.connect(("192.0.2.1", 80))
