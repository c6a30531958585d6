from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import trustme

from adapters.plesk import PleskHosting, open_adapter, operations, reply
from adapters.plesk.client import Client
from adapters.plesk.packet import Filter, Values
from adapters.plesk.settings import read
from provisioner.kernel.clock import FakeClock, SystemClock
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.effects import EffectClass, effect_of
from provisioner.ports.outcomes import Misconfigured, Throttled, Uncertain
from tests.unit.plesk.loopback import fingerprint, loopback
from tests.unit.plesk.loopback import reply as http_reply
from tests.unit.plesk.scripted import ScriptedServer, account, hosting, streamed, webspace

STATUS: Values = {"values": {"gen_setup": {"status": "16"}}}
CERTIFICATE = trustme.CA().issue_cert("localhost")


class Dripping(httpx.SyncByteStream):
    """A body that comes byte by byte, one each minute."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self._clock.advance(60)
            yield b" "


def call(answer: httpx.Response, clock: FakeClock | None = None) -> None:
    """Send one change to a server that gives this answer."""
    client = Client(read(account()), clock or FakeClock(), httpx.MockTransport(lambda _request: answer))
    client.call(operations.WEBSPACE_SET, STATUS, Filter("guid", "g"))


def test_each_operation_has_the_effect_that_its_port_declares() -> None:
    panel = hosting(ScriptedServer())
    assert effect_of(panel.create_subscription).find == "find_subscription"
    assert effect_of(panel.suspend).effect_class is EffectClass.IDEMPOTENT


def test_credentials_and_kind_of_body_travel_in_headers() -> None:
    server = ScriptedServer().on("webspace/get", webspace(status=16))
    hosting(server).suspend("guid-s")
    headers = server.requests[0].headers
    assert server.requests[0].url == "https://panel.example:8443/enterprise/control/agent.php"
    assert (headers["HTTP_AUTH_LOGIN"], headers["HTTP_AUTH_PASSWD"]) == ("admin", "canary-admin-9")
    assert (headers["Content-Type"], headers["Accept-Encoding"]) == ("text/xml", "identity")


def test_every_request_has_every_timeout() -> None:
    server = ScriptedServer().on("webspace/get", webspace(status=16))
    hosting(server, connect_timeout="3", read_timeout="40").suspend("guid-s")
    assert server.requests[0].extensions["timeout"] == {"connect": 3.0, "pool": 3.0, "write": 3.0, "read": 40.0}


def test_a_session_that_the_server_offers_is_not_taken() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        response = streamed(f"<packet><webspace><get>{webspace(status=16)}</get></webspace></packet>".encode())
        response.headers["Set-Cookie"] = "PHPSESSID=canary; path=/"
        return response

    client = Client(read(account()), FakeClock(), httpx.MockTransport(answer))
    for _ in range(2):
        client.call(operations.WEBSPACE_GET, {}, Filter("guid", "g"))
    assert "Cookie" not in seen[1].headers


def test_a_redirect_is_not_followed() -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/"}, stream=httpx.ByteStream(b""))

    client = Client(read(account()), FakeClock(), httpx.MockTransport(answer))
    with pytest.raises(Misconfigured):
        client.call(operations.PROTOCOLS)
    assert [url.host for url in asked] == ["panel.example"]


def test_an_answer_that_is_too_long_is_uncertain() -> None:
    with pytest.raises(Uncertain, match="more than"):
        call(streamed(b" " * (reply.MOST_BYTES + 1)))


def test_an_answer_that_drips_for_longer_than_the_read_timeout_is_uncertain() -> None:
    clock = FakeClock()
    with pytest.raises(Uncertain) as unknown:
        call(httpx.Response(200, stream=Dripping(clock)), clock)
    assert unknown.value.code == "read_timeout"


def test_a_compressed_answer_was_not_asked_for_and_is_uncertain() -> None:
    with pytest.raises(Uncertain):
        call(httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"\x1f\x8b\x08")))


def test_a_throttled_request_says_when_to_come_back() -> None:
    with pytest.raises(Throttled) as throttled:
        call(httpx.Response(429, headers={"Retry-After": "9"}, stream=httpx.ByteStream(b"")))
    assert throttled.value.retry_after == 9.0


def panel_at(endpoint: str) -> PleskHosting:
    settings = {"endpoint": endpoint, "fingerprint": fingerprint(CERTIFICATE), "read_timeout": "20"}
    credentials = {"secret_key": Secret("0-1-2")}
    return open_adapter(VendorAccount("panel-1", "plesk", settings=settings, credentials=credentials), SystemClock())


@pytest.mark.loopback
def test_one_adapter_serves_many_threads() -> None:
    body = f"<packet><webspace><get>{webspace(status=16)}</get></webspace></packet>".encode()
    with loopback(CERTIFICATE, http_reply(body)) as server:
        panel = panel_at(server.endpoint)
        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(panel.suspend, ["guid-s"] * 24))
        panel.close()
    assert [each.ref for each in done] == ["guid-s"] * 24
    assert len(server.received) == 24
