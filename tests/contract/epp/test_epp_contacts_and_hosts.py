from dataclasses import replace

import pytest

from adapters.epp.commands import Command
from adapters.epp.replies import ContactData, Created, HostData, Reason
from provisioner.ports.outcomes import Done, Rejected, Uncertain
from provisioner.ports.registrar import Host, RegistrarContact
from tests.contract.epp.scripted import THEM, US, Turn, no, ok, scene

CONTACT = RegistrarContact(
    handle="PHANDLE1",
    name="Anna Berg",
    organisation="Berg & Sons",
    email="anna@customer.example",
    phone="+46.401234567",
    street=("Storgatan 1",),
    city="Malmo",
    postal_code="211 22",
    country="SE",
)
MADE: Turn = ("contact-create", ok(Created("PHANDLE1", "2026-01-01T00:00:00Z")))


def kept(registrar: str = US, **more: object) -> Turn:
    """The contact as the registry has it."""
    data = ContactData(
        handle=CONTACT.handle,
        registrar=registrar,
        name=CONTACT.name,
        organisation=CONTACT.organisation,
        email=CONTACT.email,
        phone=CONTACT.phone,
        street=CONTACT.street,
        city=CONTACT.city,
        postal_code=CONTACT.postal_code,
        country=CONTACT.country,
        postal_types=("int",),
    )
    return "contact-info", ok(replace(data, **more))  # type: ignore[arg-type]  # the test names the fields it is about


def test_a_contact_is_made_under_its_handle() -> None:
    with scene(MADE) as this:
        assert this.registrar.ensure_contact(CONTACT) == Done("PHANDLE1")
    assert "<contact:id>PHANDLE1</contact:id>" in this.last()
    assert "<contact:org>Berg &amp; Sons</contact:org>" in this.last()


def test_two_contacts_never_share_a_code() -> None:
    with scene(MADE, MADE) as this:
        this.registrar.ensure_contact(CONTACT)
        this.registrar.ensure_contact(CONTACT)
    assert this.wire.frames[0] != this.wire.frames[1]


def test_a_contact_of_ours_that_is_there_is_adopted() -> None:
    with scene(("contact-create", no(2302)), kept()) as this:
        assert this.registrar.ensure_contact(CONTACT) == Done("PHANDLE1")


def test_a_contact_of_ours_that_was_another_is_adopted_as_wanted() -> None:
    there = kept(city="Lund")
    with scene(("contact-create", no(2302)), there, ("contact-update", ok())) as this:
        assert this.registrar.ensure_contact(CONTACT) == Done("PHANDLE1")
    assert "Malmo" in this.last()


def test_a_contact_of_ours_that_cannot_become_as_wanted_is_refused() -> None:
    there = kept(city="Lund", statuses=("serverUpdateProhibited",))
    with scene(("contact-create", no(2302)), there) as this, pytest.raises(Rejected) as refused:
        this.registrar.ensure_contact(CONTACT)
    assert refused.value.code == "locked_by_registry"


def test_a_contact_of_ours_that_is_not_as_wanted_yet_is_not_found() -> None:
    with scene(kept(city="Lund")) as this:
        assert this.registrar.find_contact(CONTACT) is None


@pytest.mark.parametrize("answer", [kept(THEM), ("contact-info", no(2201))], ids=["theirs", "not shown"])
def test_a_handle_of_another_registrar_is_not_adopted(answer: Turn) -> None:
    with scene(("contact-create", no(2302)), answer) as this, pytest.raises(Rejected) as taken:
        this.registrar.ensure_contact(CONTACT)
    assert taken.value.code == "handle_taken"


def test_mode_6_the_field_that_the_registry_refuses_is_named() -> None:
    refusal: Turn = ("contact-create", no(2005, "Bad value", Reason("voice", "+46.401234567", "not a number")))
    with scene(refusal) as this, pytest.raises(Rejected) as bad:
        this.registrar.ensure_contact(CONTACT)
    assert (bad.value.code, bad.value.fields) == ("contact_invalid", ("/phone",))


def test_mode_6_letters_beyond_ascii_are_sent_in_the_local_form() -> None:
    with scene(MADE) as this:
        this.registrar.ensure_contact(replace(CONTACT, name="Åsa Berg"))
    assert 'type="loc"' in this.last()
    assert "Åsa Berg" in this.last()


def test_mode_6_letters_beyond_ascii_that_are_refused_are_named() -> None:
    abroad = replace(CONTACT, name="Åsa Berg", street=("Storgatan 1", "Ö"))
    with scene(("contact-create", no(2005))) as this, pytest.raises(Rejected) as bad:
        this.registrar.ensure_contact(abroad)
    assert (bad.value.code, bad.value.fields) == ("contact_invalid", ("/name", "/street/1"))


def test_a_thin_registry_is_not_asked_about_contacts() -> None:
    with scene(data_model="thin") as this:
        assert this.registrar.ensure_contact(CONTACT) == Done("PHANDLE1")
        assert this.registrar.find_contact(CONTACT) == Done("PHANDLE1")
        assert this.registrar.update_contact(CONTACT) == Done("PHANDLE1")
    assert this.wire.frames == []


def test_a_contact_that_is_as_wanted_is_not_sent() -> None:
    with scene(kept()) as this:
        this.registrar.update_contact(CONTACT)


def test_a_contact_is_written_as_a_whole() -> None:
    with scene(kept(), ("contact-update", ok())) as this:
        assert this.registrar.update_contact(replace(CONTACT, city="Lund")).warnings == ()
    for told in ("Anna Berg", "Berg &amp; Sons", "Storgatan 1", "Lund", "211 22", "SE", "+46.401234567"):
        assert told in this.last()


def test_an_address_in_ascii_that_stays_behind_is_a_warning() -> None:
    with scene(kept(), ("contact-update", ok())) as this:
        assert len(this.registrar.update_contact(replace(CONTACT, city="Malmö")).warnings) == 1


def test_a_contact_that_became_so_meanwhile_is_done() -> None:
    with scene(kept(), ("contact-update", no(2306)), kept(city="Lund")) as this:
        assert this.registrar.update_contact(replace(CONTACT, city="Lund")) == Done("PHANDLE1")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (("contact-info", no(2303)), "not_found"),
        (kept(THEM), "not_ours"),
        (kept(statuses=("clientUpdateProhibited",)), "update_prohibited"),
        (kept(statuses=("serverUpdateProhibited",)), "locked_by_registry"),
    ],
)
def test_what_keeps_a_contact_from_being_changed_is_named(answer: Turn, code: str) -> None:
    with scene(answer) as this, pytest.raises(Rejected) as refused:
        this.registrar.update_contact(replace(CONTACT, city="Lund"))
    assert refused.value.code == code


def test_mode_1_a_lost_reply_leaves_a_contact_uncertain_and_then_found() -> None:
    with scene(("contact-create", Uncertain("no_answer", "60 s")), kept()) as this:
        with pytest.raises(Uncertain):
            this.registrar.ensure_contact(CONTACT)
        assert this.registrar.find_contact(CONTACT) == Done("PHANDLE1")


# -- hosts

OUTSIDE = Host("ns1.panel.example")
WITHIN = Host("ns1.shop.example", ("192.0.2.1", "2001:db8::1"))
ABSENT: Turn = ("host-info", no(2303))


def there(*addresses: str, name: str = WITHIN.name, registrar: str = US, statuses: tuple[str, ...] = ("ok",)) -> Turn:
    return "host-info", ok(HostData(name, registrar=registrar, addresses=addresses, statuses=statuses))


def test_mode_7_a_missing_host_is_made() -> None:
    with scene(ABSENT, ("host-create", ok(Created(OUTSIDE.name, "")))) as this:
        assert this.registrar.ensure_host(OUTSIDE) == Done(OUTSIDE.name)


def test_mode_7_a_registry_with_attributes_has_no_hosts_to_make() -> None:
    with scene(host_model="attributes") as this:
        assert this.registrar.ensure_host(OUTSIDE) == Done(OUTSIDE.name)


@pytest.mark.parametrize(
    "answer", [there(name=OUTSIDE.name, registrar=THEM), ("host-info", no(2201))], ids=["theirs", "not shown"]
)
def test_a_host_outside_serves_whoever_made_it(answer: Turn) -> None:
    with scene(answer) as this:
        assert this.registrar.ensure_host(OUTSIDE) == Done(OUTSIDE.name)


def test_a_host_that_was_made_meanwhile_is_adopted() -> None:
    with scene(ABSENT, ("host-create", no(2302)), there(name=OUTSIDE.name)) as this:
        assert this.registrar.ensure_host(OUTSIDE) == Done(OUTSIDE.name)


def test_addresses_are_compared_in_one_form() -> None:
    with scene(there("2001:0DB8:0:0:0:0:0:1", "192.0.2.1")) as this:
        this.registrar.ensure_host(WITHIN)


def test_only_the_addresses_that_differ_are_sent() -> None:
    with scene(there("192.0.2.1", "192.0.2.9"), ("host-update", ok())) as this:
        this.registrar.ensure_host(WITHIN)
    added, _, removed = this.last().partition("<host:rem>")
    assert "2001:db8::1" in added
    assert "192.0.2.9" in removed
    assert "192.0.2.1<" not in this.last()


@pytest.mark.parametrize(
    ("answer", "code"),
    [(there(registrar=THEM), "not_ours"), (there(statuses=("serverUpdateProhibited",)), "host_locked")],
)
def test_a_host_that_cannot_be_changed_is_named(answer: Turn, code: str) -> None:
    with scene(answer) as this, pytest.raises(Rejected) as refused:
        this.registrar.ensure_host(WITHIN)
    assert (refused.value.code, refused.value.fields) == (code, ("/name",))


def test_an_address_that_the_registry_refuses_is_named() -> None:
    refusal: Turn = ("host-create", no(2306, "", Reason("addr", "2001:db8::1", "not routable")))
    with scene(ABSENT, refusal, ABSENT) as this, pytest.raises(Rejected) as refused:
        this.registrar.ensure_host(WITHIN)
    assert (refused.value.code, refused.value.fields) == ("host_refused", ("/addresses/1",))


def test_a_host_that_is_gone_is_removed_without_a_command() -> None:
    with scene(ABSENT) as this:
        assert this.registrar.remove_host(WITHIN.name) == Done(WITHIN.name)


def test_a_host_that_went_meanwhile_is_removed() -> None:
    with scene(there(), ("host-delete", no(2303)), ABSENT) as this:
        assert this.registrar.remove_host(WITHIN.name) == Done(WITHIN.name)


def test_a_host_that_other_domains_use_is_named() -> None:
    with scene(there(), ("host-delete", no(2305))) as this, pytest.raises(Rejected) as used:
        this.registrar.remove_host(WITHIN.name)
    assert (used.value.code, WITHIN.name in used.value.message) == ("in_use", True)


@pytest.mark.parametrize(
    ("answer", "code"),
    [(there(registrar=THEM), "not_ours"), (there(statuses=("serverDeleteProhibited",)), "host_locked")],
)
def test_a_host_that_cannot_be_removed_is_told_so(answer: Turn, code: str) -> None:
    with scene(answer) as this, pytest.raises(Rejected) as refused:
        this.registrar.remove_host(WITHIN.name)
    assert refused.value.code == code


def test_name_servers_that_are_attributes_need_no_removal() -> None:
    with scene(host_model="attributes") as this:
        assert this.registrar.remove_host(WITHIN.name) == Done(WITHIN.name)


def test_commands_carry_their_secrets_apart() -> None:
    sent: list[Command] = []
    with scene(MADE) as this:
        carry = this.wire.send

        def keep(command: Command) -> object:
            sent.append(command)
            return carry(command)

        this.wire.send = keep  # type: ignore[method-assign,assignment]  # listens in
        this.registrar.ensure_contact(CONTACT)
    assert len(sent[0].secrets) == 1
