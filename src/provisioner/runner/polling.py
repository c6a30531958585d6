"""Reads the message queues of registries: store, commit, acknowledge. One process at a time for each account."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_type_hints

from provisioner.kernel import crash, log
from provisioner.kernel.errors import StoreUnavailable
from provisioner.ports.accounts import AdapterFactory
from provisioner.ports.outcomes import Failure, Misconfigured
from provisioner.ports.registrar import PollQueue, RegistryMessage
from provisioner.store.polls import Kept, Polls, QueueLost

_log = log.get(__name__)


class Polling:
    """One for each process; several may run at once. `adapters` opens the adapter of an account.

    `readable` names the adapters whose registries have a queue; see `with_queue`. Each account is read on a thread of
    its own, so that a slow registry, or one in trouble, stops no other. While it reads, the queue's lease is renewed
    at every heartbeat, so that another process goes on soon after this one was killed. All times are in seconds.
    """

    def __init__(
        self,
        polls: Polls,
        adapters: Callable[[str], Any],
        ring: Callable[[Sequence[str]], None],
        *,
        readable: frozenset[str],
        owner: str,
        poll_seconds: float,
        lease_seconds: float,
        heartbeat: float,
    ) -> None:
        self._polls = polls
        self._adapters = adapters
        self._ring = ring
        self._readable = readable
        self._owner = f"{owner}/polling"
        self._poll_seconds = poll_seconds
        self._lease_seconds = lease_seconds
        self._heartbeat = heartbeat
        self._reading: dict[str, threading.Thread] = {}

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then the queues are given back, and what is being read is left where it is."""
        bound = log.bound()
        rounds = threading.Thread(target=self._begin_rounds, args=(stop, bound), name="poll-rounds", daemon=True)
        rounds.start()
        while not stop.wait(self._heartbeat):
            self._keep_leases()
        rounds.join(1.0)
        self._finish()

    def _begin_rounds(self, stop: threading.Event, bound: Mapping[str, Any]) -> None:
        while not stop.is_set():
            try:
                for account in self._accounts():
                    self._start(account, stop, bound)
            except StoreUnavailable as away:
                _log.warning("polling waits for the database", detail=str(away))
            stop.wait(self._poll_seconds)

    def _keep_leases(self) -> None:
        """Renew the leases of the queues that are being read. One that was lost is noticed with the next message."""
        try:
            for account in [name for name, thread in tuple(self._reading.items()) if thread.is_alive()]:
                self._polls.keep_lease(account, self._owner, self._lease_seconds)
        except StoreUnavailable as away:
            _log.warning("the leases of queues were not renewed", detail=str(away))

    def _accounts(self) -> list[str]:
        return [name for name, adapter in self._polls.accounts() if adapter in self._readable]

    def _start(self, account: str, stop: threading.Event, bound: Mapping[str, Any]) -> None:
        """Read a queue, unless the last round is still at it."""
        known = self._reading.get(account)
        if known is not None and known.is_alive():
            return

        def read() -> None:
            with log.context(**bound, account=account):
                self._read_safely(account, stop)

        self._reading[account] = threading.Thread(target=read, name=f"poll-{account}", daemon=True)
        self._reading[account].start()

    def _finish(self) -> None:
        """A thread that hangs in a call keeps its lease until that runs out: no other process is to read beside it."""
        for thread in self._reading.values():
            thread.join(1.0)
        if not any(thread.is_alive() for thread in self._reading.values()):
            try:
                self._polls.release(self._owner)
            except StoreUnavailable as away:
                _log.warning("the queues are free when their leases have run out", detail=str(away))

    def _read_safely(self, account: str, stop: threading.Event) -> None:
        try:
            self.read(account, stop)
        except Misconfigured as wrong:
            _log.error("account parked", detail=str(wrong))
            self._park(account, str(wrong))
        except (StoreUnavailable, QueueLost) as trouble:
            _log.warning("queue left for later", detail=str(trouble))
        except Failure as trouble:
            _log.warning("queue left for later", detail=str(trouble))
            self._note_failure(account, str(trouble))
        except Exception as fault:  # noqa: BLE001 - a fault of ours in an adapter: it is told, and the next round tries again
            _log.exception("unexpected fault")
            self._note_failure(account, f"a fault of the program, {type(fault).__name__}; the log has it")

    def _note_failure(self, account: str, reason: str) -> None:
        try:
            self._polls.failed(account, self._owner, reason)
        except StoreUnavailable as away:
            _log.warning("the failure was not noted", detail=str(away))

    def _park(self, account: str, reason: str) -> None:
        try:
            self._polls.park(account, reason)
            self._polls.settle(account, self._owner)
        except StoreUnavailable as away:
            _log.warning("the account could not be parked", detail=str(away))

    def read(self, account: str, stop: threading.Event) -> int:
        """Read one queue to its end; how many messages were taken off it. Nothing is read that another process reads.

        Raises the outcomes of `ports.outcomes`, QueueLost and StoreUnavailable: what was not acknowledged comes again.
        """
        taken, last = 0, None
        with crash.scope(f"poll/{account}"):
            while not stop.is_set() and self._polls.lease(account, self._owner, self._lease_seconds):
                queue: PollQueue = self._adapters(account)
                message = queue.next_message()
                if message is None or message.message_id == last:  # a registry that drops nothing is left in peace
                    self._polls.settle(account, self._owner)
                    break
                self._take(account, queue, message)
                taken, last = taken + 1, message.message_id
        return taken

    def _take(self, account: str, queue: PollQueue, message: RegistryMessage) -> None:
        crash.point("before_commit")
        kept = self._polls.keep(account, self._owner, message)
        crash.point("after_commit")
        queue.acknowledge(message.message_id)
        crash.point("after_ack")
        self._polls.acknowledged(account, kept.key)
        self._tell(message, kept)

    def _tell(self, message: RegistryMessage, kept: Kept) -> None:
        _log.info("registry message", message=kept.key, kind=message.kind, domain=message.domain, is_new=kept.is_new)
        if kept.operations:
            self._ring(kept.operations)


def with_queue(factories: Mapping[str, AdapterFactory]) -> frozenset[str]:
    """The adapters whose class serves a port with a PollQueue, told by what their factories say that they return."""
    made = {name: get_type_hints(factory).get("return", object) for name, factory in factories.items()}
    return frozenset(name for name, kind in made.items() if PollQueue in kind.__mro__)
