"""What the topics of apps and exclusions say right now, read once and to their end."""

from streams.kafka.reader import read_to_end, topic_reader
from streams.reference.reference import Reference
from streams.settings import Settings


async def read_reference(settings: Settings, *topics: str) -> Reference:
    """All that these topics say, by the rules of a worker: what that cannot use is passed over.

    Raises:
        MissingTopicError: nobody has created a topic yet.
        KafkaError: no broker could be reached.
    """
    reference = Reference(settings.topics)
    for topic in topics:
        async with topic_reader(settings, topic) as (consumer, tps):
            async for record in read_to_end(consumer, tps):
                reference.take(topic, record)
    return reference
