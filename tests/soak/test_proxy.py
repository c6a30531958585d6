"""The proxies do what the soak believes they do."""

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.soak.proxy import LOOPBACK, Ways


class Echo:
    """Sends back what it gets."""

    def __init__(self) -> None:
        self._server = socket.create_server((LOOPBACK, 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(4096):
                    connection.sendall(data)
            except OSError:
                return

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def ways() -> Iterator[Ways]:
    made = Ways()
    yield made
    made.close()


def _asked(connection: socket.socket, text: bytes) -> bytes:
    connection.sendall(text)
    return connection.recv(4096)


def test_bytes_pass_both_ways(echo: Echo, ways: Ways) -> None:
    with socket.create_connection((LOOPBACK, ways.to(echo.port).port), timeout=5) as connection:
        assert _asked(connection, b"hello") == b"hello"


def test_nothing_passes_a_silent_way_and_all_arrives_when_it_heals(echo: Echo, ways: Ways) -> None:
    way = ways.to(echo.port)
    with socket.create_connection((LOOPBACK, way.port), timeout=5) as connection:
        assert _asked(connection, b"one") == b"one"
        way.silence()
        connection.settimeout(0.3)
        connection.sendall(b"two")
        with pytest.raises(TimeoutError):
            connection.recv(4096)
        way.heal()
        connection.settimeout(5)
        assert connection.recv(4096) == b"two"


def test_a_cut_resets_every_connection(echo: Echo, ways: Ways) -> None:
    way = ways.to(echo.port)
    with socket.create_connection((LOOPBACK, way.port), timeout=5) as connection:
        assert _asked(connection, b"one") == b"one"
        way.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(4096)


def test_a_way_is_cut_after_so_many_bytes_and_then_leads_on(echo: Echo, ways: Ways) -> None:
    way = ways.to(echo.port)
    way.cut_after(1)
    with socket.create_connection((LOOPBACK, way.port), timeout=5) as connection:
        connection.sendall(b"one")
        with pytest.raises(ConnectionResetError):
            connection.recv(4096)
    with socket.create_connection((LOOPBACK, way.port), timeout=5) as connection:
        assert _asked(connection, b"two") == b"two"


def test_a_way_to_nowhere_refuses(ways: Ways) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
    way = ways.to(port)
    with pytest.raises(ConnectionResetError), socket.create_connection((LOOPBACK, way.port), timeout=5) as connection:
        connection.recv(1)
