"""Registry-specific fields of contacts: from the operator's template to the registry."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from lxml import etree

from adapters.epp import commands
from adapters.epp.namespaces import FEE
from adapters.epp.templates import Template
from adapters.sandbox.epp import RunningRegistry, start_simulator
from provisioner.kernel.secret import Secret
from provisioner.ports.outcomes import Done, Misconfigured, Rejected
from tests.contract.epp.scripted import no, ok, scene
from tests.contract.epp.simulated import account, opened
from tests.contract.epp.test_epp_contacts_and_hosts import CONTACT, MADE, kept
from tests.contract.epp.wire import contracts
from tests.contract.registrar_world import new_contact

URI = "https://registry.example/eis-1.0"
CREATE = (
    f'<eis:create xmlns:eis="{URI}">'
    '<eis:ident type="org" cc="{country}">{ident!}</eis:ident><eis:vat>{vat}</eis:vat></eis:create>'
)
UPDATE = f'<update xmlns="{URI}"><vat>{{vat}}</vat></update>'
WITH = {"contact_create_extension": CREATE, "contact_update_extension": UPDATE}
ESTONIAN = replace(CONTACT, extra={"ident": "10 & <20>"})


@pytest.fixture
def simulator() -> Iterator[RunningRegistry]:
    with start_simulator() as running:
        running.simulator.adjust({"settings": {"contact_extension_uri": URI}})
        yield running


def arrived(simulator: RunningRegistry, handle: str) -> dict[str, str]:
    """What the registry keeps of its own extension."""
    registry = simulator.simulator.registry
    with registry.busy():
        return dict(registry.contact(handle).extension)


def test_the_extension_arrives_at_the_registry(simulator: RunningRegistry) -> None:
    contact = replace(new_contact(), country="EE", extra={"ident": "10 & <20>"})
    with opened(account(simulator, **WITH)) as registrar:
        registrar.ensure_contact(contact)
    assert arrived(simulator, contact.handle) == {
        "create/ident": "10 & <20>",
        "create/ident@type": "org",
        "create/ident@cc": "EE",
    }


def test_a_changed_field_arrives_though_nothing_else_has_changed(simulator: RunningRegistry) -> None:
    contact = replace(new_contact(), extra={"ident": "1"})
    with opened(account(simulator, **WITH)) as registrar:
        registrar.ensure_contact(contact)
        registrar.update_contact(replace(contact, extra={"ident": "1", "vat": "EE7"}))
    assert arrived(simulator, contact.handle)["update/vat"] == "EE7"


def test_the_namespace_is_announced_though_the_account_lists_other_extensions(simulator: RunningRegistry) -> None:
    contact = replace(new_contact(), extra={"ident": "1"})
    with opened(account(simulator, extensions="none", **WITH)) as registrar:
        assert registrar.ensure_contact(contact) == Done(contact.handle)


def test_a_registry_that_does_not_offer_the_namespace_still_lets_us_in(simulator: RunningRegistry) -> None:
    simulator.simulator.adjust({"settings": {"contact_extension_uri": ""}})
    with opened(account(simulator, extensions="none", **WITH)) as registrar:
        registrar.ping()
        with pytest.raises(Misconfigured) as refused:
            registrar.ensure_contact(replace(new_contact(), extra={"ident": "1"}))
    assert refused.value.code == "not_supported"


def test_a_needed_field_that_is_missing_is_named_and_nothing_is_sent() -> None:
    with scene(**WITH) as this, pytest.raises(Rejected) as refused:
        this.registrar.ensure_contact(CONTACT)
    assert (refused.value.code, refused.value.fields) == ("contact_invalid", ("/extra/ident",))


def test_a_needed_field_of_the_contact_itself_is_named_by_its_own_name() -> None:
    template = f'<a xmlns="{URI}">{{organisation!}}</a>'
    nobody = replace(CONTACT, organisation="")
    with scene(contact_create_extension=template) as this, pytest.raises(Rejected) as refused:
        this.registrar.ensure_contact(nobody)
    assert refused.value.fields == ("/organisation",)


def test_a_field_that_the_registry_refuses_is_named() -> None:
    refusal = no(2005, "Ident 12345 is no register code")
    contact = replace(CONTACT, extra={"ident": "12345"})
    with scene(("contact-create", refusal), **WITH) as this, pytest.raises(Rejected) as refused:
        this.registrar.ensure_contact(contact)
    assert refused.value.fields == ("/extra/ident",)


def test_the_prefix_is_the_operators() -> None:
    with scene(MADE, **WITH) as this:
        this.registrar.ensure_contact(ESTONIAN)
    assert '<eis:ident type="org" cc="SE">10 &amp; &lt;20&gt;</eis:ident>' in this.last()


def test_an_update_without_any_value_goes_without_the_extension() -> None:
    with scene(kept(city="Lund"), ("contact-update", ok()), **WITH) as this:
        this.registrar.update_contact(ESTONIAN)
    assert "<extension>" not in this.last()


def test_a_refused_update_with_the_extension_is_not_taken_for_done() -> None:
    contact = replace(CONTACT, extra={"ident": "1", "vat": "EE7"})
    with scene(kept(), ("contact-update", no(2308)), **WITH) as this, pytest.raises(Rejected) as refused:
        this.registrar.update_contact(contact)
    assert refused.value.code == "contact_invalid"


@pytest.mark.parametrize("prefix", ["", "f"], ids=["default namespace", "prefix"])
def test_a_template_of_a_known_schema_gives_valid_frames(prefix: str) -> None:
    colon = f"{prefix}:" if prefix else ""
    inner = f"<{colon}currency>{{currency}}</{colon}currency>\n <{colon}fee>{{fee}}</{colon}fee>"
    text = f'<{colon}create xmlns{":" if prefix else ""}{prefix}="{FEE}">{inner}</{colon}create>'
    filling = Template.parse(text).filled({"currency": "EUR", "fee": "1.00"})
    schema = contracts.schema()
    for command in (
        commands.contact_create(CONTACT, Secret("never-used-1234567"), filling),
        commands.contact_update(CONTACT, filling),
    ):
        frame = etree.fromstring(command.frame("PRV-1"))
        schema.assertValid(frame)
        assert frame.findtext(f".//{{{FEE}}}fee") == "1.00"
