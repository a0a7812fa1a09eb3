"""With exclusions and a catalogue, too, the engine gives what the reference model counts out."""

import random
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evaluation.objective import Objective
from tests.laws.agreement import UNTIL_MS, agree, agree_in_replay, is_well_placed
from tests.laws.beside import TOPICS
from tests.laws.engine import alerts_of, by_series, law, run
from tests.model import Record
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
from tests.model.generate_exclusions import (
    app_versions,
    exclusion_versions,
    exclusions,
    logs_with_apps,
    logs_with_exclusions,
    mixed,
)
from tests.model.placement import murmur2_partition

# A failing log is long; that must not hide how the two differ.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

PARTITIONS = 3

disorders = st.randoms(use_true_random=False)


@law
@given(log=logs_with_apps(PARTITIONS), judged_by=objectives)
def test_a_log_read_in_one_go(log: list[Record], judged_by: list[Objective]) -> None:
    agree(log, judged_by, PARTITIONS, disorder=None)


@law
@given(log=logs_with_apps(PARTITIONS), judged_by=objectives, disorder=disorders)
def test_chunk_borders_crashes_and_when_an_exclusion_is_read_change_nothing(
    log: list[Record], judged_by: list[Objective], disorder: random.Random
) -> None:
    agree(log, judged_by, PARTITIONS, disorder)


def long_log(seed: int, partitions: int = 1) -> list[Record]:
    """More than an hour of events, with many exclusions and some changes of apps."""
    rng = random.Random(seed)
    versions = exclusion_versions(rng, 24, span_ms=70 * MINUTE_MS, partitions=partitions)
    log = mixed(random_log(seed, 300, partitions=partitions), versions, rng)
    return mixed(log, app_versions(rng, seed % 3 * 4, span_ms=70 * MINUTE_MS, partitions=partitions), rng)


@pytest.mark.parametrize("seed", range(24))
def test_a_long_log(seed: int) -> None:
    partitions = 1 + seed % PARTITIONS
    disorder = random.Random(seed) if seed % 2 else None
    agree(long_log(seed, partitions), random_objectives(seed), partitions, disorder)


def test_long_logs_are_full_of_what_exclusions_do() -> None:
    annulled = unpaged = 0
    for seed in range(72):
        log, judged_by = long_log(seed), random_objectives(seed)
        plain = [record for record in log if record.topic != TOPICS.exclusions]
        whole, without = (
            [alert["reason"] for broker in brokers.values() for alert in broker.alerts]
            for brokers in (run(some, judged_by, lateness_ms=LATENESS_MS, partitions=1) for some in (log, plain))
        )
        annulled += whole.count("EXCLUDED")
        unpaged += without.count("BELOW_OBJECTIVE") - whole.count("BELOW_OBJECTIVE")
    assert annulled > 30
    assert unpaged > 30


@pytest.mark.parametrize("lateness_ms", [0, 1, 5 * MINUTE_MS, HOUR_MS])
@pytest.mark.parametrize("seed", range(3))
def test_any_lateness_and_hops_that_share_no_grid(seed: int, lateness_ms: int) -> None:
    agree(long_log(seed), objectives_without_a_common_grid(seed), 1, random.Random(seed), lateness_ms)


@law
@given(log=logs_with_apps(PARTITIONS), judged_by=objectives)
def test_replay_is_the_same_engine(log: list[Record], judged_by: list[Objective]) -> None:
    agree_in_replay(log, judged_by, PARTITIONS)


@law
@given(log=logs_with_exclusions(2), judged_by=objectives, disorder=disorders)
def test_what_is_stored_does_not_depend_on_crashes_and_commits(
    log: list[Record], judged_by: list[Objective], disorder: random.Random
) -> None:
    straight, disturbed = (
        run(log, judged_by, lateness_ms=LATENESS_MS, partitions=2, until_ms=UNTIL_MS, disorder=how)
        for how in (None, disorder)
    )
    assert {place: broker.rows for place, broker in disturbed.items()} == {
        place: broker.rows for place, broker in straight.items()
    }


@law
@given(log=logs(), versions=exclusions(), judged_by=objectives, disorder=disorders)
def test_order_inside_the_lateness_changes_nothing(
    log: list[Record], versions: list[Record], judged_by: list[Objective], disorder: random.Random
) -> None:
    in_order, out_of_order = (
        mixed(rearranged(log, disorder, delay_ms), versions, disorder) for delay_ms in (0, LATENESS_MS)
    )
    want = alerts_of(run(in_order, judged_by, lateness_ms=LATENESS_MS, partitions=1, until_ms=UNTIL_MS))
    got = run(out_of_order, judged_by, lateness_ms=LATENESS_MS, partitions=1, until_ms=UNTIL_MS, disorder=disorder)
    assert alerts_of(got) == want


@law
@given(log=logs(), versions=exclusions(), judged_by=objectives, disorder=disorders)
def test_the_number_of_partitions_changes_nothing_for_a_series(
    log: list[Record], versions: list[Record], judged_by: list[Objective], disorder: random.Random
) -> None:
    in_time = [record for record in rearranged(log, disorder, LATENESS_MS) if is_well_placed(record, 1)]
    spread = [record._replace(partition=murmur2_partition(record.key or b"", PARTITIONS)) for record in in_time]
    want, got = (
        run([*versions, *records], judged_by, lateness_ms=LATENESS_MS, partitions=partitions, until_ms=UNTIL_MS)
        for records, partitions in ((in_time, 1), (spread, PARTITIONS))
    )
    assert by_series(chain(*alerts_of(got).values())) == by_series(chain(*alerts_of(want).values()))
