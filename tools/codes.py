"""The reference page of all stable codes, found in the source by tools/sources.py."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from provisioner.console.codes import ATTENTIONS, BY_OUTCOME, CERTIFICATE_PROBLEMS, REMEDIES, Attention
from provisioner.intake.accept import MENDABLE
from provisioner.messages.unreadable import MEANINGS
from provisioner.orders.uploads import WARNINGS
from tools.sources import ErrorClass, Given, Source

SOURCE: Final = Path(__file__).parents[1] / "src"

_INTRODUCTION: Final = """\
<!-- Written from the source by `python -m tools.docs`; a test says when it is stale. -->
# Codes

Every stable code that you may meet, what it means, and what to do. Programs may act on a code; the sentence beside it
is for people and may change. A meaning with … has something filled in.
"""
_UNREADABLE: Final = """\
## Messages that cannot be read

The message is in quarantine, as it came, and `message.rejected.v1` tells the code as `reason`. Send a right one under a
new id, then `provisioner quarantine discard` the old one.
"""
_REFUSED: Final = """\
## Messages and commands that are refused

A message's sender is told by `message.rejected.v1`, with the code as `reason`; a command line prints the sentence. A
message that is in quarantine can be taken in once more with `provisioner quarantine replay` when the cause is mended.
"""
_UPLOADS: Final = """\
## Certificates that are taken with a warning

Told in the certificate's `warnings`. The certificate is used all the same.
"""
_PROBLEMS: Final = """\
## Why a website has no certificate, or an old one

Told by `certificate.changed.v1` with a sentence for the customer, and by `provisioner certificates show`.
"""
_OTHER: Final = """\
## Other errors

Told by commands and in logs.
"""
_ITEMS: Final = """\
## Items and operations

The `error.code` of an item that failed, and the code of an attempt that is repeated (`provisioner orders show`). Codes
that a vendor's answer leads to are in the next table.
"""
_VENDORS: Final = """\
## What adapters make of vendors' answers

The same, by adapter. Which answer of the vendor leads to which code stands on the adapter's own page in
[adapters](adapters/). What to do depends on the outcome, which `provisioner orders show --exchanges` tells:

"""
_ATTENTIONS: Final = """\
## Operations that need attention

Told by `operation.needs-attention.v1` as `reason`, and by `provisioner operations list`.
"""


def codes_reference() -> str:
    """The whole page, in Markdown."""
    source = product_source()
    return "\n".join(
        [
            _INTRODUCTION,
            _UNREADABLE,
            _table(("Code", "Meaning"), ((_code(reason.value), text) for reason, text in MEANINGS.items())),
            _REFUSED,
            _table(("Code", "Meaning", "Message", "What to do"), _refused(source)),
            _UPLOADS,
            _table(("Code", "Meaning"), ((_code(warning.value), text) for warning, text in WARNINGS.items())),
            _PROBLEMS,
            _table(("Code", "Meaning", "What to do"), _problems()),
            _OTHER,
            _table(("Code", "Meaning", "What to do"), _others(source)),
            _ITEMS,
            _table(("Code", "Meaning", "What to do"), _items(source)),
            _VENDORS + _table(("Outcome", "What to do"), BY_OUTCOME.items()),
            _table(("Code", "Adapter", "Meaning"), _vendors(source)),
            _ATTENTIONS,
            _table(("Code", "Meaning", "What to do"), _attentions(source)),
        ]
    )


def unknown_attentions() -> set[str]:
    """Codes of the source that the table of the console lacks."""
    return {each.code for each in product_source().given() if each.under == "attention"} - set(ATTENTIONS)


@cache
def product_source() -> Source:
    """The product's own source, read once."""
    return Source(SOURCE)


def _refused(source: Source) -> Iterator[tuple[str, ...]]:
    mendable = {each.__name__ for each in MENDABLE}
    for error in source.errors():
        if "RefusedError" in error.lineage:
            kept = bool(mendable & set(error.lineage))
            yield _code(error.code), error.meaning, "quarantine" if kept else "refused", _remedy(error, kept=kept)
    for code, given in _by_code(source, lambda each: each.under == "reason"):
        yield _code(code), _meanings(given), "quarantine", REMEDIES[code]


def _problems() -> Iterator[tuple[str, ...]]:
    for code, told in CERTIFICATE_PROBLEMS.items():
        yield _code(code), told.meaning, told.remedy


def _remedy(error: ErrorClass, *, kept: bool) -> str:
    usual = "Mend the cause and replay it, or discard it." if kept else "Send a right one under a new id."
    return REMEDIES.get(error.code, usual)


def _others(source: Source) -> Iterator[tuple[str, ...]]:
    for error in source.errors():
        if "RefusedError" not in error.lineage:
            yield _code(error.code), error.meaning, REMEDIES.get(error.code, "Do what the sentence says.")


def _items(source: Source) -> Iterator[tuple[str, ...]]:
    for code, given in _by_code(source, lambda each: each.under == "code" and not _of_adapter(each)):
        outcome = given[0].to
        yield _code(code), _meanings(given), REMEDIES.get(code) or BY_OUTCOME.get(outcome) or BY_OUTCOME["Rejected"]


def _vendors(source: Source) -> Iterator[tuple[str, ...]]:
    for code, given in _by_code(source, lambda each: each.under == "code" and _of_adapter(each)):
        adapters = sorted({each.module.split(".")[1] for each in given})
        yield _code(code), ", ".join(adapters), _meanings(given)


def _attentions(source: Source) -> Iterator[tuple[str, ...]]:
    found = dict(_by_code(source, lambda each: each.under == "attention"))
    for code in sorted({*found, *ATTENTIONS}):
        told = ATTENTIONS.get(code) or Attention(
            _meanings(found[code]), "Look at it: `provisioner operations show ID`."
        )
        yield _code(code), told.meaning, told.remedy


def _by_code(source: Source, wanted: Callable[[Given], bool]) -> list[tuple[str, list[Given]]]:
    """Of the codes of failures; what ends a call well or asks a question is none."""
    found: dict[str, list[Given]] = {}
    for each in source.given():
        if wanted(each) and not each.well:
            found.setdefault(each.code, []).append(each)
    return sorted(found.items())


def _of_adapter(given: Given) -> bool:
    package, _, rest = given.module.partition(".")
    return package == "adapters" and not rest.startswith("sandbox")


def _meanings(given: Sequence[Given]) -> str:
    """All that is told under one code, each once; the code's own words where that is known only at run time."""
    told = dict.fromkeys(" ".join(each.meaning.split()) for each in given if each.meaning.strip("… ;:,"))
    return "; ".join(told) or next(each.code.replace("_", " ") for each in given)


def _code(code: str) -> str:
    return f"`{code}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
