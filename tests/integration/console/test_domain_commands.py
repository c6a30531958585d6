"""Looking at domains and contacts on the command line."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from provisioner.app.main import CommandInstallation
from provisioner.console.exits import Exit
from provisioner.kernel.sealing import seal_to_public_key
from provisioner.store.tables import services
from tests.integration.console.conftest import Run
from tests.integration.console.orders_of_shops import message
from tests.support.domains import customer, terms

NAME_SERVERS = [{"name": "ns1.example.net"}, {"name": "ns2.example.net"}]


@pytest.fixture
def with_domain(installation: CommandInstallation) -> CommandInstallation:
    """With name1.com ordered, at no registrar yet."""
    data = {"customer": customer(1), **terms(1, nameservers=NAME_SERVERS)}
    assert installation.submit(message("domain.register.v1", data)).outcome == "accepted"
    return installation


@pytest.fixture
def with_transfer(installation: CommandInstallation) -> CommandInstallation:
    """With a transfer of name1.com ordered under rules that want the registrant's word."""
    public = installation.keys().public_key()
    code = {"key_id": public.key_id, "box": seal_to_public_key(public, "canary")}
    data = {"customer": customer(1), **terms(1, nameservers=NAME_SERVERS, auth_code=code)}
    assert installation.submit(message("domain.transfer.v1", data)).outcome == "accepted"
    _want_the_registrant_s_word(installation)
    return installation


def _want_the_registrant_s_word(installation: CommandInstallation) -> None:
    with installation.store().database.begin() as connection:
        attributes = connection.scalars(sa.select(services.c.attributes)).one()
        rules = {**attributes["rules"], "transfer_confirmation": "registrant"}
        connection.execute(sa.update(services).values(attributes={**attributes, "rules": rules}))


def test_domains_are_listed(run: Run, with_domain: CommandInstallation) -> None:
    ended = run(with_domain, "domains", "list")
    assert (ended.code, "name1.com" in ended.out, "domain-1" in ended.out) == (0, True, True)


def test_domains_are_listed_as_json(run: Run, with_domain: CommandInstallation) -> None:
    (listed,) = _document(run(with_domain, "domains", "list", "--json").out)
    assert (listed["name"], listed["status"]) == ("name1.com", "provisioning")


def test_a_domain_of_another_customer_is_not_listed(run: Run, with_domain: CommandInstallation) -> None:
    assert _document(run(with_domain, "domains", "list", "--customer", "customer-2", "--json").out) == []


@pytest.mark.parametrize("known_as", ["name1.com", "NAME1.com", "domain-1"])
def test_a_domain_is_shown(run: Run, with_domain: CommandInstallation, known_as: str) -> None:
    ended = run(with_domain, "domains", "show", known_as)
    assert ended.code == 0
    assert "Domain name1.com, service domain-1 of customer customer-1" in ended.out
    assert "ns1.example.net, ns2.example.net" in ended.out
    assert "ada@example.com" in ended.out


def test_a_domain_is_shown_as_json(run: Run, with_domain: CommandInstallation) -> None:
    shown = _document(run(with_domain, "domains", "show", "name1.com", "--json").out)
    assert shown["service"]["attributes"]["rules"]["tld"] == "com"


def test_a_domain_that_is_not_there_is_not_found(run: Run, with_domain: CommandInstallation) -> None:
    ended = run(with_domain, "domains", "show", "name2.com")
    assert (ended.code, "name2.com" in ended.err) == (Exit.NOT_FOUND, True)


@pytest.mark.parametrize(("option", "said"), [((), "confirmed"), (("--declined",), "declined")])
def test_a_registrant_s_answer_is_kept_for_the_transfer_that_wants_it(
    run: Run, with_transfer: CommandInstallation, option: tuple[str, ...], said: str
) -> None:
    ended = run(with_transfer, "domains", "confirm", "name1.com", *option)
    assert (ended.code, ended.out.strip()) == (
        0,
        f"the transfer of name1.com is {said}; it is kept until that is asked",
    )


def test_there_is_nothing_to_confirm_where_nothing_is_transferred(run: Run, with_domain: CommandInstallation) -> None:
    ended = run(with_domain, "domains", "confirm", "name1.com")
    assert (ended.code, "no transfer of domain-1 is open" in ended.err) == (Exit.REFUSED, True)


def test_contacts_are_listed(run: Run, with_domain: CommandInstallation) -> None:
    (listed,) = _document(run(with_domain, "contacts", "list", "--json").out)
    assert (listed["contact_id"], listed["customer_id"]) == ("owner-1", "customer-1")
    assert "owner-1" in run(with_domain, "contacts", "list").out


def test_a_contact_is_shown_with_its_domains(run: Run, with_domain: CommandInstallation) -> None:
    ended = run(with_domain, "contacts", "show", "owner-1")
    assert (ended.code, "name1.com" in ended.out, "Long Street 1" in ended.out) == (0, True, True)
    shown = _document(run(with_domain, "contacts", "show", "owner-1", "--json").out)
    assert [each["id"] for each in shown["domains"]] == ["domain-1"]


def test_a_contact_that_is_not_there_is_not_found(run: Run, with_domain: CommandInstallation) -> None:
    assert run(with_domain, "contacts", "show", "owner-9").code == Exit.NOT_FOUND


def test_a_code_is_revealed_once(run: Run, with_domain: CommandInstallation) -> None:
    first, second = (run(with_domain, "services", "reveal", "domain-1") for _ in range(2))
    assert (first.code, len(first.out.strip()), second.code) == (0, 24, Exit.REFUSED)


def _document(text: str) -> Any:
    return json.loads(text)
