"""On any log the engine gives the alerts and rejections that the reference model counts out."""

import random
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evaluation.objective import Objective
from streams.names import METRICS
from tests.laws.agreement import UNTIL_MS, agree, agree_in_replay, is_well_placed
from tests.laws.beside import TOPICS
from tests.laws.engine import alerts_of, by_place, by_series, law, rejected_of, run
from tests.model import Record
from tests.model.copies import APPLICATION, is_foreign
from tests.model.generate import (
    HOUR_MS,
    LATENESS_MS,
    MINUTE_MS,
    logs,
    objectives,
    objectives_without_a_common_grid,
    random_log,
    random_objectives,
    rearranged,
)
from tests.model.placement import murmur2_partition
from tests.model.reading import Event, read

# A failing log is long; that must not hide how the two differ.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

PARTITIONS = 3

disorders = st.randoms(use_true_random=False)


@law
@given(log=logs(PARTITIONS), judged_by=objectives)
def test_a_log_read_in_one_go(log: list[Record], judged_by: list[Objective]) -> None:
    agree(log, judged_by, PARTITIONS, disorder=None)


@law
@given(log=logs(PARTITIONS), judged_by=objectives, disorder=disorders)
def test_chunk_borders_commits_and_crashes_change_nothing(
    log: list[Record], judged_by: list[Objective], disorder: random.Random
) -> None:
    agree(log, judged_by, PARTITIONS, disorder)


@pytest.mark.parametrize("seed", range(24))
def test_a_long_log(seed: int) -> None:
    partitions = 1 + seed % PARTITIONS
    log, judged_by = random_log(seed, 300, partitions=partitions), random_objectives(seed)
    agree(log, judged_by, partitions, random.Random(seed) if seed % 2 else None)


@pytest.mark.parametrize("lateness_ms", [0, 1, 5 * MINUTE_MS, HOUR_MS])
@pytest.mark.parametrize("seed", range(3))
def test_any_lateness_and_hops_that_share_no_grid(seed: int, lateness_ms: int) -> None:
    agree(random_log(seed, 200), objectives_without_a_common_grid(seed), 1, random.Random(seed), lateness_ms)


@law
@given(log=logs(), judged_by=objectives, disorder=disorders)
def test_order_inside_the_lateness_changes_nothing(
    log: list[Record], judged_by: list[Objective], disorder: random.Random
) -> None:
    in_order, out_of_order = (rearranged(log, disorder, delay_ms) for delay_ms in (0, LATENESS_MS))
    want = alerts_of(run(in_order, judged_by, lateness_ms=LATENESS_MS, partitions=1, until_ms=UNTIL_MS))
    got = run(out_of_order, judged_by, lateness_ms=LATENESS_MS, partitions=1, until_ms=UNTIL_MS, disorder=disorder)
    assert alerts_of(got) == want


@law
@given(log=logs(), judged_by=objectives, disorder=disorders)
def test_the_number_of_partitions_changes_nothing_for_a_series(
    log: list[Record], judged_by: list[Objective], disorder: random.Random
) -> None:
    in_time = [record for record in rearranged(log, disorder, LATENESS_MS) if is_well_placed(record, 1)]
    spread = [record._replace(partition=murmur2_partition(record.key or b"", PARTITIONS)) for record in in_time]
    want, got = (
        run(records, judged_by, lateness_ms=LATENESS_MS, partitions=partitions, until_ms=UNTIL_MS)
        for records, partitions in ((in_time, 1), (spread, PARTITIONS))
    )
    assert by_series(chain(*alerts_of(got).values())) == by_series(chain(*alerts_of(want).values()))


@law
@given(log=logs(PARTITIONS), judged_by=objectives)
def test_replay_is_the_same_engine(log: list[Record], judged_by: list[Objective]) -> None:
    agree_in_replay(log, judged_by, PARTITIONS)


@law
@given(log=logs(), disorder=disorders)
def test_while_nothing_has_expired_the_panes_hold_every_counted_event(
    log: list[Record], disorder: random.Random
) -> None:
    month_ms = 28 * 24 * HOUR_MS
    judged_by = [
        Objective(f"month-{metric.table}", metric.id, month_ms, 60_000, random_objectives(0)[0].budget)
        for metric in METRICS.values()
    ]
    brokers = run(log, judged_by, lateness_ms=LATENESS_MS, partitions=1, disorder=disorder)
    held = sum(
        panes.good + panes.bad
        for broker in brokers.values()
        for series in broker.series.values()
        for panes in (series.by_host, series.by_app)
        if panes is not None
    )
    rejected = {(topic, offset) for topic, _, offset, _ in rejected_of(brokers)}
    of_topics = ((topic, enumerate(records)) for (topic, _), records in by_place(log).items())
    accepted = [record for topic, records in of_topics for offset, record in records if (topic, offset) not in rejected]
    assert held == sum(_is_counted(record) for record in accepted)


def _is_counted(record: Record) -> bool:
    event = read(record, TOPICS.inputs[record.topic])
    if is_foreign(record, APPLICATION) or not isinstance(event, Event):
        return False
    return event.counted and is_well_placed(record, 1)
