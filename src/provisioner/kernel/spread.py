"""Spreading what would else happen at once: by the hash of a name, so that every process comes to the same answer."""

import hashlib


def share(name: str) -> float:
    """A number from 0 up to 1 that is always the same for a name, and spread evenly over names."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
