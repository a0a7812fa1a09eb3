"""What a consumer hears, and for how long it has waited."""

import asyncio
import time

from aiokafka import TopicPartition

from streams.kafka.contact import Contact

A, B = TopicPartition("slo.webhook.v1", 0), TopicPartition("slo.webhook.v1", 1)


def test_a_fetch_waits_from_when_it_was_first_asked_until_it_is_answered() -> None:
    contact = Contact()
    assert contact.asked_s is None
    before_s = time.monotonic()
    contact.asks([A])
    asked_s = contact.asked_s
    assert asked_s is not None
    assert before_s <= asked_s <= time.monotonic()
    contact.asks([A, B])  # the first one was in vain
    assert contact.asked_s == asked_s
    contact.is_answered([A])
    later_s = contact.asked_s
    assert later_s is not None
    assert later_s >= asked_s
    contact.is_answered([A, B])
    assert contact.asked_s is None


def test_who_has_not_heard_the_group_for_long_waits_until_it_does() -> None:
    async def scenario() -> None:
        contact = Contact()
        await contact.heard_within(1)  # it never asked to join: nobody can have given it up
        contact.heard()
        await contact.heard_within(60)
        contact.heard_s = time.monotonic() - 60
        waiting = asyncio.create_task(contact.heard_within(60))
        await asyncio.wait([waiting], timeout=0.2)
        assert not waiting.done()
        contact.heard()
        async with asyncio.timeout(60):
            await waiting

    asyncio.run(scenario())
