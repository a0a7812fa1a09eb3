"""Durations as people read them."""

import pytest

from streams.cli.shared.text import duration_text

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [
        (0, "0s"),
        (999, "0s"),
        (59_999, "59s"),
        (15 * MINUTE_MS, "15m"),
        (90_000, "1m 30s"),
        (HOUR_MS + 5_000, "1h"),
        (24 * HOUR_MS, "24h"),
        (29 * HOUR_MS + 10 * MINUTE_MS, "29h 10m"),
        (53 * HOUR_MS, "2d 5h"),
        (28 * 24 * HOUR_MS, "28d"),
    ],
)
def test_the_two_largest_units(duration_ms: int, text: str) -> None:
    assert duration_text(duration_ms) == text
