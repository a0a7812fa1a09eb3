"""Sample events onto Kafka: straight into the log, in whole batches, compressed."""

from collections.abc import Iterable

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.kafka.cluster import partitions_of
from streams.kafka.placement import partition_of
from streams.run.sample import SampleEvent
from streams.settings import Settings


async def publish_sample(producer: AIOKafkaProducer, settings: Settings, events: Iterable[SampleEvent]) -> int:
    """Append sample events with their times as Kafka timestamps; the number of events, all acknowledged.

    Raises:
        MissingTopicError: a topic has not been created.
        KafkaError: the brokers did not take an event.
    """
    counts: dict[str, int] = {}
    for tp in await partitions_of(settings, settings.topics.inputs):
        counts[tp.topic] = counts.get(tp.topic, 0) + 1
    topics = {metric.id: topic for topic, metric in settings.topics.inputs.items()}
    places: dict[tuple[str, str], TopicPartition] = {}
    batches: dict[TopicPartition, BatchBuilder] = {}
    sent, count = [], 0

    async def send(tp: TopicPartition) -> None:
        sent.append(await producer.send_batch(batches.pop(tp), tp.topic, partition=tp.partition))

    for event in events:
        place = places.get((event.metric.id, event.app_key))
        if place is None:
            topic = topics[event.metric.id]
            part = partition_of(event.app_key.encode(), counts[topic], settings.partitioner)
            place = places[event.metric.id, event.app_key] = TopicPartition(topic, part)
        record = {"key": event.app_key.encode(), "value": event.value, "timestamp": event.time_ms}
        if place not in batches:
            batches[place] = producer.create_batch()
        if batches[place].append(**record) is None:  # it is full
            await send(place)
            batches[place] = producer.create_batch()
            batches[place].append(**record)
        count += 1
    for place in list(batches):
        await send(place)
    for acknowledged in sent:
        await acknowledged
    return count
