"""One thread that watches many doors: it sleeps until somebody knocks at one of them."""

import selectors
import socket
import threading
from collections.abc import Callable


class Doors:
    """Listening sockets, each with what is to be done when a client waits there."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._bell, self._button = socket.socketpair()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._watch, name="sandbox doors", daemon=True)

    def watch(self, door: socket.socket, admit: Callable[[], None]) -> None:
        """Call `admit` whenever a client waits at this door. Before `start()`, or from within an `admit`."""
        self._selector.register(door, selectors.EVENT_READ, admit)

    def leave(self, door: socket.socket) -> None:
        """Watch this door no longer; to be called from within an `admit`."""
        self._selector.unregister(door)

    def start(self) -> None:
        """Watch on a background thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; the doors are closed by whoever opened them. Safe to call twice."""
        if self._thread.is_alive():
            self._button.send(b"\0")
            self._thread.join()
        self._selector.close()
        self._bell.close()
        self._button.close()

    def _watch(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                key.data()
