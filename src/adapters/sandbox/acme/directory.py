"""What a client sees first: the directory, nonces, the terms (RFC 8555 sections 7.1.1, 7.2, 7.3.3)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from adapters.sandbox.acme.authority import Authority
from adapters.sandbox.acme.call import Answer, Call

_TERMS: Final = b"This is a sandbox. Its certificates are worth nothing outside of it.\n"


@dataclass(frozen=True, slots=True)
class Entrance:
    """The resources that need no account."""

    authority: Authority

    def directory(self, call: Call) -> Answer:
        """Where everything is."""
        settings = self.authority.settings
        meta: dict[str, Any] = {
            "caaIdentities": list(settings.caa_identities),
            "externalAccountRequired": settings.external_account_required,
            "profiles": {name: profile.description for name, profile in settings.profiles.items()},
            "website": call.url("terms"),
        }
        if settings.terms_required:
            meta["termsOfService"] = call.url("terms")
        document = {
            "newNonce": call.url("new-nonce"),
            "newAccount": call.url("new-account"),
            "newOrder": call.url("new-order"),
            "revokeCert": call.url("revoke-certificate"),
            "keyChange": call.url("key-change"),
            "meta": meta,
        }
        return Answer(document | ({"renewalInfo": call.url("renewal-info")} if settings.renewal_info else {}))

    def nonce(self, call: Call) -> Answer:
        """Nothing; the nonce is in the header."""
        return Answer(status=HTTPStatus.OK if call.method == "HEAD" else HTTPStatus.NO_CONTENT)

    def terms(self, _call: Call) -> Answer:
        """The terms of service."""
        return Answer(content=_TERMS, content_type="text/plain; charset=utf-8")
