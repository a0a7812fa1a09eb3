"""Case: what an event costs, one circumstance varied at a time, the others as in the comparison.

Half as many events as there at most, one worker. A point that has no topic or window of its own shares the first
point of its kind, so that all curves meet.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from streams.names import METRICS, WEBHOOK, changelog
from tests.bench.case import PARTITIONS, BrokenError, Reading, Stage, measured_in_child
from tests.bench.comparison import PER_CPU_S, WARM_PER_CPU_S, load_of
from tests.bench.load import FIRST_RECORDS, Load
from tests.bench.panes import cpu_s_per_million
from tests.bench.peers.catalogue import CHUNKS, COUNT, PEERS
from tests.bench.peers.run import Course, PeerError, run_peer
from tests.bench.results import SHARE_OF_TRANSPORT
from tests.bench.worker_run import WorkerRun, work_through

CPU: Final = "CPU, s per million"
_AS_MEASURED: Final = (WARM_PER_CPU_S, "peak memory, MB", "broker CPU, s per million")
LOOP_CPU: Final = "the plain loop's CPU, s per million"
PANES_TIMES: Final = 2
_ARGUMENTS: Final = {CHUNKS: (), COUNT: ("count",)}
_NONE_EXPIRES_MS: Final = 600_000  # less than a window: every series stays


@dataclass(frozen=True, slots=True)
class Curve:
    """What is varied, and the sentence that explains its shape."""

    name: str
    why: str


SERIES: Final = Curve(
    "series",
    "A series that changed is one changelog row a commit, and one more thing in memory: a thousand share their rows "
    "among many events and stay in the CPU's cache; of a hundred thousand each event waits for memory about ten "
    "times. Its latency bounds them, as it does the plain loop with its one dict.",
)
PANES: Final = Curve(
    "panes a window",
    "Flat: an event is one addition to its pane, and a window the difference of two running totals, however many "
    "panes lie between. What grows is the row, 20 bytes a further pane.",
)
FAILURES: Final = Curve(
    "failures, %",
    "Only series with a failure in their window are judged, and only transitions are published: without failures a "
    "boundary is free, with more of them each boundary looks at more series until it looks at all.",
)
SIZE: Final = Curve(
    "event size, bytes",
    "The longer events carry a field that the schema does not know. What the decoder skips has to be valid, too, so "
    "that each is looked at for text beyond ASCII and, above 2 KiB, for its depth. From there the cost grows with the "
    "bytes to fetch and scan.",
)
COMPRESSION: Final = Curve(
    "compression of the input",
    "To unpack costs a worker less than to fetch the bytes that were saved; lz4 and zstd cost it the same, and both "
    "save the broker's network several times over.",
)
INTERVAL: Final = Curve(
    "commit interval, ms",
    "A commit stores every series that changed since the last: the longer the interval, the more events share a row. "
    "Behind a backlog, as here, the worker rests for one to five seconds by itself, so the interval tells little.",
)
HOT_KEY: Final = Curve(
    "events of one app, %",
    "One series is one row and one object, so a hot one is cheaper for a worker, not dearer; but it stays in one "
    "partition, which one worker reads: a core bounds it.",
)
TOPICS: Final = Curve(
    "topic",
    "The same path with a different record: what differs is the length of the record, its checks, and the window, "
    "24 hours in panes of 5 minutes for installation callbacks.",
)
OBJECTIVES: Final = Curve(
    "objectives",
    "Burn-rate rules share the panes of their metric, so an event is still one addition; what they cost is more panes "
    "kept, hence longer rows, and two windows of each rule to judge where a series has a failure.",
)

CURVES: Final = (SERIES, PANES, FAILURES, OBJECTIVES, SIZE, COMPRESSION, INTERVAL, HOT_KEY, TOPICS)
_RECOUNTED: Final = frozenset(CURVES) - {SERIES, OBJECTIVES}
"""Those whose alerts are recounted: a million apps would take minutes, and the recount knows the default objectives."""


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a worker: `label` is what was varied, as the chart writes it."""

    curve: Curve
    label: str
    load: Load
    compression: str | None = None
    overrides: dict[str, str] = field(default_factory=dict)


def part_of(curve: Curve, label: str) -> str:
    """Name of a point, as results have it."""
    return f"{curve.name} = {label}"


def spots(values: Mapping[tuple[str, str], float], curve: Curve, what: str) -> dict[str, float]:
    """Of some values by name those of a curve, by what was varied."""
    prefix = f"{curve.name} = "
    return {
        part.removeprefix(prefix): value
        for (part, name), value in values.items()
        if part.startswith(prefix) and name == what
    }


def points(events: int) -> Iterator[Point]:
    """Every run, in the order of the curves."""
    usual = load_of(events)
    for apps in (1_000, 10_000, 100_000, 1_000_000):
        load = Load(max(events, apps), apps=apps, in_turn=True, span_ms=_NONE_EXPIRES_MS)
        yield Point(SERIES, str(apps), load)
    for percent in (0, 1, 10):
        yield Point(FAILURES, str(percent), replace(usual, failed_share=percent / 100))
    for objectives in ("default", "default,burn-rate"):
        yield Point(OBJECTIVES, objectives.replace(",", " and "), usual, overrides={"SLO_OBJECTIVES": objectives})
    for extra_bytes in (0, 300, 850, 3_900):
        yield Point(SIZE, str(_value_bytes(extra_bytes)), replace(usual, extra_bytes=extra_bytes))
    for codec in ("none", "lz4", "zstd"):
        yield Point(COMPRESSION, codec, usual, compression=None if codec == "none" else codec)
    for interval_ms in (100, 500, 2_000, 5_000):
        yield Point(INTERVAL, str(interval_ms), usual, overrides={"SLO_COMMIT_INTERVAL": f"{interval_ms}ms"})
    for percent in (0, 50, 90):
        yield Point(HOT_KEY, str(percent), replace(usual, hot_share=percent / 100))
    for metric in METRICS.values():
        yield Point(TOPICS, metric.record, replace(usual, metric=metric))


class Curves:
    """Every point once a round."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing is needed."""

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """All points, one after the other."""
        events = stage.events[-1] // 2
        by_panes = cpu_s_per_million(events // 5, PANES_TIMES)
        yield {(part_of(PANES, str(panes)), CPU): cpu_s for panes, cpu_s in by_panes.items()}
        few, many = min(by_panes), max(by_panes)
        yield {(PANES.name, f"{many} : {few} panes"): by_panes[many] / by_panes[few]}
        for number, point in enumerate(points(events)):
            try:
                figures = await _at(stage, point, f"curve-{number}-{round_number}")
            except (BrokenError, PeerError) as problem:  # where it stops is a result, too
                stage.report(f"{part_of(point.curve, point.label)}: {problem}")
            else:
                yield {(part_of(point.curve, point.label), what): value for what, value in figures.items()}


async def _at(stage: Stage, point: Point, name: str) -> dict[str, float]:
    run = await work_through(
        stage,
        name,
        point.load,
        compression=point.compression,
        overrides=point.overrides,
        is_checked=point.curve in _RECOUNTED,
    )
    figures = _figures(run, point.load.events)
    if point.curve is SERIES:
        transport = await _limit(stage, CHUNKS, name, point.load)
        figures[SHARE_OF_TRANSPORT] = figures[WARM_PER_CPU_S] / transport.figures[WARM_PER_CPU_S]
        loop = await _limit(stage, COUNT, name, point.load)
        figures[LOOP_CPU] = 1e6 / loop.figures[PER_CPU_S]
        figures |= await _restored(stage, name)
    return figures


def _figures(run: WorkerRun, events: int) -> dict[str, float]:
    millions, metrics, figures = events / 1e6, run.metrics, run.course.figures
    commits = metrics["slo_streams_commit_seconds_count"]
    return {name: figures[name] for name in _AS_MEASURED if name in figures} | {
        CPU: 1e6 / figures[PER_CPU_S],
        "series": metrics["slo_streams_series"],
        "commits": commits,
        "commit, ms": metrics["slo_streams_commit_seconds_sum"] / commits * 1e3,
        "rows per million": metrics["slo_streams_rows_total"] / millions,
        "input, MB per million": run.input_bytes / millions / 1e6,
        "changelog, MB per million": run.changelog_bytes / millions / 1e6,
        "alerts": run.alerts,
    }


async def _restored(stage: Stage, name: str) -> dict[str, float]:
    """What a take-over of all partitions by a new worker would read back, one partition after the other."""
    topic = changelog(name, WEBHOOK)
    servers = stage.kafka.bootstrap_servers
    read = [await measured_in_child("restoring", servers, topic, partition) for partition in range(PARTITIONS)]
    return {"restore, s": sum(one["wall_s"] for one in read), "restore, CPU s": sum(one["cpu_s"] for one in read)}


async def _limit(stage: Stage, limit: str, name: str, load: Load) -> Course:
    """What the same events cost one that counts them only, without windows and without state kept."""
    servers, topic = stage.kafka.bootstrap_servers, stage.settings(name).topics.input(WEBHOOK)
    (peer,) = (replace(peer, arguments=_ARGUMENTS[limit]) for peer in PEERS if peer.name == limit)
    count = FIRST_RECORDS + load.events
    output = f"{name}-{limit.partition(':')[0].replace(' ', '-')}"
    return await run_peer(peer, servers, topic, output, count, folder=stage.folder, broker_pid=stage.kafka.pid or 0)


def _value_bytes(extra_bytes: int) -> int:
    return len(next(Load(1, extra_bytes=extra_bytes).records()).value)
