from pathlib import Path

import pytest

from provisioner.orders.reference import (
    ITEM_MEANINGS,
    OPERATION_MEANINGS,
    ORDER_MEANINGS,
    SERVICE_MEANINGS,
    diagram,
    reference,
)
from provisioner.orders.statuses import ItemStatus, OperationState, OrderStatus, ServiceStatus, Transition

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "statuses.md"


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text() == reference(), "stale; write it anew with: python -m tools.docs"


@pytest.mark.parametrize(
    ("meanings", "statuses"),
    [
        (ORDER_MEANINGS, OrderStatus),
        (ITEM_MEANINGS, ItemStatus),
        (SERVICE_MEANINGS, ServiceStatus),
        (OPERATION_MEANINGS, OperationState),
    ],
)
def test_every_status_is_explained(meanings: dict[str, str], statuses: type[OrderStatus]) -> None:
    assert list(meanings) == list(statuses)


def test_a_diagram_has_a_line_for_each_row_and_each_end() -> None:
    rows = (Transition("draft", "continue", "started", "storefront"),)
    assert diagram(rows, end=[OrderStatus.STARTED]).splitlines()[2:-1] == [
        "    draft --> started: continue",
        "    started --> [*]",
    ]
