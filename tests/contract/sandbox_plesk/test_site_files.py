"""FTP with TLS, and the files over HTTP."""

import ftplib  # TLS begins before the login
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.plesk import RunningPlesk, start_simulator
from tests.contract.sandbox_plesk import wire, world
from tests.support.processes import wait_for


@pytest.fixture
def simulator() -> Iterator[RunningPlesk]:
    with start_simulator() as running:
        yield running


@pytest.fixture
def plesk(simulator: RunningPlesk, hosted: wire.Client) -> RunningPlesk:
    """A server with the subscription example.com, whose system user is web1."""
    assert hosted.code(wire.webspace_get("<id>1</id>")) == 0
    return simulator


def stored(plesk: RunningPlesk) -> list[str]:
    return [effect.details["path"] for effect in plesk.ledger.effects(operation="ftp.store", reference="svc:1")]


def test_a_file_that_was_stored_is_served(plesk: RunningPlesk) -> None:
    with world.ftp(plesk) as client:
        world.store(client)
    assert world.page(plesk) == (200, b"proof")


def test_the_home_has_the_folder_of_the_documents(plesk: RunningPlesk) -> None:
    with world.ftp(plesk) as client:
        assert client.nlst() == ["httpdocs"]


def test_a_stored_file_can_be_read_again(plesk: RunningPlesk) -> None:
    got: list[bytes] = []
    with world.ftp(plesk) as client:
        world.store(client)
        client.retrbinary(f"RETR {world.TOKEN}", got.append)
    assert b"".join(got) == b"proof"


def test_a_session_that_enters_a_folder_moves_nobody_else(plesk: RunningPlesk) -> None:
    """The working directory belongs to the process, and so to every simulator in it."""
    own, seen, ended = Path.cwd(), set[Path](), Event()

    def watch() -> None:
        while not ended.is_set():
            seen.add(Path.cwd())

    with world.ftp(plesk) as session, ThreadPoolExecutor(1) as threads:
        watching = threads.submit(watch)
        for _ in range(200):
            session.cwd("/httpdocs")
            session.cwd("/")
        ended.set()
        watching.result()
        with pytest.raises(ftplib.error_perm, match="No such file"):
            session.cwd("/nowhere")
    assert seen == {own}


def test_a_deleted_file_is_served_no_more(plesk: RunningPlesk) -> None:
    with world.ftp(plesk) as client:
        world.store(client)
        client.delete(world.TOKEN)
    assert world.page(plesk)[0] == 404


def test_storing_and_deleting_are_in_the_ledger(plesk: RunningPlesk) -> None:
    with world.ftp(plesk) as client:
        world.store(client)
        client.delete(world.TOKEN)
    told = [(effect.operation, effect.account, effect.details) for effect in plesk.ledger.effects(reference="svc:1")]
    path = {"path": f"/{world.TOKEN}"}
    assert told[1:] == [("ftp.store", "web1", path), ("ftp.delete", "web1", path)]


@pytest.mark.parametrize(("sent", "stores"), [(b"proof", 1), (b"", 0)])
def test_what_a_client_that_went_away_had_sent_stays_and_is_in_the_ledger(
    plesk: RunningPlesk, sent: bytes, stores: int
) -> None:
    with world.ftp(plesk) as client:
        world.store(client, f"{world.TOKEN}-before", b"")
        with closing(client.transfercmd(f"STOR {world.TOKEN}")) as data:
            data.send(sent)
            wait_for(lambda: f"bytes received: {len(sent)}" in client.sendcmd("STAT"), "what was sent to arrive")
            client.close()
            wait_for(lambda: is_gone(data), "the server to end the transfer")
    assert world.page(plesk) == (200, sent)
    path = {"path": f"/{world.TOKEN}"}
    assert sum(effect.details == path for effect in plesk.ledger.effects(operation="ftp.store")) == stores


def is_gone(data: socket.socket) -> bool:
    """Whether the server has ended the connection for data."""
    try:
        return data.recv(1) == b""
    except OSError:
        return True


def test_a_file_that_is_not_there_cannot_be_deleted(plesk: RunningPlesk) -> None:
    with world.ftp(plesk) as client, pytest.raises(ftplib.error_perm, match="550"):
        client.delete("httpdocs/none")
    assert plesk.ledger.effects(operation="ftp.delete") == []


def test_nobody_comes_in_without_tls(plesk: RunningPlesk) -> None:
    with ftplib.FTP(timeout=world.SECONDS) as client:  # noqa: S321 - that it is refused is the point
        client.connect(world.HOST, plesk.ftp_port)
        with pytest.raises(ftplib.error_perm, match="TLS required"):
            client.login("web1", wire.PASSWORD)


def test_data_must_be_protected(plesk: RunningPlesk) -> None:
    with world.ftp(plesk) as client:
        client.prot_c()
        with pytest.raises(ftplib.error_perm, match="TLS required"):
            client.nlst()


@pytest.mark.parametrize(("login", "password"), [("web1", "wrong"), ("nobody", wire.PASSWORD), ("jdoe", wire.PASSWORD)])
def test_only_a_system_user_with_his_password_comes_in(login: str, password: str, plesk: RunningPlesk) -> None:
    with pytest.raises(ftplib.error_perm, match="530"), world.ftp(plesk, login, password):
        pass


def test_a_new_password_takes_the_place_of_the_old_one(plesk: RunningPlesk, client: wire.Client) -> None:
    assert client.code(world.set_site({"ftp_password": "Another-one-2"})) == 0
    with world.ftp(plesk, password="Another-one-2") as session:
        assert session.pwd() == "/"


def test_the_user_of_a_suspended_subscription_stays_outside(plesk: RunningPlesk, client: wire.Client) -> None:
    client.result(wire.status_set(16))
    with pytest.raises(ftplib.error_perm, match="530"), world.ftp(plesk):
        pass


def test_a_suspended_site_is_503(plesk: RunningPlesk, client: wire.Client) -> None:
    client.result(wire.status_set(16))
    assert world.page(plesk)[0] == 503


@pytest.mark.parametrize("host", ["example.com", "www.example.com", "EXAMPLE.com", "example.com:8080"])
def test_a_site_answers_under_its_names(host: str, plesk: RunningPlesk) -> None:
    with world.ftp(plesk) as client:
        world.store(client)
    assert world.page(plesk, host=host) == (200, b"proof")


def test_a_name_with_umlauts_is_found_by_its_a_label(plesk: RunningPlesk, client: wire.Client) -> None:
    client.result(wire.webspace_add("bücher.example", external_id="svc:2", login="web2"))
    with world.ftp(plesk, "web2") as session:
        world.store(session)
    assert world.page(plesk, host="xn--bcher-kva.example")[0] == 200


def test_an_unknown_name_is_404(plesk: RunningPlesk) -> None:
    assert world.page(plesk, host="other.example")[0] == 404


def test_nothing_outside_of_the_documents_is_served(plesk: RunningPlesk) -> None:
    with world.ftp(plesk) as client:
        client.mkd("private")
        world.store(client, "httpdocs/a/b")
        client.rename("httpdocs/a/b", "private/b")
    assert world.page(plesk, "/../private/b")[0] == 404
    assert world.page(plesk, "/%2e%2e/private/b")[0] == 404


def test_a_folder_shows_its_index(plesk: RunningPlesk) -> None:
    with world.ftp(plesk) as client:
        world.store(client, "httpdocs/index.html", b"<html></html>")
    assert world.page(plesk, "/") == (200, b"<html></html>")


def test_a_second_site_has_documents_of_its_own(plesk: RunningPlesk, client: wire.Client) -> None:
    client.result(
        wire.webspace_set("<id>1</id>", "<limits><limit><name>max_site</name><value>2</value></limit></limits>")
    )
    setup = "<gen_setup><name>second.example</name><htype>vrt_hst</htype><webspace-id>1</webspace-id></gen_setup>"
    hosting = f"<hosting><vrt_hst>{wire.properties({'php': 'true'})}</vrt_hst></hosting>"
    assert client.code(f"<site><add>{setup}{hosting}</add></site>") == 0
    with world.ftp(plesk) as session:
        world.store(session)
        session.rename(world.TOKEN, "second.example/token")
    assert world.page(plesk, "/token", host="second.example") == (200, b"proof")


def test_the_files_go_with_their_subscription(plesk: RunningPlesk, client: wire.Client) -> None:
    with world.ftp(plesk) as session:
        world.store(session)
    client.result("<webspace><del><filter><id>1</id></filter></del></webspace>")
    client.result(wire.webspace_add())
    assert world.page(plesk)[0] == 404


def test_a_refused_login_is_let_in_the_next_time(plesk: RunningPlesk) -> None:
    plesk.faults.plan("ftp.login", Fault.REFUSE, code=530)
    with pytest.raises(ftplib.error_perm, match="530"), world.ftp(plesk):
        pass
    with world.ftp(plesk) as client:
        assert client.pwd() == "/"


def test_a_server_that_is_too_busy_sends_clients_away(plesk: RunningPlesk) -> None:
    plesk.faults.plan("ftp.connect", Fault.REFUSE, code=421)
    with pytest.raises(ftplib.error_temp, match="421"), world.ftp(plesk):
        pass


def test_a_refused_file_is_not_stored(plesk: RunningPlesk) -> None:
    plesk.faults.plan("ftp.store", Fault.REFUSE, code=552, text="Quota exceeded.", match="token")
    with world.ftp(plesk) as client, pytest.raises(ftplib.error_perm, match="552 Quota"):
        world.store(client)
    assert stored(plesk) == []


@pytest.mark.parametrize(
    ("fault", "seen"),
    [(Fault.FAIL_AFTER_EFFECT, ftplib.error_temp), (Fault.RESET_AFTER_EFFECT, EOFError)],
)
def test_a_stored_file_may_be_told_otherwise(fault: Fault, seen: type[Exception], plesk: RunningPlesk) -> None:
    plesk.faults.plan("ftp.store", fault)
    with pytest.raises(seen), world.ftp(plesk) as client:
        world.store(client)
    assert stored(plesk) == [f"/{world.TOKEN}"]
    assert world.page(plesk) == (200, b"proof")


def test_a_page_may_fail(plesk: RunningPlesk) -> None:
    plesk.faults.plan("http.get", Fault.BAD_GATEWAY_AFTER_EFFECT, match="example.com")
    assert world.page(plesk)[0] == 502


def test_nothing_is_sent_to_a_site(plesk: RunningPlesk) -> None:
    assert world.page(plesk, method="POST")[0] == 405


def test_the_system_users_password_is_in_no_answer_of_the_control_interface(
    plesk: RunningPlesk, control: wire.Control
) -> None:
    with world.ftp(plesk) as client:
        world.store(client)
    assert wire.PASSWORD not in control("/state") + control("/ledger")


def test_files_are_there_after_a_restart_on_the_same_ports(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first, None) as client:
        client.results(wire.customer_add() + wire.webspace_add())
        with world.ftp(first) as session:
            world.store(session)
    with start_simulator(data_dir=tmp_path) as second:
        assert world.page(second) == (200, b"proof")
        assert second.ports == first.ports
