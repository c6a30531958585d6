"""Filters: one kind of key, many values; an empty filter means everything."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.refusals import Refusal, missing

R = TypeVar("R")
Find = Callable[[str], Iterable[R]]
Act = Callable[[R], Iterable[Element | None]]


@dataclass(frozen=True, slots=True)
class Selector(Generic[R]):
    """How the objects of one kind are found. `keys` are the unique ones; a value of `parents` may match nothing."""

    everything: Callable[[], list[R]]
    keys: Mapping[str, Find[R]]
    parents: Mapping[str, Find[R]]
    absent: str

    def each(self, request_filter: Element | None, act: Act[R]) -> Sequence[Element]:
        """Do `act` to every selected object; one result each, with the filter's value and the object's id."""
        if request_filter is None or not len(request_filter):
            return [_result(None, record, act) for record in self.everything()] or [answers.ok()]
        return [result for key in request_filter for result in self._matching(key, act)]

    def _matching(self, key: Element, act: Act[R]) -> list[Element]:
        value = (key.text or "").strip()
        if key.tag in self.parents:
            found = list(self.parents[key.tag](value))
            return [_result(value, record, act) for record in found] or [answers.ok(_echo(value))]
        found = list(self.keys[key.tag](value))
        return [_result(value, record, act) for record in found] or [
            answers.refused(missing(self.absent), _echo(value))
        ]


def by_id(find: Callable[[int], R | None]) -> Find[R]:
    """A key that is a number."""

    def lookup(text: str) -> list[R]:
        record = find(int(text)) if text.isdigit() else None
        return [] if record is None else [record]

    return lookup


def _result(value: str | None, record: Any, act: Act[Any]) -> Element:
    try:
        children = list(act(record))
    except Refusal as refusal:
        return answers.refused(refusal, _echo(value))
    return answers.ok(_echo(value), answers.leaf("id", record.id), *children)


def _echo(value: str | None) -> Element | None:
    return None if value is None else answers.leaf("filter-id", value)


def text_of(parent: Element | None, path: str, default: str = "") -> str:
    """The text of an element below `parent`, without surrounding blanks."""
    found = None if parent is None else parent.find(path)
    return default if found is None else (found.text or "").strip()
