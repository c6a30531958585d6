"""What a top-level domain allows and wants, as data: one table for an installation, one snapshot for each service.

The shipped table is `tlds.toml`; the setting `tlds_file` names another, which replaces it as a whole.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from importlib import resources
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from provisioner.kernel.errors import RefusedError, SettingsError
from provisioner.messages import complaints

ROLES: Final = ("registrant", "admin", "tech", "billing")

Role = Literal["registrant", "admin", "tech", "billing"]
ContactField = Literal["organisation", "fax", "state", "postal_code"]
ExtraName = Annotated[str, Field(min_length=1, max_length=60)]
_Days = Annotated[int, Field(strict=True, ge=0, le=400)]
_Several = Field(max_length=30)


class UnknownTld(RefusedError):
    """No domains are registered under this top-level domain here.

    `pointer` is a JSON pointer (RFC 6901) to the name in the message, where it came in one.
    """

    code: ClassVar[str] = "unknown_tld"

    def __init__(self, complaint: str, pointer: str | None = None) -> None:
        super().__init__(complaint)
        self.pointer = pointer


# Each rule's description is its line in docs/reference/tlds.md.
@dataclass(frozen=True, slots=True, kw_only=True)
class TldRules:
    """The rules of one top-level domain, or of a suffix such as `co.uk`. The defaults suit most generic ones."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(hide_input_in_errors=True)

    tld: Annotated[str, Field(min_length=2, max_length=240, description="The suffix, in A-labels, without a dot.")]
    min_years: Annotated[int, Field(strict=True, ge=1, le=10, description="Fewest years of a registration.")] = 1
    max_years: Annotated[
        int, Field(strict=True, ge=1, le=10, description="Most years of a registration or a renewal.")
    ] = 10
    max_years_ahead: Annotated[
        int,
        Field(
            strict=True, ge=2, le=10, description="Years from today up to which a domain can be renewed at the most."
        ),
    ] = 10
    transfer_years: Annotated[
        int, Field(strict=True, ge=0, le=10, description="Years that a transfer adds; 0: the request names no period.")
    ] = 1
    host_model: Annotated[
        Literal["objects", "attributes"],
        Field(description="Name servers are host objects of their own, or attributes of the domain (RFC 5731 §1.1)."),
    ] = "objects"
    data_model: Annotated[
        Literal["thick", "thin"],
        Field(description="The registry keeps contacts, or the registrar alone does: then it is told of none."),
    ] = "thick"
    contact_roles: Annotated[tuple[Role, ...], _Several, Field(description="Roles that a domain must have.")] = (
        "registrant",
        "admin",
        "tech",
    )
    required_fields: Annotated[
        tuple[ContactField, ...], _Several, Field(description="Fields of a contact that must not be left out.")
    ] = ()
    required_extra: Annotated[
        tuple[ExtraName, ...], _Several, Field(description="Entries that a contact must have under `extra`.")
    ] = ()
    dnssec: Annotated[
        Literal["ds", "key", "none"],
        Field(description="What the registry takes: DS records, DNSKEY records, or neither (RFC 5910 §4)."),
    ] = "ds"
    auth_code_length: Annotated[
        int, Field(strict=True, ge=8, le=64, description="Characters of the authorisation codes that are made here.")
    ] = 24
    auth_code_days: Annotated[
        _Days, Field(description="Days after which an authorisation code that was made for an owner is cleared.")
    ] = 14
    transfer_days: Annotated[
        int,
        Field(strict=True, ge=1, le=90, description="Days after which somebody is told that a transfer has not ended."),
    ] = 15
    transfer_needs_auth_code: Annotated[
        bool, Field(strict=True, description="Whether a transfer to us needs the domain's authorisation code.")
    ] = True
    transfer_confirmation: Annotated[
        Literal["none", "registrant"],
        Field(description="Whether the registrant must have agreed before a transfer to us is asked for."),
    ] = "none"
    transfer_out: Annotated[
        Literal["approve", "reject", "wait"],
        Field(description="What is answered when another registrar asks for a domain."),
    ] = "wait"
    restore_report: Annotated[
        bool, Field(strict=True, description="Whether a restore needs a report (RFC 3915 §4.2.5).")
    ] = True
    add_grace_days: Annotated[
        _Days, Field(description="Days in which a new domain is deleted at once. To be read: the registry decides.")
    ] = 5
    auto_renew_grace_days: Annotated[
        _Days, Field(description="Days after the registry's own renewal in which a deletion takes it back.")
    ] = 45
    redemption_days: Annotated[
        _Days, Field(description="Days in which a deleted domain can be restored; 0: it cannot.")
    ] = 30
    registry_auto_renews: Annotated[
        bool, Field(strict=True, description="Whether the registry renews by itself at expiry.")
    ] = True
    renew_days_before: Annotated[
        int,
        Field(
            strict=True,
            ge=1,
            le=300,
            description="Days before expiry at which a domain is to be renewed at the latest.",
        ),
    ] = 30
    renew_spread_days: Annotated[
        int,
        Field(
            strict=True, ge=0, le=60, description="Days before that over which the renewals of many domains are spread."
        ),
    ] = 14
    nameservers_min: Annotated[
        int, Field(strict=True, ge=0, le=13, description="Fewest name servers; 0: a domain may have none.")
    ] = 0
    nameservers_max: Annotated[int, Field(strict=True, ge=1, le=13, description="Most name servers.")] = 13
    name_min_length: Annotated[
        int, Field(strict=True, ge=1, le=63, description="Fewest characters before the suffix (in A-labels).")
    ] = 2

    def as_json(self) -> dict[str, Any]:
        """The rules as JSON values, to be kept with a service."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """The rules as they were kept. What another version kept beside them is passed over, or has its default."""
        known = {field.name: kept[field.name] for field in fields(cls) if field.name in kept}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in known.items()
        }
        return cls(**values)


class TldTable:
    """All top-level domains that are sold here."""

    def __init__(self, rules: Iterable[TldRules]) -> None:
        self._rules = {rule.tld: rule for rule in rules}

    @classmethod
    def parse(cls, text: str, where: str) -> Self:
        """The table in a TOML text; `where` says in errors which file it is. Raises SettingsError with one sentence."""
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{where} is not TOML: {error}.") from None
        if not isinstance(document.get("tld"), dict) or not document["tld"]:
            raise SettingsError(f"{where} names no top-level domain; write one as [tld.com].")
        if unknown := document.keys() - {"defaults", "tld"}:
            raise SettingsError(f"{where} has {min(unknown)}; only [defaults] and [tld.NAME] are known.")
        defaults = document.get("defaults", {})
        return cls(_rules(where, name, defaults, given) for name, given in document["tld"].items())

    @classmethod
    def shipped(cls) -> Self:
        """The table that comes with the program."""
        return cls.parse(resources.files(__package__).joinpath("tlds.toml").read_text(encoding="utf-8"), "tlds.toml")

    @property
    def tlds(self) -> tuple[str, ...]:
        """The suffixes, sorted."""
        return tuple(sorted(self._rules))

    def rules_for(self, domain: str) -> TldRules:
        """The rules of the longest suffix that this domain lies under. Raises UnknownTld naming those that exist."""
        labels = domain.split(".")
        for start in range(1, len(labels)):
            rules = self._rules.get(".".join(labels[start:]))
            if rules is not None:
                return rules
        raise UnknownTld(f"no domains are registered here under .{labels[-1]}; there are {', '.join(self.tlds)}")


_ADAPTER: Final = TypeAdapter(TldRules)


def _rules(where: str, name: str, defaults: Any, given: Any) -> TldRules:
    if not isinstance(given, dict) or not isinstance(defaults, dict):
        raise SettingsError(f"{where}: [tld.{name}] and [defaults] must be tables.")
    stated = {**defaults, **given, "tld": name}
    if unknown := stated.keys() - {field.name for field in fields(TldRules)}:
        raise SettingsError(f"{where}: /tld/{name}/{min(unknown)} is not known here; look for a misspelt name.")
    try:
        rules = _ADAPTER.validate_python(stated)
    except ValidationError as error:
        sentence, _ = complaints.first(error, stated, f"/tld/{name}")
        raise SettingsError(f"{where}: {sentence.replace('a JSON array', 'an array').replace('JSON ', '')}") from None
    _check(where, rules)
    return rules


_ORDERED: Final = (
    ("min_years", "max_years"),
    ("max_years", "max_years_ahead"),
    ("nameservers_min", "nameservers_max"),
)


def _check(where: str, rules: TldRules) -> None:
    """What no single rule says."""
    if rules.tld != rules.tld.lower() or not rules.tld.isascii() or rules.tld.startswith("."):
        raise SettingsError(f"{where}: [tld.{rules.tld}] must be named in small letters and A-labels, without a dot.")
    for least, most in _ORDERED:
        if getattr(rules, least) > getattr(rules, most):
            raise SettingsError(f"{where}: /tld/{rules.tld}/{least} must not be more than {most}.")
