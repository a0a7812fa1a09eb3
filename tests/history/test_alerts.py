"""The law between the two: what an alert was judged by is what history has of its window."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.event_time import epoch_ms
from streams.budgets.budget import Counts
from streams.evaluation.listings import Listings
from streams.evaluation.objective import Objective
from streams.health.counts import Count
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.counting import Counting
from streams.history.minutes import Minutes, chosen
from streams.history.sources import APP, HOST
from streams.kafka.placement import partition_of
from streams.names import IFRAME, Topics
from streams.settings import PartitionerName
from tests.build import APPLICATION, stored
from tests.laws.engine import alerts_of, law, rejected_of, run
from tests.model import Record
from tests.model.alert import Alert
from tests.model.copies import REROUTED
from tests.model.generate import LATENESS_MS, START_MS, logs, objectives, rearranged

PARTITIONS = 2
DAYS = (START_MS // MINUTE_MS // DAY_MINUTES - 1, START_MS // MINUTE_MS // DAY_MINUTES + 3)
Series = tuple[str, str, str]


def history_of(log: Sequence[Record]) -> dict[tuple[Series, str], Minutes]:
    """What is counted of a log by series and source, over all of its days."""
    places: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for record in log:
        places[record.topic, record.partition].append(record)
    start, length = DAYS[0] * DAY_MINUTES, (DAYS[1] - DAYS[0]) * DAY_MINUTES
    found: dict[tuple[Series, str], Minutes] = {}
    for (topic, partition), records in places.items():

        def is_at_home(key: bytes, here: int = partition) -> bool:
            return partition_of(key, PARTITIONS, PartitionerName.MURMUR2) == here

        counting = Counting(Topics().inputs[topic], is_at_home, Listings(), APPLICATION)
        counting.count(stored(records), None, Counter[Count]())
        for key, tally in counting.take().all.items():
            place = ((key.app_key, key.metric, key.scope), key.source)
            minutes = found.setdefault(place, Minutes(start, [0] * length, [0] * length))
            for day, of_day in tally.by_day().items():
                for minute, (good, bad) in of_day.items():
                    at = day * DAY_MINUTES + minute - start
                    minutes.good[at] += good  # type: ignore[index]
                    minutes.bad[at] += bad  # type: ignore[index]
    return found


def sums(history: dict[tuple[Series, str], Minutes], alert: Alert) -> Counts:
    """What history has of an alert's window."""
    series = (alert["appKey"], alert["metricId"], alert["scope"])
    start, end = (epoch_ms(alert[name]) // MINUTE_MS for name in ("windowStart", "windowEnd"))
    nothing = Minutes(start, [0] * (end - start), [0] * (end - start))

    def told(source: str) -> Minutes:
        minutes = history.get((series, source))
        return nothing if minutes is None else minutes.between(start, end)

    if alert["metricId"] != IFRAME.id:
        return told("PROD").counts
    return chosen([told(HOST), told(APP)]).counts


def whole(log: Sequence[Record]) -> list[Record]:
    """Without the copies of what never lay in this log: history would look for their originals."""
    return [record for record in log if b"/elsewhere/" not in (record.header(REROUTED) or b"")]


@law
@given(log=logs(partitions=PARTITIONS), rules=objectives, seed=st.integers(0, 2**16))
def test_an_alerts_counts_are_the_sums_of_its_window(log: list[Record], rules: list[Objective], seed: int) -> None:
    log = rearranged(whole(log), Random(seed), LATENESS_MS)
    brokers = run(log, rules, lateness_ms=LATENESS_MS, partitions=PARTITIONS, until_ms=START_MS + 3_600_000)
    assume(not any(reason == "too_late" for *_, reason in rejected_of(brokers)))
    history = history_of(log)
    for alerts in alerts_of(brokers).values():
        for alert in alerts:
            if alert["sliValue"] is not None:
                assert Counts(alert["goodCount"], alert["badCount"]) == sums(history, alert)
