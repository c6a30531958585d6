"""What a registrar account must say, checked before anything is sent. Described in docs/reference/adapters/epp.md."""

from dataclasses import dataclass
from typing import Literal

from provisioner.ports.accounts import VendorAccount
from provisioner.ports.registrar import Host


@dataclass(frozen=True, slots=True)
class Settings:
    """One account, checked; no secrets in it. Times are in seconds; `fingerprint` is 64 hex digits, or empty."""

    account: str
    host: str
    port: int
    username: str
    fingerprint: str
    ca_file: str
    client_certificate: str
    max_sessions: int
    commands_per_second: float
    checks_per_second: float
    idle_close_seconds: float
    session_max_age_seconds: float
    connect_seconds: float
    command_seconds: float
    host_model: Literal["objects", "attributes"]
    data_model: Literal["thick", "thin"]
    extensions: tuple[str, ...] | None
    currency: str
    restore_report: bool
    transfer_years: int
    nameservers: tuple[Host, ...]
    cltrid_prefix: str
    language: str


def read(account: VendorAccount) -> Settings:
    """The account's settings. Raises SettingsError with one sentence that names the fault."""
    raise NotImplementedError
