"""A compacted topic as it lies there: every version that is kept of every key."""

from dataclasses import dataclass

from streams.kafka.reader import topic_reader
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Version:
    """What was said of a key at a time; a value of None removes it."""

    value: bytes | None
    time_ms: int


async def read_versions(settings: Settings, topic: str) -> dict[bytes, list[Version]]:
    """Committed versions by key, the newest last, up to where the topic ends now.

    Raises:
        MissingTopicError: nobody has created the topic yet.
        KafkaError: no broker could be reached.
    """
    versions: dict[bytes, list[Version]] = {}
    async with topic_reader(settings, topic) as (consumer, tps):
        ends = await consumer.end_offsets(tps)
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        for tp in tps:
            while await consumer.position(tp) < ends[tp]:
                for record in (await consumer.getmany(tp, timeout_ms=500)).get(tp, []):
                    versions.setdefault(record.key or b"", []).append(Version(record.value, record.timestamp))
    return versions


async def read_newest(settings: Settings, topic: str) -> dict[bytes, bytes]:
    """The newest value of every key that has not been removed.

    Raises:
        MissingTopicError, KafkaError: as `read_versions`.
    """
    versions = await read_versions(settings, topic)
    return {key: newest for key, all_of_it in versions.items() if (newest := all_of_it[-1].value) is not None}
