"""What a setting must be, in words, told from its field: for the error sentence and for the reference page."""

from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo


def must_be(field: FieldInfo) -> str:
    """Such as `a whole number of threads from 1 to 256`."""
    kind = extra(field, "kind")
    if kind:
        return kind
    if get_origin(field.annotation) is Literal:
        *others, last = get_args(field.annotation)
        return f"{', '.join(others)} or {last}"
    return _number(field) if field.annotation in (int, float) else "a path"


def extra(field: FieldInfo, name: str) -> str:
    """A note that was put on a field (`unit`, `kind`, `shown_default`), or nothing."""
    notes = field.json_schema_extra
    return str(notes.get(name, "")) if isinstance(notes, dict) else ""


def _number(field: FieldInfo) -> str:
    kind = "a whole number" if field.annotation is int else "a number"
    least, most = (_bound(field, bound) for bound in (Ge, Le))
    return f"{kind} of {extra(field, 'unit')} from {least} to {most}"


def _bound(field: FieldInfo, bound: type[Any]) -> str:
    value = next(getattr(each, bound.__name__.lower()) for each in field.metadata if isinstance(each, bound))
    return str(value)
