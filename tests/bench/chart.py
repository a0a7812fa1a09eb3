"""Charts of the results: subjects side by side, and the curves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.bench.comparison import OURS, PER_CPU_S, WARM_PER_CPU_S
from tests.bench.curves import CPU, CURVES, INTERVAL, LOOP_CPU, SERIES, Curve, spots
from tests.bench.peers.catalogue import LIMITS
from tests.bench.report import label_text
from tests.bench.results import medians

SUBJECTS_CHART: Final = "peers.svg"
CURVES_CHART: Final = "curves.svg"
PANELS: Final = (
    *((curve, CPU) for curve in CURVES),
    (SERIES, "peak memory, MB"),
    (SERIES, "restore, s"),
    (SERIES, "changelog, MB per million"),
    (INTERVAL, "changelog, MB per million"),
)
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


def draw(document: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the charts into a folder of which something was measured; their paths.

    Raises:
        NoChartError: the library that draws is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError:
        raise NoChartError("install the extra: pip install 'slo-streams[bench]'") from None
    mpl.use("svg")
    drawn = []
    with mpl.rc_context(_STYLE):
        if any(entry["what"] == PER_CPU_S for entry in document["measured"]):
            drawn.append(_draw_subjects(document, folder / SUBJECTS_CHART))
        if any(spots(medians(document), curve, CPU) for curve in CURVES):
            drawn.append(_draw_curves(document, folder / CURVES_CHART))
    return drawn


def _draw_subjects(document: Mapping[str, Any], path: Path) -> Path:
    """Of each subject the number of events it did best with, on a scale of tenfolds."""
    from matplotlib import pyplot as plt

    warm = medians(document)
    best: dict[str, tuple[float, float, float, float | None]] = {}
    for entry in document["measured"]:
        name, median = entry["part"].partition(" @ ")[0], entry["median"]
        if entry["what"] == PER_CPU_S and (name not in best or median > best[name][0]):
            best[name] = (
                median,
                min(entry["rounds"]),
                max(entry["rounds"]),
                warm.get((entry["part"], WARM_PER_CPU_S)),
            )
    ordered = sorted(best.items(), key=lambda item: item[1][0])
    figure, axes = plt.subplots(figsize=(8, 0.4 * len(ordered) + 1))
    for row, (name, (middle, least, most, warm_half)) in enumerate(ordered):
        colour = _OURS if name.startswith(OURS) else _LIMIT if name in LIMITS else _PEER
        axes.barh(row, middle, color=colour, height=0.65)
        axes.plot([least, most], [row, row], color="black", linewidth=1)
        if warm_half is not None:
            axes.plot(warm_half, row, marker="D", markersize=4, color="white", markeredgecolor="black")
        axes.text(max(most, warm_half or 0) * 1.15, row, f"{middle:,.0f}", va="center")
    axes.set_yticks(range(len(ordered)), [name for name, _ in ordered])
    axes.set_xscale("log")
    axes.set_xlim(left=10, right=1.2e7)
    axes.set_xlabel("events per CPU second (each step tenfold); line: least to most of the rounds; diamond: warm half")
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    return path


def _draw_curves(document: Mapping[str, Any], path: Path) -> Path:
    from matplotlib import pyplot as plt

    values = medians(document)
    rows = -(-len(PANELS) // _COLUMNS)
    figure, grid = plt.subplots(rows, _COLUMNS, figsize=(3.2 * _COLUMNS, 2.4 * rows), layout="constrained")
    for axes in grid.flat[len(PANELS) :]:
        axes.set_axis_off()
    for axes, (curve, figure_name) in zip(grid.flat, PANELS, strict=False):
        _draw_panel(axes, curve, figure_name, spots(values, curve, figure_name))
        if loop := spots(values, curve, LOOP_CPU) if figure_name == CPU else {}:
            axes.plot(list(loop.values()), color=_LIMIT, linestyle=":", label="the plain loop")
            axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    return path


def _draw_panel(axes: Any, curve: Curve, what: str, values: Mapping[str, float]) -> None:
    labels = [label_text(label) for label in values]
    axes.plot(labels, list(values.values()), color=_OURS, marker="o", markersize=4)
    axes.set_ylim(bottom=0, top=1.15 * max(values.values(), default=1.0))
    axes.set_title(what, loc="left", fontsize=9)
    axes.set_xlabel(curve.name)
    axes.tick_params(axis="x", rotation=20 if any(len(label) > 6 for label in labels) else 0)
