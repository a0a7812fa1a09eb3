"""What a board is made of, in the form of Grafana 10 and newer (schema version 38)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

_WIDTH: Final = 24
_HEIGHT: Final = 8
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}

Unit = Literal["short", "s", "percentunit", "bytes", "reqps", "dateTimeFromNow"]


@dataclass(frozen=True, slots=True)
class Query:
    """An expression of PromQL, and how its lines are called."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A question, and the queries that answer it. `about` says how to read it and what to do next."""

    title: str
    about: str
    unit: Unit
    queries: Sequence[Query]
    kind: Literal["timeseries", "stat"] = "timeseries"
    third: bool = False


def board(
    uid: str, title: str, about: str, panels: Sequence[Panel], *, jobs_of: str, topics_of: str | None = None
) -> dict[str, Any]:
    """A board with the data source, the job and the topics to choose from: never an app.

    The jobs are those with the metric `jobs_of`, the topics those of `topics_of`; None: there are none to choose.
    """
    variables = [_variable("job", f"label_values({jobs_of}, job)")]
    if topics_of is not None:
        variables.append(_variable("topic", f'label_values({topics_of}{{job=~"$job"}}, topic)'))
    placed, x, y = [], 0, 0
    for number, panel in enumerate(panels, 1):
        width = _WIDTH // 3 if panel.third else _WIDTH // 2
        if x + width > _WIDTH:
            x, y = 0, y + _HEIGHT
        placed.append(_panel(number, panel, {"x": x, "y": y, "w": width, "h": _HEIGHT}))
        x += width
    return {
        "uid": uid,
        "title": title,
        "description": about,
        "tags": ["slo-streams"],
        "timezone": "utc",
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
                *variables,
            ]
        },
        "panels": placed,
    }


def _variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
        "refresh": 2,
        "sort": 1,
    }


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": _SOURCE, "expr": query.expr, "legendFormat": query.legend}
            for at, query in enumerate(panel.queries)
        ],
    }
