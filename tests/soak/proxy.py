"""A way to a server that can be made slow, silent or broken: TCP proxies on loopback, all on one event loop."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Final

from tests.support.processes import wait_for

LOOPBACK: Final = "127.0.0.1"
CHUNK: Final = 65_536
AT_ONCE: Final = struct.pack("ii", 1, 0)  # closing then sends a reset


class Way:
    """One proxy: connections to `port` lead to `target`. Made by `Ways.to`; its methods are for any thread.

    While it is silent nothing passes, in either direction, and new connections are taken and not answered. What was
    sent meanwhile arrives when the silence ends, as it would when a network comes back.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, target: int) -> None:
        self.port = 0
        self._loop = loop
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._latency = 0.0
        self._left: int | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    # -- what may be done to it

    def silence(self) -> None:
        """Let nothing through."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def slow_down(self, seconds: float) -> None:
        """Keep each piece back for so long."""
        self._latency = seconds

    def cut_after(self, count: int) -> None:
        """Cut the connection on which that many more bytes have passed (of all connections together)."""
        self._left = count

    def cut(self) -> None:
        """Reset every connection."""
        self._loop.call_soon_threadsafe(self._reset_all)

    def heal(self) -> None:
        """Let everything through at once."""
        self._latency, self._left = 0.0, None
        self._loop.call_soon_threadsafe(self._open.set)

    # -- on the loop

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._open.set()
        self._reset_all()

    def _reset_all(self) -> None:
        for end in tuple(self._ends):
            _reset(end)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            await self._open.wait()
            there, back = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            _reset(writer)
            self._ends.discard(writer)
            return
        self._ends.add(back)
        await asyncio.gather(self._pass_on(reader, back, writer), self._pass_on(there, writer, back))
        self._ends -= {writer, back}

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, other: asyncio.StreamWriter
    ) -> None:
        """Move bytes one way until either end is gone."""
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                if self._latency:
                    await asyncio.sleep(self._latency)
                await self._open.wait()
                sink.write(data)
                if self._is_used_up(len(data)):
                    _reset(other)
                    break
                await sink.drain()
        sink.close()

    def _is_used_up(self, count: int) -> bool:
        if self._left is None:
            return False
        self._left -= count
        if self._left > 0:
            return False
        self._left = None
        return True


class Ways:
    """All proxies of a test, and the thread on which they run."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._ways: list[Way] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._thread.start()

    def to(self, port: int) -> Way:
        """A new way to a server on a port of 127.0.0.1."""
        way = Way(self._loop, port)
        asyncio.run_coroutine_threadsafe(way.start(), self._loop).result(10)
        self._ways.append(way)
        return way

    def close(self) -> None:
        """End all connections and the thread."""
        for way in self._ways:
            asyncio.run_coroutine_threadsafe(way.stop(), self._loop).result(10)
        wait_for(self._is_idle, "the proxies end", timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _is_idle(self) -> bool:
        return self._on_loop(lambda: len(asyncio.all_tasks(self._loop)) <= 1)

    def _on_loop(self, ask: Callable[[], bool]) -> bool:
        async def asked() -> bool:
            return ask()

        return asyncio.run_coroutine_threadsafe(asked(), self._loop).result(10)


def _reset(end: asyncio.StreamWriter) -> None:
    """Close a connection with a reset, so that its peer knows at once."""
    plain: socket.socket | None = end.get_extra_info("socket")
    if plain is not None:
        with contextlib.suppress(OSError):
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    end.transport.abort()
