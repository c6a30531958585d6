"""Prices and fees (RFC 8748): what a command costs, and whether the client agreed to it."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from adapters.sandbox.epp.nodes import Node, branch, leaf
from adapters.sandbox.epp.reading import Part
from adapters.sandbox.epp.refusals import Code, Refusal, SessionCrash
from adapters.sandbox.epp.settings import RegistrySettings

PREMIUM: Final = "premium"
CHARGED: Final = ("create", "renew", "transfer", "restore")


@dataclass(frozen=True, slots=True)
class Price:
    """What a command costs in all."""

    amount: Decimal
    premium: bool


def is_premium(name: str) -> bool:
    """Names whose first label begins with `premium` are dear."""
    return name.startswith(PREMIUM)


def price(settings: RegistrySettings, name: str, command: str, years: int) -> Price:
    """The price of a command on a name; a restore has no years."""
    per_year = {
        "create": settings.create_price,
        "renew": settings.renew_price,
        "transfer": settings.transfer_price,
        "restore": settings.restore_price,
    }.get(command, Decimal(0))
    premium = is_premium(name)
    if premium and command in ("create", "renew", "transfer"):
        per_year = settings.premium_price
    times = 1 if command == "restore" else years
    return Price((per_year * times).quantize(Decimal("0.01")), premium)


def agreed(settings: RegistrySettings, cost: Price, given: Part | None) -> None:
    """Whether the client agreed to the fee (RFC 8748 §3.8). Raises Refusal (2003, 2004, 2005).

    A dear name wants an agreement; otherwise none is needed. More than the price is enough.
    """
    if given is None:
        if cost.premium and cost.amount:
            raise Refusal(Code.MISSING, "A premium name needs the fee extension", "fee:fee")
        return
    _check_currency(settings, given.value("fee:currency"))
    total = sum((_amount(part) for part in given.all("fee:fee")), Decimal(0))
    if total < cost.amount:
        raise Refusal(Code.RANGE, f"The fee is {cost.amount} {settings.currency}", "fee:fee", str(total))


def result(settings: RegistrySettings, name: str, cost: Price, balance: Decimal) -> Node:
    """What a transform command has cost, as `fee:creData` and the like."""
    return branch(
        name,
        leaf("fee:currency", settings.currency),
        leaf("fee:fee", str(cost.amount)),
        leaf("fee:balance", f"{balance:.2f}"),
    )


def checked(settings: RegistrySettings, names: list[str], asked: Part) -> Node:
    """The answer to a fee check. Raises Refusal (2004, 2005), and SessionCrash where it may not be without currency."""
    if asked.find("fee:currency") is None and settings.crash_without_currency:
        raise SessionCrash("a fee check without a currency")
    _check_currency(settings, asked.value("fee:currency"))
    commands = asked.all("fee:command")
    entries = [_checked_name(settings, name, commands) for name in names]
    return branch("fee:chkData", leaf("fee:currency", settings.currency), *entries)


def _checked_name(settings: RegistrySettings, name: str, commands: list[Part]) -> Node:
    kind = leaf("fee:class", PREMIUM) if is_premium(name) else None
    prices = [_checked_command(settings, name, command) for command in commands]
    return branch("fee:cd", leaf("fee:objID", name), kind, *prices, avail="1")


def _checked_command(settings: RegistrySettings, name: str, command: Part) -> Node:
    wanted = command.attributes.get("name", "")
    period = command.find("fee:period")
    years = 1 if period is None else _years(period)
    if wanted not in (*CHARGED, "delete", "update"):
        raise Refusal(Code.VALUE, "There is no price for this command", "fee:command", wanted)
    shown = None if period is None else leaf("fee:period", str(years), unit="y")
    cost = price(settings, name, wanted, years)
    standard = {"standard": "0" if cost.premium else "1"}
    fee = leaf("fee:fee", str(cost.amount), refundable="1", grace_period="P5D")
    return branch("fee:command", shown, fee, name=wanted, **standard)


def _years(period: Part) -> int:
    if period.attributes.get("unit") != "y" or not period.text.isdecimal():
        raise Refusal(Code.VALUE, "A period is in years", "fee:period", period.text)
    return int(period.text)


def _check_currency(settings: RegistrySettings, currency: str) -> None:
    if currency and currency != settings.currency:
        raise Refusal(Code.RANGE, f"The currency is {settings.currency}", "fee:currency", currency)


def _amount(part: Part) -> Decimal:
    try:
        amount = Decimal(part.text)
    except InvalidOperation as error:
        raise Refusal(Code.VALUE, "A fee is a number", "fee:fee", part.text) from error
    if not amount.is_finite() or amount < 0:
        raise Refusal(Code.VALUE, "A fee is a number", "fee:fee", part.text)
    return amount
