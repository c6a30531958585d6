"""Files of a site, against an FTP server with TLS on loopback."""

import ftplib
import ssl
from pathlib import Path

import pytest
import trustme

from adapters.plesk import PleskHosting, file_errors
from adapters.plesk.file_errors import Stage
from provisioner.ports import exchange
from provisioner.ports.outcomes import FAILURES, Failure, Rejected, Unavailable, Uncertain
from tests.unit.plesk.file_server import FileServer, serving
from tests.unit.plesk.scripted import hosting
from tests.unit.plesk.scripted_sites import FILE, SITE, server

PATH = "httpdocs/.well-known/acme-challenge/token-1"
CONTENT = FILE.content.encode()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("localhost")


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


def panel(files: FileServer, ca_file: str) -> PleskHosting:
    settings = {"endpoint": "https://localhost:8443", "ca_file": ca_file, "ftp_port": str(files.port)}
    return hosting(server(), **settings)


@pytest.mark.loopback
def test_a_file_is_written_below_folders_that_are_made(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate) as files:
        panel(files, ca_file).show_challenge(SITE, FILE)
    assert files.files == {PATH: CONTENT}


@pytest.mark.loopback
def test_nothing_but_the_wish_for_tls_is_said_in_clear(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate) as files:
        panel(files, ca_file).show_challenge(SITE, FILE)
    assert files.in_clear == ["AUTH TLS"]
    assert files.protected[:4] == ["USER demo1", "PASS canary-ftp-9", "PBSZ 0", "PROT P"]


@pytest.mark.loopback
def test_data_connections_resume_the_tls_session(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate) as files:
        panel(files, ca_file).show_challenge(SITE, FILE)
    assert files.resumed == [True, True]


@pytest.mark.loopback
def test_a_file_that_is_there_is_not_written_again(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate) as files:
        files.files[PATH] = CONTENT
        panel(files, ca_file).show_challenge(SITE, FILE)
    assert not [command for command in files.protected if command.startswith("STOR")]


@pytest.mark.loopback
def test_a_file_that_was_cut_off_is_written_again(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate) as files:
        files.files[PATH] = CONTENT[:5]
        panel(files, ca_file).show_challenge(SITE, FILE)
    assert files.files == {PATH: CONTENT}


@pytest.mark.loopback
def test_a_file_that_does_not_end_is_not_read_to_its_end(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate) as files:
        files.files[PATH] = b"x" * 1024 * 1024
        with pytest.raises(Unavailable) as failed:
            panel(files, ca_file).show_challenge(SITE, FILE)
    assert "more than 65536 bytes" in failed.value.message


@pytest.mark.loopback
def test_a_file_that_reads_differently_is_uncertain(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate) as files:
        files.spoils = True
        with pytest.raises(Uncertain) as failed:
            panel(files, ca_file).show_challenge(SITE, FILE)
    assert failed.value.code == "not_shown_yet"


@pytest.mark.loopback
def test_a_server_without_tls_never_learns_the_password(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate, AUTH=b"502 not implemented") as files, pytest.raises(Rejected) as failed:
        panel(files, ca_file).show_challenge(SITE, FILE)
    assert (failed.value.code, failed.value.vendor_code) == ("challenge_not_possible", "502")
    assert "TLS" in failed.value.message
    assert (files.in_clear, files.protected) == (["AUTH TLS"], [])


@pytest.mark.loopback
def test_a_stranger_never_learns_the_password(ca_file: str) -> None:
    with serving(trustme.CA().issue_cert("localhost")) as files, pytest.raises(Rejected) as failed:
        panel(files, ca_file).show_challenge(SITE, FILE)
    assert failed.value.code == "challenge_not_possible"
    assert "not trusted" in failed.value.message
    assert files.protected == []


@pytest.mark.loopback
def test_a_refused_login_is_told_in_words_without_the_password(certificate: trustme.LeafCert, ca_file: str) -> None:
    with (
        serving(certificate, PASS=b"530 demo1 with canary-ftp-9 is wrong") as files,
        exchange.collected() as exchanges,
        pytest.raises(Rejected) as failed,
    ):
        panel(files, ca_file).show_challenge(SITE, FILE)
    assert (failed.value.code, failed.value.vendor_code) == ("challenge_not_possible", "530")
    assert "password may have been changed" in failed.value.message
    assert "canary" not in f"{failed.value!r} {failed.value.__cause__!r} {exchanges}"


@pytest.mark.loopback
@pytest.mark.parametrize("greeting", [b"421 too many connections", b"<html>", b"220 \xff\xfe", b""])
def test_a_server_that_greets_strangely_is_asked_later(
    certificate: trustme.LeafCert, ca_file: str, greeting: bytes
) -> None:
    with serving(certificate, greeting=greeting) as files, pytest.raises(Unavailable):
        panel(files, ca_file).show_challenge(SITE, FILE)


@pytest.mark.loopback
def test_a_server_that_does_not_listen_is_asked_later(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate) as files:
        closed = panel(files, ca_file)
    with pytest.raises(Unavailable) as failed:
        closed.show_challenge(SITE, FILE)
    assert failed.value.code == "file_server_lost"


@pytest.mark.loopback
def test_only_the_file_itself_is_removed(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate) as files:
        files.files = {PATH: CONTENT, f"{PATH}-of-another": b"x"}
        panel(files, ca_file).hide_challenge(SITE, FILE)
    assert files.files == {f"{PATH}-of-another": b"x"}


@pytest.mark.loopback
def test_a_file_that_is_gone_is_no_error(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate) as files:
        panel(files, ca_file).hide_challenge(SITE, FILE)
    assert f"DELE {PATH}" in files.protected


@pytest.mark.loopback
def test_a_file_that_the_server_does_not_give_up_is_not_hidden(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate, DELE=b"550 Permission denied") as files:
        files.files[PATH] = CONTENT
        with pytest.raises(Rejected) as failed:
            panel(files, ca_file).hide_challenge(SITE, FILE)
    assert (failed.value.code, failed.value.vendor_code) == ("challenge_not_possible", "550")
    assert failed.value.message == f"the file {PATH} cannot be removed: 550 Permission denied"


@pytest.mark.loopback
def test_what_goes_over_the_wire_is_recorded_by_verb_and_path(certificate: trustme.LeafCert, ca_file: str) -> None:
    with serving(certificate) as files, exchange.collected() as exchanges:
        panel(files, ca_file).show_challenge(SITE, FILE)
    told = [(each.request, each.response) for each in exchanges if each.request.startswith("FTPS")]
    assert told == [
        (f"FTPS RETR {PATH}", "550 no such file"),
        (f"FTPS STOR {PATH}", "226 done"),
        (f"FTPS RETR {PATH}", "226 done"),
    ]


def kinds(base: type[Exception]) -> list[type[Exception]]:
    return [base, *(kind for each in base.__subclasses__() for kind in kinds(each))]


RAISED = [*kinds(ftplib.Error), EOFError, UnicodeDecodeError, OSError, TimeoutError, ConnectionResetError, ssl.SSLError]


def sample(kind: type[Exception], text: str = "451 no") -> Exception:
    return kind("utf-8", b"\xff", 0, 1, text) if kind is UnicodeDecodeError else kind(text)


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("kind", RAISED)
def test_everything_that_an_ftp_connection_raises_has_one_outcome(kind: type[Exception], stage: Stage) -> None:
    assert type(file_errors.failure(sample(kind), stage)) in FAILURES


@pytest.mark.parametrize("stage", [each for each in Stage if each is not Stage.CHANGE])
@pytest.mark.parametrize("kind", RAISED)
def test_what_changed_nothing_is_never_uncertain(kind: type[Exception], stage: Stage) -> None:
    assert not isinstance(file_errors.failure(sample(kind), stage), Uncertain)


@pytest.mark.parametrize(
    ("kind", "text", "outcome", "code"),
    [
        (ftplib.error_perm, "552 disk full", Rejected, "challenge_not_possible"),
        (ssl.SSLCertVerificationError, "self-signed", Rejected, "challenge_not_possible"),
        (ftplib.error_temp, "451 later", Uncertain, "file_server_busy"),
        (TimeoutError, "no answer", Uncertain, "timeout"),
        (ConnectionResetError, "reset", Uncertain, "file_server_lost"),
        (EOFError, "", Uncertain, "file_server_lost"),
    ],
)
def test_a_change_that_fails_has_the_outcome_of_the_table(
    kind: type[Exception], text: str, outcome: type[Failure], code: str
) -> None:
    found = file_errors.failure(sample(kind, text), Stage.CHANGE)
    assert (type(found), found.code) == (outcome, code)
