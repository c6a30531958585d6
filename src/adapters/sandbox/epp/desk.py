"""From a frame to its answer: reading, the right to ask, the command itself, and the fault plan in between."""

import threading
from collections import defaultdict, deque
from dataclasses import dataclass

from adapters.sandbox.epp import happenings, replies, session
from adapters.sandbox.epp.access_log import AccessLog
from adapters.sandbox.epp.call import Answer, Call
from adapters.sandbox.epp.commands import HANDLERS
from adapters.sandbox.epp.nodes import Node
from adapters.sandbox.epp.reading import Request, Unreadable, read
from adapters.sandbox.epp.refusals import CLOSING, Code, Refusal
from adapters.sandbox.epp.registry import Registry
from adapters.sandbox.epp.session import Reception, Session


class Repeated(Exception):
    """A clTRID was used before: the registry's database refuses it, and the connection falls."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A document to be sent, and whether the connection ends with it."""

    document: Node
    code: int

    @property
    def closes(self) -> bool:
        """True when the registry ends the connection after it."""
        return self.code in CLOSING


class Desk:
    """Answers the requests of every session."""

    def __init__(self, registry: Registry, log: AccessLog) -> None:
        self.registry = registry
        self.log = log
        self.reception = Reception(registry)
        self._used = set(log.used_transactions())
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def greeting(self) -> Reply:
        """What is said first."""
        with self.registry.busy():
            return Reply(replies.greeting(self.registry.settings, self.registry.clock.now()), 1000)

    def read(self, visitor: Session, frame: bytes) -> Request | Unreadable:
        """A request, logged. Raises Repeated."""
        try:
            found: Request | Unreadable = read(frame, self.registry.settings.contact_extension_uri)
        except Unreadable as refusal:
            found = refusal
        account, subject = visitor.account, ""
        if isinstance(found, Request):
            subject = found.subject
            account = account or (found.body.value("clID") if found.operation == "login" else "")
        repeated = self._is_repeated(account, found.transaction)
        self.log.write(
            "command",
            visitor.id,
            account,
            command=found.operation,
            subject=subject,
            transaction=found.transaction,
            duplicate=repeated,
        )
        if repeated:
            raise Repeated
        return found

    def answer(self, visitor: Session, request: Request | Unreadable, *, failure: Refusal | None = None) -> Reply:
        """The answer to a request. With `failure` the command is run, and this is said all the same.

        Raises SessionCrash.
        """
        with self.registry.busy():
            happenings.settle(self.registry)
            if isinstance(request, Request) and request.operation == "hello":
                return self.greeting()
            server_transaction = self.registry.new_transaction()
            try:
                answer = self._perform(visitor, request, server_transaction)
                if failure is not None:
                    raise failure
            except Refusal as refusal:
                return Reply(replies.refused(refusal, request.transaction, server_transaction), refusal.code)
            allowed = visitor.services
            return Reply(replies.response(answer, request.transaction, server_transaction, allowed), answer.code)

    def refuse(self, transaction: str, refusal: Refusal) -> Reply:
        """A refusal without looking at the request."""
        return Reply(replies.refused(refusal, transaction, self.registry.new_transaction()), refusal.code)

    def _perform(self, visitor: Session, request: Request | Unreadable, server_transaction: str) -> Answer:
        if isinstance(request, Unreadable):
            raise request
        if request.operation == "login":
            answer = self.reception.log_in(visitor, request)
            self.log.write("login", visitor.id, visitor.account)
            return answer
        if not visitor.account:
            raise Refusal(Code.USE, "Log in first")
        self._check_rate(visitor)
        if request.operation == "logout":
            return Answer(Code.ENDING)
        session.check_services(visitor, request)
        handler = HANDLERS.get(request.operation)
        if handler is None:
            raise Refusal(Code.NOT_IMPLEMENTED, f"{request.operation} is not implemented")
        return handler(Call(self.registry, visitor.account, request, server_transaction))

    def _check_rate(self, visitor: Session) -> None:
        limit = self.registry.settings.max_commands_per_second
        if not limit:
            return
        recent, now = self._recent[visitor.account], self.log.monotonic()
        while recent and recent[0] <= now - 1:
            recent.popleft()
        recent.append(now)
        if len(recent) > limit:
            raise Refusal(Code.SESSION_LIMIT, f"More than {limit} commands in a second")

    def _is_repeated(self, account: str, transaction: str) -> bool:
        if not transaction or not self.registry.settings.unique_transactions:
            return False
        with self._lock:
            repeated = (account, transaction) in self._used
            self._used.add((account, transaction))
            return repeated

    def forget(self) -> None:
        """Forget which clTRIDs were used."""
        with self._lock:
            self._used.clear()
