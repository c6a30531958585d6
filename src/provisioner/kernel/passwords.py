"""Passwords that the worker makes itself."""

import secrets
import string
from typing import Final

from provisioner.kernel.secret import Secret

LENGTH: Final = 20
SYMBOLS: Final = "!#%+-=?_"


def generate() -> Secret:
    """A password of 20 characters with a small letter, a capital, a digit and a symbol (about 120 bits)."""
    alphabet = string.ascii_letters + string.digits + SYMBOLS
    required = [
        secrets.choice(kind) for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, SYMBOLS)
    ]
    rest = [secrets.choice(alphabet) for _ in range(LENGTH - len(required))]
    characters = required + rest
    secrets.SystemRandom().shuffle(characters)
    return Secret("".join(characters))
