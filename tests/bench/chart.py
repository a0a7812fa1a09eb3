"""Charts of the results: subjects side by side, and the curves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.bench.comparison import OURS, PER_CPU_S
from tests.bench.curves import CPU, CURVES, Curve
from tests.bench.peers.catalogue import COUNT, FETCH
from tests.bench.results import medians

CHARTS: Final = ("peers.svg", "curves.svg")
_OURS, _LIMIT, _PEER = "#1868db", "#758195", "#b3b9c4"
_COLUMNS: Final = 4
_STYLE: Final[dict[Any, Any]] = {
    "font.size": 9,
    "svg.hashsalt": "slo-streams",  # the same results give the same file
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
}


class NoChartError(Exception):
    """The library that draws is not installed."""


def draw(document: Mapping[str, Any], folder: Path) -> None:
    """Write both charts into a folder.

    Raises:
        NoChartError: the library that draws is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError:
        raise NoChartError("install the extra: pip install 'slo-streams[bench]'") from None
    mpl.use("svg")
    with mpl.rc_context(_STYLE):
        _draw_subjects(document, folder / CHARTS[0])
        _draw_curves(document, folder / CHARTS[1])


def _draw_subjects(document: Mapping[str, Any], path: Path) -> None:
    """The best of each subject's numbers of events: bars from 100 events a CPU second, on a scale of tenfolds."""
    from matplotlib import pyplot as plt

    best: dict[str, list[float]] = {}
    for entry in document["measured"]:
        name = entry["part"].partition(" @ ")[0]
        if entry["what"] == PER_CPU_S and entry["median"] > best.get(name, [0.0])[0]:
            best[name] = [entry["median"], min(entry["rounds"]), max(entry["rounds"])]
    ordered = sorted(best.items(), key=lambda item: item[1][0])
    figure, axes = plt.subplots(figsize=(8, 0.4 * len(ordered) + 1))
    for row, (name, (middle, least, most)) in enumerate(ordered):
        colour = _OURS if name.startswith(OURS) else _LIMIT if name in (FETCH, COUNT) else _PEER
        axes.barh(row, middle, color=colour, height=0.65)
        axes.plot([least, most], [row, row], color="black", linewidth=1)
        axes.text(most * 1.1, row, f"{middle:,.0f}", va="center")
    axes.set_yticks(range(len(ordered)), [name for name, _ in ordered])
    axes.set_xscale("log")
    axes.set_xlim(left=100, right=1.2e7)
    axes.set_xlabel("events per CPU second, each step ten times the one before; lines: from the least to the most")
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def _draw_curves(document: Mapping[str, Any], path: Path) -> None:
    from matplotlib import pyplot as plt

    values = medians(document)
    rows = -(-len(CURVES) // _COLUMNS)
    figure, grid = plt.subplots(rows, _COLUMNS, figsize=(3 * _COLUMNS, 2.4 * rows), layout="constrained")
    for axes, curve in zip(grid.flat, CURVES, strict=True):
        spots = _spots(values, curve)
        axes.plot(list(spots), list(spots.values()), color=_OURS, marker="o", markersize=4)
        axes.set_ylim(bottom=0)
        axes.set_title(curve.name, loc="left")
        axes.tick_params(axis="x", rotation=20 if any(len(label) > 6 for label in spots) else 0)
    figure.supylabel("CPU seconds per million events")
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def _spots(values: Mapping[tuple[str, str], float], curve: Curve) -> dict[str, float]:
    prefix = f"{curve.name} = "
    return {
        part.removeprefix(prefix): value
        for (part, what), value in values.items()
        if part.startswith(prefix) and what == CPU
    }
