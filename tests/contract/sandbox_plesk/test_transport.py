"""HTTP, credentials, packets: what is looked at before any operation."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPSConnection
from urllib.parse import urlsplit

import httpx
import pytest

from adapters.sandbox.running import RunningSimulator
from adapters.sandbox.serving import MAX_BODY
from tests.contract.sandbox_plesk import wire

PROTOS = "<packet><server><get_protos/></server></packet>"
BOMB = '<?xml version="1.0"?><!DOCTYPE packet [<!ENTITY a "aaaa">]><packet><server><get_protos/></server></packet>'

NONSENSE = b'<?xml version="1.0" encoding="nonsense"?><packet/>'


def keyed(key: str) -> dict[str, str]:
    return {"KEY": key, "Content-Type": "text/xml"}


def test_it_looks_like_the_vendors_web_server(client: wire.Client) -> None:
    response = client.post(PROTOS)
    assert response.headers["Server"] == "sw-cp-server"
    assert response.headers["Set-Cookie"].startswith("PHPSESSID=")
    assert response.headers["Content-Type"].startswith("text/xml")


def test_business_errors_come_with_200(client: wire.Client) -> None:
    assert client.post(f"<packet>{wire.webspace_get('<id>77</id>')}</packet>").status_code == 200


def test_the_fingerprint_is_that_of_the_certificate_on_the_wire(simulator: RunningSimulator) -> None:
    (certificate,) = wire.trusting(simulator).get_ca_certs(binary_form=True)
    assert hashlib.sha256(certificate).hexdigest() == simulator.fingerprint


def test_a_wrong_password_is_1001(simulator: RunningSimulator, client: wire.Client) -> None:
    headers = {"HTTP_AUTH_LOGIN": simulator.credentials["login"].reveal(), "HTTP_AUTH_PASSWD": "wrong"}
    assert client.system_code(PROTOS, headers) == 1001


def test_no_credentials_at_all_are_1001(client: wire.Client) -> None:
    assert client.system_code(PROTOS, {}) == 1001


def test_a_secret_key_opens(simulator: RunningSimulator, client: wire.Client) -> None:
    key = simulator.credentials["secret_key"].reveal()
    assert client.packet(PROTOS, keyed(key)).findtext(".//result/status") == "ok"


def test_an_unknown_secret_key_is_11003(client: wire.Client) -> None:
    assert client.system_code(PROTOS, keyed("00000000-0000-0000-0000-000000000000")) == 11003


def test_a_secret_key_from_another_address_is_11003(client: wire.Client) -> None:
    made = client.result("<secret_key><create><ip_address>192.0.2.99</ip_address></create></secret_key>")
    assert client.system_code(PROTOS, keyed(made.findtext("key") or "")) == 11003


def test_a_secret_key_without_an_address_is_bound_to_the_caller(client: wire.Client) -> None:
    made = client.result("<secret_key><create><description>mine</description></create></secret_key>")
    assert client.packet(PROTOS, keyed(made.findtext("key") or "")).findtext(".//result/status") == "ok"


def test_a_customer_may_come_in_but_do_nothing(client: wire.Client) -> None:
    client.result(wire.customer_add(login="jdoe"))
    answer = client.packet(PROTOS, {"HTTP_AUTH_LOGIN": "jdoe", "HTTP_AUTH_PASSWD": wire.PASSWORD})
    assert answer.findtext(".//result/errcode") == "1006"


@pytest.mark.parametrize("version", ["1.6.9.1", "1.6", "1.6.7.0", ""])
def test_a_known_or_partial_version_is_accepted(version: str, client: wire.Client) -> None:
    answer = client.packet(f'<packet version="{version}"><server><get_protos/></server></packet>')
    assert answer.findtext(".//result/status") == "ok"


@pytest.mark.parametrize("version", ["1.6.9.9", "2", "1.6.9.1.1", "x"])
def test_an_unknown_version_is_1005(version: str, client: wire.Client) -> None:
    assert client.system_code(f'<packet version="{version}"><server><get_protos/></server></packet>') == 1005


def test_the_newest_version_is_listed(client: wire.Client) -> None:
    assert "1.6.9.1" in [proto.text for proto in client.result("<server><get_protos/></server>").iter("proto")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<packet>",
        BOMB.encode(),
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="nonsense"?><packet/>',
    ],
    ids=["empty", "text", "unclosed", "document type", "bytes", "unknown encoding"],
)
def test_what_is_no_packet_is_1014(body: bytes, client: wire.Client) -> None:
    assert client.system_code(body) == 1014


def test_a_packet_that_is_too_large_is_1014(client: wire.Client) -> None:
    assert client.system_code(b"<packet>" + b" " * MAX_BODY + b"</packet>") == 1014


def test_a_packet_sent_in_chunks_is_read(simulator: RunningSimulator) -> None:
    def chunks() -> Iterator[bytes]:
        yield PROTOS[:20].encode()
        yield PROTOS[20:].encode()

    headers = keyed(simulator.credentials["secret_key"].reveal())
    with httpx.Client(base_url=simulator.endpoint, verify=wire.trusting(simulator)) as http:
        assert b"<status>ok</status>" in http.post(wire.AGENT, content=chunks(), headers=headers).content


def test_another_path_is_not_found(client: wire.Client) -> None:
    assert client.get("/api/v2/server").status_code == 404


def test_every_operation_has_its_own_result_and_none_undoes_another(client: wire.Client) -> None:
    add, again = wire.customer_add(login="one", external_id=""), wire.customer_add(login="one", external_id="")
    other = wire.customer_add(login="two", external_id="")
    results = client.results(add + again + other)
    assert [wire.code_of(result) for result in results] == [0, 1007, 0]


def test_answers_stand_below_their_operator_and_operation(client: wire.Client) -> None:
    answer = client.packet("<packet><ip><get/></ip><server><get_protos/></server></packet>")
    assert [f"{operator.tag}/{operator[0].tag}" for operator in answer] == ["ip/get", "server/get_protos"]


def test_a_non_ascii_password_in_the_headers_is_understood(client: wire.Client) -> None:
    info = "<pname>Ä</pname><login>umlaut</login><passwd>pässwörtlich</passwd>"
    client.result(f"<customer><add><gen_info>{info}</gen_info></add></customer>")
    headers = {"HTTP_AUTH_LOGIN": "umlaut", "HTTP_AUTH_PASSWD": "pässwörtlich"}
    answer = client.packet(PROTOS, {name: value.encode() for name, value in headers.items()})  # type: ignore[misc]  # httpx takes bytes
    assert answer.findtext(".//result/errcode") == "1006"


@pytest.mark.parametrize(
    ("header", "value", "body"),
    [
        ("Content-Length", "many", b""),
        ("Content-Length", "-1", b""),
        ("Content-Length", "99999999999999999999", b""),
        ("Transfer-Encoding", "chunked", b"xyz\r\n"),
    ],
)
def test_a_body_that_is_not_framed_as_http_asks_is_1014(
    header: str, value: str, body: bytes, simulator: RunningSimulator
) -> None:
    address = urlsplit(simulator.endpoint)
    connection = HTTPSConnection(str(address.hostname), address.port, context=wire.trusting(simulator), timeout=30)
    with closing(connection):
        connection.putrequest("POST", wire.AGENT)
        connection.putheader("KEY", simulator.credentials["secret_key"].reveal())
        connection.putheader(header, value)
        connection.endheaders(body)
        assert b"<errcode>1014</errcode>" in connection.getresponse().read()
