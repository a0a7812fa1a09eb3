"""Base rates: how many begin anyway."""

import pytest
from hypothesis import HealthCheck, given, settings

from streams.common_cause.numbers import DAY_MS
from streams.common_cause.onset import Onset
from streams.common_cause.rates import Rates
from streams.common_cause.scope import ALL, Kind, Scope
from tests.common_cause.build import DAY, at, onset, onsets, rates
from tests.common_cause.naive import mean_of


def ago(app: str, days: int, minute: int = 0, unit: str | None = None) -> Onset:
    return onset(app, minute - 1_440 * days, unit=unit)


def test_nothing_learnt_yet_is_one_onset_a_unit_in_28_days() -> None:
    assert rates(units=5_376, data_days=6.9).mean(ALL, at(0)) == 5_376 * 15 / 40_320
    assert rates(units=12, data_days=None).mean(ALL, at(0)) == 12 * 15 / 40_320


def test_by_the_hour_of_the_day() -> None:
    learnt = rates([ago(f"app-{n}", days, 30) for days in range(1, 29) for n in range(4)])
    assert learnt.mean(ALL, at(10)) == (28 * 4 + 0.5) / (28 * 4)
    over_the_day = ((28 * 4 + 0.5) + 23 * 0.5) / (28 * 4) / 24
    assert learnt.mean(ALL, at(600)) == pytest.approx(over_the_day)


def test_never_below_a_hundredth() -> None:
    assert rates().mean(ALL, at(0)) == 0.01


def test_partners_are_counted_once_and_of_a_partner_its_apps() -> None:
    learnt = rates([ago(f"app-{n}", days, 30, unit="acme") for days in range(1, 29) for n in range(4)])
    assert learnt.mean(ALL, at(10)) == (28 + 0.5) / (28 * 4)
    assert learnt.mean(Scope(Kind.PARTNER, "acme"), at(10)) == (28 * 4 + 0.5) / (28 * 4)


def test_incidents_are_not_usual() -> None:
    past = [ago(f"app-{n}", 3, 30) for n in range(100)]
    declared = [(DAY - 3 * DAY_MS + 25 * 60_000, DAY - 3 * DAY_MS + 50 * 60_000)]
    assert rates(past).mean(ALL, at(10)) > 0.5
    assert rates(past, declared=declared).mean(ALL, at(10)) == 0.01


def test_fewer_days_of_data_are_fewer_quarters() -> None:
    past = [ago(f"app-{n}", days, 30) for days in range(1, 9) for n in range(4)]
    assert rates(past, data_days=8).mean(ALL, at(10)) == (8 * 4 + 0.5) / (8 * 4)


def test_each_class_may_be_wrong_once_a_year() -> None:
    learnt = rates([ago("app-1", 2, unit="acme"), ago("app-2", 2, unit="zeta")])
    assert learnt.level(ALL) == 1 / (525_600 * 4)  # all, the metric, the product, its metric
    assert learnt.level(Scope(Kind.PARTNER, "acme")) == 1 / (525_600 * 2)
    assert rates().level(ALL) == 1 / 525_600


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(onsets)
def test_as_the_rule_says(drawn: list[Onset]) -> None:
    past = [
        Onset(one.breach_id, one.app_key, one.unit, one.scopes, one.at_ms - (1 + n % 28) * DAY_MS)
        for n, one in enumerate(drawn)
    ]
    learnt = Rates(DAY, past, [], DAY - 28 * DAY_MS, lambda _scope: 0)
    for scope in {scope for one in past for scope in one.scopes} | {ALL}:
        for minute in (0, 30, 700):
            assert learnt.mean(scope, at(minute)) == pytest.approx(float(mean_of(scope, past, at(minute), DAY)))
