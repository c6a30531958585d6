"""What a model found wrong, as one sentence and a JSON pointer. No value of a field is ever quoted."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from provisioner.messages import contacts, domains
from provisioner.messages.fields import RULES
from provisioner.messages.inspection import child

_Context = Mapping[str, Any]


def _pattern(context: _Context) -> str:
    return RULES.get(context["pattern"], "is not written as it should be")


def _unknown(_: _Context) -> str:
    return "is not acceptable here"


def _quoted(words: str) -> str:
    return words.replace("'", '"')


# Every kind of error that the contracts can cause (a test says when one is missing), beside `fields.broken`.
_SENTENCES: Final[dict[str, Callable[[_Context], str]]] = {
    "missing": lambda _: "is required",
    "extra_forbidden": lambda _: "is not known here; look for a misspelt name",
    "string_type": lambda _: "must be a JSON string",
    "int_type": lambda _: "must be a whole JSON number",
    "bool_type": lambda _: "must be true or false",
    "tuple_type": lambda _: "must be a JSON array",
    "list_type": lambda _: "must be a JSON array",
    "dict_type": lambda _: "must be a JSON object",
    "model_type": lambda _: "must be a JSON object",
    "model_attributes_type": lambda _: "must be a JSON object",
    "string_too_short": lambda _: "must not be empty",
    "string_too_long": lambda context: f"must have at most {context['max_length']} characters",
    "too_short": lambda context: f"must have {context['min_length']} or more entries",
    "too_long": lambda context: f"must have at most {context['max_length']} entries",
    "greater_than_equal": lambda context: f"must be at least {context['ge']}",
    "less_than_equal": lambda context: f"must be at most {context['le']}",
    "literal_error": lambda context: f"must be {_quoted(context['expected'])}",
    "string_pattern_mismatch": _pattern,
    "union_tag_not_found": lambda _: "is required",
    "union_tag_invalid": lambda context: f"must be one of {_quoted(context['expected_tags'])}",
}

KNOWN: Final = frozenset({*_SENTENCES, "rule"})


def first(error: ValidationError, document: Any, under: str = "") -> tuple[str, str]:
    """The sentence and the JSON pointer of the first complaint. `under` is the pointer of `document` in the body."""
    details = _independent(error.errors(include_url=False, include_input=False))
    told = details[0]
    pointer = _pointer(told, document, under)
    more = f" ({len(details) - 1} more to correct)" if len(details) > 1 else ""
    return f"{pointer or 'The body'} {_sentence(told)}{more}.", pointer


def _independent(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without the complaints of arrays that seem too short only because an element of theirs was refused."""
    inner = {tuple(told["loc"][:depth]) for told in details for depth in range(len(told["loc"]))}
    return [told for told in details if told["type"] != "too_short" or told["loc"] not in inner]


def _sentence(told: ErrorDetails) -> str:
    if told["type"] == "rule":
        return told["msg"]
    return _SENTENCES.get(told["type"], _unknown)(told.get("ctx", {}))


def _pointer(told: ErrorDetails, document: Any, under: str) -> str:
    pointer, here = under, document
    before: str | int | None = None
    for piece in told["loc"]:
        if not _is_mark(piece, before, here):
            pointer, here = child(pointer, piece), _member(here, piece)
        before = piece
    return pointer + _within(told.get("ctx", {}))


def _within(context: _Context) -> str:
    """The rest of a pointer: what a check of several fields blames, or the field that tells kinds of items apart."""
    if "discriminator" in context:
        return "/" + str(context["discriminator"]).strip("'")
    return str(context.get("at", ""))


# Pieces that pydantic adds to a place: for a key of an object, and for the chosen kind where it goes by no field.
_MARKS: Final = frozenset({"[key]", contacts.BY_ID, contacts.INLINE, domains.DS, domains.KEY})


def _is_mark(piece: str | int, before: str | int | None, here: Any) -> bool:
    """Whether pydantic added this piece itself: for a key of an object, or for the chosen kind of an element."""
    if piece in _MARKS:
        return True
    return isinstance(before, int) and isinstance(here, dict) and here.get("product") == piece


def _member(here: Any, piece: str | int) -> Any:
    if isinstance(here, dict):
        return here.get(piece)
    if isinstance(here, list) and isinstance(piece, int):
        return here[piece]
    return None
