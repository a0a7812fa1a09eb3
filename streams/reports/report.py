"""What a report says of one SLI, from its counts and its breaches. Pure; times in ms since 1970."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from streams.budgets.budget import Budget, Counts
from streams.history.codec import MINUTE_MS
from streams.history.minutes import Minutes
from streams.incidents.measures import Means
from streams.objectives.service_level import ServiceLevel


@dataclass(frozen=True, slots=True)
class Breach:
    """A breach that began in the month. `told_ms`: when somebody first was told; None: nobody, or it goes on."""

    incident_id: str
    metric: str
    scope: str
    objective: str
    severity: str
    window_ms: int
    breached_ms: int
    told_ms: int | None = None
    recovered_ms: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SliMonth:
    """One SLI of an app in a month, under one SLO.

    `counts` are without the minutes that are excluded by now; `minutes` are those of them that are still kept one by
    one.
    """

    app_key: str
    app_name: str
    level: ServiceLevel
    scope: str
    counts: Counts
    minutes: Minutes
    breaches: Sequence[Breach]

    @property
    def budget(self) -> Budget:
        """What the target allows in the month."""
        return Budget(self.level.target, self.counts)

    @property
    def has_any(self) -> bool:
        """Whether there is anything to tell of it."""
        return bool(self.counts.total or self.breaches)

    @property
    def attainment(self) -> float | None:
        """The share of good events; None without any."""
        return self.counts.good / self.counts.total if self.counts.total else None

    @property
    def attainment_text(self) -> str:
        """The same for people. It is cut, not rounded: what was missed must not read as reached."""
        if not self.counts.total:
            return "no events"
        cut = 1_000_000 * self.counts.good // self.counts.total
        return f"{cut / 10_000:.4f}".rstrip("0").rstrip(".") + " %"

    @property
    def consumed_text(self) -> str | None:
        """The part of the budget that was used, for people; None where it is no number."""
        used = self.budget.consumed
        return None if used is None else f"{float(100 * used):,.1f}".removesuffix(".0") + " %"

    def detected_s(self, breach: Breach) -> int | None:
        """From the first bad event of the breach's window, by its minute, to the breach; None: no longer kept."""
        end = breach.breached_ms // MINUTE_MS
        start = max(self.minutes.start, end - breach.window_ms // MINUTE_MS)
        bad = self.minutes.bad[start - self.minutes.start : max(0, end - self.minutes.start)]
        first = next((minute for minute, count in enumerate(bad, start) if count), None)
        return None if first is None else (breach.breached_ms - first * MINUTE_MS) // 1_000

    @property
    def time_to_detect_s(self) -> int | None:
        """Median: from the first bad event to the breach."""
        return self._median(self.detected_s)

    @property
    def time_to_tell_s(self) -> int | None:
        """Median: from the breach to the first message that was accepted."""
        return self._median(lambda breach: _between_s(breach.breached_ms, breach.told_ms))

    @property
    def time_to_recover_s(self) -> int | None:
        """Median, of those that ended."""
        return self._median(lambda breach: _between_s(breach.breached_ms, breach.recovered_ms))

    def _median(self, duration_s: Callable[[Breach], int | None]) -> int | None:
        known = [found for breach in self.breaches if (found := duration_s(breach)) is not None]
        return int(median(known)) if known else None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something else that was told of an app: a change of its standing, an incident."""

    kind: str
    app_key: str
    time_ms: int
    subject: str


@dataclass(frozen=True, slots=True)
class Report:
    """A month of a partner. `as_of_ms`: all of its SLIs are complete up to then; None: none has begun.

    `incidents` are the means of the incidents that its apps were hit by and that it may see, `of_apps` those of each
    app that was hit; None: there was none.
    """

    partner: str
    partner_name: str
    month: str
    as_of_ms: int | None
    items: Sequence[SliMonth]
    notices: Sequence[Notice]
    incidents: Means | None = None
    of_apps: Sequence[Means] = ()

    @property
    def breaches(self) -> int:
        """Of all SLIs; one under two SLOs of a metric is one."""
        return len({breach.incident_id for item in self.items for breach in item.breaches})


def _between_s(start_ms: int, end_ms: int | None) -> int | None:
    return None if end_ms is None else (end_ms - start_ms) // 1_000
