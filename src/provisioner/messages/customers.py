"""The customer, as orders and messages without an order name them."""

from provisioner.messages.fields import Contract, Country, Email, Identifier, Line, Locale, Phone


class Customer(Contract):
    """Who will own the services. `customer_id` is the storefront's."""

    customer_id: Identifier
    name: Line
    company: Line | None = None
    email: Email | None = None
    phone: Phone | None = None
    address: Line | None = None
    city: Line | None = None
    state: Line | None = None
    postal_code: Line | None = None
    country: Country | None = None
    locale: Locale | None = None
