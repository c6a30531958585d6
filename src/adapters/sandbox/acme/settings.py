"""What kind of authority this is; the control interface can change it while it runs."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Hours = Annotated[float, Field(gt=0, le=876_000)]
Seconds = Annotated[float, Field(ge=0, le=86400)]
Count = Annotated[int, Field(ge=0)]
HostAndPort = Annotated[str, Field(pattern=r"^$|^[^\s:]+:\d{1,5}$")]


class Profile(BaseModel):
    """A kind of certificate that can be asked for by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    hours: Hours
    most_names: Annotated[int, Field(ge=1)] = 100


PROFILES: Mapping[str, Profile] = {
    "classic": Profile(description="Certificates of 90 days.", hours=90 * 24),
    "tlsserver": Profile(description="Certificates of 45 days.", hours=45 * 24, most_names=25),
    "shortlived": Profile(description="Certificates of 160 hours.", hours=160, most_names=25),
}


class AuthoritySettings(BaseModel):
    """Host and port are written `127.0.0.1:80`, empty for none; 0 switches a limit off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: Literal["real", "none"] = "real"
    http_address: HostAndPort = ""
    http_port: Annotated[int, Field(ge=1, le=65535)] = 80
    dns_server: HostAndPort = ""
    validation_seconds: Annotated[float, Field(gt=0, le=60)] = 10
    caa_identities: tuple[str, ...] = ("ca.test",)
    caa_checked: bool = False
    caa_forbidden: tuple[str, ...] = ()
    rejected_names: tuple[str, ...] = ()

    external_account_required: bool = False
    terms_required: bool = True
    renewal_info: bool = True
    renewal_info_seconds: Seconds = 21600
    profiles: Mapping[str, Profile] = PROFILES
    default_profile: str = "classic"
    lifetime_hours: Hours | None = None
    issuing_seconds: Seconds = 0

    reuse_orders: bool = True
    reuse_authorizations: bool = True
    order_hours: Hours = 168
    expired_orders: Literal["invalid", "gone"] = "invalid"
    authorization_days: Annotated[float, Field(gt=0, le=365)] = 30

    orders_per_3_hours: Count = 300
    certificates_per_week_for_a_name_set: Count = 5
    failed_validations_per_hour_for_a_name: Count = 5
    requests_per_second: Count = 0
    bad_nonce_percent: Annotated[int, Field(ge=0, le=100)] = 0
