"""Sessions with a scripted server over TLS: opening, using, sharing and closing them."""

import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import trustme

from adapters.epp import commands
from adapters.epp.budget import LocalBudget
from adapters.epp.replies import Greeting
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.errors import StoreUnavailable
from provisioner.ports.accounts import Budget
from provisioner.ports.outcomes import Misconfigured, Unavailable
from tests.contract.epp.wire.conftest import PASSWORD, Opened
from tests.contract.epp.wire.scripted import (
    EXTENSIONS,
    LOGIN_SECURITY,
    Registry,
    Request,
    framed,
    greeting,
    hang_up,
    raw,
    registry,
    reply,
    server_context,
)

INFO = commands.domain_info("example.test")
DELETE = commands.domain_delete("example.test")


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "the condition did not come true within 10 s"
        threading.Event().wait(0.01)


class Gate:
    """An act that waits until it is opened, so that a test can hold a session in use."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def __call__(self, channel: ssl.SSLSocket, request: Request) -> None:
        self._open.wait(10)
        reply()(channel, request)

    def open(self) -> None:
        self._open.set()


def test_nothing_is_connected_before_the_first_command(server: Registry, opened: Opened) -> None:
    with opened(server):
        assert server.connections == 0


def test_the_login_follows_the_greeting_and_mirrors_its_services(server: Registry, opened: Opened) -> None:
    with opened(server) as sessions:
        sessions.send(INFO)
    assert server.verbs() == ["login", "info", "logout"]
    for uri in ("domain-1.0", "contact-1.0", "host-1.0"):
        assert f"<objURI>urn:ietf:params:xml:ns:{uri}</objURI>" in server.requests[0].xml
    for uri in EXTENSIONS:
        assert f"<extURI>{uri}</extURI>" in server.requests[0].xml


def test_the_extensions_of_the_account_replace_those_of_the_greeting(server: Registry, opened: Opened) -> None:
    with opened(server, extensions=EXTENSIONS[0]) as sessions:
        answer = sessions.send(INFO)
    assert server.requests[0].xml.count("<extURI>") == 1
    assert answer.extensions == {EXTENSIONS[0]}


def test_a_password_travels_unchanged(server: Registry, opened: Opened) -> None:
    with opened(server) as sessions:
        sessions.send(INFO)
    assert "<pw>pass&amp;w&lt;ord</pw>" in server.requests[0].xml


def test_login_security_is_used_where_it_is_announced(certificate: trustme.LeafCert, opened: Opened) -> None:
    with registry(server_context(certificate), greeting((LOGIN_SECURITY,))) as server, opened(server) as sessions:
        sessions.send(INFO)
    assert "<loginSec:app>provisioner</loginSec:app>" in server.requests[0].xml
    assert "<loginSec:pw>" not in server.requests[0].xml


def test_a_long_password_travels_in_login_security(certificate: trustme.LeafCert, opened: Opened) -> None:
    long = {"password": "p" * 17}
    with (
        registry(server_context(certificate), greeting((LOGIN_SECURITY,))) as server,
        opened(server, credentials=long) as sessions,
    ):
        sessions.send(INFO)
    assert f"<loginSec:pw>{'p' * 17}</loginSec:pw>" in server.requests[0].xml
    assert "<pw>[LOGIN-SECURITY]</pw>" in server.requests[0].xml


def test_a_long_password_without_login_security_needs_an_operator(server: Registry, opened: Opened) -> None:
    with opened(server, credentials={"password": "p" * 17}) as sessions, pytest.raises(Misconfigured) as raised:
        sessions.send(INFO)
    assert raised.value.code == "password_too_long"
    assert server.of("login") == []


def test_the_language_is_one_that_the_server_offers(certificate: trustme.LeafCert, opened: Opened) -> None:
    with registry(server_context(certificate), greeting(languages=("fr",))) as server, opened(server) as sessions:
        sessions.send(INFO)
    assert "<lang>fr</lang>" in server.requests[0].xml


def test_a_session_serves_many_commands(server: Registry, opened: Opened) -> None:
    with opened(server) as sessions:
        for _ in range(5):
            sessions.send(INFO)
    assert server.connections == 1


def test_no_transaction_id_is_used_twice(server: Registry, opened: Opened) -> None:
    with opened(server, max_sessions="4") as sessions, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: sessions.send(INFO), range(40)))
    used = [request.cl_trid for request in server.requests]
    assert len(used) == len(set(used))
    assert all(3 <= len(each) <= 64 for each in used)


def test_no_more_sessions_are_open_than_the_account_allows(server: Registry, opened: Opened) -> None:
    with opened(server, max_sessions="3") as sessions, ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: sessions.send(INFO), range(60)))
    assert all(answer.succeeded for answer in answers)
    assert server.most_open <= 3


def test_the_sessions_of_two_processes_together_keep_to_the_budget(server: Registry, opened: Opened) -> None:
    shared = LocalBudget(SystemClock())
    with (
        opened(server, budget=shared, max_sessions="2", idle_close_seconds="0.2") as one,
        opened(server, budget=shared, max_sessions="2", idle_close_seconds="0.2") as other,
        ThreadPoolExecutor(8) as threads,
    ):
        answers = list(threads.map(lambda number: (one, other)[number % 2].send(INFO), range(24)))
    assert all(answer.succeeded for answer in answers)
    assert server.most_open <= 2


def test_a_command_waits_for_a_session_that_is_in_use(server: Registry, opened: Opened) -> None:
    gate = Gate()
    server.script(gate)
    with opened(server, max_sessions="1") as sessions, ThreadPoolExecutor(2) as threads:
        first = threads.submit(sessions.send, INFO)
        wait_until(lambda: len(server.of("info")) == 1)
        second = threads.submit(sessions.send, INFO)
        gate.open()
        assert first.result(10).succeeded
        assert second.result(10).succeeded
    assert server.connections == 1


def test_without_a_free_session_the_command_is_not_sent_and_says_why(server: Registry, opened: Opened) -> None:
    gate = Gate()
    server.script(gate)
    with opened(server, max_sessions="1", connect_seconds="0.3") as sessions, ThreadPoolExecutor(1) as threads:
        first = threads.submit(sessions.send, INFO)
        wait_until(lambda: len(server.of("info")) == 1)
        with pytest.raises(Unavailable) as raised:
            sessions.send(DELETE)
        gate.open()
        assert first.result(10).succeeded
    assert raised.value.code == "no_session_free"
    assert "max_sessions is 1" in raised.value.message
    assert server.of("delete") == []


def test_where_the_server_lets_fewer_sessions_in_the_open_ones_serve_all_commands(
    server: Registry, opened: Opened
) -> None:
    gate = Gate()
    server.script(gate)
    server.logins.extend([reply(), reply(2502)])
    with opened(server, max_sessions="3") as sessions, ThreadPoolExecutor(6) as threads:
        first = threads.submit(sessions.send, INFO)
        wait_until(lambda: len(server.of("info")) == 1)
        others = [threads.submit(sessions.send, INFO)]
        wait_until(lambda: len(server.of("login")) == 2)
        others += [threads.submit(sessions.send, INFO) for _ in range(4)]
        gate.open()
        assert all(each.result(10).succeeded for each in (first, *others))
    assert len(server.of("login")) == 2


def test_an_idle_session_is_logged_out(server: Registry, opened: Opened) -> None:
    with opened(server, idle_close_seconds="0.2") as sessions:
        sessions.send(INFO)
        wait_until(lambda: server.open_now == 0)
        assert server.verbs() == ["login", "info", "logout"]


def test_an_old_session_is_replaced(server: Registry, opened: Opened) -> None:
    with opened(server, session_max_age_seconds="0.1") as sessions:
        sessions.send(INFO)
        threading.Event().wait(0.15)  # the age is what is tested
        sessions.send(INFO)
    assert server.connections == 2


def test_a_session_that_the_server_closed_meanwhile_is_replaced_before_anything_is_sent(
    server: Registry, opened: Opened
) -> None:
    with opened(server) as sessions:
        sessions.send(INFO)
        server.cut_all()
        wait_until(lambda: server.open_now == 0)
        assert sessions.send(DELETE).succeeded
    assert len(server.of("delete")) == 1


def test_a_command_without_login_is_sent_once_more_after_another_login(server: Registry, opened: Opened) -> None:
    server.script(reply(2002))
    with opened(server) as sessions:
        assert sessions.send(DELETE).code == 1000
    assert server.verbs()[:4] == ["login", "delete", "login", "delete"]
    assert len({request.cl_trid for request in server.of("delete")}) == 2


def test_a_second_2002_is_the_answer(server: Registry, opened: Opened) -> None:
    server.script(reply(2002), reply(2002))
    with opened(server) as sessions:
        assert sessions.send(DELETE).code == 2002


@pytest.mark.parametrize("code", [2500, 2501, 2502])
def test_a_code_that_ends_the_session_is_told_and_the_session_not_used_again(
    server: Registry, opened: Opened, code: int
) -> None:
    server.script(reply(code))
    with opened(server) as sessions:
        assert sessions.send(DELETE).code == code
        assert sessions.send(INFO).succeeded
    assert server.connections == 2


def test_hello_gives_the_greeting(server: Registry, opened: Opened) -> None:
    server.script(raw(framed(greeting())))
    with opened(server) as sessions:
        answer = sessions.send(commands.hello())
    assert isinstance(answer.data, Greeting)
    assert answer.data.server == "scripted"


def test_closing_twice_does_no_harm_and_ends_all_sessions(server: Registry, opened: Opened) -> None:
    with opened(server) as sessions:
        sessions.send(INFO)
        sessions.close()
        sessions.close()
        wait_until(lambda: server.open_now == 0)
        with pytest.raises(Unavailable, match="being closed"):
            sessions.send(INFO)


@pytest.mark.parametrize(
    ("code", "failure", "ours"),
    [
        (2200, Misconfigured, "login_refused"),
        (2501, Misconfigured, "login_refused"),
        (2307, Misconfigured, "login_not_valid"),
        (2400, Unavailable, "login_failed"),
        (2502, Unavailable, "login_failed"),
    ],
)
def test_a_refused_login_is_told(
    server: Registry, opened: Opened, code: int, failure: type[Exception], ours: str
) -> None:
    server.logins.append(reply(code, message=f"no: {PASSWORD.replace('&', '&amp;').replace('<', '&lt;')}"))
    with opened(server) as sessions, pytest.raises(failure) as raised:
        sessions.send(INFO)
    assert type(raised.value) is failure
    assert getattr(raised.value, "code", "") == ours
    assert getattr(raised.value, "vendor_code", "") == str(code)
    assert PASSWORD not in str(raised.value)


def test_a_refused_login_is_not_repeated_by_other_threads(server: Registry, opened: Opened) -> None:
    server.logins.extend([reply(2200)] * 8)

    def send(_number: int) -> str:
        with pytest.raises(Misconfigured) as raised:
            sessions.send(INFO)
        return raised.value.code

    with opened(server, max_sessions="8") as sessions, ThreadPoolExecutor(8) as threads:
        assert set(threads.map(send, range(8))) == {"login_refused"}
    assert len(server.of("login")) == 1


def test_a_server_that_hangs_up_before_its_greeting_again_and_again_needs_an_operator(
    certificate: trustme.LeafCert, opened: Opened
) -> None:
    def hang_up_at_once(_channel: object) -> None:
        raise ConnectionAbortedError

    with registry(server_context(certificate), hang_up_at_once) as server, opened(server) as sessions:
        for _ in range(2):
            with pytest.raises(Unavailable):
                sessions.send(INFO)
        with pytest.raises(Misconfigured, match="allowed addresses") as raised:
            sessions.send(INFO)
    assert raised.value.code == "not_let_in"


class AwayBudget(Budget):
    """A budget whose database is away."""

    def take_session(self, most: int, seconds: float) -> str | None:
        raise StoreUnavailable(f"no {most} for {seconds}")

    def keep_session(self, ticket: str, seconds: float) -> bool:
        raise StoreUnavailable(f"{ticket} for {seconds}")

    def give_session_back(self, ticket: str) -> None:
        raise StoreUnavailable(ticket)

    def turn(self, kind: str, per_second: float) -> float:
        raise StoreUnavailable(f"{kind} {per_second}")


def test_while_the_budget_is_away_nothing_is_sent(server: Registry, opened: Opened) -> None:
    with opened(server, budget=AwayBudget()) as sessions, pytest.raises(Unavailable) as raised:
        sessions.send(DELETE)
    assert raised.value.code == "budget_away"
    assert server.connections == 0


class LapsedBudget(LocalBudget):
    """A budget that lets a ticket lapse when it is told to."""

    lapsed = False
    kept = 0

    def keep_session(self, ticket: str, seconds: float) -> bool:
        self.kept += 1
        return not self.lapsed and super().keep_session(ticket, seconds)


class SkippedClock(SystemClock):
    """The machine's clock, and then some."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def test_a_session_whose_ticket_ran_out_is_closed_before_its_next_use(server: Registry, opened: Opened) -> None:
    clock = SkippedClock()
    budget = LapsedBudget(SystemClock())
    with opened(server, budget=budget, clock=clock) as sessions:
        sessions.send(INFO)
        budget.lapsed, clock.ahead = True, 6.0
        sessions.send(INFO)
    assert server.connections == 2


def test_a_fresh_ticket_is_not_prolonged_for_each_command(server: Registry, opened: Opened) -> None:
    budget = LapsedBudget(SystemClock())
    with opened(server, budget=budget) as sessions:
        for _ in range(5):
            sessions.send(INFO)
        assert budget.kept == 0


def test_tickets_are_given_back_at_the_end(server: Registry, opened: Opened) -> None:
    budget = LocalBudget(SystemClock())
    with opened(server, budget=budget, max_sessions="1") as sessions:
        sessions.send(INFO)
        assert budget.take_session(1, 10) is None
    assert budget.take_session(1, 10) is not None


def test_a_ticket_is_given_back_when_no_session_comes_of_it(server: Registry, opened: Opened) -> None:
    server.logins.append(hang_up)
    budget = LocalBudget(SystemClock())
    with opened(server, budget=budget, max_sessions="1") as sessions, pytest.raises(Unavailable):
        sessions.send(INFO)
    assert budget.take_session(1, 10) is not None


class CountedBudget(LocalBudget):
    """A budget that notes whose turn it was."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.turns: list[str] = []

    def turn(self, kind: str, per_second: float) -> float:
        self.turns.append(f"{kind} {per_second:g}")
        return 0.0


def test_logins_commands_and_logouts_wait_for_their_turn_and_checks_twice(server: Registry, opened: Opened) -> None:
    budget = CountedBudget()
    with opened(server, budget=budget, commands_per_second="9", checks_per_second="3") as sessions:
        sessions.send(commands.domain_check(("example.test",)))
        sessions.send(INFO)
    assert budget.turns == ["commands 9", "checks 3", "commands 9", "commands 9", "commands 9"]
