"""Passwords and authorisation codes: kept as salted hashes, never shown."""

import hashlib
import secrets


def hashed(text: str) -> str:
    """A salted hash, or nothing for an empty text."""
    if not text:
        return ""
    salt = secrets.token_hex(8)
    return f"{salt}${hashlib.sha256((salt + text).encode()).hexdigest()}"


def matches(text: str, stored: str) -> bool:
    """True when `stored` is the hash of that text; an empty one matches nothing."""
    salt, _, digest = stored.partition("$")
    computed = hashlib.sha256((salt + text).encode()).hexdigest()
    return bool(stored) and secrets.compare_digest(computed, digest)
