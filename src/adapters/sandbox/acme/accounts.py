"""Accounts (RFC 8555 section 7.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from adapters.sandbox.acme import jws
from adapters.sandbox.acme.authority import Authority
from adapters.sandbox.acme.call import Answer, Call
from adapters.sandbox.acme.jws import Jwk
from adapters.sandbox.acme.problems import Kind, Problem, malformed
from adapters.sandbox.acme.records import Account
from provisioner.kernel.secret import Secret

_ADDRESS: Final = re.compile(r"[^@\s,?]+@[^@\s,?]+\.[^@\s,?.]+")


@dataclass(frozen=True, slots=True)
class Reception:
    """Opens and changes accounts. `externals` are the keys that accounts may be bound with, by identifier."""

    authority: Authority
    externals: Mapping[str, Secret]

    def create(self, call: Call) -> Answer:
        """newAccount: a new account, or the one that there is for the key."""
        if call.jwk is None:
            raise malformed("newAccount is signed with the account's key itself, in jwk")
        asked = call.payload()
        known = self.authority.accounts.marked(f"key:{jws.thumbprint(call.jwk)}")
        if known:
            return _shown(call, usable(known[0]))
        if asked.get("onlyReturnExisting"):
            raise Problem(Kind.ACCOUNT_DOES_NOT_EXIST, "there is no account for this key")
        return _shown(call, self._open(call, call.jwk, asked), HTTPStatus.CREATED)

    def change(self, call: Call) -> Answer:
        """An account's own page: read it, change its contacts, or deactivate it."""
        account = self._own(call)
        asked = {} if call.is_reading else call.payload()
        if asked.get("status") == "deactivated":
            account = replace(account, status="deactivated")
            self._record("account:deactivate", account)
        elif "status" in asked and asked["status"] != account.status:
            raise malformed("an account can only be deactivated")
        elif "contact" in asked:
            account = replace(account, contacts=_contacts(asked["contact"]))
            self._record("account:update", account)
        self.authority.accounts.save(account)
        return _shown(call, account)

    def orders(self, call: Call) -> Answer:
        """The URLs of an account's orders."""
        call.must_only_read()
        found = self.authority.orders.marked(f"account:{self._own(call).key}")
        return Answer({"orders": [call.url("order", order.key) for order in found]})

    def change_key(self, call: Call) -> Answer:
        """Give the account another key (section 7.3.5): a request within the request, signed with the new key."""
        account, inner = call.owner, jws.opened(call.payload())
        new = jws.public_jwk(inner.header.get("jwk"))
        jws.verify(inner, new)
        asked = inner.payload()
        wanted = (call.url("account", account.key), dict(account.jwk))
        if (asked.get("account"), asked.get("oldKey")) != wanted or inner.header.get("url") != call.base + call.path:
            raise malformed("the inner request is not about this account and its key")
        taken = self.authority.accounts.marked(f"key:{jws.thumbprint(new)}")
        if taken:
            location = {"Location": call.url("account", taken[0].key)}
            return Answer(malformed("the new key belongs to an account", 409).document(), 409, location)
        account = replace(account, jwk=new, thumbprint=jws.thumbprint(new))
        self._record("account:key-change", account)
        return _shown(call, self.authority.accounts.save(account))

    def _own(self, call: Call) -> Account:
        if call.owner.key != call.parts[0]:
            raise Problem(Kind.UNAUTHORIZED, "this is another account's page")
        return call.owner

    def _open(self, call: Call, jwk: Jwk, asked: Mapping[str, Any]) -> Account:
        if self.authority.settings.terms_required and asked.get("termsOfServiceAgreed") is not True:
            raise Problem(Kind.USER_ACTION_REQUIRED, "the terms of service must be agreed to")
        account = Account(
            key=self.authority.new_key(),
            jwk=jwk,
            thumbprint=jws.thumbprint(jwk),
            created=self.authority.clock.now(),
            contacts=_contacts(asked.get("contact", [])),
            external=self._bound(call, jwk, asked.get("externalAccountBinding")),
        )
        self._record("account:create", account)
        return self.authority.accounts.save(account)

    def _bound(self, call: Call, jwk: Jwk, binding: Any) -> str:
        """The external account that a binding names (section 7.3.4). Raises Problem."""
        if binding is None:
            if self.authority.settings.external_account_required:
                raise Problem(Kind.EXTERNAL_ACCOUNT_REQUIRED, "an external account binding is required")
            return ""
        inner = jws.opened(binding)
        identifier = str(inner.header.get("kid", ""))
        key = self.externals.get(identifier)
        if key is None or not jws.fits_mac(inner, jws.decoded(key.reveal(), "key")):
            raise Problem(Kind.UNAUTHORIZED, "the external account binding is not signed with a known key")
        if inner.header.get("url") != call.base + call.path or "nonce" in inner.header:
            raise malformed("the external account binding has another url than the request, or a nonce")
        if jws.public_jwk(inner.payload()) != jwk:
            raise malformed("the external account binding is for another key")
        return identifier

    def _record(self, operation: str, account: Account) -> None:
        details = {"contacts": ",".join(account.contacts), "external_account": account.external}
        self.authority.ledger.record(
            operation,
            account=account.key,
            reference=account.thumbprint,
            object_id=account.key,
            details={name: value for name, value in details.items() if value},
        )


def usable(account: Account) -> Account:
    """The account. Raises Problem (unauthorized) when it was deactivated."""
    if account.status != "valid":
        raise Problem(Kind.UNAUTHORIZED, f'Account is not valid, has status "{account.status}"')
    return account


def _shown(call: Call, account: Account, status: int = HTTPStatus.OK) -> Answer:
    url = call.url("account", account.key)
    document = {
        "status": account.status,
        "contact": list(account.contacts),
        "orders": f"{url}/orders",
        "key": dict(account.jwk),
    }
    return Answer(document, status, {"Location": url})


def _contacts(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise malformed("contact is no list of URLs")
    for contact in given:
        scheme, _, address = contact.partition(":")
        if scheme != "mailto":
            raise Problem(Kind.UNSUPPORTED_CONTACT, "contacts are mail addresses (mailto:)")
        if not _ADDRESS.fullmatch(address):
            raise Problem(Kind.INVALID_CONTACT, "a contact is one mail address, without header fields")
    return tuple(given)
