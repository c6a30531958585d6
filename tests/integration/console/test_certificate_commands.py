"""Certificates on the command line: an account's key made here, certificates looked at, a key revealed once."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509

from provisioner.app.main import CommandInstallation
from provisioner.console.certificates import WAITS_FOR_UPLOAD
from provisioner.console.exits import Exit
from provisioner.console.installation import RunningSandbox
from provisioner.kernel.private_keys import open_private_key
from provisioner.kernel.sealing import seal_to_public_key
from tests.integration.console.conftest import Run, add_server, opened
from tests.integration.console.orders_of_shops import at_work, bring_to_end, message, order
from tests.support.processes import wait_for
from tests.unit.orders.certificate_chains import DAY, Made, certificate, intermediate

IDS = {"certificate_id": "certificate-1", "service_id": "s-shop"}


@pytest.fixture(scope="module")
def brought() -> Made:
    """A certificate for the site, as its owner has it."""
    begins = datetime.now(UTC).replace(microsecond=0) - DAY
    return certificate("shop", intermediate(), sans=["shop.example"], begins=begins, lasts=30 * DAY)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, vendor: RunningSandbox, brought: Made) -> Any:
    """An installation with the certificate of a hosting's owner, and one that waits for its CSR to be signed."""
    made = opened(tmp_path_factory.mktemp("shop"), None)
    made.migrate()
    add_server(made, vendor)
    submit(made, order("shop", "shop.example"))
    bring_to_end(made, "shop")
    submit(made, message("certificate.upload.v1", {**IDS, **upload(made, brought), "install": False}))
    wanted = {**IDS, "certificate_id": "certificate-2", "names": ["shop.example", "*.shop.example"]}
    submit(made, message("certificate.generate-csr.v1", wanted))
    with at_work(made):
        wait_for(lambda: made.store().certificate_queries.certificate("certificate-1").history, "it is kept")
    yield made
    made.close()


def upload(installation: CommandInstallation, brought: Made) -> dict[str, Any]:
    public = installation.keys().public_key()
    key = {"key_id": public.key_id, "box": seal_to_public_key(public, brought.secret.reveal())}
    return {"certificate": brought.pem + intermediate().pem, "key": key}


def submit(installation: CommandInstallation, raw: bytes) -> None:
    receipt = installation.submit(raw)
    assert receipt.outcome == "accepted", receipt


def listed(run: Run, shop: CommandInstallation, *options: str) -> list[str]:
    return sorted(each["id"] for each in json.loads(run(shop, "certificates", "list", "--json", *options).out))


def test_certificates_are_listed_with_what_is_known_of_them(run: Run, shop: CommandInstallation) -> None:
    ended = run(shop, "certificates", "list")

    assert ended.code == Exit.OK
    assert "CN=Test Intermediate" in ended.out
    assert "shop.example, *.shop.example" in ended.out


def test_they_are_listed_by_their_hosting(run: Run, shop: CommandInstallation) -> None:
    assert listed(run, shop, "--service", "s-shop") == ["certificate-1", "certificate-2"]
    assert listed(run, shop, "--service", "s-other") == []


def test_those_that_expire_are_found_in_time(run: Run, shop: CommandInstallation) -> None:
    assert listed(run, shop, "--expires-before", "30") == ["certificate-1"]
    assert listed(run, shop, "--expires-before", "28") == []


def test_one_is_shown_with_its_history_and_without_its_key(run: Run, shop: CommandInstallation, brought: Made) -> None:
    ended = run(shop, "certificates", "show", "certificate-1")

    assert "Certificate certificate-1 for hosting s-shop of customer c-shop (sandbox): active" in ended.out
    assert "All that were ever obtained" in ended.out
    assert brought.secret.reveal().splitlines()[1] not in ended.out


def test_one_is_shown_as_json(run: Run, shop: CommandInstallation) -> None:
    shown = json.loads(run(shop, "certificates", "show", "certificate-1", "--json").out)

    assert shown["certificate"]["names"] == ["shop.example"]
    assert [each["source"] for each in shown["history"]] == ["customer"]


def test_the_csr_that_was_made_is_shown_and_exported(run: Run, shop: CommandInstallation) -> None:
    exported = run(shop, "certificates", "export", "certificate-2", "--csr").out

    assert x509.load_pem_x509_csr(exported.encode()).is_signature_valid
    assert exported in run(shop, "certificates", "show", "certificate-2").out


def test_one_that_has_only_a_csr_says_what_it_waits_for(run: Run, shop: CommandInstallation) -> None:
    assert WAITS_FOR_UPLOAD in run(shop, "certificates", "show", "certificate-2").out
    assert WAITS_FOR_UPLOAD not in run(shop, "certificates", "show", "certificate-1").out


def test_a_chain_is_exported_without_its_key(run: Run, shop: CommandInstallation, brought: Made) -> None:
    assert run(shop, "certificates", "export", "certificate-1").out == brought.pem + intermediate().pem


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "certificate-9"),
        ("export", "certificate-2"),
        ("export", "certificate-1", "--csr"),
        ("reveal-key", "certificate-2"),
        ("show", "s-shop"),
    ],
)
def test_what_is_not_there_is_not_found(run: Run, shop: CommandInstallation, arguments: tuple[str, ...]) -> None:
    ended = run(shop, "certificates", *arguments)

    assert (ended.code, ended.err.count("\n"), ended.out) == (Exit.NOT_FOUND, 1, "")


def test_a_key_is_revealed_once(run: Run, shop: CommandInstallation, brought: Made) -> None:
    first, second = (run(shop, "certificates", "reveal-key", "certificate-1") for _ in range(2))

    assert (first.code, first.out) == (Exit.OK, brought.secret.reveal())
    assert (second.code, second.out) == (Exit.REFUSED, "")


# -- servers


def test_the_key_of_an_authority_s_account_is_made_here_and_not_shown(run: Run, embedded: CommandInstallation) -> None:
    ended = run(embedded, "servers", "add", "ca", "--adapter", "acme", "--credential", "account_key=generate")
    account, _ = embedded.store().accounts.open("ca")
    key = account.credentials["account_key"]

    assert (ended.code, open_private_key(key).key_size) == (0, 256)
    assert key.reveal().splitlines()[1] not in ended.out + ended.err
