"""Every secret of these tests holds the word `canary`; nothing that is kept or shown may hold it."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest
import trustme

from adapters.plesk import PleskHosting, open_adapter
from provisioner.kernel.clock import SystemClock
from provisioner.kernel.secret import Secret
from provisioner.ports import exchange
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.outcomes import Failure
from tests.unit.plesk.loopback import fingerprint, loopback
from tests.unit.plesk.loopback import reply as http_reply
from tests.unit.plesk.scripted import (
    ABSENT,
    CUSTOMER,
    OK,
    WANTED,
    ScriptedServer,
    account,
    customer,
    empty_server,
    hosting,
    refused,
    webspace,
)
from tests.unit.plesk.scripted_sites import CERTIFICATE, KEY, SITE
from tests.unit.plesk.scripted_sites import server as sites_server

# Plesk's validator quotes what it refuses; each packet can be answered with the secrets that it carried.
CUSTOMER_ECHO = "Element 'passwd': 'canary-customer-9' is not valid, nor is canary-admin-9"
SUBSCRIPTION_ECHO = "Element 'value': 'canary-ftp-9' is not valid, nor is canary-admin-9"
CUT_OFF = "<packet><webspace><get><result><data><value>canary-stored-9"


def system_error(text: str) -> str:
    return f"<system><status>error</status><errcode>1023</errcode><errtext>{text}</errtext></system>"


BAD_ANSWERS: dict[str, Callable[[str], str | httpx.Response | httpx.RequestError]] = {
    "an error that quotes": lambda echo: refused(1014, echo),
    "an unknown error that quotes": lambda echo: refused(4242, echo),
    "a system error that quotes": system_error,
    "an answer cut off": lambda _: httpx.Response(200, text=CUT_OFF),
    "a page that quotes": lambda echo: httpx.Response(502, text=f"<html>{echo}</html>"),
    "a broken connection": lambda _: httpx.ReadError("no"),
}


class Kept:
    """What a call leaves behind: exchanges and failures."""

    def __init__(self) -> None:
        self.exchanges: list[exchange.Exchange] = []
        self.failures: list[Failure] = []

    def run(self, call: Callable[[], object]) -> None:
        with exchange.collected() as exchanges:
            try:
                call()
            except Failure as failure:
                self.failures.append(failure)
        self.exchanges += exchanges

    def text(self) -> str:
        told = [f"{each} {each!r} {each.args} {vars(each)} {each.__cause__!r}" for each in self.failures]
        return "\n".join([*told, *(f"{each.request} {each.response}" for each in self.exchanges)])


@pytest.fixture(autouse=True)
def _everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    assert "canary" not in caplog.text


@pytest.mark.parametrize("kind", BAD_ANSWERS)
def test_a_customer_that_fails_leaves_no_secret(kind: str) -> None:
    answer = BAD_ANSWERS[kind](CUSTOMER_ECHO)
    kept = Kept()
    kept.run(lambda: hosting(empty_server().on("customer/add", answer)).ensure_customer(CUSTOMER))
    assert len(kept.failures) == 1
    assert "canary" not in kept.text()


@pytest.mark.parametrize("kind", BAD_ANSWERS)
def test_a_subscription_that_fails_leaves_no_secret(kind: str) -> None:
    answer = BAD_ANSWERS[kind](SUBSCRIPTION_ECHO)
    kept = Kept()
    server = empty_server().on("webspace/get", ABSENT).on("webspace/add", answer)
    kept.run(lambda: hosting(server).create_subscription(WANTED))
    assert len(kept.failures) == 1
    assert "canary" not in kept.text()


KEY_ECHO = f"Unable to set pvt content: {' '.join(KEY.splitlines())}, nor is canary-admin-9"


@pytest.mark.parametrize("kind", BAD_ANSWERS)
def test_a_certificate_that_fails_leaves_no_line_of_its_private_key(kind: str) -> None:
    kept = Kept()
    panel = sites_server().on("certificate/install", BAD_ANSWERS[kind](KEY_ECHO))
    kept.run(lambda: hosting(panel).install_certificate(SITE, CERTIFICATE))
    assert len(kept.failures) == 1
    assert "canary" not in kept.text()


def test_a_certificate_that_is_installed_leaves_no_private_key() -> None:
    kept = Kept()
    panel = sites_server().on("certificate/install", OK)
    kept.run(lambda: hosting(panel).install_certificate(SITE, CERTIFICATE))
    assert any("<certificate><install><name>provisioner-" in each.request for each in kept.exchanges)
    assert "canary" not in kept.text()


def test_a_private_key_that_xml_cannot_hold_is_not_quoted() -> None:
    kept = Kept()
    broken = replace(CERTIFICATE, key=Secret(KEY + "\x00"))
    kept.run(lambda: hosting(sites_server()).install_certificate(SITE, broken))
    assert kept.failures[0].code == "invalid_input"
    assert "canary" not in kept.text()


def test_what_plesk_shows_of_passwords_is_not_kept() -> None:
    server = empty_server().on("customer/get", customer()).on("webspace/get", webspace())
    kept = Kept()
    kept.run(lambda: hosting(server).ensure_customer(CUSTOMER))
    kept.run(lambda: hosting(server).create_subscription(WANTED))
    assert "canary" not in kept.text()
    shown = "".join(each.response for each in kept.exchanges)
    assert "<password>***</password>" in shown
    assert "<name>ftp_password</name><value>***</value>" in shown


def test_every_packet_is_kept_with_its_answer() -> None:
    kept = Kept()
    kept.run(lambda: hosting(empty_server()).ensure_customer(CUSTOMER))
    assert [bool(each.response) for each in kept.exchanges] == [True, True, True]
    assert "<pname>Example Customer</pname><login>demo</login><passwd>***</passwd>" in kept.exchanges[2].request


def test_a_request_without_answer_is_kept() -> None:
    kept = Kept()
    server = ScriptedServer().on("customer/get", ABSENT).on("customer/add", httpx.ReadTimeout("no"))
    kept.run(lambda: hosting(server).ensure_customer(CUSTOMER))
    assert "<customer><add>" in kept.exchanges[-1].request
    assert kept.exchanges[-1].response == ""


def test_the_adapter_shows_no_secret_when_printed() -> None:
    panel = hosting(ScriptedServer())
    assert "canary" not in f"{panel!r} {panel._client!r} {panel._server!r} {panel._customers!r} {panel._lifecycle!r}"


@pytest.mark.loopback
def test_the_wires_own_log_holds_no_secret() -> None:
    certificate = trustme.CA().issue_cert("localhost")
    answers = [http_reply(f"<packet>{each}</packet>".encode()) for each in (_get(ABSENT), _get(ABSENT), _add())]
    kept = Kept()
    with loopback(certificate, *answers) as server:
        panel = _at(server.endpoint, fingerprint(certificate))
        kept.run(lambda: panel.ensure_customer(CUSTOMER))
        panel.close()
    assert b"canary-customer-9" in server.received[-1]
    assert "canary" not in kept.text()


def _get(result: str) -> str:
    return f"<customer><get>{result}</get></customer>"


def _add() -> str:
    return f"<customer><add>{refused(1014, CUSTOMER_ECHO)}</add></customer>"


def _at(endpoint: str, pin: str) -> PleskHosting:
    settings = {"endpoint": endpoint, "fingerprint": pin}
    return open_adapter(
        VendorAccount("panel-1", "plesk", settings=settings, credentials=account().credentials), SystemClock()
    )
