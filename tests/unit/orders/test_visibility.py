import pytest

from provisioner.orders.visibility import is_visible, visible_changes

CUSTOMERS = ["customer", "customer_admin"]
OTHERS = ["reseller", "admin"]


@pytest.mark.parametrize("role", CUSTOMERS)
def test_customers_do_not_see_changes_of_markup(role: str) -> None:
    assert visible_changes(["purchase", "markup_change", "renew"], role) == ("purchase", "renew")


@pytest.mark.parametrize("role", OTHERS)
def test_everybody_else_sees_every_change(role: str) -> None:
    assert visible_changes(["purchase", "markup_change"], role) == ("purchase", "markup_change")


@pytest.mark.parametrize("role", CUSTOMERS)
def test_customers_do_not_see_an_order_of_nothing_but_markup(role: str) -> None:
    assert not is_visible(["markup_change"], role)


@pytest.mark.parametrize("role", CUSTOMERS)
def test_customers_see_an_order_with_anything_else(role: str) -> None:
    assert is_visible(["markup_change", "purchase"], role)


@pytest.mark.parametrize("role", OTHERS)
def test_everybody_else_sees_every_order(role: str) -> None:
    assert is_visible(["markup_change"], role)
