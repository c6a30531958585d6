"""Passwords that the worker makes itself."""

import secrets
import string
from typing import Final

from provisioner.kernel.secret import Secret

LENGTH: Final = 20
SYMBOLS: Final = "!#%+-=?_"


def generate(length: int = LENGTH) -> Secret:
    """A password of so many characters (4 or more) with a small letter, a capital, a digit and a symbol.

    The 20 characters that it has by default are about 120 bits.
    """
    alphabet = string.ascii_letters + string.digits + SYMBOLS
    required = [
        secrets.choice(kind) for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, SYMBOLS)
    ]
    rest = [secrets.choice(alphabet) for _ in range(length - len(required))]
    characters = required + rest
    secrets.SystemRandom().shuffle(characters)
    return Secret("".join(characters))
