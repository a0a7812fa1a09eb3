"""Rows that a changelog may hold since version 1 of their format: every later version has to read them.

The files of `golden/` are rows as they were written then, and stay as they are. When the format changes:

- a new optional field: today's row gets a new file and its encoding test, the file before it stays to be read, as
  `meta-1-before-audited` does. Older workers pass the field over, so the version byte stays.
- anything else (a field that is renamed, retyped, required or gone; another packing of panes): a new version byte in
  `streams/tables/rows.py`, files of the new version, and a decoder that still reads version 1. A worker that knows
  only the old one refuses the new rows (`test_rows.py`): it must not lose what it cannot see.
"""

from fractions import Fraction
from pathlib import Path
from typing import Final

import pytest

from streams.evaluation.objective import Objective, Silence
from streams.evaluation.progress import Progress
from streams.evaluation.series import Series
from streams.evaluation.transition import ObjectiveState
from streams.tables.rows import Meta, decode_meta, decode_series, encode_key, encode_meta, encode_series
from tests.tables.test_rows import fill, told

GOLDEN: Final = Path(__file__).parent / "golden"
START_MS: Final = 1_772_460_000_000
PANE: Final = START_MS // 60_000


def series(*, by_app: bool = False) -> Series:
    """Three panes, the earliest of them forgotten, and a breach that is one boundary into its recovery."""
    one = Series(("com.example.app", "Jira"))
    fill(one.by_host, [(PANE, 5, 1), (PANE + 1, 300, 0), (PANE + 3, 0, 70_000)], forget=PANE + 1)
    if by_app:
        fill(one.its_own(), [(PANE + 2, 1, 2)])
    one.states = {"webhook-delivery-15m": ObjectiveState(START_MS, 1)}
    return one


AUDITED: Final = Meta(
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
            ),
        ),
    ),
    rows=17,
    audited={"slo.apps.v1-0": 12, "slo.exclusions.v1-3": 7},
)
SERIES: Final = {"series-1": series(), "series-1-by-app": series(by_app=True), "series-1-empty": Series(("a", "b"))}
METAS: Final = {"meta-1": AUDITED, "meta-1-before-first-event": Meta(7, None, 0)}
OLDER_METAS: Final = {"meta-1-before-audited": Meta(AUDITED.next_offset, AUDITED.progress, AUDITED.rows)}


@pytest.mark.parametrize("name", SERIES)
def test_a_series_row_of_version_1_is_read(name: str) -> None:
    written = SERIES[name]
    read = decode_series(encode_key(written.key), golden(name))
    assert read.key == written.key
    assert (told(read.by_host), told(read.by_app)) == (told(written.by_host), told(written.by_app))
    assert read.states == written.states


@pytest.mark.parametrize("name", METAS | OLDER_METAS)
def test_a_meta_row_of_version_1_is_read(name: str) -> None:
    assert decode_meta(golden(name)) == (METAS | OLDER_METAS)[name]


@pytest.mark.parametrize("name", SERIES)
def test_todays_series_row_is_that_of_version_1(name: str) -> None:
    assert encode_series(SERIES[name]) == golden(name)


@pytest.mark.parametrize("name", METAS)
def test_todays_meta_row_is_that_of_version_1(name: str) -> None:
    assert encode_meta(METAS[name]) == golden(name)


def test_every_file_is_read() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {*SERIES, *METAS, *OLDER_METAS}


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.row").read_bytes()
