"""An event must not become much dearer, nor dearer by the length of its window: ratios within one run, never times.

CPU time only, the best of rounds taken in turns: what else the machine does counts for little. The bounds leave room;
`make bench` is where speed is measured.
"""

import time
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import chain

import orjson

from streams.kafka.chunk import Chunk
from tests.bench.best import best_in_turns, cpu_s_of
from tests.bench.kinds import KINDS, LOAD, USUAL
from tests.bench.load import Load
from tests.bench.panes import apply, chunks, cpu_s_per_million, new_unit
from tests.bench.stages import counted as counted_in_panes
from tests.bench.stages import packed

EVENTS = 60_000
ROUNDS = 3
MOST_TIMES_THE_LIMIT = 3.0  # it takes about 1.3
MOST_TIMES_THE_USUAL = 2.0  # it takes up to 1.5
MOST_BY_LENGTH = 2.0  # it takes about 1.0


def counted(some: list[Chunk]) -> float:
    """CPU seconds of the least that any loop must do: parse and count."""
    counts: Counter[tuple[str, int, bool]] = Counter()
    started_s = time.process_time()
    for chunk in some:
        for record in chain.from_iterable(chunk.slices()):
            event = orjson.loads(record.value or b"")
            counts[event["appKey"], event["time"] // 60_000, event["statusCode"] == 200] += 1
    spent_s = time.process_time() - started_s
    assert counts.total() == EVENTS
    return spent_s


def test_an_event_costs_little_more_than_to_parse_and_count_it() -> None:
    some = chunks(Load(EVENTS, apps=100))
    rounds = [(apply(new_unit(15), some), counted(some)) for _ in range(ROUNDS)]
    ours_s, limit_s = (min(times) for times in zip(*rounds, strict=True))
    assert ours_s < MOST_TIMES_THE_LIMIT * limit_s, f"{ours_s / limit_s:.2f} times the limit"


def test_a_longer_window_costs_no_more() -> None:
    by_panes = cpu_s_per_million(EVENTS, ROUNDS, window_panes=(15, 288))
    assert by_panes[288] < MOST_BY_LENGTH * by_panes[15], f"{by_panes[288] / by_panes[15]:.2f} times"


def test_an_event_that_is_written_in_another_way_costs_little_more() -> None:
    load = replace(LOAD, events=EVENTS)
    kinds = [kind for kind in (USUAL, *KINDS) if kind.name in (USUAL.name, "an unknown field", "a time as text")]
    runs = [partial(cpu_s_of, partial(counted_in_panes, packed(kind.records(load)))) for kind in kinds]
    usual_s, *others_s = best_in_turns(runs, ROUNDS)
    assert max(others_s) < MOST_TIMES_THE_USUAL * usual_s, f"{max(others_s) / usual_s:.2f} times the usual"
