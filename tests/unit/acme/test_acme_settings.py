from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from adapters.acme import open_adapter
from adapters.acme.settings import Endpoint, Limits, Settings, read
from provisioner.kernel.clock import FakeClock
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.private_keys import generate_private_key
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount

LEAST = {"directory_url": "https://ca.example/directory", "terms_agreed": "yes"}
KEY = generate_private_key("ec")


def account(settings: Mapping[str, str], credentials: Mapping[str, Secret] | None = None) -> VendorAccount:
    return VendorAccount("ca", "acme", settings=settings, credentials=credentials or {"account_key": KEY})


def settings(**given: str) -> Settings:
    return read(account({**LEAST, **given}))


def refusal(given: Mapping[str, str], credentials: Mapping[str, Secret] | None = None) -> str:
    with pytest.raises(SettingsError) as refused:
        read(account(given, credentials))
    return str(refused.value)


def pem(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey,
    encryption: KeySerializationEncryption | None = None,
) -> Secret:
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode())


def test_little_must_be_said() -> None:
    told = settings()
    assert (told.directory_url, told.resolvers, told.nameserver_port) == (LEAST["directory_url"], (), 53)
    assert (told.connect_seconds, told.command_seconds, told.limits) == (10.0, 45.0, Limits(250, 4, 4))


def test_opening_an_adapter_needs_no_network() -> None:
    open_adapter(account(LEAST), FakeClock()).close()


def test_an_empty_text_counts_as_not_given() -> None:
    assert settings(profile="", resolvers=" ", connect_seconds="") == settings()


@pytest.mark.parametrize("agreed", ["", "no", "true", "YES"])
def test_the_terms_must_be_agreed_to_in_so_many_words(agreed: str) -> None:
    assert "terms_agreed must be yes" in refusal({**LEAST, "terms_agreed": agreed})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("directory_url", "http://ca.example/directory"),
        ("directory_url", "https://"),
        ("directory_url", "https://user:password@ca.example/"),
        ("directory_url", "https://ca.example:99999/"),
        ("directory_url", "https://[ca/"),
        ("directory_url", ""),
        ("contact", "no mail address"),
        ("contact", "one@example.com,two@example.com"),
        ("contact", "one@example.com?subject=x"),
        ("ca_file", "/no/such/file"),
        ("profile", "short lived"),
        ("preferred_chain", "a" * 65),
        ("preferred_chain", "Root\nX1"),
        ("resolvers", "resolver.example"),
        ("resolvers", "192.0.2.1:0"),
        ("resolvers", "192.0.2.1:99999"),
        ("resolvers", "192.0.2.1:x"),
        ("nameserver_port", "0"),
        ("nameserver_port", "65536"),
        ("connect_seconds", "0"),
        ("command_seconds", "nan"),
        ("command_seconds", "soon"),
        ("orders_per_3_hours", "0"),
        ("certificates_per_week_for_a_name_set", "-1"),
        ("validations_per_hour_for_a_name", "1.5"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(name: str, text: str) -> None:
    told = refusal({**LEAST, name: text})
    assert told.startswith("ACME account 'ca': ")
    assert name in told


def test_an_unknown_setting_is_named_with_those_that_are_known() -> None:
    told = refusal({**LEAST, "directory": "x"})
    assert "unknown setting 'directory'" in told
    assert "directory_url" in told


def test_an_unknown_credential_is_named() -> None:
    assert "unknown credential 'password'" in refusal(LEAST, {"account_key": KEY, "password": Secret("x")})


@pytest.mark.parametrize(
    ("text", "endpoints"),
    [
        ("192.0.2.1", [("192.0.2.1", 53)]),
        ("192.0.2.1:5353, 192.0.2.2", [("192.0.2.1", 5353), ("192.0.2.2", 53)]),
        ("2001:db8::1", [("2001:db8::1", 53)]),
        ("[2001:db8::1]", [("2001:db8::1", 53)]),
        ("[2001:db8::1]:5353", [("2001:db8::1", 5353)]),
    ],
)
def test_resolvers_are_addresses_with_or_without_a_port(text: str, endpoints: list[tuple[str, int]]) -> None:
    assert settings(resolvers=text).resolvers == tuple(Endpoint(*one) for one in endpoints)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (generate_private_key("ec"), "ES256"),
        (generate_private_key("rsa"), "RS256"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "ES384"),
    ],
)
def test_a_key_signs_with_the_algorithm_of_its_kind(key: Secret, algorithm: str) -> None:
    assert read(account(LEAST, {"account_key": key})).key.algorithm.name == algorithm


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (Secret("no key at all"), "is no private key in PEM"),
        (pem(ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"passphrase")), "is encrypted"),
        (pem(ec.generate_private_key(ec.SECP521R1())), "must be on the curve"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "must be on the curve"),
        (pem(rsa.generate_private_key(65537, 1024)), "at least 2048 bits"),  # noqa: S505 - refused for that
        (Secret(""), "is missing"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_without_showing_it(key: Secret, words: str) -> None:
    told = refusal(LEAST, {"account_key": key})
    assert words in told
    assert not key or key.reveal() not in told


def test_a_binding_is_both_its_id_and_its_key() -> None:
    binding = read(
        account({**LEAST, "eab_key_id": "kid"}, {"account_key": KEY, "eab_hmac_key": Secret("AAECAw==")})
    ).binding
    assert binding is not None
    assert (binding.key_id, binding.hmac_key) == ("kid", Secret("AAECAw"))


@pytest.mark.parametrize(("key_id", "hmac_key"), [("kid", ""), ("", "AAECAw"), ("kid", "!!not base64!!")])
def test_half_a_binding_and_a_broken_one_are_refused(key_id: str, hmac_key: str) -> None:
    told = refusal({**LEAST, "eab_key_id": key_id}, {"account_key": KEY, "eab_hmac_key": Secret(hmac_key)})
    assert "eab_hmac_key" in told
    assert not hmac_key or hmac_key not in told


def test_an_authoritys_own_certificate_may_be_trusted(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("")
    assert settings(ca_file=str(file)).ca_file == str(file)


def test_settings_do_not_show_the_key() -> None:
    assert KEY.reveal().splitlines()[1] not in repr(settings())
