"""A broker's URL is read as its users mean it, and never shown."""

import ssl

import pytest

from provisioner.kernel.broker_address import BrokerAddress
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret


def parse(url: str) -> BrokerAddress:
    return BrokerAddress.parse(Secret(url))


def test_everything_in_a_url_is_read() -> None:
    address = parse("amqp://me:p%40ss@mq.example:5673/shop%2Fa")
    assert address == BrokerAddress("mq.example", 5673, "me", Secret("p@ss"), "shop/a", tls=False)


@pytest.mark.parametrize(("scheme", "port"), [("amqp", 5672), ("amqps", 5671)])
def test_each_scheme_has_its_port(scheme: str, port: int) -> None:
    assert parse(f"{scheme}://mq.example").port == port


@pytest.mark.parametrize("url", ["amqp://mq.example", "amqp://mq.example/", "amqp://mq.example/%2F"])
def test_the_virtual_host_is_the_root_unless_named(url: str) -> None:
    assert parse(url).virtual_host == "/"


@pytest.mark.parametrize(
    "url", ["", "amqp://", "http://mq.example", "amqp://mq.example:port", "amqp://mq.example:99999", "amqp://[::1"]
)
def test_what_is_no_url_of_a_broker_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="must look like"):
        parse(url)


@pytest.mark.parametrize("option", ["heartbeat=5", "ssl_options={'cert_reqs': 0}"])
def test_options_are_refused(option: str) -> None:
    with pytest.raises(SettingsError, match="options in it are not supported"):
        parse(f"amqps://mq.example/v?{option}")


def test_a_refused_url_is_not_shown() -> None:
    with pytest.raises(SettingsError) as refused:
        parse("amqp://me:canary@mq.example:port")
    assert "canary" not in str(refused.value)


def test_an_address_does_not_show_its_password() -> None:
    assert "canary" not in repr(parse("amqp://me:canary@mq.example"))


def test_without_tls_there_is_no_context() -> None:
    assert parse("amqp://mq.example").tls_context() is None


def test_with_tls_certificate_and_name_are_verified() -> None:
    context = parse("amqps://mq.example").tls_context()
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_old_versions_of_tls_are_refused() -> None:
    context = parse("amqps://mq.example").tls_context()
    assert context is not None
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
