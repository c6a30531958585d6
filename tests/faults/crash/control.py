"""The other end of the socket to which an armed process tells that it has passed its point."""

import socket
from pathlib import Path
from types import TracebackType
from typing import Self

TOLD_SECONDS = 5.0


class Control:
    """Listens at a path; the process at the other end stands still until it is let go."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._server.setblocking(False)
        self._waiting: socket.socket | None = None

    def told(self) -> str | None:
        """`scope:point` when somebody has come to it since the last call, else None."""
        try:
            self._waiting, _ = self._server.accept()
        except BlockingIOError:
            return None
        self._waiting.settimeout(TOLD_SECONDS)
        with self._waiting.makefile() as words:
            return words.readline().strip()

    def let_go(self) -> None:
        """Let the process go on."""
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()
        self._server.close()
        self.path.unlink()
