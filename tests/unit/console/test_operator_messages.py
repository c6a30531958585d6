"""What operators do is a message like any other."""

from typing import Any

import pytest

from provisioner.console.operator_messages import operator_message
from provisioner.kernel.clock import FakeClock
from provisioner.kernel.ids import CountingIds
from provisioner.messages.envelope import decode
from provisioner.messages.unreadable import Unreadable


def written(type_: str, **data: Any) -> bytes:
    return operator_message(
        type_,
        "o-1",
        {"order_id": "o-1", **data},
        environment="live",
        operator="demo",
        clock=FakeClock(),
        ids=CountingIds(),
    )


def test_it_says_who_asked_and_in_which_role() -> None:
    message = decode(written("order.note.v1", text="Called them."))
    assert (message.source, message.environment) == ("console", "live")
    assert (message.actor.id, message.actor.organisation, message.actor.role) == ("demo", "operators", "admin")


def test_what_was_not_given_is_left_out() -> None:
    message = decode(written("order.retry.v1", item_ids=[], corrections={}))
    assert message.data.model_dump(exclude_none=True) == {"order_id": "o-1"}


def test_what_a_message_may_not_hold_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Unreadable) as refused:
        written("order.retry.v1", corrections={"1": {"domain": "not a domain"}})
    assert refused.value.pointer == "/data/corrections/1/domain"
