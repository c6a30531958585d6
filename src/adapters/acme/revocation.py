"""Revoking a certificate (RFC 8555 section 7.6)."""

from acme import messages

from adapters.acme import chains, errors
from adapters.acme.client import AnsweredNothing, Client
from adapters.acme.errors import Call
from provisioner.ports.outcomes import Done, Rejected


class Revocation:
    """Revokes what this account was given."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def revoke(self, chain: str, reason: int) -> Done:
        """Revoke the leaf. One that is revoked already is Done. A body says that somebody else has answered."""
        leaf = chains.leaf_of(chain)
        if leaf is None:
            raise Rejected("invalid_request", "this is no certificate in PEM")
        url = self._client.directory().revoke_certificate
        try:
            answer = self._client.post(Call.REVOKE, url, messages.Revocation(certificate=leaf, reason=reason))
        except AnsweredNothing:
            return Done(warnings=("it was revoked already",))
        if answer.text.strip():
            raise errors.unreadable("it has a body, and of a revocation it has none", Call.REVOKE)
        return Done()
