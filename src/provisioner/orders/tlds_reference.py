"""The reference page of the table of top-level domains, told from the rules themselves."""

import json
from collections.abc import Iterator
from dataclasses import Field, fields
from inspect import cleandoc
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from provisioner.kernel.errors import RefusedError
from provisioner.orders.domain_refusals import DomainRefused
from provisioner.orders.tlds import TldRules, TldTable, UnknownTld

_INTRODUCTION: Final = """\
<!-- Written from provisioner.orders by `python -m tools.docs`; a test says when it is stale. -->
# Top-level domains

What a top-level domain allows and wants stands in a table, not in the program. The shipped one is
`src/provisioner/orders/tlds.toml`; the setting `tlds_file` names another TOML file, which replaces it as a whole. What
is true for you is in your contract with each registry: copy the shipped file, and correct it.

```toml
[defaults]               # what every top-level domain has that does not say otherwise
renew_days_before = 30

[tld.com]
contact_roles = ["registrant"]

[tld."co.uk"]            # any suffix; the longest one that fits a name counts
transfer_years = 0
```

A domain lies directly under its suffix. An order for one whose suffix is not in the table is refused with the code
`unknown_tld`, before anything is spent. A key that is not known, or a value that cannot be right, stops the start with
one sentence. The rules are copied to a domain when its order is accepted: a change of the table is for later ones.

## Keys

| Key | Value | Default | Meaning |
|---|---|---|---|
"""

_REFUSALS: Final = """
## Refusals before anything is spent

| Code | Meaning |
|---|---|
"""


def reference() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_INTRODUCTION.rstrip(), *_keys(), _REFUSALS.rstrip(), *_refusals(), *_shipped(), ""])


def _keys() -> Iterator[str]:
    hints = get_type_hints(TldRules, include_extras=True)
    for field in fields(TldRules):
        if field.name != "tld":
            kind, *notes = get_args(hints[field.name])
            notes = [note for each in notes for note in _spread(each)]
            meaning = next(note.description for note in reversed(notes) if getattr(note, "description", None))
            yield f"| `{field.name}` | {_value(kind, notes)} | {_default(field)} | {meaning} |"


def _spread(note: Any) -> list[Any]:
    return [note, *note.metadata] if isinstance(note, FieldInfo) else [note]


def _value(kind: Any, notes: list[Any]) -> str:
    if kind is bool:
        return "true or false"
    if get_origin(kind) is Literal:
        return " or ".join(map(_quoted, get_args(kind)))
    if kind is int:
        least, most = (next(getattr(n, name) for n in notes if isinstance(n, of)) for of, name in _BOUNDS)
        return f"{least} to {most}"
    element = get_args(kind)[0]
    words = get_args(element) if get_origin(element) is Literal else ()
    return f"array of {', '.join(map(_quoted, words))}" if words else "array of names"


def _quoted(word: str) -> str:
    return f'`"{word}"`'


_BOUNDS: Final = ((Ge, "ge"), (Le, "le"))


def _default(field: Field[Any]) -> str:
    value = field.default
    shown = list(value) if isinstance(value, tuple) else value
    return f"`{json.dumps(shown)}`"


def _refusals() -> Iterator[str]:
    kinds: list[type[RefusedError]] = [UnknownTld, *DomainRefused.__subclasses__()]
    for kind in kinds:
        yield f"| `{kind.code}` | {cleandoc(kind.__doc__ or '')} |"
    yield "\nEach answer but the first has a JSON pointer to the field. No value of a field is quoted.\n"


def _shipped() -> Iterator[str]:
    yield "## In the shipped table\n"
    yield ", ".join(f"`{tld}`" for tld in TldTable.shipped().tlds)
