from pathlib import Path

import pytest

from adapters.plesk import open_adapter, settings
from provisioner.kernel.clock import FakeClock
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount

PASSWORD = {"login": Secret("admin"), "password": Secret("canary-7")}
ENDPOINT = {"endpoint": "https://panel.example:8443"}


def read(given: dict[str, str], credentials: dict[str, Secret] | None = None) -> settings.Settings:
    account = VendorAccount("panel-1", "plesk", settings=ENDPOINT | given, credentials=credentials or PASSWORD)
    return settings.read(account)


def test_an_endpoint_and_a_login_are_enough() -> None:
    found = read({})
    assert str(found.url) == "https://panel.example:8443/enterprise/control/agent.php"
    assert (found.role, found.connect_timeout, found.read_timeout) == (settings.Role.ADMIN, 10.0, 300.0)


def test_without_a_word_about_certificates_we_issue_them_and_both_methods_may_be_used() -> None:
    found = read({})
    assert (found.certificates, found.challenge_methods, found.dns_is_ours) == ("worker", ("http-01", "dns-01"), True)
    assert (found.ftp_port, found.tls_port) == (21, 443)


def test_a_resellers_login_issues_nothing_unless_it_is_told_to() -> None:
    assert read({"role": "reseller"}).certificates == "none"
    assert read({"role": "reseller", "certificates": "worker"}).certificates == "worker"


def test_challenge_methods_keep_their_order_and_may_be_none() -> None:
    assert read({"challenge_methods": "dns-01, http-01"}).challenge_methods == ("dns-01", "http-01")
    assert read({"challenge_methods": ""}).challenge_methods == ()


def test_a_secret_key_goes_into_its_own_header() -> None:
    assert read({}, {"secret_key": Secret("0-1-2")}).headers == {"KEY": Secret("0-1-2")}


def test_a_secret_key_is_used_before_a_password() -> None:
    assert read({}, {**PASSWORD, "secret_key": Secret("0-1-2")}).headers == {"KEY": Secret("0-1-2")}


def test_a_fingerprint_may_be_written_with_colons_and_capitals() -> None:
    assert read({"fingerprint": ":".join(["AB"] * 32)}).fingerprint == "ab" * 32


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"endpoint": ""}, "endpoint"),
        ({"endpoint": "http://panel.example:8880"}, "https://"),
        ({"endpoint": "https://admin:canary-7@panel.example"}, "credentials"),
        ({"endpoint": "https://panel.example/elsewhere"}, "endpoint"),
        ({"endpoint": "https://panel.example?x=1"}, "endpoint"),
        ({"endpoint": "https://[::1"}, "endpoint"),
        ({"endpoint": f"https://{'a' * 64}.example"}, "endpoint"),
        ({"finger_print": "x"}, "finger_print"),
        ({"fingerprint": "abc"}, "fingerprint"),
        ({"ca_file": "/nowhere/ca.pem"}, "ca_file"),
        ({"role": "root"}, "role"),
        ({"connect_timeout": "soon"}, "connect_timeout"),
        ({"read_timeout": "0"}, "read_timeout"),
        ({"read_timeout": "inf"}, "read_timeout"),
        ({"ip_address": "panel"}, "ip_address"),
        ({"certificates": "plesk"}, "worker, panel or none"),
        ({"challenge_methods": "http-01,tls-alpn-01"}, "challenge_methods"),
        ({"dns_is_ours": "true"}, "yes or no"),
        ({"ftp_port": "0"}, "ftp_port"),
        ({"ftp_port": "65536"}, "ftp_port"),
        ({"tls_port": "https"}, "tls_port"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(given)
    text = str(refused.value)
    assert named in text
    assert "panel-1" in text
    assert "\n" not in text
    assert "canary" not in text


def test_fingerprint_and_ca_file_together_are_refused(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.touch()
    with pytest.raises(SettingsError, match="exclude each other"):
        read({"fingerprint": "ab" * 32, "ca_file": str(ca_file)})


def test_a_ca_file_without_certificates_is_refused_when_the_adapter_opens(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("not a certificate")
    account = VendorAccount("panel-1", "plesk", settings=ENDPOINT | {"ca_file": str(ca_file)}, credentials=PASSWORD)
    with pytest.raises(SettingsError, match="PEM"):
        open_adapter(account, FakeClock())


@pytest.mark.parametrize(
    "credentials",
    [
        {"login": Secret("admin")},
        {"login": Secret("admin"), "password": Secret("")},
        {"login": Secret("admin"), "password": Secret("canary-7\n")},
        {"login": Secret("admin"), "password": Secret(" canary-7")},
        {"login": Secret("admin"), "password": Secret("canary-7"), "token": Secret("canary-8")},
    ],
)
def test_incomplete_or_wrong_credentials_are_refused_without_showing_them(credentials: dict[str, Secret]) -> None:
    with pytest.raises(SettingsError) as refused:
        read({}, credentials)
    assert "canary" not in str(refused.value)
