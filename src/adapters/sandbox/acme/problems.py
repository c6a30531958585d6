"""What the authority refuses, and how it says so: problem documents (RFC 7807) of RFC 8555 section 6.7."""

import json
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

NAMESPACE: Final = "urn:ietf:params:acme:error:"
CONTENT_TYPE: Final = "application/problem+json"


class Kind(StrEnum):
    """The error types of RFC 8555 section 6.7, of RFC 9773 (`alreadyReplaced`) and of profiles (`invalidProfile`)."""

    ACCOUNT_DOES_NOT_EXIST = "accountDoesNotExist"
    ALREADY_REPLACED = "alreadyReplaced"
    ALREADY_REVOKED = "alreadyRevoked"
    BAD_CSR = "badCSR"
    BAD_NONCE = "badNonce"
    BAD_PUBLIC_KEY = "badPublicKey"
    BAD_REVOCATION_REASON = "badRevocationReason"
    BAD_SIGNATURE_ALGORITHM = "badSignatureAlgorithm"
    CAA = "caa"
    COMPOUND = "compound"
    CONNECTION = "connection"
    DNS = "dns"
    EXTERNAL_ACCOUNT_REQUIRED = "externalAccountRequired"
    INCORRECT_RESPONSE = "incorrectResponse"
    INVALID_CONTACT = "invalidContact"
    INVALID_PROFILE = "invalidProfile"
    MALFORMED = "malformed"
    ORDER_NOT_READY = "orderNotReady"
    RATE_LIMITED = "rateLimited"
    REJECTED_IDENTIFIER = "rejectedIdentifier"
    SERVER_INTERNAL = "serverInternal"
    TLS = "tls"
    UNAUTHORIZED = "unauthorized"
    UNSUPPORTED_CONTACT = "unsupportedContact"
    UNSUPPORTED_IDENTIFIER = "unsupportedIdentifier"
    USER_ACTION_REQUIRED = "userActionRequired"


_STATUS: Final[Mapping[Kind, HTTPStatus]] = {
    Kind.ALREADY_REPLACED: HTTPStatus.CONFLICT,
    Kind.CAA: HTTPStatus.FORBIDDEN,
    Kind.EXTERNAL_ACCOUNT_REQUIRED: HTTPStatus.FORBIDDEN,
    Kind.ORDER_NOT_READY: HTTPStatus.FORBIDDEN,
    Kind.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    Kind.SERVER_INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    Kind.UNAUTHORIZED: HTTPStatus.FORBIDDEN,
    Kind.USER_ACTION_REQUIRED: HTTPStatus.FORBIDDEN,
}
_KIND_OF_STATUS: Final[Mapping[int, Kind]] = {
    HTTPStatus.UNAUTHORIZED: Kind.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN: Kind.UNAUTHORIZED,
    HTTPStatus.CONFLICT: Kind.ALREADY_REPLACED,
    HTTPStatus.TOO_MANY_REQUESTS: Kind.RATE_LIMITED,
    HTTPStatus.SERVICE_UNAVAILABLE: Kind.RATE_LIMITED,
}


class Problem(Exception):
    """A refusal: its type, a sentence, the HTTP status, and for a limit when to come back (seconds).

    `more` are further members of the document, such as `algorithms` and `subproblems`.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str,
        status: int | None = None,
        *,
        retry_after: float = 0,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.status = int(_STATUS.get(kind, HTTPStatus.BAD_REQUEST) if status is None else status)
        self.retry_after = retry_after
        self.more = dict(more or {})

    def document(self) -> dict[str, Any]:
        """The problem document."""
        return {"type": NAMESPACE + self.kind, "detail": self.detail, "status": self.status, **self.more}

    def body(self) -> bytes:
        """The document in JSON."""
        return json.dumps(self.document()).encode()

    def headers(self) -> dict[str, str]:
        """Retry-After, when there is something to wait for."""
        return {"Retry-After": str(max(round(self.retry_after), 1))} if self.retry_after else {}


def malformed(detail: str, status: int = HTTPStatus.BAD_REQUEST) -> Problem:
    """The request is not what it should be."""
    return Problem(Kind.MALFORMED, detail, status)


def not_found(what: str) -> Problem:
    """There is no such thing, or it is another account's."""
    return malformed(f"{what} not found", HTTPStatus.NOT_FOUND)


def planned(status: int, text: str, seconds: float, default: int = HTTPStatus.BAD_REQUEST) -> Problem:
    """What the fault plan asks for: `text` is a type, a sentence, or `type: sentence`; `seconds` go to Retry-After."""
    status = status or default
    word, _, sentence = text.partition(":")
    if word.strip() in set(Kind):
        return Problem(Kind(word.strip()), sentence.strip() or "By the fault plan.", status, retry_after=seconds)
    fallback = Kind.SERVER_INTERNAL if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Kind.MALFORMED
    kind = _KIND_OF_STATUS.get(status, fallback)
    return Problem(kind, text or "Service busy; retry later.", status, retry_after=seconds)
