"""Names of metrics, as the reference has them and as PromQL speaks of them."""

import re
from pathlib import Path
from typing import Final

_REFERENCE: Final = Path("infra/docs/pages/reference/metrics.md")
_SUFFIXES: Final = re.compile(r"_(bucket|count|sum)$")


def known_metrics() -> set[str]:
    """All that the reference tells of."""
    text = _REFERENCE.read_text(encoding="utf-8")
    return {f"slo_streams_{name}" for name in re.findall(r"^\| `(\w+)`", text, re.MULTILINE)}


def filled(expression: str) -> str:
    """A query of a board, with all of its variables chosen."""
    return expression.replace("$__rate_interval", "5m").replace("$job", ".+").replace("$topic", ".+")


def metrics_of(expression: str) -> set[str]:
    """Those that an expression asks for, histograms by their own name."""
    return {_SUFFIXES.sub("", name) for name in re.findall(r"\bslo_streams_\w+", expression)}
