"""Adapters, opened once for each vendor account and anew when its settings change."""

import threading
from collections.abc import Mapping
from typing import Any

from provisioner.kernel.clock import Clock
from provisioner.kernel.errors import KeyRingError, NotFoundError, SettingsError, StoreUnavailable
from provisioner.ports.accounts import Adapter, AdapterFactory
from provisioner.ports.outcomes import Misconfigured
from provisioner.store.accounts import Accounts

FRESH_SECONDS = 5.0


class OpenAdapters:
    """Safe to use from many threads; a changed account is noticed within five seconds."""

    def __init__(self, accounts: Accounts, factories: Mapping[str, AdapterFactory], clock: Clock) -> None:
        self._accounts = accounts
        self._factories = factories
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, tuple[Adapter, int, float]] = {}

    def __call__(self, name: str) -> Any:
        """The adapter of an account. Raises Misconfigured when it cannot be opened."""
        with self._lock:
            known = self._open.get(name)
            if known is not None and self._is_fresh(name, known):
                return known[0]
            return self._open_anew(name)

    def _is_fresh(self, name: str, known: tuple[Adapter, int, float]) -> bool:
        adapter, version, looked = known
        now = self._clock.monotonic()
        if now - looked < FRESH_SECONDS:
            return True
        if not self._is_newest(name, version):
            return False
        self._open[name] = (adapter, version, now)
        return True

    def _is_newest(self, name: str, version: int) -> bool:
        """A database that is away changes no settings, and must not end an operation that is at work."""
        try:
            return self._accounts.version(name) == version
        except StoreUnavailable:
            return True

    def _open_anew(self, name: str) -> Adapter:
        """A replaced adapter is not closed here: an operation may be using it; it goes when the last one is done."""
        try:
            account, version = self._accounts.open(name)
            factory = self._factories.get(account.adapter)
            if factory is None:
                raise Misconfigured("no_adapter", f"there is no adapter {account.adapter} for server {name}")
            adapter = factory(account, self._clock)
        except (SettingsError, NotFoundError, KeyRingError) as wrong:
            raise Misconfigured(wrong.code, f"server {name} cannot be opened: {wrong}") from wrong
        self._open[name] = (adapter, version, self._clock.monotonic())
        return adapter

    def close(self) -> None:
        """Close every adapter."""
        with self._lock:
            for adapter, _, _ in self._open.values():
                adapter.close()
            self._open.clear()
