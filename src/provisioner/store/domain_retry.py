"""Domains of an order that are tried again: their terms with corrections, and the secret of the operation before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from provisioner.kernel.sealing import SecretBox
from provisioner.kernel.secret import Secret
from provisioner.messages.envelope import Message
from provisioner.messages.orders import Correction
from provisioner.store import credentials
from provisioner.store.domain_answers import CONFIRMED, has_confirmed
from provisioner.store.domains import PRODUCT, DomainTerms, Settled, Wanted
from provisioner.store.tables import operations, services
from provisioner.store.writing import Writing

OF_DOMAIN: Final = ("domain", "years", "contacts", "nameservers", "max_price", "registrar", "confirmed")

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DomainRetry:
    """The domains of one retry being made complete anew."""

    writing: Writing
    message: Message
    terms: DomainTerms

    def settle(self, customer_id: str, items: Mapping[str, Item], corrections: Mapping[str, Correction]) -> Settled:
        """Their terms by today's rules and contacts. Raises what `DomainTerms.settle` raises."""
        wanted = [
            self._wanted(item, corrections.get(item_id))
            for item_id, item in items.items()
            if item["product"] == PRODUCT
        ]
        return self.terms.settle(self.writing.connection, customer_id, wanted)

    def _wanted(self, item: Item, correction: Correction | None) -> Wanted:
        given = {} if correction is None else correction.model_dump(mode="json", exclude_none=True)
        has_code = "auth_code" in given or _kept_secret(self.writing, item) is not None
        account = given.get("registrar") or self._account(item["service_id"])
        return Wanted(
            _corrected(self._agreed(item), given),
            at=f"/data/corrections/{item['item_id']}",
            transfer=item["change"] == "transfer",
            has_auth_code=has_code,
            environment=self.message.environment,
            account=account,
        )

    def _agreed(self, item: Item) -> dict[str, Any]:
        """The terms as they were; a registrant who has agreed is not asked again."""
        agreed = has_confirmed(self.writing.connection, item["order_id"], item["item_id"])
        return {**item["attributes"], **({CONFIRMED: True} if agreed else {})}

    def _account(self, service_id: str) -> str | None:
        query = sa.select(services.c.vendor_account).where(services.c.id == service_id)
        account: str | None = self.writing.connection.scalar(query)
        return account


def _corrected(kept: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The terms as they were, with what is new. Contacts are named, so that they come as they are now.

    What a registrant has agreed to was the transfer of one name.
    """
    named = {role: contact["contact_id"] for role, contact in kept["contacts"].items()}
    terms = {**kept, **{name: given[name] for name in OF_DOMAIN if name in given}}
    if "nameservers" in given:
        terms.pop("hosting", None)
    if terms["domain"] != kept["domain"] and CONFIRMED not in given:
        terms.pop(CONFIRMED, None)
    return {**terms, "contacts": {**named, **given.get("contacts", {})}}


def take_secret(writing: Writing, box: SecretBox, item: Item) -> Secret | None:
    """The secret of the item's last operation, which forgets it; the new one is given it. Raises KeyRingError."""
    kept = _kept_secret(writing, item)
    if kept is None:
        return None
    operation_id, sealed = kept
    secret = credentials.unseal_password(box, operations.c.sealed_secret, operation_id, sealed)
    writing.execute(sa.update(operations).where(_of_item(item)).values(sealed_secret=None))
    return secret


def _kept_secret(writing: Writing, item: Item) -> tuple[str, bytes] | None:
    query = sa.select(operations.c.id, operations.c.sealed_secret).where(_of_item(item))
    found = writing.connection.execute(query.order_by(operations.c.position.desc()).limit(1)).first()
    return None if found is None else (found[0], found[1])


def _of_item(item: Item) -> sa.ColumnElement[bool]:
    here = (operations.c.order_id == item["order_id"], operations.c.item_id == item["item_id"])
    return sa.and_(*here, operations.c.sealed_secret.is_not(None))
