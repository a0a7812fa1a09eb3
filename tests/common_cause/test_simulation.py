"""A fleet over a year, drawn by chance: no incident where there is none, and a fault on few apps found within minutes.

5,000 apps of 703 partners, of which the largest has 308; each app begins one breach in 28 days, more by day than by
night, and each partner has one outage of its own a year. Learnt from the first 28 days, judged over the other 337.
"""

import math
import random
from statistics import median

import pytest

from streams.common_cause.detector import judge
from streams.common_cause.numbers import DAY_MS, MINUTE_MS, Numbers
from streams.common_cause.onset import Onset
from streams.common_cause.openings import openings
from streams.common_cause.rates import Rates
from streams.common_cause.scope import Scope, scopes_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_800)]

APPS, PARTNERS, DAYS = 5_000, 703, 365
METRICS = ("app-availability", "iframe-load-success-rate", "webhook-delivery-success-rate")

NUMBERS = Numbers()


def fleet(chance: random.Random) -> list[tuple[str, str]]:
    """App and partner; partners' sizes fall by a power law, the largest has 308."""
    weights = [1 / (rank + 1) ** 0.66 for rank in range(PARTNERS)]
    scale = (APPS - PARTNERS) / sum(weights)
    sizes = [1 + round(weight * scale) for weight in weights]
    sizes[0] = 308
    owners = [f"p{rank}" for rank, size in enumerate(sizes) for _ in range(size)]
    chance.shuffle(owners)
    return [(f"app-{number}", owner) for number, owner in enumerate(owners[:APPS])]


def begin(app: str, unit: str, at_ms: int, chance: random.Random) -> Onset:
    metric = chance.choice(METRICS)
    is_product = metric != METRICS[0]
    scope = chance.choice(("Jira", "Confluence")) if is_product else f"https://{unit}.example.com/{app}"
    scopes = scopes_of(unit, metric, scope, is_product=is_product, regions={})
    return Onset(f"{app}@{at_ms}", app, unit, scopes, at_ms)


def year(apps: list[tuple[str, str]], chance: random.Random) -> list[Onset]:
    """All onsets, by time, at minute boundaries."""
    found = []
    minutes = DAYS * 1_440
    weights = [1 + 0.8 * math.sin(2 * math.pi * hour / 24) for hour in range(24)]
    for _ in range(round(APPS * DAYS / 28)):
        app, unit = chance.choice(apps)
        hour = chance.choices(range(24), weights)[0]
        found.append(
            begin(app, unit, (chance.randrange(DAYS) * 1_440 + hour * 60 + chance.randrange(60)) * MINUTE_MS, chance)
        )
    by_unit: dict[str, list[str]] = {}
    for app, unit in apps:
        by_unit.setdefault(unit, []).append(app)
    for unit, theirs in by_unit.items():
        start = chance.randrange(minutes - 10)
        found += [begin(app, unit, (start + chance.randrange(10)) * MINUTE_MS, chance) for app in theirs]
    return sorted(found, key=lambda one: one.at_ms)


def daily_rates(onsets: list[Onset], apps: list[tuple[str, str]]) -> list[Rates]:
    """The rates of every day that has 28 before it."""
    found, first = [], 0
    for day in range(28, DAYS):
        while onsets[first].at_ms < (day - 28) * DAY_MS:
            first += 1
        found.append(Rates(day * DAY_MS, onsets[first:], [], 0, lambda _scope: len(apps)))
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_of_the_platform_opens_in_337_days(seed: int) -> None:
    chance = random.Random(seed)
    apps = fleet(chance)
    onsets = year(apps, chance)
    rates = daily_rates(onsets, apps)
    waiting: list[Onset] = []
    opened: list[Scope] = []
    by_minute: dict[int, list[Onset]] = {}
    for one in onsets:
        by_minute.setdefault(one.at_ms, []).append(one)
    for at_ms, arrived in sorted(by_minute.items()):
        if at_ms >= 28 * DAY_MS:
            judged = judge(at_ms, arrived, waiting, [], rates[at_ms // DAY_MS - 28])
            waiting = judged.waiting
            opened += [one.scope for one in judged.opened]
    assert [scope for scope in opened if scope.kind.is_platform] == []
    assert any(not scope.kind.is_platform for scope in opened), "partners' own outages are seen as theirs"


def test_a_fault_on_half_a_percent_of_the_apps_is_found_within_minutes() -> None:
    chance = random.Random(4)
    apps = fleet(chance)
    onsets = year(apps, chance)[: round(APPS * 56 / 28)]
    rates = Rates(28 * DAY_MS, onsets, [], 0, lambda _scope: len(apps))
    took = []
    for _ in range(200):
        start_ms = 28 * DAY_MS + chance.randrange(1_400) * MINUTE_MS
        hit = chance.sample(apps, APPS // 200)
        fault = [begin(app, unit, start_ms + chance.randrange(10) * MINUTE_MS, chance) for app, unit in hit]
        first_ms = min(one.at_ms for one in fault)
        for at_ms in range(first_ms, first_ms + NUMBERS.window_ms, MINUTE_MS):
            seen = [one for one in (*fault, *onsets) if at_ms - NUMBERS.window_ms < one.at_ms <= at_ms]
            if any(one.scope.kind.is_platform for one in openings(at_ms, seen, rates)):
                took.append((at_ms - first_ms) // MINUTE_MS)
                break
    assert len(took) >= 0.95 * 200
    assert median(took) <= 6
