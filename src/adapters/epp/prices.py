"""What a command would cost (RFC 8748), and whether the order agreed to that.

The price is asked for right before it is paid, and the command then names exactly that price: a registry that has
become dearer in between refuses it (2004).
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from adapters.epp import commands
from adapters.epp.registry import Registry
from adapters.epp.replies import Checked, Fee
from provisioner.ports.outcomes import Done, Rejected, Unavailable
from provisioner.ports.registrar import Price

MAX_PRICE: Final = "/max_price"


@dataclass(frozen=True, slots=True)
class Prices:
    """Asks for prices, always with the account's currency."""

    registry: Registry

    def quote(self, domain: str, command: str, years: int) -> Done:
        """`data`: available, reason, premium, price {amount, currency} or None where the registry names none."""
        checked = self.checked(domain, command, years)
        fee = checked.fee
        return Done(
            domain,
            {
                "available": checked.available,
                "reason": checked.reason or (fee.reason if fee else ""),
                "premium": bool(fee and fee.premium),
                "price": {"amount": fee.amount, "currency": fee.currency} if fee and fee.amount else None,
            },
        )

    def checked(self, domain: str, command: str, years: int) -> Checked:
        """One name, with the fee of one command. RFC 8748 §3.6: transfer and restore are for one year at most."""
        period = years if command in ("create", "renew") else 1
        query = commands.FeeQuery(command, period, self.registry.settings.currency)
        data = self.registry.ask(commands.domain_check((domain,), query), domain, values={domain: "/domain"}).data
        if not isinstance(data, tuple) or not data:
            raise Unavailable("unreadable_answer", f"the check of {domain} has no answer in it")
        return data[0]

    def agreed(self, domain: str, command: str, years: int, cap: Price | None) -> Price | None:
        """The fee to name in a command. Raises Rejected `price_too_high`."""
        return within(self.checked(domain, command, years), cap)


def within(checked: Checked, cap: Price | None) -> Price | None:
    """The price, if it is not above the cap; a premium name is never bought without one.

    None where the registry knows no fees: it has one price for every name. Where it knows fees and does not say how
    much, the cap itself is sent, for the registry to judge.
    """
    fee = checked.fee
    if fee is None:
        return None
    if not fee.amount:
        return cap
    if cap is None:
        if fee.premium:
            raise _too_high(f"{checked.name} is a premium name for {_text(fee)}; such a name needs a max_price")
        return None
    if cap.currency.upper() != fee.currency.upper():
        raise _too_high(f"the price is {_text(fee)}; the max_price is in {cap.currency}")
    if _decimal(fee.amount) > _decimal(cap.amount):
        raise _too_high(f"the price is {_text(fee)}, above the max_price of {cap.amount} {cap.currency}")
    return Price(fee.amount, fee.currency)


def _too_high(message: str) -> Rejected:
    return Rejected("price_too_high", message, fields=(MAX_PRICE,))


def _text(fee: Fee) -> str:
    return f"{fee.amount} {fee.currency}"


def _decimal(amount: str) -> Decimal:
    try:
        found = Decimal(amount)
    except InvalidOperation:
        raise Unavailable("unreadable_answer", f"{amount!a} is not an amount") from None
    if not found.is_finite():
        raise Unavailable("unreadable_answer", f"{amount!a} is not an amount")
    return found
