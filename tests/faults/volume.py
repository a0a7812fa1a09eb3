"""Webhook deliveries in masses, and the alerts they must lead to, by exact integer arithmetic on counts by pane.

The reference model would take hours for them; this recount shares nothing with the engine either.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.bench.load import Delivery
from tests.model import Alert
from tests.model.generate import MINUTE_MS, START_MS

LATEST_MS: Final = 5_000
WINDOW_PANES: Final = 15
_VALUE: Final = (
    b'{"appKey":"%b","time":%d,"product":"Jira","clientKey":"client-%d","event":"jira:issue_updated",'
    b'"statusCode":%d,"durationInMillis":120}'
)

Transition = tuple[str, str, int, int, int]
"""(type, appKey, boundary in epoch ms, good, bad)."""


@dataclass(frozen=True)
class Volume:
    """`events` over `minutes` of event time, each up to 5 s late; `bad_share` of them bad, `hot_share` of one app.

    Failures come in spells: an app is unwell for some minutes of the hour, and most of its bad events lie there.
    """

    events: int
    apps: int
    minutes: int
    seed: int
    bad_share: float = 0.01
    hot_share: float = 0.0

    def records(self, counts: "Counts") -> Iterator[Delivery]:
        """The events in the order of their arrival; each is noted in the counts."""
        chance = random.Random(self.seed).random
        keys = [b"com.example.app-%d" % number for number in range(self.apps)]
        span_ms = self.minutes * MINUTE_MS
        for number in range(self.events):
            app = 0 if chance() < self.hot_share else number % self.apps
            arrives_ms = LATEST_MS + number * span_ms // self.events
            offset_ms = arrives_ms - int(chance() * LATEST_MS)
            pane = offset_ms // MINUTE_MS
            is_unwell = (pane + app) % 29 < 4
            is_bad = chance() < (4 * self.bad_share if is_unwell else self.bad_share / 4)
            counts.totals[pane][app] += 1
            counts.bads[pane][app] += is_bad
            value = _VALUE % (keys[app], START_MS + offset_ms, number % 1_000, 500 if is_bad else 200)
            yield Delivery(keys[app], value, START_MS + arrives_ms)

    def counts(self) -> "Counts":
        """Room for what the records will count."""
        panes = self.minutes + 1
        return Counts([[0] * self.apps for _ in range(panes)], [[0] * self.apps for _ in range(panes)])


@dataclass(frozen=True)
class Counts:
    """Events and bad events, by pane of a minute from `START_MS` on, then by app."""

    totals: list[list[int]]
    bads: list[list[int]]

    def transitions(self, until_ms: int) -> list[Transition]:
        """Every breach and recovery of the shipped webhook objective, 99 % in 15 minutes, up to a time."""
        found = []
        boundaries = (until_ms - START_MS) // MINUTE_MS
        for app in range(len(self.totals[0])):
            totals, bads = ([pane[app] for pane in panes] for panes in (self.totals, self.bads))
            is_breached, total, bad = False, 0, 0
            for number in range(1, boundaries + 1):
                total += _at(totals, number - 1) - _at(totals, number - 1 - WINDOW_PANES)
                bad += _at(bads, number - 1) - _at(bads, number - 1 - WINDOW_PANES)
                if (100 * bad > total) != is_breached:
                    is_breached = not is_breached
                    boundary_ms = START_MS + number * MINUTE_MS
                    kind = "BREACH" if is_breached else "RECOVERY"
                    found.append((kind, f"com.example.app-{app}", boundary_ms, total - bad, bad))
        return found


def transition_of(alert: Alert, boundary_ms: int) -> Transition:
    """What an alert says, to be compared."""
    return (alert["type"], alert["appKey"], boundary_ms, alert["goodCount"], alert["badCount"])


def _at(panes: list[int], number: int) -> int:
    return panes[number] if 0 <= number < len(panes) else 0
