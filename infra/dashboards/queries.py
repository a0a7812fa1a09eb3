"""Queries that several boards ask."""

from collections.abc import Iterable
from typing import Final

from infra.dashboards.board import Query

OF: Final = '{job=~"$job",topic=~"$topic"}'
JOB: Final = '{job=~"$job"}'


def rate(name: str, by: str = "topic", of: str = OF) -> str:
    """How many a second."""
    return f"sum by ({by}) (rate(slo_streams_{name}{of}[$__rate_interval]))"


def increase(name: str, by: str, of: str = OF) -> str:
    """How many in the step of the chart."""
    return f"sum by ({by}) (increase(slo_streams_{name}{of}[$__rate_interval]))"


def quantiles(name: str, shares: Iterable[float], of: str = OF) -> tuple[Query, ...]:
    """Of a histogram of seconds, one line a share."""
    buckets = f"sum by (le) (rate(slo_streams_{name}_seconds_bucket{of}[$__rate_interval]))"
    return tuple(Query(f"histogram_quantile({share}, {buckets})", f"p{share * 100:g}") for share in shares)
