import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.orders.rollup import ItemError, ItemState, OrderState, roll_up
from provisioner.orders.statuses import (
    ENDED_ITEMS,
    HISTORICAL,
    ORDER_TRANSITIONS,
    ItemStatus,
    OrderStatus,
)

FINAL = ItemError("domain_taken", "the domain is taken")
CORRECTABLE = ItemError("email_invalid", "no such address", "1019", ("/customer/email",), final=False)

SUCCEEDED = ItemState("good", ItemStatus.SUCCEEDED)
CANCELLED = ItemState("gone", ItemStatus.CANCELLED)
REFUSED = ItemState("refused", ItemStatus.FAILED, FINAL)
OPEN = ItemState("open", ItemStatus.FAILED, CORRECTABLE)

FINISHED = (OrderStatus.PROVISIONING_FINISHED, OrderStatus.COMPLETED)
FAILED = (OrderStatus.PROVISIONING_FAILED,)
WITH_ERRORS = (OrderStatus.COMPLETED_WITH_ERRORS,)


def order(*items: ItemState, status: OrderStatus = OrderStatus.PROVISIONING_STARTED) -> OrderState:
    return OrderState("order-1", status, 1, 1, {item.item_id: item for item in items})


@pytest.mark.parametrize(
    ("items", "statuses"),
    [
        ([SUCCEEDED], FINISHED),
        ([SUCCEEDED, CANCELLED], FINISHED),
        ([CANCELLED], FINISHED),
        ([REFUSED], WITH_ERRORS),
        ([OPEN], FAILED),
        ([REFUSED, OPEN], FAILED),
        ([REFUSED, CANCELLED], WITH_ERRORS),
        ([OPEN, CANCELLED], FAILED),
        ([SUCCEEDED, REFUSED], WITH_ERRORS),
        ([SUCCEEDED, OPEN], WITH_ERRORS),
        ([SUCCEEDED, OPEN, REFUSED, CANCELLED], WITH_ERRORS),
    ],
    ids=lambda value: "+".join(item.item_id for item in value) if isinstance(value, list) else None,
)
def test_ended_items_end_their_order(items: list[ItemState], statuses: tuple[OrderStatus, ...]) -> None:
    assert roll_up(order(*items)) == statuses


@pytest.mark.parametrize("at_work", sorted(set(ItemStatus) - ENDED_ITEMS))
@pytest.mark.parametrize("other", [SUCCEEDED, REFUSED, OPEN, CANCELLED])
def test_an_order_goes_on_while_one_item_is_at_work(at_work: ItemStatus, other: ItemState) -> None:
    assert roll_up(order(other, ItemState("busy", at_work))) == ()


@pytest.mark.parametrize("status", sorted(set(OrderStatus) - {OrderStatus.PROVISIONING_STARTED}))
def test_only_an_order_that_is_being_provisioned_moves_with_its_items(status: OrderStatus) -> None:
    assert roll_up(order(SUCCEEDED, status=status)) == ()


def test_an_item_is_replaced_by_its_new_state() -> None:
    before = order(ItemState("a", ItemStatus.STARTED), ItemState("b", ItemStatus.STARTED))
    after = before.with_item(ItemState("a", ItemStatus.SUCCEEDED))
    assert [item.status for item in after.items.values()] == [ItemStatus.SUCCEEDED, ItemStatus.STARTED]
    assert before.items["a"].status is ItemStatus.STARTED


def test_an_order_tells_the_error_of_its_first_failed_item() -> None:
    assert order(SUCCEEDED, OPEN, REFUSED).first_error == CORRECTABLE


def test_an_order_without_failures_tells_no_error() -> None:
    assert order(SUCCEEDED, CANCELLED).first_error is None


def test_an_error_goes_into_events_without_what_is_ours_alone() -> None:
    assert CORRECTABLE.as_event() == {
        "code": "email_invalid",
        "message": "no such address",
        "vendor_code": "1019",
        "fields": ["/customer/email"],
    }


# -- what holds for every order

errors = st.sampled_from([FINAL, CORRECTABLE])


@st.composite
def items(draw: st.DrawFn, statuses: frozenset[ItemStatus] = frozenset(ItemStatus)) -> list[ItemState]:
    chosen = draw(st.lists(st.sampled_from(sorted(statuses)), min_size=1, max_size=6))
    return [
        ItemState(f"item-{number}", status, draw(errors) if status is ItemStatus.FAILED else None)
        for number, status in enumerate(chosen)
    ]


@given(items(ENDED_ITEMS))
def test_an_order_whose_items_have_all_ended_has_ended_or_can_be_tried_again(ended: list[ItemState]) -> None:
    assert roll_up(order(*ended))[-1] in HISTORICAL | {OrderStatus.PROVISIONING_FAILED}


@given(items(), st.sampled_from(sorted(HISTORICAL)))
def test_a_closed_order_never_moves_again(some: list[ItemState], status: OrderStatus) -> None:
    assert roll_up(order(*some, status=status)) == ()


@given(items(), st.sampled_from(sorted(OrderStatus)))
def test_every_move_is_in_the_table(some: list[ItemState], status: OrderStatus) -> None:
    path = (status, *roll_up(order(*some, status=status)))
    legal = {(move.source, move.target) for move in ORDER_TRANSITIONS}
    assert set(itertools.pairwise(path)) <= legal


@given(items(ENDED_ITEMS), st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter(ended: list[ItemState], dice: random.Random) -> None:
    shuffled = list(ended)
    dice.shuffle(shuffled)
    assert roll_up(order(*shuffled)) == roll_up(order(*ended))


@given(items(ENDED_ITEMS))
def test_completed_means_that_nothing_failed(ended: list[ItemState]) -> None:
    completed = roll_up(order(*ended))[-1] is OrderStatus.COMPLETED
    assert completed == all(item.status is not ItemStatus.FAILED for item in ended)


@given(items(ENDED_ITEMS))
def test_an_order_of_which_something_was_made_is_never_tried_again_as_a_whole(ended: list[ItemState]) -> None:
    made = any(item.status is ItemStatus.SUCCEEDED for item in ended)
    assert not (made and roll_up(order(*ended))[-1] is OrderStatus.PROVISIONING_FAILED)
