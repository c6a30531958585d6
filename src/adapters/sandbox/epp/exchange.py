"""One connection, from the greeting to its end."""

import contextlib
from socketserver import BaseRequestHandler
from typing import Any, Final

from adapters.sandbox.epp import damage
from adapters.sandbox.epp.desk import Desk, Repeated, Reply
from adapters.sandbox.epp.nodes import write
from adapters.sandbox.epp.reading import Request, Unreadable
from adapters.sandbox.epp.refusals import Code, Refusal, SessionCrash
from adapters.sandbox.epp.session import Session
from adapters.sandbox.epp.wire import Ended, Wire
from adapters.sandbox.faults import Fault, FaultPlan, Rule
from adapters.sandbox.serving import LoopbackListener

CONNECT: Final = "connect"


class Exchange(BaseRequestHandler):
    """Serves one client."""

    server: LoopbackListener

    def __init__(self, desk: Desk, faults: FaultPlan, *arguments: Any) -> None:
        self._desk = desk
        self._faults = faults
        self._session = Session()
        self._is_over = False
        super().__init__(*arguments)

    def handle(self) -> None:
        """Greet, and answer until either side ends it."""
        self._desk.log.write("open", self._session.id)
        reason = "the connection failed"
        try:
            self._converse(Wire(self.request, self._wait))
        except Ended as end:
            reason = str(end)
        except SessionCrash as crash:
            reason = f"crashed: {crash}"
        except ConnectionError:
            with contextlib.suppress(OSError):
                self.request.close()
        finally:
            self._leave(reason)

    def _leave(self, reason: str) -> None:
        """The session is over, once; it is written down before another may take its place."""
        if not self._is_over:
            self._is_over = True
            self._desk.log.write("close", self._session.id, self._session.account, reason=reason)
            self._desk.reception.leave(self._session)

    def _converse(self, wire: Wire) -> None:
        settings = self._desk.registry.settings
        self.request.settimeout(settings.login_seconds)
        self.request.do_handshake()
        self._greet(wire)
        while True:
            settings = self._desk.registry.settings
            patience = settings.idle_seconds if self._session.account else settings.login_seconds
            frame = wire.receive(patience)
            try:
                request = self._desk.read(self._session, frame)
            except Repeated:
                raise Ended("a clTRID was used twice") from None
            self._serve(wire, request)

    def _greet(self, wire: Wire) -> None:
        rule = self._faults.take(CONNECT)
        if rule is not None and rule.fault is Fault.DELAY:
            wire.wait(rule.seconds)
        if rule is None:
            wire.send(write(self._desk.greeting().document))
        elif rule.fault is Fault.REFUSE:
            wire.send(write(self._desk.refuse("", _planned(rule)).document))
            raise Ended("refused by the fault plan")
        else:
            damage.deliver(wire, self._desk.greeting().document, rule)

    def _serve(self, wire: Wire, request: Request | Unreadable) -> None:
        rule = self._rule(request)
        if rule is not None and rule.fault in (Fault.DELAY, Fault.LATE_SUCCESS):
            self._hold(wire, rule)
        reply = self._reply(request, rule)
        if reply.closes:
            self._leave(f"closed with {reply.code}")
        if rule is None:
            wire.send(write(reply.document))
        elif rule.fault is Fault.LATE_SUCCESS:
            raise Ended("done after the client had left")
        else:
            damage.deliver(wire, reply.document, rule)
        if reply.closes:
            raise Ended(f"closed with {reply.code}")

    def _rule(self, request: Request | Unreadable) -> Rule | None:
        marks = [self._session.account, request.transaction]
        if isinstance(request, Request):
            marks += request.marks()
        return self._faults.take(request.operation, marks)

    def _hold(self, wire: Wire, rule: Rule) -> None:
        if rule.fault is Fault.LATE_SUCCESS:
            wire.wait_until_gone()
        wire.wait(rule.seconds)

    def _reply(self, request: Request | Unreadable, rule: Rule | None) -> Reply:
        if rule is not None and rule.fault is Fault.REFUSE:
            return self._desk.refuse(request.transaction, _planned(rule))
        if rule is not None and rule.fault in damage.BEFORE_EFFECT:
            return self._desk.refuse(request.transaction, Refusal(Code.FAILED))
        failure = _planned(rule) if rule is not None and rule.fault is Fault.FAIL_AFTER_EFFECT else None
        return self._desk.answer(self._session, request, failure=failure)

    def _wait(self, seconds: float) -> None:
        if self.server.closing.wait(seconds):
            raise ConnectionAbortedError("the simulator stops")


def _planned(rule: Rule) -> Refusal:
    return Refusal(rule.code or Code.FAILED, rule.text)
