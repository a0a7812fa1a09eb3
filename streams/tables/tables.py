"""The window tables by name: tumbling panes of a metric, and the hopping windows derived from them.

    webhook = TumblingTable(WEBHOOK, evaluator.series, pane_ms=60_000)
    list(webhook["com.acme.charts", "Jira"])                 its panes: (start, good, bad) each
    quarter = webhook.hopping(900, 60)                       15 minutes, read every minute
    quarter["com.acme.charts", "Jira"].at(boundary_ms)       (good, bad) of [boundary - 15 m, boundary)

They are views: nothing is copied, and what is counted later shows in them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from streams.evaluation.objective import Objective
from streams.evaluation.series import Series, SeriesKey
from streams.names import Metric
from streams.windows.hopping import HoppingWindow, Span


class Pane(NamedTuple):
    """Counts of one pane; `by_app` are those that the app reported itself, which outweigh the host's in a window."""

    start_ms: int
    good: int
    bad: int
    by_app: bool


@dataclass(frozen=True, slots=True)
class SeriesPanes:
    """The tumbling panes of one series."""

    series: Series
    pane_ms: int

    def __iter__(self) -> Iterator[Pane]:
        """Stored panes, which all hold an event: the host's in order of time, then the app's."""
        for counts, by_app in ((self.series.by_host, False), (self.series.by_app, True)):
            for pane, good, bad in counts or ():
                yield Pane(pane * self.pane_ms, good, bad, by_app)


@dataclass(frozen=True, slots=True)
class SeriesWindows:
    """The hopping windows of one series."""

    series: Series
    window: HoppingWindow

    def at(self, boundary_ms: int, excluded: Iterable[Span] = ()) -> tuple[int, int]:
        """(good, bad) of the window that ends at a boundary; of one already judged, what is still stored of it.

        `excluded` is time that does not count.

        Raises:
            ValueError: no multiple of the hop.
        """
        if boundary_ms % self.window.hop_ms:
            raise ValueError(f"{boundary_ms} is no boundary: windows are read at multiples of {self.window.hop_ms} ms")
        return self.series.counted(self.window.without(boundary_ms, excluded))


class TumblingTable(Mapping[SeriesKey, SeriesPanes]):
    """Panes of every series of a metric. `series` is the store they are a view of."""

    def __init__(self, metric: Metric, series: Mapping[SeriesKey, Series], pane_ms: int) -> None:
        self.name = metric.table
        self.pane_ms = pane_ms
        self._series = series

    def __getitem__(self, key: SeriesKey) -> SeriesPanes:
        return SeriesPanes(self._series[key], self.pane_ms)

    def __iter__(self) -> Iterator[SeriesKey]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)

    def hopping(self, length_s: int, hop_s: int) -> "HoppingTable":
        """Windows of `length_s` seconds, read every `hop_s` seconds.

        Raises:
            ValueError: the length is no multiple of the hop, or the hop none of the panes.
        """
        length_ms, hop_ms = length_s * 1_000, hop_s * 1_000
        if length_ms <= 0 or hop_ms <= 0 or length_ms % hop_ms or hop_ms % self.pane_ms:
            raise ValueError(
                f"windows of {length_s} s every {hop_s} s cannot be read from panes of {self.pane_ms} ms: the "
                "length has to be a multiple of the hop, and the hop one of the panes"
            )
        return HoppingTable(self._series, HoppingWindow(length_ms, hop_ms, self.pane_ms))

    def of(self, objective: Objective) -> "HoppingTable":
        """The windows an objective is judged by.

        Raises:
            ValueError: as `hopping`.
        """
        return self.hopping(objective.window_ms // 1_000, objective.hop_ms // 1_000)


class HoppingTable(Mapping[SeriesKey, SeriesWindows]):
    """Windows of every series of a metric, derived from its panes when they are read."""

    def __init__(self, series: Mapping[SeriesKey, Series], window: HoppingWindow) -> None:
        self.window = window
        self._series = series

    def __getitem__(self, key: SeriesKey) -> SeriesWindows:
        return SeriesWindows(self._series[key], self.window)

    def __iter__(self) -> Iterator[SeriesKey]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)
