"""What a standby has read ahead and the rest are the same state as a whole read, or it is not used."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from faust.types import TP

from streams.evaluation.series import Series
from streams.kafka.chunk import Chunk
from streams.kafka.cluster import admin_client
from streams.names import WEBHOOK, changelog
from streams.settings import Settings
from streams.tables.ahead import go_on
from streams.tables.changelog import Rows, State, restore
from streams.tables.rows import META_KEY, Meta, breach_key, encode_breach, encode_key, encode_meta, encode_series
from streams.unit.standby import Standby
from tests.build import Stored
from tests.kafka_fixture import Kafka
from tests.waiting import wait_for

Commit = dict[bytes, bytes | None]


@dataclass
class Story:
    """Commits of a partition, as its owners make them: some aborted, rows of series that change, go and come again."""

    rng: random.Random
    rows: dict[bytes, bytes] = field(default_factory=dict)
    commits: int = 0

    def commit(self, *, is_kept: bool) -> Commit:
        """The next one; its meta row comes last."""
        self.commits += 1
        changed: Commit = {}
        for _ in range(self.rng.choice((0, 1, 5, 40))):
            number = self.rng.randrange(60)
            app_key, scope = place = _place(number)
            key = breach_key(app_key, scope, "an-objective") if not number % 9 else encode_key(place)
            is_gone = key in self.rows and self.rng.random() < 0.3
            changed[key] = None if is_gone else self._row(key, number)
        after = {key: value for key, value in {**self.rows, **changed}.items() if value is not None}
        if is_kept:
            self.rows = after
        return {**changed, META_KEY: encode_meta(Meta(self.commits, None, len(after)))}

    def _row(self, key: bytes, number: int) -> bytes:
        if not number % 9:
            return encode_breach(b"an alert %d" % self.rng.randrange(1_000))
        series = Series(_place(number))
        series.by_host.add(29_540_880, self.rng.randrange(1_000), self.rng.randrange(10))
        return encode_series(series)


def _place(number: int) -> tuple[str, str]:
    """App and scope: most apps have several series."""
    return f"com.example.app-{number % 25}", f"scope-{number // 25}"


def _series(number: int) -> Commit:
    series = Series((f"com.example.app-{number}", "Jira"))
    series.by_host.add(29_540_880, number, 0)
    return {encode_key(series.key): encode_series(series)}


SERIES = [_series(number) for number in range(4)]


def picture(state: State) -> tuple[Meta | None, dict[bytes, bytes], dict[bytes, bytes]]:
    series = {encode_key(key): encode_series(one) for key, one in state.series.items()}
    assert all(one.key == key for key, one in state.series.items())
    return state.meta, series, dict(state.inherited)


@dataclass
class Ground:
    """A changelog of one partition on a real broker, and who writes to it."""

    settings: Settings
    topic: str
    producer: AIOKafkaProducer
    kafka: Kafka

    @property
    def tp(self) -> TopicPartition:
        return TopicPartition(self.topic, 0)

    @property
    def source(self) -> TP:
        return TP(self.settings.topics.input(WEBHOOK), 0)

    async def write(self, commit: Mapping[bytes, bytes | None], *, is_kept: bool = True) -> None:
        await self.producer.begin_transaction()
        for key, value in commit.items():
            await self.producer.send(self.topic, value, key=key, partition=0)
        await self.producer.flush()
        if is_kept:
            await self.producer.commit_transaction()
        else:
            await self.producer.abort_transaction()

    async def edges(self) -> tuple[int, int]:
        async with AIOKafkaConsumer(bootstrap_servers=self.settings.bootstrap_servers) as consumer:
            oldest, ends = await consumer.beginning_offsets([self.tp]), await consumer.end_offsets([self.tp])
        return oldest[self.tp], ends[self.tp]

    @asynccontextmanager
    async def standby(self, most: int = 1_000_000) -> AsyncIterator[Standby]:
        settings = self.settings.model_copy(update={"standby": most})
        standby = Standby(settings, {self.source.topic: self.topic})
        running = asyncio.create_task(standby.run())
        try:
            yield standby
        finally:
            running.cancel()
            await asyncio.wait([running])
            assert running.cancelled(), running.exception()

    async def taken(self, standby: Standby) -> Rows | None:
        oldest, _ = await self.edges()
        return standby.take(self.tp, oldest)


@asynccontextmanager
async def ground(kafka: Kafka, prefix: str, cleanup_policy: str = "compact") -> AsyncIterator[Ground]:
    settings = Settings(bootstrap_servers=kafka.bootstrap_servers, application_id=prefix + "app", topic_prefix=prefix)
    topic = await kafka.create_topic(changelog(settings.application_id, WEBHOOK), cleanup_policy=cleanup_policy)
    async with AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, transactional_id=prefix + "owner", max_batch_size=1_024
    ) as producer:
        yield Ground(settings, topic, producer, kafka)


async def holds(standby: Standby, rows: int) -> None:
    async def does() -> bool:
        return standby.rows == rows

    await wait_for(does, 60, f"the standby to hold {rows} rows")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(3))
def test_what_stood_by_and_the_rest_are_the_whole(kafka: Kafka, topic_prefix: str, seed: int) -> None:
    """Taken after any commit, at once or when all before was read: the same as what is read from the beginning."""

    async def scenario() -> None:
        rng = random.Random(seed)
        story, used = Story(rng), 0
        async with ground(kafka, topic_prefix) as it, it.standby() as standby:
            for take_over in range(4):
                standby.follow([it.source], [])
                for _ in range(rng.randrange(1, 6)):
                    is_kept = rng.random() < 0.7
                    await it.write(story.commit(is_kept=is_kept), is_kept=is_kept)
                await it.write(story.commit(is_kept=True))
                if not take_over % 2:
                    await holds(standby, len(story.rows))
                standby.follow([], [it.source])
                for _ in range(rng.randrange(4)):  # nobody follows what comes between the assignment and the fence
                    is_kept = rng.random() < 0.7
                    await it.write(story.commit(is_kept=is_kept), is_kept=is_kept)
                ahead, (_, end) = await it.taken(standby), await it.edges()
                whole = await restore(it.settings, it.topic, 0, end)
                inherited = {key: encode_breach(one) for key, one in whole.inherited.items()}
                assert picture(whole)[1] | inherited == story.rows
                state = None if ahead is None else await go_on(it.settings, it.tp, ahead, end)
                assert state is not None or take_over % 2
                if state is not None:
                    used += 1
                    assert picture(state) == picture(whole)
            assert used >= 2

    asyncio.run(scenario())


def test_it_is_used_only_where_its_last_commit_still_lies(kafka: Kafka, topic_prefix: str) -> None:
    """Elsewhere the log was cut off, or made anew, and may have grown beyond what was read since."""

    async def scenario() -> None:
        first, later, other = ({**SERIES[number], META_KEY: encode_meta(Meta(number, None, 1))} for number in (1, 2, 3))
        async with (
            ground(kafka, topic_prefix) as it,
            ground(kafka, topic_prefix + "x.") as anew,
            it.standby() as standby,
        ):

            async def state(*commits: Commit) -> State | None:
                """What is made of the first commit where these lie in another log."""
                standby.follow([it.source], [])
                await holds(standby, 1)
                for commit in commits:
                    await anew.write(commit)
                ahead, (_, end) = await it.taken(standby), await anew.edges()
                assert ahead is not None
                return await go_on(it.settings, anew.tp, ahead, end)

            await it.write(first)
            assert await state() is None  # it ends before
            assert await state(other, other, later) is None

    asyncio.run(scenario())


def test_whoever_has_everything_stands_by_once_another_comes(kafka: Kafka, topic_prefix: str) -> None:
    async def scenario() -> None:
        async with ground(kafka, topic_prefix) as it, it.standby() as standby:
            await it.write({**SERIES[1], META_KEY: encode_meta(Meta(1, None, 1))})
            for _ in range(3):
                standby.follow([], [it.source])
                await asyncio.sleep(0)
                standby.follow([it.source], [])
                await holds(standby, 1)
                assert await it.taken(standby) is not None

    asyncio.run(scenario())


def test_half_a_commit_is_not_gone_on_with(kafka: Kafka, topic_prefix: str) -> None:
    """The other half may never have been there: its log can be cut off behind the commit before."""

    async def scenario() -> None:
        async with ground(kafka, topic_prefix) as it, it.standby() as standby:
            standby.follow([it.source], [])
            await it.write({**SERIES[1], META_KEY: encode_meta(Meta(1, None, 1))})
            await holds(standby, 1)
            _, end = await it.edges()
            [(key, value)] = SERIES[2].items()
            await standby.take_in(it.tp, [Chunk.of(end, end + 1, [Stored(end, None, key, value)])])
            ahead = await it.taken(standby)
            assert ahead is not None
            assert len(ahead) == 1
            state = await go_on(it.settings, it.tp, ahead, end)
            assert state is not None
            assert picture(state) == picture(await restore(it.settings, it.topic, 0, end))

    asyncio.run(scenario())


def test_records_that_were_deleted_leave_a_doubt(kafka: Kafka, topic_prefix: str) -> None:
    async def scenario() -> None:
        async with ground(kafka, topic_prefix, cleanup_policy="delete") as it, it.standby() as standby:
            standby.follow([it.source], [])
            await it.write({**SERIES[1], META_KEY: encode_meta(Meta(1, None, 1))})
            await holds(standby, 1)
            async with admin_client(it.settings) as admin:
                await admin.delete_records({it.tp: RecordsToDelete(before_offset=1)})
            assert await it.taken(standby) is None

    asyncio.run(scenario())


def test_as_many_rows_as_were_committed_or_it_is_read_as_a_whole(
    kafka: Kafka, topic_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with ground(kafka, topic_prefix) as it, it.standby() as standby:
            standby.follow([it.source], [])
            await it.write({**SERIES[1], META_KEY: encode_meta(Meta(1, None, 2))})
            await holds(standby, 1)
            ahead, (_, end) = await it.taken(standby), await it.edges()
            assert ahead is not None
            assert await go_on(it.settings, it.tp, ahead, end) is None

    asyncio.run(scenario())
    assert "is read as a whole, though 1 rows stood by" in caplog.text


def test_it_holds_no_more_than_it_may(kafka: Kafka, topic_prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with ground(kafka, topic_prefix) as it, it.standby(most=1) as standby:
            standby.follow([it.source], [])
            await it.write({**SERIES[1], META_KEY: encode_meta(Meta(1, None, 1))})
            await holds(standby, 1)
            await it.write({**SERIES[2], META_KEY: encode_meta(Meta(2, None, 2))})
            await holds(standby, 0)
            assert await it.taken(standby) is None

    asyncio.run(scenario())
    assert "SLO_STANDBY=1 is too little to hold it, too" in caplog.text
