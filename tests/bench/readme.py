"""Tables for the pages that quote the results, each between two marker lines."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.bench.comparison import ONE_WORKER, PER_CPU_S, TWO_WORKERS, WARM_PER_CPU_S
from tests.bench.curves import CPU, CURVES, LOOP_CPU, SERIES, spots
from tests.bench.live import BROKER_CPU, CHANGELOG, LEFT, LOAD_ALONE, P50, P99
from tests.bench.live import CPU as LIVE_CPU
from tests.bench.live import OURS as LIVE_OURS
from tests.bench.live import PEAK as LIVE_PEAK
from tests.bench.peers.catalogue import LIVE_PEERS, PEERS
from tests.bench.report import label_text, number, short
from tests.bench.results import medians
from tests.bench.services import COST as SERVICE_COST
from tests.bench.services import IDLE, PEAK, UNITS
from tests.bench.services import part_of as part_of_service
from tests.bench.stages import COST, LEAST, STEPS, part_of
from tests.bench.take_over import IN_HANDS, JUDGED, WAYS
from tests.bench.wide import PART as WIDE

SPEED: Final = Path("infra/docs/pages/explanation/speed.md")
CAPACITY: Final = Path("infra/docs/pages/explanation/capacity.md")
_EXACTLY_ONCE: Final = "exactly once, a commit every 5 s or sooner"
_WHY_LOOP: Final = (
    "Fetch with aiokafka, orjson, add one in a dict: what the same events cost without checks, windows or kept state."
)
_HEAD: Final = (
    "| | guarantee | events | events per CPU second (least to most) | warm | events per second | peak memory "
    "| broker CPU per million |\n|---|---|---|---|---|---|---|---|"
)


class NoBlockError(Exception):
    """There is no place for a table."""


def table(document: Mapping[str, Any]) -> str:
    """A row for each subject and number of events, the fastest first.

    Without any subject measured it is empty but for its head.
    """
    return "\n".join([_HEAD, *(row for _, row in sorted(_rows(document), key=lambda one: -one[0]))])


def curves_table(document: Mapping[str, Any]) -> str:
    """A row for each curve that was measured: what an event costs, and why."""
    values = medians(document)
    rows = [(curve.name, spots(values, curve, CPU), curve.why) for curve in CURVES]
    rows.insert(1, ("series, the plain loop", spots(values, SERIES, LOOP_CPU), _WHY_LOOP))
    lines = (f"| {name} | {_costs(costs)} | {why} |" for name, costs, why in rows if costs)
    return "\n".join(["| | CPU seconds per million events | why |", "|---|---|---|", *lines])


def _costs(by_label: Mapping[str, float]) -> str:
    return "; ".join(f"{label_text(label)}: {cost:.2f}" for label, cost in by_label.items())


def stages_table(document: Mapping[str, Any]) -> str:
    """A row for each stage of the hot path: what it costs an event, and the least that it could."""
    values = medians(document)
    rows = []
    for step in STEPS:
        cost, least = (values.get((part_of(step.name), what)) for what in (COST, LEAST))
        if cost is not None and least is not None:
            rows.append(f"| {step.name} | {cost:.2f} | {least:.2f} | {step.what_is_least} |")
    return "\n".join(["| stage | µs per event | least | the least is |", "|---|---|---|---|", *rows])


def services_table(document: Mapping[str, Any]) -> str:
    """A row for each service that was measured: for what it does, at rest, and in memory."""
    values = medians(document)
    rows = []
    for service, unit in UNITS.items():
        found = [values.get((part_of_service(service), what)) for what in (SERVICE_COST, IDLE, PEAK)]
        if None not in found:
            cost, idle, peak_mb = (one for one in found if one is not None)
            rows.append(f"| {service} | {cost:.2g} s per {unit} | {idle:.1f} | {peak_mb:,.0f} MB |")
    if not rows:
        return "Not measured yet: `python -m tests.bench --case services --publish --readme` writes it here."
    return "\n".join(["| service | CPU | at rest, % of a core | peak memory |", "|---|---|---|---|", *rows])


def take_over_table(document: Mapping[str, Any]) -> str:
    """A row for each way that a worker goes, and each number of series: how soon others have its partitions."""
    values = medians(document)
    rows = []
    for way in WAYS:
        for part, series in _parts(values, way):
            in_hands_s, judged_s = values[part, IN_HANDS], values[part, JUDGED]
            load = _load(document, part)
            rows.append(f"| {way} | {series} | {in_hands_s:.1f} s | {judged_s:.1f} s | {load:.1f} |")
    head = "| how it goes | state of the group | in other hands after | judged up to now after | load |"
    return "\n".join([head, "|---|---|---|---|---|", *rows])


def _parts(values: Mapping[tuple[str, str], float], name: str) -> list[tuple[str, str]]:
    """Parts of this name, each with what it was measured at."""
    parts = dict.fromkeys(part for part, _ in values)
    return [(part, at) for part in parts for found, _, at in [part.partition(" @ ")] if found == name]


def _load(document: Mapping[str, Any], part: str) -> float:
    """Load average of the machine when a part was measured."""
    return float(next(entry["loadAverage"] for entry in document["measured"] if entry["part"] == part))


def live_table(document: Mapping[str, Any]) -> str:
    """A row for each constant rate and number of apps, and each who was to carry it."""
    values = medians(document)
    rows = []
    for part, at in _parts(values, LOAD_ALONE):
        rows.append(f"| {at} | nobody | {values[part, BROKER_CPU]:.1f} s | | | | | {_load(document, part):.1f} |")
        for subject in (LIVE_OURS, *(f"live, {peer.name}" for peer in LIVE_PEERS)):
            part = f"{subject} @ {at}"
            if (part, LEFT) in values:
                cost = f"{values[part, LIVE_CPU]:.1f} s" if (part, LIVE_CPU) in values else ""
                cells = f"{cost} | not carried: {values[part, LEFT]:,.0f} left | | |"
            elif (part, LIVE_CPU) in values:
                cpu_s, p50_s, p99_s, stored_mb, peak_mb = (
                    values[part, what] for what in (LIVE_CPU, P50, P99, CHANGELOG, LIVE_PEAK)
                )
                cells = f"{cpu_s:.1f} s | {p50_s:.2f} s | {p99_s:.2f} s | {stored_mb:.1f} MB | {peak_mb:,.0f} MB"
            else:
                continue
            rows.append(f"| {at} | {subject.removeprefix('live, ')} | {cells} | {_load(document, part):.1f} |")
    if not rows:
        return "Not measured yet: `python -m tests.bench --case live --publish --readme` writes it here."
    head = (
        "| events | who judges them | CPU per million, the broker's too | half of all results after | 99 of 100 "
        "| changelog per million | peak memory | load |"
    )
    return "\n".join([head, "|---|---|---|---|---|---|---|---|", *rows])


def wide_table(document: Mapping[str, Any]) -> str:
    """A row for each figure of the wide group."""
    rows = [
        f"| {entry['what']} | {number(entry['median'])} | {entry['loadAverage']:.1f} |"
        for entry in document["measured"]
        if entry["part"] == WIDE
    ]
    return "\n".join([f"| {WIDE} | | load |", "|---|---|---|", *rows])


def write_tables(document: Mapping[str, Any]) -> None:
    """Write the tables into their pages.

    Raises:
        NoBlockError: a page has no markers.
    """
    write_block(SPEED, "bench", table(document))
    write_block(CAPACITY, "curves", curves_table(document))
    write_block(CAPACITY, "stages", stages_table(document))
    write_block(CAPACITY, "services", services_table(document))
    write_block(CAPACITY, "take-over", take_over_table(document))
    write_block(CAPACITY, "live", live_table(document))
    write_block(CAPACITY, "wide", wide_table(document))


def write_block(path: Path, name: str, text: str) -> None:
    """Replace what is between `<!-- name -->` and `<!-- /name -->`.

    Raises:
        NoBlockError: the page has no such lines.
    """
    page = path.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    block = re.compile(f"{begin}.*?{end}", re.DOTALL)
    if not block.search(page):
        raise NoBlockError(f"{path} has no lines {begin} and {end}")
    path.write_text(block.sub(lambda _: f"{begin}\n{text}\n{end}", page), encoding="utf-8")


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    values = {(entry["part"], entry["what"]): entry for entry in document["measured"]}
    subjects = {ONE_WORKER: _EXACTLY_ONCE, TWO_WORKERS: _EXACTLY_ONCE}
    subjects |= {peer.name: peer.guarantee for peer in PEERS}
    versions = {peer.name: f" {peer.version}".rstrip() for peer in PEERS}
    for part, what in values:
        name, _, events = part.partition(" @ ")
        if what == PER_CPU_S and name in subjects:
            speed = values[part, PER_CPU_S]
            warm = values.get((part, WARM_PER_CPU_S))
            spread = f"{short(min(speed['rounds']))} to {short(max(speed['rounds']))}"
            cells = (
                f"{name}{versions.get(name, '')}",
                subjects[name],
                short(float(events)),
                f"**{short(speed['median'])}**" + (f" ({spread})" if len(speed["rounds"]) > 1 else ", once"),
                short(warm["median"]) if warm else "",
                short(values[part, "events per second"]["median"]),
                f"{values[part, 'peak memory, MB']['median']:,.0f} MB",
                f"{values[part, 'broker CPU, s per million']['median']:.2g} s",
            )
            yield speed["median"], f"| {' | '.join(cells)} |"
