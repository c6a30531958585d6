"""How a demo is shown: a live table on a terminal, lines when piped, JSON lines for programs."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from provisioner.console import output, timeline
from provisioner.console.installation import Demo
from provisioner.console.output import STYLES, Section
from provisioner.console.progress import OrderProgress
from provisioner.store.query_records import OperationRecord, OrderDetails

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table


class Display(Protocol):
    """Shows a demo from its beginning to its end."""

    def begin(self, demo: Demo, progress: Sequence[OrderProgress]) -> None:
        """The stack is up."""
        ...

    def show(self, progress: Sequence[OrderProgress]) -> None:
        """Where every order is now."""
        ...

    def tell(self, details: OrderDetails, operations: Sequence[OperationRecord], line: str) -> None:
        """One order at its end: what happened, step by step."""
        ...

    def end(self, text: str, *, good: bool) -> None:
        """The closing words."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was. Safe to call twice."""
        ...


def display_for(*, as_json: bool) -> Display:
    """The one that fits where standard output goes."""
    if as_json:
        return JsonLines()
    return LiveTable() if sys.stdout.isatty() else PlainLines()


class PlainLines:
    """A line whenever something has changed."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def begin(self, demo: Demo, progress: Sequence[OrderProgress]) -> None:
        """Say what is up, and what will happen."""
        output.line(f"An embedded stack is up: SQLite in {demo.data_dir}, simulated vendors on loopback, no broker.")
        output.line(f"{len(progress)} orders:")
        for each in progress:
            output.line(f"  {each.order_id}  {each.title}")
        output.line()

    def show(self, progress: Sequence[OrderProgress]) -> None:
        """A line for each order whose status, or reason to wait, is another one now."""
        for each in progress:
            if each.status and self._told.get(each.order_id) != (told := _seen(each)):
                self._told[each.order_id] = told
                output.line(f"{each.order_id}  {each.status:<22} {each.steps_done} steps  {each.waits}")
        sys.stdout.flush()

    def tell(self, details: OrderDetails, operations: Sequence[OperationRecord], line: str) -> None:
        """The timeline of an order."""
        output.line()
        output.line(f"Order {details.order.id}: {line}")
        output.sections(_timelines(operations))

    def end(self, text: str, *, good: bool) -> None:
        """The closing words."""
        del good
        output.line()
        output.line(text)
        sys.stdout.flush()

    def close(self) -> None:
        """There is nothing to leave."""


class LiveTable(PlainLines):
    """The same, with the orders' course as one table that is drawn anew."""

    def __init__(self) -> None:
        super().__init__()
        self._live: Live | None = None

    def show(self, progress: Sequence[OrderProgress]) -> None:
        """Draw the table."""
        if self._live is None:
            from rich.live import Live

            self._live = Live(_table(progress), auto_refresh=False)
            self._live.start()
        self._live.update(_table(progress), refresh=True)

    def tell(self, details: OrderDetails, operations: Sequence[OperationRecord], line: str) -> None:
        """The timeline of an order, below the table."""
        self.close()
        super().tell(details, operations, line)

    def end(self, text: str, *, good: bool) -> None:
        """The closing words."""
        self.close()
        super().end(text, good=good)

    def close(self) -> None:
        """Give the terminal back."""
        if self._live is not None:
            self._live.stop()
            self._live = None


class JsonLines:
    """One JSON document a line; `kind` says what it is: begin, progress, order, end."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def begin(self, demo: Demo, progress: Sequence[OrderProgress]) -> None:
        """The stack, and the orders to come."""
        orders = [{"order_id": each.order_id, "title": each.title} for each in progress]
        stack = {"data_dir": demo.data_dir, "environment": dict(demo.environment)}
        output.document({"kind": "begin", **stack, "orders": orders}, indent=None)

    def show(self, progress: Sequence[OrderProgress]) -> None:
        """A line for each order whose progress is another one now."""
        for each in progress:
            if each.status and self._told.get(each.order_id) != (told := _seen(each)):
                self._told[each.order_id] = told
                output.document({"kind": "progress", **output.fields_of(each)}, indent=None)
        sys.stdout.flush()

    def tell(self, details: OrderDetails, operations: Sequence[OperationRecord], line: str) -> None:
        """One order with everything that belongs to it."""
        every = {**output.fields_of(details), "operations": operations}
        output.document({"kind": "order", "waits": line, **every}, indent=None)

    def end(self, text: str, *, good: bool) -> None:
        """The closing words."""
        output.document({"kind": "end", "ok": good, "text": text}, indent=None)
        sys.stdout.flush()

    def close(self) -> None:
        """There is nothing to leave."""


def _seen(progress: OrderProgress) -> str:
    """What makes a line worth telling: not the times, which are others at every look."""
    reason = progress.waits.partition(" — ")[0].partition(" since ")[0]
    return f"{progress.status} {progress.service_status} {progress.steps_done} {progress.ended} {reason}"


def _timelines(operations: Sequence[OperationRecord]) -> list[Section]:
    return [timeline.section(each) for each in operations]


def _table(progress: Sequence[OrderProgress]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for header in ("order", "what happens", "status", "steps", "now"):
        drawn.add_column(header, ratio=None if header in ("order", "status", "steps") else 1)
    for each in progress:
        status = Text(each.status or "to come", style=STYLES.get(each.status, "dim"))
        now = Text(output.printable(each.waits), style="dim" if each.ended else "")
        drawn.add_row(each.order_id, each.title, status, str(each.steps_done), now)
    return drawn
