"""What may be shown of a request and its answer: no signatures, no nonces, no keys, no bindings."""

import base64
import binascii
import json
from typing import Any, Final

import requests

from provisioner.kernel.redaction import REDACTED, redact, redact_text

SHOWN_HEADERS: Final = ("Location", "Retry-After", "Link")
_HIDDEN: Final = frozenset({"externalAccountBinding"})


def shown_request(method: str, url: str, signed: str) -> str:
    """The request with the message that was signed; what signs it (key, nonce, signature) is left out."""
    line = redact_text(f"{method} {url}")
    return f"{line}\n\n{_shown_body(_payload(signed))}" if signed else line


def shown_response(response: requests.Response, text: str) -> str:
    """The status, the headers that say something, and the body."""
    headers = [f"{name}: {response.headers[name]}" for name in SHOWN_HEADERS if name in response.headers]
    return redact_text("\n".join([f"HTTP {response.status_code}", *headers])) + f"\n\n{_shown_body(text)}"


def _payload(signed: str) -> str:
    try:
        payload = json.loads(signed)["payload"]
        return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    except (ValueError, KeyError, TypeError, binascii.Error):
        return REDACTED


def _shown_body(text: str) -> str:
    """JSON with what is secret in it hidden by its name; other texts (certificates) by their form."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return redact_text(text)
    return json.dumps(redact(_without_bindings(value)))


def _without_bindings(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: REDACTED if key in _HIDDEN else entry for key, entry in value.items()}
