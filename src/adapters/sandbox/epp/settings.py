"""What kind of registry this is; the control interface can change it while it runs."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Days = Annotated[float, Field(ge=0, le=36500)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=2)]


class RegistrySettings(BaseModel):
    """Prices are per year in `currency`, but that of a restore; 0 switches a limit off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zones: tuple[str, ...] = ("test", "com", "net", "org", "info", "eu", "de", "be")
    host_model: Literal["objects", "attributes"] = "objects"
    data_model: Literal["thick", "thin"] = "thick"
    dnssec: Literal["ds", "key", "none"] = "ds"
    contact_extension_uri: Annotated[str, Field(max_length=255)] = ""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    create_price: Money = Decimal("10.00")
    renew_price: Money = Decimal("10.00")
    transfer_price: Money = Decimal("10.00")
    restore_price: Money = Decimal("40.00")
    premium_price: Money = Decimal("500.00")

    auth_code_min: Annotated[int, Field(ge=1, le=255)] = 16
    show_auth_codes: bool = False
    transfer_years: Annotated[int, Field(ge=0, le=1)] = 1
    transfer_days: Days = 5
    transfer_lock_days: Days = 60
    transfers_at_once: bool = False
    keeps_withdrawn: bool = True
    renewals_at_once: bool = True
    restores_at_once: bool = True
    tell_gaining: bool = False
    restore_report: bool = True
    auto_renew: bool = True

    add_grace_days: Days = 5
    renew_grace_days: Days = 5
    transfer_grace_days: Days = 5
    auto_renew_grace_days: Days = 45
    redemption_days: Days = 30
    restore_report_days: Days = 7
    pending_delete_days: Days = 5
    pending_create_days: Days = 3

    max_sessions: Annotated[int, Field(ge=1)] = 10
    max_commands_per_second: Annotated[int, Field(ge=0)] = 0
    max_failed_logins: Annotated[int, Field(ge=1)] = 3
    login_seconds: Seconds = 10
    idle_seconds: Seconds = 120
    unique_transactions: bool = True
    crash_without_currency: bool = True
