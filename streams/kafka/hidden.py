"""Records that an open transaction of somebody else hides: nothing is wrong here, but nothing can be judged either."""

import logging
import time
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from schemas.event_time import utc_text
from streams.kafka.open_transactions import oldest_open_transaction
from streams.names import name_of
from streams.settings import Settings

log = logging.getLogger(__name__)

_AGAIN_S: Final = 60.0


class HiddenRecords:
    """Says whose transaction a partition waits for, and says it again once a minute."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._said_s: dict[tuple[str, int, int], float] = {}

    async def look_for(self, topic: str, partition: int, next_offset: int) -> None:
        """Nothing comes from `next_offset` on, though there is more."""
        try:
            found = await oldest_open_transaction(self._settings, TopicPartition(topic, partition))
        except (KafkaError, TimeoutError) as problem:
            log.warning("%s: nothing comes, and why is not known: %s", name_of(topic, partition), problem)
            return
        if found is None or found.first_offset < next_offset:
            return
        now_s = time.monotonic()
        if now_s - self._said_s.get((topic, partition, found.producer_id), -_AGAIN_S) < _AGAIN_S:
            return
        self._said_s[topic, partition, found.producer_id] = now_s
        whose = found.transactional_id or "another producer"
        log.warning(
            "%s: records from %d on wait for a transaction of %s (producer id %d), open since %s",
            name_of(topic, partition),
            found.first_offset,
            whose,
            found.producer_id,
            utc_text(found.last_ms),
        )
