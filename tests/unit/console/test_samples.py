"""The demo's messages are what a storefront may send."""

import json

import pytest

from provisioner.console.samples import Story, stories
from provisioner.kernel.ids import CountingIds
from provisioner.messages.envelope import decode

STORIES = stories(CountingIds())


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.order_id)
def test_each_message_is_understood(story: Story) -> None:
    types = [decode(sending.raw).type for sending in story.sendings]
    assert types[0] == "order.place.v1"


def test_no_two_messages_have_one_id() -> None:
    ids = [decode(sending.raw).id for story in STORIES for sending in story.sendings]
    assert len(set(ids)) == len(ids)


def test_each_order_and_service_has_an_id_of_its_own() -> None:
    assert len({story.order_id for story in STORIES}) == len({story.service_id for story in STORIES}) == len(STORIES)


def test_each_fault_strikes_the_order_of_its_story_only() -> None:
    for story in STORIES:
        for fault in story.faults:
            named = [each.order_id for each in STORIES if fault["match"].encode() in each.sendings[0].raw]
            assert named == [story.order_id]


def test_every_condition_names_an_order_or_service_of_the_demo() -> None:
    known = {("order", story.order_id) for story in STORIES} | {("service", story.service_id) for story in STORIES}
    conditions = [sending.when for story in STORIES for sending in story.sendings if sending.when]
    assert {(condition.kind, condition.id) for condition in conditions} <= known


def test_a_certificate_is_that_of_a_hosting_of_its_order() -> None:
    (story,) = [story for story in STORIES if story.certificate]
    ordered = {item["service_id"] for item in json.loads(story.sendings[0].raw)["data"]["items"]}

    assert (story.certificate or "").removesuffix("-certificate") in ordered
