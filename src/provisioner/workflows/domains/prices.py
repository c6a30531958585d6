"""What a command would cost, and whether that was agreed to."""

from decimal import Decimal
from typing import Any

from provisioner.ports.outcomes import Done, Rejected
from provisioner.ports.registrar import Price, Registrar
from provisioner.workflows.domains.ordered import price_of
from provisioner.workflows.operation import Operation


def quote(op: Operation, registrar: Registrar, domain: str, command: str, years: int) -> Done:
    """Ask for the price, and remember the answer."""
    return op.step("quote", registrar.quote, domain, command, years)


def agreed(quoted: Done, cap: Price | None) -> Price | None:
    """The price to tell the registry, so that it cannot charge more: the cap, or else what it said itself.

    Raises Rejected `price_too_high`, and `premium_price` for a premium name without a cap.
    """
    price = price_of(quoted.data.get("price"))
    if cap is None and quoted.data.get("premium"):
        told = "an unknown price" if price is None else _words(price)
        raise Rejected("premium_price", f"this is a premium name for {told}; give max_price to accept it", fields=CAP)
    if cap is None or price is None:
        return cap or price
    if price.currency != cap.currency or Decimal(price.amount) > Decimal(cap.amount):
        raise Rejected("price_too_high", f"it costs {_words(price)}, more than the {_words(cap)} allowed", fields=CAP)
    return cap


CAP = ("/max_price",)


def cap_of(op: Operation, quoted: Done, ordered: Price | None) -> Price | None:
    """What a command may cost: what it says itself; for a premium name, what the order said."""
    told: dict[str, Any] | None = op.inputs.get("max_price")
    if told is not None:
        return price_of(told)
    return ordered if quoted.data.get("premium") else None


def _words(price: Price) -> str:
    return f"{price.amount} {price.currency}"
