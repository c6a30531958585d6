"""What a storefront publishes about domains."""

from collections.abc import Mapping
from typing import Any, Final

from tests.support.production import message

HOSTS: Final = ({"name": "ns1.hosting.example"}, {"name": "ns2.hosting.example"})


def contact(name: str = "owner") -> dict[str, Any]:
    """A good contact as a whole."""
    return {
        "contact_id": name,
        "name": "Ada Owner",
        "email": "ada@example.com",
        "phone": "+49 30 1234567",
        "street": ["Long Street 1"],
        "city": "Berlin",
        "postal_code": "10115",
        "country": "DE",
    }


def contacts(name: str = "owner") -> dict[str, Any]:
    """The contacts of a domain: one person in all roles."""
    return {role: contact(name) for role in ("registrant", "admin", "tech")}


def terms(number: int | str, **changes: Any) -> dict[str, Any]:
    """What a registration and a transfer have in common."""
    return {
        "service_id": f"domain-{number}",
        "domain": f"name{number}.com",
        "contacts": contacts(f"owner-{number}"),
        "nameservers": list(HOSTS),
        **changes,
    }


def domain_item(number: int | str, **changes: Any) -> dict[str, Any]:
    """One domain item, to be registered."""
    return {"product": "domain", "item_id": "domain", "change": "purchase", **terms(number), **changes}


def domain_order(number: int | str, **changes: Any) -> dict[str, Any]:
    """A good order for one domain; `changes` go into its item."""
    data = {
        "order_id": f"order-{number}",
        "customer": customer(number),
        "items": [domain_item(number, **changes)],
    }
    return message("order.place.v1", f"place-{number}", data)


def customer(number: int | str) -> dict[str, Any]:
    """Whose the domain will be."""
    return {"customer_id": f"customer-{number}", "name": f"Customer {number}", "email": "c@example.com"}


def domain_command(verb: str, number: int | str = 1, **data: Any) -> dict[str, Any]:
    """A command to a domain that exists."""
    return message(f"domain.{verb}.v1", f"{verb}-{number}", {"service_id": f"domain-{number}", **data})


def wanting(name: str, **data: Any) -> Mapping[str, Any]:
    """A message without an order: `register` or `transfer`."""
    return message(f"domain.{name}.v1", f"{name}-{data['service_id']}", {"customer": customer("c"), **data})
