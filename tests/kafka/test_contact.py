"""What a consumer hears, and for how long it has waited."""

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
