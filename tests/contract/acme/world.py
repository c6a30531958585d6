"""A real authority (Pebble) as the tests see it."""

from contextlib import ExitStack
from dataclasses import replace
from typing import Self

from adapters.acme import AcmeAuthority, open_adapter
from provisioner.kernel.clock import Clock, SystemClock
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.certificates import Challenge
from tests.support.pebble import Pebble


class PebbleWorld:
    """One account at Pebble; each `opened()` is an adapter of its own. Close it as a context."""

    zone = "example.test"

    def __init__(self, pebble: Pebble, account: VendorAccount | None = None) -> None:
        self.pebble = pebble
        self.account = account or pebble.account()
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def opened(self, clock: Clock | None = None, /, **settings: str) -> AcmeAuthority:
        """A new adapter for the same account, with other settings if any are given."""
        account = replace(self.account, settings={**self.account.settings, **settings})
        authority = open_adapter(account, clock or SystemClock())
        self._opened.callback(authority.close)
        return authority

    def show(self, challenge: Challenge) -> None:
        """Put the file or the TXT record there."""
        self.pebble.challenges.show(challenge)

    def issued(self) -> int:
        """How many certificates Pebble has issued."""
        return self.pebble.issued()
