"""A value that must not be shown: printing it gives `***`, and turning it into JSON or a pickle fails."""

import hmac
from typing import Any, Never, final


@final
class Secret:
    """Text that never appears by accident; `reveal()` is the one way to read it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Every call of this is a place to look at in a review."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> Never:
        raise TypeError("a Secret is never pickled")

    def __iter__(self) -> Any:
        raise TypeError("a Secret is never turned into a list or JSON; seal it, or reveal() it on purpose")
