"""Anti-replay nonces (RFC 8555 section 6.5): each is good for one request, and none outlives the process."""

import secrets
import threading
from typing import Final

KEPT: Final = 50_000


class Nonces:
    """The nonces that were given out and not used yet; the oldest go first when there are too many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unused: dict[str, None] = {}

    def new(self) -> str:
        """A nonce that was never given out."""
        nonce = secrets.token_urlsafe(16)
        with self._lock:
            self._unused[nonce] = None
            if len(self._unused) > KEPT:
                del self._unused[next(iter(self._unused))]
        return nonce

    def use(self, nonce: str) -> bool:
        """Use a nonce up; False when it is not good."""
        with self._lock:
            return self._unused.pop(nonce, self) is None
