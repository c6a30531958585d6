"""Identifiers in orders (RFC 8555 section 7.1.3): DNS names in their ASCII form."""

import re
from collections.abc import Iterable
from typing import Any, Final

from adapters.sandbox.acme.problems import Kind, Problem, malformed

_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST: Final = 253
_FEWEST_LABELS: Final = 2


def of_identifiers(identifiers: Any) -> tuple[str, ...]:
    """The names, sorted, each once. Raises Problem (malformed, unsupportedIdentifier, rejectedIdentifier)."""
    if not isinstance(identifiers, list) or not identifiers:
        raise malformed("identifiers is no list of identifiers")
    names = tuple(sorted({_name(identifier) for identifier in identifiers}))
    wrong = [name for name in names if not is_name(name.removeprefix("*."))]
    if wrong:
        raise rejected(wrong, "is no name that certificates are issued for")
    return names


def is_name(name: str) -> bool:
    """True for a domain name of two labels or more, whose last is no number."""
    labels = name.split(".")
    return (
        len(labels) >= _FEWEST_LABELS
        and len(name) <= _LONGEST
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdecimal()
    )


def rejected(names: Iterable[str], why: str) -> Problem:
    """Names that the authority will not have, each with a subproblem when there are several."""
    problems = [Problem(Kind.REJECTED_IDENTIFIER, f'"{name}" {why}') for name in names]
    if len(problems) == 1:
        return problems[0]
    parts = [
        {**problem.document(), "identifier": identifier(name)} for problem, name in zip(problems, names, strict=True)
    ]
    return Problem(Kind.REJECTED_IDENTIFIER, f"{len(parts)} of the names are refused", more={"subproblems": parts})


def identifier(name: str) -> dict[str, str]:
    """A name as an identifier."""
    return {"type": "dns", "value": name}


def _name(given: Any) -> str:
    if not isinstance(given, dict) or not isinstance(given.get("value"), str):
        raise malformed("an identifier has a type and a value")
    if given.get("type") != "dns":
        raise Problem(Kind.UNSUPPORTED_IDENTIFIER, f"identifiers of type {given.get('type')} are not supported")
    return str(given["value"]).lower()
