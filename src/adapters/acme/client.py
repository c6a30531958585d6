"""Requests in the account's name. Nothing is repeated here but refused nonces, and one request of a lost account."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import requests
from acme import messages
from josepy.interfaces import JSONDeSerializable

from adapters.acme import errors, resources
from adapters.acme.account import Account
from adapters.acme.errors import Call
from adapters.acme.network import Answer, UnreadableAnswer, Wire
from adapters.acme.problems import Problem
from adapters.acme.resources import Directory
from adapters.acme.settings import Settings
from provisioner.kernel.clock import Clock
from provisioner.ports.outcomes import Failure, Unavailable

DIRECTORY_SECONDS: Final = 3_600.0

_Read = TypeVar("_Read")


class AnsweredNothing(Exception):
    """The authority's answer is a refusal that the table takes for an answer: gone already, or nothing to say."""


class Client:
    """Talks to one authority. Safe to use from many threads: each request has a wire of its own while it lasts."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: list[Wire] = []
        self._directory: tuple[Directory, float] | None = None
        self._account = Account(settings, self._register)

    def directory(self, *, fresh: bool = False) -> Directory:
        """The authority's directory, at most an hour old. Raises the outcomes of `ports.outcomes`."""
        kept = self._directory
        if kept is not None and not fresh and self._clock.monotonic() - kept[1] < DIRECTORY_SECONDS:
            return kept[0]
        answer = self.get(Call.ACCOUNT, self._settings.directory_url)
        directory = read(Call.ACCOUNT, lambda: resources.read_directory(answer.body))
        self._directory = (directory, self._clock.monotonic())
        return directory

    def account_url(self) -> str:
        """Where our account is. Raises the outcomes of `ports.outcomes`."""
        directory = self.directory()
        return read(Call.ACCOUNT, lambda: self._account.url(directory))

    def forget_account(self) -> None:
        """Ask for the account anew when it is needed next."""
        self._account.forget(self.account_url())

    def get(self, call: Call, url: str) -> Answer:
        """An unsigned question. Raises the outcomes of `ports.outcomes`, and AnsweredNothing."""
        return self._outcome(call, lambda wire: wire.ask(url))

    def read(self, url: str) -> Answer:
        """A signed question (RFC 8555 section 6.3). Raises the outcomes of `ports.outcomes`."""
        return self.post(Call.READ, url)

    def post(self, call: Call, url: str, message: JSONDeSerializable | None = None) -> Answer:
        """A signed request; without a message it only reads. Raises the outcomes, and AnsweredNothing.

        What an authority that has lost our account refuses is sent once more, after the account was opened again.
        """
        try:
            return self._post(call, url, message)
        except Failure as failed:
            if failed.vendor_code != errors.NO_ACCOUNT:
                raise
        self.forget_account()
        return self._post(call, url, message)

    def close(self) -> None:
        """Give back the connections. Safe to call twice."""
        with self._lock:
            idle, self._idle = self._idle, []
        for wire in idle:
            wire.close()

    def _post(self, call: Call, url: str, message: JSONDeSerializable | None) -> Answer:
        account, nonce_url = self.account_url(), self.directory().new_nonce
        return self._outcome(call, lambda wire: wire.send(url, message, nonce_url=nonce_url, account_url=account))

    def _register(self, registration: messages.NewRegistration) -> Answer:
        directory = self.directory()
        return self._outcome(
            Call.ACCOUNT, lambda wire: wire.send(directory.new_account, registration, nonce_url=directory.new_nonce)
        )

    def _outcome(self, call: Call, request: Callable[[Wire], Answer]) -> Answer:
        try:
            with self._wire() as wire:
                return request(wire)
        except Problem as problem:
            failed = errors.failure(problem, call)
            if failed is None:
                raise AnsweredNothing(problem.kind) from None
            raise failed from None
        except requests.RequestException as error:
            raise errors.from_transport(error, call) from error
        except UnreadableAnswer as unreadable:
            raise errors.unreadable(str(unreadable), call) from None

    @contextmanager
    def _wire(self) -> Iterator[Wire]:
        """One that is idle, or a new one; one whose connection broke is not used again."""
        with self._lock:
            wire = self._idle.pop() if self._idle else None
        wire = wire or Wire(self._settings, self._clock)
        whole = False
        try:
            yield wire
            whole = True
        except Problem:
            whole = True
            raise
        finally:
            self._give_back(wire) if whole else wire.close()

    def _give_back(self, wire: Wire) -> None:
        with self._lock:
            self._idle.append(wire)


def read(call: Call, reading: Callable[[], _Read]) -> _Read:
    """What was read of an answer. Raises the outcome for one that cannot be understood."""
    try:
        return reading()
    except UnreadableAnswer as unreadable:
        raise errors.unreadable(str(unreadable), call) from None


def wait_of(failed: Unavailable, default: float) -> float:
    """Seconds to wait after a failure: those that the authority has named, or the default."""
    return default if failed.retry_after is None else failed.retry_after
