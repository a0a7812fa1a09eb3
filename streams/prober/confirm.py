"""A bad check is made once more, at once, by another prober of the group, before it counts.

Probers share the partitions of a topic. A question goes to a partition that is not the asker's own, so that one other
prober gets it, and its answer to one that is. Alone, or without an answer in time, a prober believes itself.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import SystemRandom
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.kafka.connection import client_options
from streams.kafka.rights import READ, WRITE
from streams.kafka.specs import TopicSpec
from streams.kafka.topic_setup import ensure_topics
from streams.outbound.reach import RefusedError
from streams.prober.check import Checker
from streams.prober.left_out import OwnTroubleError
from streams.prober.targets import HealthTarget
from streams.settings import Settings

log = logging.getLogger(__name__)

WAIT_S: Final = 6.0
"""A check takes 3 s, and the ways there and back what they take; events may be 10 s late."""

_MOST: Final = 100  # questions answered at the same time
_random: Final = SystemRandom()


class Question(msgspec.Struct, tag="question", rename="camel"):
    """Is this URL well? The answer goes to a partition."""

    id: str
    app_key: str
    base_url: str
    answer_to: int


class Answer(msgspec.Struct, tag="answer", rename="camel"):
    """Whether it is; None: this prober cannot tell."""

    id: str
    is_good: bool | None


_decode: Final = msgspec.json.Decoder(Question | Answer).decode
_encode: Final = msgspec.json.encode


class Confirmations:
    """Questions and answers of one prober; see `confirmations`."""

    def __init__(self, checker: Checker, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, topic: str) -> None:
        self._checker = checker
        self._producer = producer
        self._consumer = consumer
        self._topic = topic
        self._asked: dict[str, asyncio.Future[bool | None]] = {}
        self._slots = asyncio.Semaphore(_MOST)

    async def is_good_elsewhere(self, target: HealthTarget) -> bool:
        """Whether another prober sees the URL well now; False also if none can tell in time."""
        ours = {tp.partition for tp in self._consumer.assignment()}
        others = set(await self._producer.partitions_for(self._topic)) - ours
        if not ours or not others:
            return False
        question = Question(uuid.uuid4().hex, target.app_key, target.url, min(ours))
        told = self._asked[question.id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(WAIT_S):
                await self._send(question, _random.choice(sorted(others)))
                return await told is True
        except (TimeoutError, KafkaError):
            return False
        finally:
            del self._asked[question.id]

    async def run(self) -> None:
        """Answer others, and take their answers, for ever."""
        async with asyncio.TaskGroup() as group:
            async for record in self._consumer:
                try:
                    said = _decode(record.value or b"")
                except msgspec.DecodeError:
                    continue
                if isinstance(said, Question):
                    group.create_task(self._answer(said))
                elif said.id in self._asked and not self._asked[said.id].done():
                    self._asked[said.id].set_result(said.is_good)

    async def _answer(self, question: Question) -> None:
        if self._slots.locked():
            return  # whoever asks believes himself
        async with self._slots:
            target = HealthTarget.model_construct(app_key=question.app_key, url=question.base_url)
            is_good = None
            try:
                is_good = (await self._checker.check(target)).is_good
            except (OwnTroubleError, RefusedError) as problem:
                log.info("cannot confirm %r: %s", question.base_url, problem)
            try:
                await self._send(Answer(question.id, is_good), question.answer_to)
            except KafkaError as problem:
                log.warning("an answer to another prober is lost: %s", problem)

    async def _send(self, said: Question | Answer, partition: int) -> None:
        await self._producer.send_and_wait(self._topic, _encode(said), partition=partition)


@asynccontextmanager
async def confirmations(
    settings: Settings, checker: Checker, producer: AIOKafkaProducer
) -> AsyncIterator[Confirmations]:
    """Those of this prober, to run.

    Raises:
        KafkaError, UnusableClusterError: the topic cannot be had.
    """
    topic = TopicSpec(settings.topics.confirmations, {"retention.ms": "3600000"})
    await ensure_topics(settings, [topic], {topic.name: READ + WRITE})
    consumer = AIOKafkaConsumer(
        topic.name,
        **client_options(settings),
        group_id=f"{settings.prober_group_id}-confirm",
        enable_auto_commit=False,
        auto_offset_reset="latest",
        session_timeout_ms=settings.session_timeout,
    )
    try:
        await consumer.start()
        yield Confirmations(checker, producer, consumer, topic.name)
    finally:
        await consumer.stop()
