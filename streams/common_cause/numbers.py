"""The numbers that common cause is judged by. All of them are ours; the rules file has them."""

from dataclasses import dataclass
from typing import Final

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a rules file may change.

    Onsets as close as `window_ms` (minutes that divide an hour) may have one cause; one so long after the latest joins
    no more. Below `fewest_apps` nothing begins: an incident would have no severity. Of each class so many openings a
    year may be wrong. With fewer days of data than `learnt_after_days` each unit is expected to begin once in 28 days.
    Over is what had few breached for `quiet_ms`: fewer than `fewest_apps`, or than a share of the peak, in percent.
    """

    window_ms: int = 15 * MINUTE_MS
    fewest_apps: int = 3
    openings_a_year: int = 1
    learnt_after_days: int = 7
    quiet_ms: int = 30 * MINUTE_MS
    quiet_percent: int = 10
