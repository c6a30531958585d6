"""Which certificate a site shows, and where its key is kept."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.plesk import RunningPlesk, start_simulator
from tests.contract.sandbox_plesk import wire, world


@pytest.fixture
def simulator() -> Iterator[RunningPlesk]:
    with start_simulator() as running:
        yield running


@pytest.fixture(scope="module")
def pair() -> world.Pair:
    return world.Pair("example.com", "www.example.com")


@pytest.fixture
def installed(simulator: RunningPlesk, hosted: wire.Client, pair: world.Pair) -> RunningPlesk:
    """A server with example.com and a certificate for it in the repository, not in use yet."""
    assert hosted.code(world.install(pair)) == 0
    return simulator


def test_a_new_site_shows_the_panels_certificate(simulator: RunningPlesk, hosted: wire.Client) -> None:
    assert hosted.code(wire.webspace_get("<id>1</id>")) == 0
    assert world.panel_is_shown(simulator)


def test_installing_alone_changes_nothing(installed: RunningPlesk) -> None:
    assert world.panel_is_shown(installed)


@pytest.mark.parametrize("name", ["example.com", "www.example.com"])
def test_a_certificate_in_use_is_shown_with_its_chain(
    name: str, installed: RunningPlesk, client: wire.Client, pair: world.Pair
) -> None:
    assert client.code(world.use()) == 0
    assert world.served(installed, name, pair.trust) == pair.fingerprint


def test_another_name_still_gets_the_panels_certificate(installed: RunningPlesk, client: wire.Client) -> None:
    client.result(world.use())
    assert world.panel_is_shown(installed, "other.example")


def test_tls_that_is_switched_off_shows_the_panels_certificate(installed: RunningPlesk, client: wire.Client) -> None:
    client.result(world.use(on=False))
    assert world.panel_is_shown(installed)


def test_an_updated_certificate_is_shown_at_once(installed: RunningPlesk, client: wire.Client) -> None:
    newer = world.Pair("example.com")
    client.result(world.use())
    assert client.code(world.install(newer, operation="update")) == 0
    assert world.served(installed, "example.com", newer.trust) == newer.fingerprint


def test_another_certificate_takes_the_place_of_the_first(installed: RunningPlesk, client: wire.Client) -> None:
    newer = world.Pair("example.com")
    client.results(world.use() + world.install(newer, "two") + world.use("two"))
    assert world.served(installed, "example.com", newer.trust) == newer.fingerprint


def test_a_key_of_another_certificate_is_refused(hosted: wire.Client, pair: world.Pair) -> None:
    other = world.Pair("example.com")
    other.key = pair.key
    assert hosted.code(world.install(other)) == 8002


def test_a_certificate_is_named_in_the_ledger_when_it_is_installed_used_and_removed(
    installed: RunningPlesk, client: wire.Client, pair: world.Pair
) -> None:
    unused = "<filter><name>one</name></filter><webspace>example.com</webspace>"
    client.results(world.use() + world.use("") + f"<certificate><remove>{unused}</remove></certificate>")
    details = [(effect.operation, effect.details) for effect in installed.ledger.effects(reference="svc:1")]
    described = {"name": "one", "domain": "example.com", "fingerprint": pair.fingerprint}
    used = {"domain": "example.com", "changed": "hosting", "certificate": "one"}
    assert details[1] == ("certificate.install", described)
    assert details[2] == ("site.set", used)
    assert details[-1] == ("certificate.remove", described)


@pytest.mark.usefixtures("installed")
def test_the_private_key_is_shown_nowhere(client: wire.Client, control: wire.Control) -> None:
    client.result(world.use())
    shown = client.post("<packet><site><get><filter/><dataset><hosting/></dataset></get></site></packet>").text
    assert "PRIVATE KEY" not in shown + control("/state") + control("/ledger")


def test_a_fault_shows_the_panels_certificate_once(
    installed: RunningPlesk, client: wire.Client, pair: world.Pair
) -> None:
    client.result(world.use())
    installed.faults.plan("tls.handshake", Fault.DEFAULT_CERTIFICATE, match="example.com")
    assert world.panel_is_shown(installed)
    assert world.served(installed, "example.com", pair.trust) == pair.fingerprint


def test_the_certificate_is_shown_after_a_restart(tmp_path: Path, pair: world.Pair) -> None:
    with start_simulator(data_dir=tmp_path) as first, wire.Client(first, None) as client:
        client.results(wire.customer_add() + wire.webspace_add() + world.install(pair) + world.use())
    with start_simulator(data_dir=tmp_path) as second:
        assert world.served(second, "example.com", pair.trust) == pair.fingerprint


def test_keys_lie_in_files_for_their_owner_only_as_long_as_their_certificates(tmp_path: Path, pair: world.Pair) -> None:
    with start_simulator(data_dir=tmp_path) as running, wire.Client(running, None) as client:
        client.results(wire.customer_add() + wire.webspace_add() + world.install(pair))
        (file,) = (tmp_path / "private_keys").iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        others = [each for each in tmp_path.glob("*.json*") if b"PRIVATE KEY" in each.read_bytes()]
        assert others == []
        client.result("<webspace><del><filter><id>1</id></filter></del></webspace>")
        assert list((tmp_path / "private_keys").iterdir()) == []
