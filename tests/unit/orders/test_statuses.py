import re

import pytest

from provisioner.orders.statuses import (
    ENDED_OPERATIONS,
    HISTORICAL,
    OPEN_OPERATIONS,
    ORDER_TRANSITIONS,
    SERVICE_TRANSITIONS,
    IllegalTransition,
    OperationState,
    OrderStatus,
    ServiceStatus,
    Transition,
    next_order_status,
    next_service_status,
    rollup_word,
    section,
)

ORDER_EVENTS = sorted({move.event for move in ORDER_TRANSITIONS})
SERVICE_EVENTS = sorted({move.event for move in SERVICE_TRANSITIONS})


def _named(move: Transition) -> str:
    return f"{move.source}-{move.event}"


def _illegal(
    table: tuple[Transition, ...], statuses: type[OrderStatus] | type[ServiceStatus], events: list[str]
) -> list[tuple[str, str]]:
    legal = {(move.source, move.event) for move in table}
    return [(str(source), event) for source in statuses for event in events if (source, event) not in legal]


# The words of the contract with storefronts, written out once more on purpose.
@pytest.mark.parametrize(
    ("source", "event", "target"),
    [
        ("draft", "continue", "started"),
        ("draft", "delete", "deleted"),
        ("started", "delete", "deleted"),
        ("started", "place", "provisioning_started"),
        ("scheduled", "place", "provisioning_started"),
        ("provisioning_started", "all_succeeded", "provisioning_finished"),
        ("provisioning_started", "nothing_succeeded", "provisioning_failed"),
        ("provisioning_started", "partly_succeeded", "completed_with_errors"),
        ("provisioning_started", "refused_for_good", "completed_with_errors"),
        ("provisioning_finished", "follow_ups_done", "completed"),
        ("provisioning_finished", "follow_up_failed", "completed_with_errors"),
        ("provisioning_failed", "retry", "provisioning_started"),
        ("provisioning_failed", "close", "completed_with_errors"),
    ],
)
def test_an_order_moves(source: str, event: str, target: str) -> None:
    assert next_order_status(OrderStatus(source), event) == target


@pytest.mark.parametrize(
    ("source", "event", "target"),
    [
        ("ordered", "provision", "provisioning"),
        ("provisioning", "activated", "active"),
        ("provisioning", "failed", "failed"),
        ("failed", "provision", "provisioning"),
        ("provisioning", "suspend", "suspended"),
        ("active", "suspend", "suspended"),
        ("suspended", "suspend", "suspended"),
        ("suspended", "resume", "active"),
        ("active", "resume", "active"),
        ("provisioning", "cancel", "cancelling"),
        ("active", "cancel", "cancelling"),
        ("suspended", "cancel", "cancelling"),
        ("failed", "cancel", "cancelling"),
        ("cancelling", "cancelled", "cancelled"),
        ("active", "delete", "cancelling"),
        ("suspended", "delete", "cancelling"),
        ("cancelling", "restore", "active"),
        ("active", "restore", "active"),
        ("suspended", "restore", "suspended"),
        ("active", "transferred_away", "cancelled"),
        ("suspended", "transferred_away", "cancelled"),
        ("active", "deleted_elsewhere", "cancelled"),
        ("suspended", "deleted_elsewhere", "cancelled"),
        ("active", "let_go", "cancelling"),
        ("suspended", "let_go", "cancelling"),
        ("provisioning", "change", "provisioning"),
        ("active", "change", "active"),
        ("suspended", "change", "suspended"),
    ],
)
def test_a_service_moves(source: str, event: str, target: str) -> None:
    assert next_service_status(ServiceStatus(source), event) == target


@pytest.mark.parametrize(("source", "event"), _illegal(ORDER_TRANSITIONS, OrderStatus, ORDER_EVENTS))
def test_an_order_refuses_what_is_in_no_row(source: str, event: str) -> None:
    with pytest.raises(IllegalTransition):
        next_order_status(OrderStatus(source), event)


@pytest.mark.parametrize(("source", "event"), _illegal(SERVICE_TRANSITIONS, ServiceStatus, SERVICE_EVENTS))
def test_a_service_refuses_what_is_in_no_row(source: str, event: str) -> None:
    with pytest.raises(IllegalTransition):
        next_service_status(ServiceStatus(source), event)


def test_a_refused_move_names_the_allowed_ones() -> None:
    told = "an order in status provisioning_failed does not allow place; it allows close, retry"
    with pytest.raises(IllegalTransition, match=f"^{re.escape(told)}$"):
        next_order_status(OrderStatus.PROVISIONING_FAILED, "place")


def test_a_refused_move_of_a_closed_order_says_that_nothing_is_allowed() -> None:
    with pytest.raises(IllegalTransition, match=r"it allows nothing$"):
        next_order_status(OrderStatus.COMPLETED, "retry")


def test_a_refused_move_has_a_stable_code() -> None:
    assert IllegalTransition.code == "invalid_transition"


@pytest.mark.parametrize("table", [ORDER_TRANSITIONS, SERVICE_TRANSITIONS])
def test_an_event_leads_from_a_status_to_one_other(table: tuple[Transition, ...]) -> None:
    moves = [_named(move) for move in table]
    assert sorted(set(moves)) == sorted(moves)


@pytest.mark.parametrize("status", sorted(HISTORICAL))
def test_nothing_leaves_a_historical_status(status: OrderStatus) -> None:
    assert [move for move in ORDER_TRANSITIONS if move.source == status] == []


@pytest.mark.parametrize("status", sorted(set(OrderStatus) - {OrderStatus.DRAFT, OrderStatus.SCHEDULED}))
def test_every_order_status_can_be_reached(status: OrderStatus) -> None:
    assert status in {move.target for move in ORDER_TRANSITIONS}


@pytest.mark.parametrize("status", sorted(set(ServiceStatus) - {ServiceStatus.ORDERED}))
def test_every_service_status_can_be_reached(status: ServiceStatus) -> None:
    assert status in {move.target for move in SERVICE_TRANSITIONS}


@pytest.mark.parametrize("status", list(OrderStatus))
def test_an_order_is_in_one_of_two_views(status: OrderStatus) -> None:
    historical = status in (OrderStatus.COMPLETED, OrderStatus.COMPLETED_WITH_ERRORS)
    assert section(status) == ("historical" if historical else "recent")


@pytest.mark.parametrize("status", list(OrderStatus))
def test_notifications_know_three_words(status: OrderStatus) -> None:
    expected = status.value if section(status) == "historical" else "in_progress"
    assert rollup_word(status) == expected


def test_an_operation_is_either_open_or_ended() -> None:
    assert set(OperationState) == OPEN_OPERATIONS | ENDED_OPERATIONS
    assert set() == OPEN_OPERATIONS & ENDED_OPERATIONS
