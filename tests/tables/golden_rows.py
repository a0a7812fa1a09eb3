"""`python -m tests.tables.golden_rows`: writes the rows of today's format that `golden/` does not hold yet.

A file that is there stays as it is: it was stored by a version that somebody may still have the state of.
"""

from fractions import Fraction
from pathlib import Path
from typing import Final

from streams.evaluation.objective import Judge, Objective, Silence
from streams.evaluation.progress import Progress
from streams.evaluation.series import Series
from streams.evaluation.transition import ObjectiveState
from streams.settings import PartitionerName
from streams.tables.identity import Identity
from streams.tables.rows import Meta, encode_breach, encode_meta, encode_series
from tests.tables.test_rows import fill

GOLDEN: Final = Path(__file__).parent / "golden"
START_MS: Final = 1_772_460_000_000
PANE: Final = START_MS // 60_000


def series(*, by_app: bool = False) -> Series:
    """Three panes, the earliest forgotten; a breach one boundary into its recovery, another held through silence."""
    one = Series(("com.example.app", "Jira"))
    fill(one.by_host, [(PANE, 5, 1), (PANE + 1, 300, 0), (PANE + 3, 0, 70_000)], forget=PANE + 1)
    if by_app:
        fill(one.its_own(), [(PANE + 2, 1, 2)])
    one.states = {
        "webhook-delivery-15m": ObjectiveState(START_MS, 1),
        "webhook-delivery-3d": ObjectiveState(START_MS, 0, START_MS + 60_000),
    }
    return one


META: Final = Meta(
    4_200_000_000,
    Progress(
        START_MS + 10_123,
        START_MS,
        60_000,
        (
            Objective("app-availability-15m", "app-availability", 900_000, 60_000, Fraction(1, 1000)),
            Objective(
                "tâche",
                "webhook-delivery-success-rate",
                86_400_000,
                300_000,
                Fraction(1, 300),
                breach_at_budget=True,
                minimum_events=20,
                alert_after_ms=900_000,
                recover_after_ms=1_000,
                silence=Silence.HOLD,
                hold_for_ms=86_400_000,
                short_ms=300_000,
                judge=Judge.HISTORY,
                severity="ticket",
                service="marketplace-apps",
            ),
        ),
        latest_ms=START_MS + 10_456,
        added_ms={"tâche": START_MS - 3_600_000},
    ),
    rows=17,
    audited={"slo.apps.v1-0": 12, "slo.exclusions.v1-3": 7},
    identity=Identity("slo-streams", "slo.webhook.v1", 8, PartitionerName.MURMUR2),
    outputs={"slo.alert-state.v1": 8, "slo.alerts.v1": 12, "slo.rejected.v1": 1},
)
SERIES: Final = {"series-2": series(), "series-2-by-app": series(by_app=True), "series-2-empty": Series(("a", "b"))}
METAS: Final = {"meta-2": META, "meta-2-before-first-event": Meta(7, None, 0, identity=META.identity)}
INHERITED: Final = {
    "inherited-2": b'{"type":"BREACH","appKey":"com.example.app","scope":"Jira","objective":"webhook-delivery-15m"}'
}


def rows() -> dict[str, bytes]:
    """Today's rows by the names of their files."""
    encoded = {name: encode_series(one) for name, one in SERIES.items()}
    encoded |= {name: encode_meta(one) for name, one in METAS.items()}
    return encoded | {name: encode_breach(one) for name, one in INHERITED.items()}


def main() -> None:
    """Write what is missing."""
    for name, row in rows().items():
        path = GOLDEN / f"{name}.row"
        if not path.exists():
            path.write_bytes(row)


if __name__ == "__main__":
    main()
