"""A compacted topic as it stands: the newest value of every key."""

from streams.kafka.reader import read_to_end, topic_reader
from streams.settings import Settings


async def read_newest(settings: Settings, topic: str) -> dict[bytes, bytes]:
    """The newest committed value of every key that has not been removed.

    Raises:
        MissingTopicError: nobody has created the topic yet.
        KafkaError: no broker could be reached.
    """
    newest: dict[bytes, bytes | None] = {}
    async with topic_reader(settings, topic) as (consumer, tps):
        async for record in read_to_end(consumer, tps):
            newest[record.key or b""] = record.value
    return {key: value for key, value in newest.items() if value is not None}
