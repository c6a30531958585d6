import re
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.epp import settings
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.registrar import Host

LOGIN = {"username": Secret("registrar-1"), "password": Secret("hush-hush")}


def account(**given: str) -> VendorAccount:
    return VendorAccount("reg", "epp", settings={"host": "epp.example.net"} | given, credentials=LOGIN)


def with_credential(account: VendorAccount, key: str, value: str) -> VendorAccount:
    return replace(account, credentials={**account.credentials, key: Secret(value)})


def test_a_host_and_a_login_are_enough() -> None:
    read = settings.read(account())
    assert (read.host, read.port, read.username) == ("epp.example.net", 700, "registrar-1")
    assert (read.connect_seconds, read.command_seconds) == (10.0, 60.0)
    assert read.extensions is None


def test_without_an_id_of_its_own_the_registrar_is_its_login() -> None:
    assert settings.read(account()).sponsor == "registrar-1"


def test_everything_can_be_given(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.touch()
    read = settings.read(
        account(
            port="7000",
            ca_file=str(file),
            client_certificate=str(file),
            max_sessions="5",
            commands_per_second="0.5",
            checks_per_second="0",
            idle_close_seconds="30",
            session_max_age_seconds="600",
            connect_seconds="3",
            command_seconds="20",
            host_model="attributes",
            data_model="thin",
            extensions="urn:a, urn:b",
            currency="CZK",
            restore_report="false",
            transfer_years="0",
            nameservers="NS1.example.net. ns2.example.net",
            cltrid_prefix="ACME_1",
            language="cs",
            registrar_id="REG-7",
            look_again_seconds="7200",
            pending_look_seconds="60",
        )
    )
    assert read == settings.Settings(
        account="reg",
        host="epp.example.net",
        username="registrar-1",
        port=7000,
        ca_file=str(file),
        client_certificate=str(file),
        max_sessions=5,
        commands_per_second=0.5,
        checks_per_second=0.0,
        idle_close_seconds=30.0,
        session_max_age_seconds=600.0,
        connect_seconds=3.0,
        command_seconds=20.0,
        host_model="attributes",
        data_model="thin",
        extensions=("urn:a", "urn:b"),
        currency="CZK",
        restore_report=False,
        transfer_years=0,
        nameservers=(Host("ns1.example.net"), Host("ns2.example.net")),
        cltrid_prefix="ACME_1",
        language="cs",
        registrar_id="REG-7",
        look_again_seconds=7200.0,
        pending_look_seconds=60.0,
    )


def test_the_defaults_of_reading_are_those_of_the_settings() -> None:
    assert settings.read(account()) == settings.Settings("reg", "epp.example.net", "registrar-1")


def test_no_extensions_at_all_can_be_wanted() -> None:
    assert settings.read(account(extensions="none")).extensions == ()


def test_a_fingerprint_may_be_written_with_colons() -> None:
    assert settings.read(account(fingerprint=":".join(["AB"] * 32))).fingerprint == "ab" * 32


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"hots": "x"}, "unknown setting 'hots'"),
        ({"host": ""}, "host must be"),
        ({"host": "a b"}, "host must be"),
        ({"port": "0"}, "port must be a whole number from 1 to 65535"),
        ({"port": "70000"}, "port must be"),
        ({"port": "9" * 5000}, "port must be"),
        ({"max_sessions": "0"}, "max_sessions must be a whole number from 1"),
        ({"max_sessions": "1.5"}, "max_sessions must be"),
        ({"commands_per_second": "-1"}, "commands_per_second must be a number from 0"),
        ({"commands_per_second": "nan"}, "commands_per_second must be"),
        ({"connect_seconds": "0"}, "connect_seconds must be a number above 0"),
        ({"command_seconds": "inf"}, "command_seconds must be"),
        ({"command_seconds": "soon"}, "command_seconds must be"),
        ({"host_model": "both"}, "host_model must be objects or attributes"),
        ({"data_model": "fat"}, "data_model must be thick or thin"),
        ({"currency": "Euro"}, "currency must be an ISO 4217 code"),
        ({"restore_report": "yes"}, "restore_report must be true or false"),
        ({"transfer_years": "11"}, "transfer_years must be"),
        ({"nameservers": "ns1.example.net ns_2"}, "nameservers: 'ns_2' is not a host name"),
        ({"cltrid_prefix": "longer-than-that"}, "cltrid_prefix must be 1 to 12"),
        ({"cltrid_prefix": "a b"}, "cltrid_prefix must be"),
        ({"language": "english please"}, "language must be a language tag"),
        ({"fingerprint": "abc"}, "fingerprint must be the certificate's SHA-256"),
        ({"ca_file": "/no/such/file"}, "ca_file '/no/such/file' is not a file"),
        ({"client_certificate": "/no/such/file"}, "client_certificate '/no/such/file' is not a file"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(given: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)) as raised:
        settings.read(account(**given))
    assert str(raised.value).startswith("EPP account 'reg': ")
    assert "\n" not in str(raised.value)


def test_a_fingerprint_and_a_ca_file_exclude_each_other(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()
    with pytest.raises(SettingsError, match="exclude each other"):
        settings.read(account(fingerprint="0" * 64, ca_file=str(file)))


@pytest.mark.parametrize("key", ["username", "password"])
def test_a_login_is_needed(key: str) -> None:
    with pytest.raises(SettingsError, match=f"the credential {key} is missing"):
        settings.read(with_credential(account(), key, ""))


def test_an_unknown_credential_is_named_and_not_shown() -> None:
    with pytest.raises(SettingsError, match="unknown credential 'pasword'") as raised:
        settings.read(with_credential(account(), "pasword", "hush-hush"))
    assert "hush" not in str(raised.value)


def test_a_client_key_needs_a_certificate() -> None:
    with pytest.raises(SettingsError, match="client_key needs the setting client_certificate"):
        settings.read(with_credential(account(), "client_key", "key"))


def test_settings_hold_no_secret() -> None:
    assert "hush" not in repr(settings.read(account()))
