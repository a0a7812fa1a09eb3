"""The law of judging: history comes to the verdicts of the evaluator, whatever its chunks, commits and crashes are."""

import asyncio
from collections.abc import Sequence
from random import Random

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from streams.evaluation.objective import Objective
from streams.reference.reference import Reference
from tests.history.judging_sink import JudgingSink, alerts, forget_judgements
from tests.history.sink import LATENESS_MS, empty, patient
from tests.laws.beside import TOPICS, Beside
from tests.laws.engine import alerts_of, by_place, rejected_of, run
from tests.model import Record
from tests.model.copies import REDRIVEN, REROUTED
from tests.model.generate import START_MS, logs, objectives, rearranged
from tests.model.generate_exclusions import logs_with_exclusions
from tests.model.placement import is_misplaced, murmur2_partition
from tests.model.reading import Event, read

PARTITIONS = 2
UNTIL_MS = START_MS + 3_600_000


async def live_through(url: str, log: Sequence[Record], rules: Sequence[Objective], disorder: Random) -> None:
    """Each partition in chunks of any size, between which its owner commits or crashes."""
    async with patient(url) as database:
        for (topic, partition), records in by_place(log).items():
            sink = JudgingSink(database, topic, rules, partition, PARTITIONS, known(log))
            position = await sink.take_over()
            while position < len(records):
                sink.read(records[position : position + disorder.choice((1, 2, 7, 50))])
                position = sink.processor.next_offset
                if disorder.random() < 0.3:
                    await sink.commit()
                if disorder.random() < 0.2:
                    position = await sink.take_over()
            sink.tick(UNTIL_MS)
            await sink.commit()


def known(log: Sequence[Record]) -> Reference:
    """What the reference topics say."""
    beside = Beside(record for record in log if record.topic in TOPICS.reference)
    beside.begin()
    beside.read()
    return beside.reference


def at_home(log: Sequence[Record]) -> list[Record]:
    """Those events that lie where they belong, and are nobody's copies: what others tell of a series is not its own."""
    found = []
    for record in log:
        event = read(record, TOPICS.inputs[record.topic])
        assert isinstance(event, Event)
        is_copy = record.header(REROUTED) is not None or record.header(REDRIVEN) is not None
        if not is_copy and not is_misplaced(record, event.app_key, PARTITIONS, murmur2_partition):
            found.append(record)
    return found


@settings(
    max_examples=15,
    deadline=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # every try takes a second: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(log=st.one_of(logs(PARTITIONS), logs_with_exclusions(PARTITIONS)), rules=objectives, seed=st.integers(0, 2**16))
def test_history_judges_as_the_evaluator_does(
    database: str, log: list[Record], rules: list[Objective], seed: int
) -> None:
    disorder = Random(seed)
    beside = [record for record in log if record.topic in TOPICS.reference]
    events = [record for record in log if record.topic in TOPICS.inputs]
    log = [*beside, *at_home(rearranged(events, disorder, LATENESS_MS))]
    brokers = run(log, rules, lateness_ms=LATENESS_MS, partitions=PARTITIONS, until_ms=UNTIL_MS)
    assume(not any(reason == "too_late" for *_, reason in rejected_of(brokers)))
    empty(database)
    forget_judgements(database)
    asyncio.run(live_through(database, log, rules, disorder))
    expected = [alert for _, some in sorted(alerts_of(brokers).items()) for alert in some]
    assert alerts(database) == expected
