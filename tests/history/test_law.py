"""The law of history: whatever crashes, and whoever comes back, what is stored is the count of the log by hand."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.history.latency import bucket_of
from streams.ownership.seams import FencedError
from tests.build import APPLICATION
from tests.history.naive import Recount, recount, table
from tests.history.sink import (
    LATENESS_MS,
    Sink,
    empty,
    fold,
    patient,
    stored_counts,
    stored_first_minutes,
    stored_late,
    stored_latencies,
    stored_sums,
)
from tests.model import Record
from tests.model.generate import logs

DAY_MINUTES = 1_440


def check(url: str, expected: Recount) -> None:
    """Hold all that is stored against a recount."""
    check_counts(url, expected)
    assert stored_late(url) == table(expected.late)


def check_counts(url: str, expected: Recount) -> None:
    """What is stored but for late events, which older versions did not tell from the others."""
    good, bad = stored_counts(url)
    assert good == table(expected.good)
    assert bad == table(expected.bad)
    sums: dict[object, list[int]] = defaultdict(lambda: [0, 0])
    for which, counts in enumerate((table(expected.good), table(expected.bad))):
        for (key, minute), count in counts.items():
            sums[key, minute // DAY_MINUTES][which] += count
    assert stored_sums(url) == {place: tuple(counts) for place, counts in sums.items()}
    histograms = {place: Counter(map(bucket_of, durations)) for place, durations in expected.latencies.items()}
    assert stored_latencies(url) == histograms
    firsts: dict[object, int] = {}
    for key, minute in [*table(expected.good), *table(expected.bad)]:
        firsts[key] = min(minute, firsts.get(key, minute))
    assert stored_first_minutes(url) == firsts


FATES = ("commit", "crash", "zombie", "keep", "fold")


async def live_through(url: str, log: Sequence[Record], partitions: int, data: st.DataObject) -> None:
    """Every partition is read in chunks of any size; between them its owner commits, crashes, or is thought dead."""
    places: dict[tuple[str, int], list[Record]] = {}
    for one in log:
        places.setdefault((one.topic, one.partition), []).append(one)
    async with patient(url) as database:
        for (topic, partition), records in places.items():
            sink = Sink(database, topic, partition, partitions)
            position = await sink.take_over()
            zombies = []
            while position < len(records) or data.draw(st.booleans(), label="once more"):
                size = data.draw(st.integers(0, 30), label="chunk")
                sink.read(records[position : position + size])
                position = sink.processor.next_offset
                fate = data.draw(st.sampled_from(FATES), label="fate")
                if fate == "commit":
                    await sink.commit()
                elif fate == "fold":
                    await fold(database)
                elif fate != "keep":
                    if fate == "zombie":
                        zombies.append(sink)
                    sink = Sink(database, topic, partition, partitions)
                    position = await sink.take_over()
            for zombie in zombies:  # they wake up now, with what they had counted
                if (work := zombie.processor.take_work()) is not None:
                    with pytest.raises(FencedError):
                        await zombie.store.write(work)
            await sink.commit()


@settings(max_examples=25, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=logs(partitions=2), data=st.data())
def test_history_is_the_recount(database: str, log: list[Record], data: st.DataObject) -> None:
    empty(database)
    events = [one for one in log if one.topic.startswith("slo.") and one.value != b"never"]
    asyncio.run(live_through(database, events, 2, data))
    check(database, recount(events, application=APPLICATION, partitions=2, lateness_ms=LATENESS_MS))
