from xml.etree.ElementTree import Element, tostring

import pytest

from adapters.epp import settings
from adapters.epp.templates import LONGEST, Template, TemplateError, ValuesMissing
from provisioner.kernel.errors import SettingsError
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount

NS = "https://registry.example/eis-1.0"
LOGIN = {"username": Secret("registrar-1"), "password": Secret("hush-hush")}


def wrapped(inner: str) -> str:
    return f'<eis:create xmlns:eis="{NS}">{inner}</eis:create>'


def filled(inner: str, **values: str) -> Element | None:
    made = Template.parse(wrapped(inner)).filled(values)
    return None if made is None else made.root


def texts(inner: str, **values: str) -> dict[str, str]:
    """The children that are left, with their texts."""
    root = filled(inner, **values)
    return {} if root is None else {child.tag.rpartition("}")[2]: child.text or "" for child in root}


def test_a_placeholder_gets_its_value() -> None:
    assert texts("<eis:ident>{ident}</eis:ident>", ident="123") == {"ident": "123"}


def test_a_placeholder_may_stand_in_an_attribute_and_between_words() -> None:
    root = filled('<eis:ident cc="{cc}">no. {ident}.</eis:ident>', ident="123", cc="EE")
    assert root is not None
    assert (root[0].get("cc"), root[0].text) == ("EE", "no. 123.")


def test_a_value_never_becomes_markup() -> None:
    root = filled("<eis:ident>{ident}</eis:ident>", ident="</eis:ident><x>&")
    assert root is not None
    assert root[0].text == "</eis:ident><x>&"
    assert b"&lt;x&gt;&amp;" in tostring(root)


def test_a_value_with_braces_is_not_filled_again() -> None:
    assert texts("<eis:a>{a}</eis:a>", a="{b}", b="secret") == {"a": "{b}"}


@pytest.mark.parametrize("given", [{}, {"vat": ""}, {"vat": " "}])
def test_an_element_without_its_value_is_left_out(given: dict[str, str]) -> None:
    inner = "<eis:ident>{ident}</eis:ident><eis:vat>{vat}</eis:vat>"
    assert texts(inner, ident="123", **given) == {"ident": "123"}


def test_an_element_of_which_nothing_is_left_is_left_out() -> None:
    inner = "<eis:ident>{ident}</eis:ident><eis:tax><eis:vat>{vat}</eis:vat></eis:tax>"
    assert texts(inner, ident="123") == {"ident": "123"}


def test_without_any_value_there_is_no_extension() -> None:
    assert filled("<eis:ident>{ident}</eis:ident>") is None


def test_what_has_no_placeholder_is_always_there() -> None:
    assert texts("<eis:kind>priv</eis:kind><eis:ident>{ident}</eis:ident>") == {"kind": "priv"}


def test_a_value_that_is_needed_and_missing_is_named() -> None:
    with pytest.raises(ValuesMissing) as missing:
        filled('<eis:ident type="{kind!}">{ident!}</eis:ident><eis:vat>{vat}</eis:vat>', kind="org")
    assert missing.value.names == ("ident",)


def test_the_same_template_is_filled_again_and_again() -> None:
    template = Template.parse(wrapped("<eis:ident>{ident}</eis:ident>"))
    made = [template.filled({"ident": ident}) for ident in ("1", "2")]
    assert [each and each.root[0].text for each in made] == ["1", "2"]


def test_the_prefixes_of_the_operator_are_known() -> None:
    made = Template.parse(wrapped('<b:x xmlns:b="urn:b">1</b:x>')).filled({})
    assert made is not None
    assert made.prefixes == {NS: "eis", "urn:b": "b"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<eis:create>", "it is no XML"),
        ("ident={ident}", "it is no XML"),
        (wrapped("") * 2, "it is no XML"),
        ("\ud800", "it is no XML"),
        (f'<!DOCTYPE x [<!ENTITY a "b">]>{wrapped("&a;")}', "it has a DOCTYPE"),
        ("<create>{ident}</create>", "the element create has no namespace"),
        (wrapped("<ident/>"), "the element ident has no namespace"),
        ('<login xmlns="urn:ietf:params:xml:ns:epp-1.0"/>', "the namespace of EPP itself"),
        ('<a xmlns="urn:{x}"/>', "it is no XML"),
        ('<a xmlns="urn:{x"/>', "the namespace 'urn:{x' has a brace"),
        (wrapped("<eis:ident>{}</eis:ident>"), "the element ident: a placeholder is a name in braces"),
        (wrapped("<eis:ident>{1st}</eis:ident>"), "the element ident: a placeholder"),
        (wrapped('<eis:ident cc="{cc"/>'), "the element ident: a placeholder"),
        (wrapped("<eis:ident/>{a b}"), "the element create: a placeholder"),
        (wrapped("x" * LONGEST), "more than 16384 characters"),
        (wrapped("<eis:a>" * 65 + "</eis:a>" * 65), "nested deeper than 64"),
    ],
)
def test_a_wrong_template_is_refused_with_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(TemplateError) as wrong:
        Template.parse(text)
    assert told in str(wrong.value)


@pytest.mark.parametrize("key", ["contact_create_extension", "contact_update_extension"])
def test_an_account_with_a_wrong_template_does_not_open(key: str) -> None:
    account = VendorAccount("reg", "epp", settings={"host": "epp.example.net", key: "<a/>"}, credentials=LOGIN)
    with pytest.raises(SettingsError, match=f"EPP account 'reg': {key}: the element a has no namespace"):
        settings.read(account)
