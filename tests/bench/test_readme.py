"""The table that goes into the README, and where it goes."""

from pathlib import Path

import pytest

from tests.bench.comparison import ONE_WORKER, PER_CPU_S, part_of
from tests.bench.curves import CPU, LOOP_CPU, SERIES
from tests.bench.curves import part_of as part_of_curve
from tests.bench.live import BROKER_CPU, CHANGELOG, LEFT, LOAD_ALONE, OURS, P50, P99
from tests.bench.live import CPU as LIVE_CPU
from tests.bench.live import PEAK as LIVE_PEAK
from tests.bench.live import part_of as part_of_rate
from tests.bench.peers.catalogue import COUNT, PEERS
from tests.bench.readme import (
    NoBlockError,
    curves_table,
    live_table,
    services_table,
    stages_table,
    table,
    take_over_table,
    wide_table,
    write_block,
)
from tests.bench.results import Results
from tests.bench.services import COST as COST_OF_ONE
from tests.bench.services import IDLE, PEAK
from tests.bench.services import part_of as part_of_service
from tests.bench.stages import COST, LEAST, STEPS
from tests.bench.stages import part_of as part_of_stage
from tests.bench.take_over import IN_HANDS, JUDGED, WAYS
from tests.bench.take_over import part_of as part_of_way
from tests.bench.wide import PART as WIDE


def document() -> dict[str, object]:
    results = Results()
    for name, speeds in (
        (COUNT, (340_000, 350_000)),
        (ONE_WORKER, (512_345, 498_000, 520_000)),
        (PEERS[-1].name, (147,)),
    ):
        for speed in speeds:
            reading = {
                PER_CPU_S: speed,
                "events per second": 5_912,
                "peak memory, MB": 99.6,
                "broker CPU, s per million": 1.23,
            }
            results.add({(part_of(name, 1_000_000), what): value for what, value in reading.items()})
    return results.document({})


def test_the_fastest_comes_first_with_its_range() -> None:
    lines = table(document()).splitlines()[2:]
    assert [line.split(" | ")[0] for line in lines] == [
        f"| {ONE_WORKER}",
        f"| {COUNT} 0.14.0",
        "| stock Faust hopping tables 0.15.3",
    ]
    assert lines[0].endswith("| 1M | **512k** (498k to 520k) |  | 5.91k | 100 MB | 1.2 s |")
    assert "| **147**, once |" in lines[2]


def test_only_the_block_is_written(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n", encoding="utf-8")
    write_block(path, "bench", table(document()))
    first = path.read_text(encoding="utf-8")
    assert first == f"before\n<!-- bench -->\n{table(document())}\n<!-- /bench -->\nafter\n"
    write_block(path, "bench", table(document()))
    assert path.read_text(encoding="utf-8") == first


def test_a_readme_without_a_block_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(NoBlockError, match="no lines"):
        write_block(path, "bench", table(document()))
    assert path.read_text(encoding="utf-8") == "nothing\n"


def test_a_curve_stands_with_its_reason() -> None:
    results = Results()
    for apps, cost in (("1000", 1.71), ("1000000", 12.34)):
        results.add({(part_of_curve(SERIES, apps), CPU): cost, (part_of_curve(SERIES, apps), LOOP_CPU): 2 * cost})
    lines = curves_table(results.document({})).splitlines()
    assert lines[2] == f"| series | 1k: 1.71; 1M: 12.34 | {SERIES.why} |"
    assert lines[3].startswith("| series, the plain loop | 1k: 3.42; 1M: 24.68 | ")
    assert len(lines) == 4  # of what was not measured there is none


def test_a_stage_stands_beside_its_least() -> None:
    results = Results()
    results.add({(part_of_stage(STEPS[0].name), COST): 0.016, (part_of_stage(STEPS[0].name), LEAST): 0.007})
    assert stages_table(results.document({})).splitlines()[2:] == [
        f"| {STEPS[0].name} | 0.02 | 0.01 | {STEPS[0].what_is_least} |"
    ]


def test_a_service_that_was_measured_is_a_row() -> None:
    results = Results()
    results.add({(part_of_service("notifier"), what): value for what, value in ((COST_OF_ONE, 1.234), (IDLE, 0.5))})
    assert services_table(results.document({})).splitlines()[2:] == []  # not whole
    results.add({(part_of_service("notifier"), PEAK): 88.4})
    assert services_table(results.document({})).splitlines()[2:] == [
        "| notifier | 1.2 s per 1,000 alerts, mailed | 0.5 | 88 MB |"
    ]


def test_take_overs_are_told_by_how_a_worker_goes_and_with_how_many_series() -> None:
    results = Results()
    for series in (100_000, 1_000_000):
        results.add({(part_of_way(WAYS[1], series), IN_HANDS): 6.52, (part_of_way(WAYS[1], series), JUDGED): 6.9})
    results.add({(part_of_way(WAYS[0], 100_000), IN_HANDS): 8.0, (part_of_way(WAYS[0], 100_000), JUDGED): 8.25})
    assert take_over_table(results.document({}, load=1.5)).splitlines()[2:] == [
        "| SIGKILL | 100,000 series | 8.0 s | 8.2 s | 1.5 |",
        "| SIGKILL, with a warm standby | 100,000 series | 6.5 s | 6.9 s | 1.5 |",
        "| SIGKILL, with a warm standby | 1,000,000 series | 6.5 s | 6.9 s | 1.5 |",
    ]


def test_a_rate_is_told_with_who_carried_it() -> None:
    results = Results()
    at = (10_000, 100_000)
    results.add({(part_of_rate(LOAD_ALONE, *at), BROKER_CPU): 9.0})
    figures = {LIVE_CPU: 26.63, P50: 0.2, P99: 0.29, CHANGELOG: 30.0, LIVE_PEAK: 210.0}
    results.add({(part_of_rate(OURS, *at), what): value for what, value in figures.items()})
    results.add(
        {(part_of_rate("live, Kafka Streams", *at), what): n for what, n in ((LEFT, 220_256), (LIVE_CPU, 180.04))}
    )
    assert live_table(results.document({}, load=1.5)).splitlines()[2:] == [
        "| 10,000/s, 100,000 apps | nobody | 9.0 s | | | | | 1.5 |",
        "| 10,000/s, 100,000 apps | slo-streams | 26.6 s | 0.20 s | 0.29 s | 30.0 MB | 210 MB | 1.5 |",
        "| 10,000/s, 100,000 apps | Kafka Streams | 180.0 s | not carried: 220,256 left | | | | 1.5 |",
    ]


def test_a_wide_group_is_told_figure_by_figure() -> None:
    results = Results()
    results.add({(WIDE, "sockets of a worker"): 80.0, ("restore", "rows per second"): 250_000})
    assert wide_table(results.document({}, load=2.0)).splitlines()[2:] == ["| sockets of a worker | 80 | 2.0 |"]
