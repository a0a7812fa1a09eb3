"""Metrics as they are named on the command line: by their id, or by the short name of their tables."""

from collections.abc import Iterable
from typing import Final

import typer

from streams.names import METRICS, SYNTHETIC, Metric

SHORT_NAMES: Final = ", ".join(metric.table for metric in METRICS.values())


def metric_named(name: str) -> Metric:
    """The metric; for `typer.Argument(parser=...)`.

    Raises:
        typer.BadParameter: there is none of that name.
    """
    return _named(name, METRICS.values())


def shown_metric_named(name: str) -> Metric:
    """The metric, or what is shown beside them.

    Raises:
        typer.BadParameter: there is none of that name.
    """
    return _named(name, (*METRICS.values(), SYNTHETIC))


def _named(name: str, metrics: Iterable[Metric]) -> Metric:
    for metric in metrics:
        if name in (metric.id, metric.table):
            return metric
    raise typer.BadParameter(f"{name!r} is no metric: choose one of {SHORT_NAMES}, or of {', '.join(METRICS)}")
