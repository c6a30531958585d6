"""certificate, secret_key, session, server, ip, php-handler."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.sandbox.running import RunningSimulator
from tests.contract.sandbox_plesk import wire

SUBJECT = (
    "<country>DE</country><state>Bavaria</state><location>Ulm</location><company>C</company><email>a@b.example</email>"
)
SESSION = "<server><create_session><login>{}</login><data><user_ip>{}</user_ip><source_server/></data></create_session>"
POOL = "<certificate><get-pool><filter><domain-id>1</domain-id></filter></get-pool></certificate>"


def generate(bits: int = 2048) -> str:
    info = f"<info><bits>{bits}</bits>{SUBJECT}<name>example.com</name></info>"
    return f"<certificate><generate>{info}</generate></certificate>"


def install(key: str, operation: str = "install", place: str = "<webspace>example.com</webspace>") -> str:
    content = f"<content><csr/><pvt>{key}</pvt></content>"
    return f"<certificate><{operation}><name>one</name>{place}{content}</{operation}></certificate>"


def remove(name: str = "one") -> str:
    target = "<webspace>example.com</webspace>"
    return f"<certificate><remove><filter><name>{name}</name></filter>{target}</remove></certificate>"


def session(client: wire.Client, login: str = "jdoe", address: str = "127.0.0.1") -> str:
    return client.result(SESSION.format(login, address) + "</server>").findtext("id") or ""


@pytest.fixture
def key(client: wire.Client) -> str:
    return client.result(generate()).findtext("pvt") or ""


def test_a_generated_request_names_the_domain_and_comes_with_its_key(client: wire.Client) -> None:
    result = client.result(generate())
    request = x509.load_pem_x509_csr((result.findtext("csr") or "").encode())
    private = load_pem_private_key((result.findtext("pvt") or "").encode(), None)
    assert "CN=example.com" in request.subject.rfc4514_string()
    assert request.public_key() == private.public_key()


def test_a_key_size_that_is_not_offered_is_1019(client: wire.Client) -> None:
    assert client.code(generate(bits=512)) == 1019


def test_a_certificate_is_installed_once_and_listed_by_name(hosted: wire.Client, key: str) -> None:
    assert [hosted.code(install(key)), hosted.code(install(key))] == [0, 1007]
    assert [name.text for name in hosted.result(POOL).iter("name")] == ["one"]


def test_a_key_that_is_none_is_8002(hosted: wire.Client) -> None:
    assert hosted.code(install("nonsense")) == 8002


def test_a_certificate_for_an_unknown_domain_is_1015(client: wire.Client, key: str) -> None:
    result = client.result(install(key))
    assert (wire.code_of(result), result.findtext("errtext")) == (1015, "domain does not exist")


def test_only_what_is_there_is_updated_or_removed(hosted: wire.Client, key: str) -> None:
    assert hosted.code(install(key, "update")) == 1013
    assert hosted.result(remove()).findtext("errtext") == "Unable to find certificate"
    hosted.result(install(key))
    assert [hosted.code(install(key, "update")), hosted.code(remove())] == [0, 0]


def test_a_certificate_in_use_stays(hosted: wire.Client, key: str) -> None:
    hosted.result(install(key))
    use = wire.properties({"ssl": "true", "certificate_name": "one"})
    assert hosted.code(wire.webspace_set("<id>1</id>", f"<hosting><vrt_hst>{use}</vrt_hst></hosting>")) == 0
    assert hosted.code(remove()) == 1023


def test_a_certificate_that_is_not_there_cannot_be_used(hosted: wire.Client) -> None:
    use = wire.properties({"certificate_name": "none"})
    assert hosted.code(wire.webspace_set("<id>1</id>", f"<hosting><vrt_hst>{use}</vrt_hst></hosting>")) == 1013


def test_the_administrator_has_a_repository_of_his_own(hosted: wire.Client, key: str) -> None:
    hosted.result(install(key, place="<admin/>"))
    pool = hosted.result("<certificate><get-pool><admin/></get-pool></certificate>")
    assert [name.text for name in pool.iter("name")] == ["one"]
    assert [name.text for name in hosted.result(POOL).iter("name")] == []


def test_the_private_key_is_not_shown(hosted: wire.Client, key: str, control: wire.Control) -> None:
    hosted.result(install(key))
    assert "PRIVATE KEY" not in control("/state")


@pytest.mark.parametrize("address", ["127.0.0.1", base64.b64encode(b"127.0.0.1").decode()], ids=["plain", "base64"])
def test_a_session_opens_the_panel_for_the_browser_it_was_made_for(address: str, hosted: wire.Client) -> None:
    token = session(hosted, address=address)
    assert hosted.get(f"/enterprise/rsession_init.php?PHPSESSID={token}").headers["Location"] == "/smb/"


def test_a_session_works_once(hosted: wire.Client) -> None:
    token = session(hosted)
    hosted.get(f"/enterprise/rsession_init.php?PHPSESSID={token}")
    assert hosted.get(f"/enterprise/rsession_init.php?PHPSESSID={token}").headers["Location"] == "/login_up.php"


def test_another_browsers_session_lands_on_the_login_page(hosted: wire.Client) -> None:
    token = session(hosted, address="198.51.100.7")
    assert hosted.get(f"/enterprise/rsession_init.php?PHPSESSID={token}").headers["Location"] == "/login_up.php"


def test_a_session_for_nobody_is_1013(client: wire.Client) -> None:
    assert client.code(SESSION.format("nobody", "127.0.0.1") + "</server>") == 1013


def test_an_address_that_is_none_is_1019(hosted: wire.Client) -> None:
    assert hosted.code(SESSION.format("jdoe", "somewhere") + "</server>") == 1019


def test_sessions_are_listed_until_they_are_ended(hosted: wire.Client) -> None:
    token = session(hosted)
    assert hosted.result("<session><get/></session>").findtext("session/login") == "jdoe"
    end = f"<session><terminate><session-id>{token}</session-id></terminate></session>"
    assert [hosted.code(end), hosted.code(end)] == [0, 1013]


def test_a_sessions_token_is_not_in_the_ledger(hosted: wire.Client, simulator: RunningSimulator) -> None:
    token = session(hosted)
    assert token not in str(simulator.ledger.effects())


def test_a_secret_key_is_shown_once_and_found_by_itself(client: wire.Client) -> None:
    made = client.result("<secret_key><create><description>worker</description></create></secret_key>")
    key_text = made.findtext("key")
    found = client.result(f"<secret_key><get_info><filter><key>{key_text}</key></filter></get_info></secret_key>")
    assert found.findtext("key_info/description") == "worker"
    listed = client.result("<secret_key><get_info><filter/></get_info></secret_key>")
    assert listed.findtext("key_info/key") != key_text


def test_a_secret_key_is_removed_once(client: wire.Client) -> None:
    key_text = client.result("<secret_key><create/></secret_key>").findtext("key")
    delete = f"<secret_key><delete><filter><key>{key_text}</key></filter></delete></secret_key>"
    assert [client.code(delete), client.code(delete)] == [0, 1013]


def test_the_server_tells_about_itself(client: wire.Client) -> None:
    parts = (
        "<key/><gen_info/><components/><stat/><admin/><interfaces/><services_state/><prefs/><shells/><session_setup/>"
    )
    result = client.result(f"<server><get>{parts}</get></server>")
    told = ["key", "gen_info", "components", "stat", "admin", "interfaces", "services_state", "prefs", "shells"]
    assert [part.tag for part in result] == ["status", *told, "session_setup"]


def test_there_is_a_shared_address_of_either_family(client: wire.Client) -> None:
    infos = client.result("<ip><get/></ip>").iter("ip_info")
    shared = [info.findtext("ip_address") for info in infos if info.findtext("type") == "shared"]
    assert shared == ["192.0.2.10", "2001:db8::10"]


def test_php_handlers_are_listed(client: wire.Client) -> None:
    results = client.results("<php-handler><get><filter/></get></php-handler>")
    assert "plesk-php83-fpm" in [result.findtext("id") for result in results]
    assert client.code("<php-handler><get><filter><id>php-1</id></filter></get></php-handler>") == 1013
