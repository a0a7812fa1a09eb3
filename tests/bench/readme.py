"""The comparison as a table of the README, between two marker lines."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.bench.comparison import ONE_WORKER, PER_CPU_S, TWO_WORKERS
from tests.bench.peers.catalogue import PEERS

BEGIN: Final = "<!-- bench -->"
END: Final = "<!-- /bench -->"
_EXACTLY_ONCE: Final = "exactly once, a commit about every 0.5 s"
_HEAD: Final = (
    "| | guarantee | events | events per CPU second (least to most) | warm | events per second | peak memory "
    "| broker CPU per million |\n|---|---|---|---|---|---|---|---|"
)


def table(document: Mapping[str, Any]) -> str:
    """A row for each subject and number of events, the fastest first.

    Without any subject measured it is empty but for its head.
    """
    return "\n".join([_HEAD, *(row for _, row in sorted(_rows(document), key=lambda one: -one[0]))])


def write_block(path: Path, document: Mapping[str, Any]) -> None:
    """Replace what is between the markers.

    Raises:
        ValueError: the file has no markers.
    """
    text = path.read_text(encoding="utf-8")
    block = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not block.search(text):
        raise ValueError(f"{path} has no lines {BEGIN} and {END}")
    path.write_text(block.sub(lambda _: f"{BEGIN}\n{table(document)}\n{END}", text), encoding="utf-8")


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    values = {(entry["part"], entry["what"]): entry for entry in document["measured"]}
    subjects = {ONE_WORKER: _EXACTLY_ONCE, TWO_WORKERS: _EXACTLY_ONCE}
    subjects |= {peer.name: peer.guarantee for peer in PEERS}
    versions = {peer.name: f" {peer.version}" for peer in PEERS}
    for part, what in values:
        name, _, events = part.partition(" @ ")
        if what == PER_CPU_S and name in subjects:
            speed = values[part, PER_CPU_S]
            warm = values.get((part, f"{PER_CPU_S}, warm"))
            spread = f"{_short(min(speed['rounds']))} to {_short(max(speed['rounds']))}"
            cells = (
                f"{name}{versions.get(name, '')}",
                subjects[name],
                _short(float(events)),
                f"**{_short(speed['median'])}**" + (f" ({spread})" if len(speed["rounds"]) > 1 else ", once"),
                _short(warm["median"]) if warm else "",
                _short(values[part, "events per second"]["median"]),
                f"{values[part, 'peak memory, MB']['median']:,.0f} MB",
                f"{values[part, 'broker CPU, s per million']['median']:.2g} s",
            )
            yield speed["median"], f"| {' | '.join(cells)} |"


def _short(value: float) -> str:
    """Three digits: 4,000,000 is '4M', 512,345 is '512k', 5,912 '5.91k'."""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit * 0.9995:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"
