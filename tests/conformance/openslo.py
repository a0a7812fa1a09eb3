"""Objectives as an OpenSLO file, every one of ours written out in full."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import yaml

from streams.evaluation.objective import Objective


def openslo(objectives: Iterable[Objective]) -> str:
    """YAML of an SLO and an AlertPolicy for each; nothing is left to a default."""
    documents = [document for objective in objectives for document in (_slo(objective), _policy(objective))]
    return yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True)


def _slo(objective: Objective) -> dict[str, Any]:
    return {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": f"slo-of-{objective.name}"},
        "spec": {
            "service": objective.service,
            "indicatorRef": objective.metric,
            "timeWindow": [{"duration": "28d", "isRolling": True}],
            "budgetingMethod": "Occurrences",
            "objectives": [{"target": float(1 - objective.budget)}],
            "alertPolicies": [objective.name],
        },
    }


def _policy(objective: Objective) -> dict[str, Any]:
    annotations = {
        "hop": _seconds(objective.hop_ms),
        "minimum-events": str(objective.minimum_events),
        "recover-after": _seconds(objective.recover_after_ms),
        "silence": str(objective.silence),
        "hold-for": _seconds(objective.hold_for_ms),
        "judged-by": str(objective.judge),
    }
    if objective.short_ms is not None:
        annotations["short-window"] = _seconds(objective.short_ms)
    condition = {
        "kind": "burnrate",
        "op": "gte" if objective.breach_at_budget else "gt",
        "threshold": 1,
        "lookbackWindow": _seconds(objective.window_ms),
        "alertAfter": _seconds(objective.alert_after_ms),
    }
    return {
        "apiVersion": "openslo/v1",
        "kind": "AlertPolicy",
        "metadata": {
            "name": objective.name,
            "annotations": {f"slo-streams/{name}": value for name, value in annotations.items()},
        },
        "spec": {
            "conditions": [
                {
                    "kind": "AlertCondition",
                    "metadata": {"name": "below-objective"},
                    "spec": {"severity": objective.severity, "condition": condition},
                }
            ]
        },
    }


def _seconds(time_ms: int) -> str:
    seconds = Fraction(time_ms, 1_000)
    return f"{seconds.numerator}s" if seconds.denominator == 1 else f"{time_ms}ms"
