"""What begins at a boundary: scenarios, and the words of the rule as brute force."""

import random
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.common_cause.onset import Onset
from streams.common_cause.openings import openings
from streams.common_cause.scope import Kind, Scope
from tests.common_cause.build import AVAILABILITY, DAY, IFRAME, WEBHOOK, at, onset, onsets, rates, scope_names
from tests.common_cause.naive import opened_at


def begun(boundary: int, free: list[Onset], past: list[Onset] | None = None) -> list[str]:
    return scope_names([one.scope for one in openings(at(boundary), free, rates(past))])


def test_webhooks_of_jira_fail_for_a_dozen_partners() -> None:
    free = [onset(f"app-{number}", 3 + number / 4) for number in range(12)]
    (opening,) = openings(at(6), free, rates())
    assert opening.scope == Scope(Kind.PRODUCT_METRIC, f"Jira/{WEBHOOK}")
    assert opening.units == 12
    assert [one.app_key for one in opening.onsets] == [f"app-{number}" for number in range(12)]


def test_a_fault_of_two_products_is_the_metrics() -> None:
    free = [onset(f"app-{number}", 3, scope=("Jira", "Confluence")[number % 2]) for number in range(12)]
    assert begun(6, free) == [f"metric {WEBHOOK}"]


def test_a_fault_of_all_metrics_is_of_all() -> None:
    free = [
        onset(f"app-{n}", 3, metric=(WEBHOOK, IFRAME)[n % 2], scope=("Jira", "Confluence")[n // 6]) for n in range(12)
    ]
    assert begun(6, free) == ["all"]


def test_a_region_is_found_by_its_hosts() -> None:
    free = [onset(f"app-{n}", 3, metric=AVAILABILITY, scope=f"https://h{n}.eu.example.com/") for n in range(12)]
    assert begun(6, free) == ["region eu"]


def test_one_partner_alone_is_never_more_than_its_own_incident() -> None:
    free = [onset(f"app-{number}", 3, unit="acme") for number in range(50)]
    assert begun(6, free) == ["partner acme"]


def test_two_apps_are_too_few_however_rare() -> None:
    assert begun(6, [onset(f"app-{number}", 3) for number in range(2)]) == []


def test_where_many_begin_every_day_more_are_needed() -> None:
    usual = [
        onset(f"app-{n}", minute - 1_440 * day) for day in range(1, 29) for n in range(6) for minute in range(0, 60, 15)
    ]
    assert begun(6, [onset(f"app-{n}", 3) for n in range(6)], usual) == []
    assert begun(6 + 12 * 60, [onset(f"app-{n}", 3 + 12 * 60) for n in range(9)], usual) != []  # not usual at noon


def test_two_causes_at_once_are_two_incidents() -> None:
    free = [onset(f"jira-{n}", 3) for n in range(20)]
    free += [onset(f"url-{n}", 4, unit="acme", metric=AVAILABILITY, scope=f"https://{n}.test/") for n in range(20)]
    usual = [onset(f"app-{n}", 3 - 1_440 * day, metric=IFRAME) for day in range(1, 29) for n in range(6)]
    assert begun(6, free, usual) == [f"product-metric Jira/{WEBHOOK}", "partner acme"]


def test_others_of_its_apps_are_taken_with_them() -> None:
    free = [onset(f"app-{n}", 3) for n in range(12)] + [onset("app-1", 4, metric=IFRAME, scope="Confluence")]
    (opening,) = openings(at(6), free, rates())
    assert opening.scope.kind is Kind.PRODUCT_METRIC
    assert [one.app_key for one in opening.others] == ["app-1"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(onsets, onsets, st.integers(1, 20))
def test_as_the_rule_says(free: list[Onset], past: list[Onset], days_ago: int) -> None:
    before = [
        Onset(f"past-{one.breach_id}", one.app_key, one.unit, one.scopes, one.at_ms - days_ago * 86_400_000)
        for one in past
    ]
    free = [one for one in free if at(5) < one.at_ms <= at(20)]
    found = openings(at(20), free, rates(before))
    right = opened_at(at(20), free, before, DAY)
    assert [(one.scope, sorted(member.breach_id for member in one.onsets)) for one in found] == right


@given(onsets, st.randoms(use_true_random=False))
def test_the_order_of_onsets_changes_nothing(free: list[Onset], chance: random.Random) -> None:
    shuffled = list(free)
    chance.shuffle(shuffled)
    assert openings(at(20), shuffled, rates()) == openings(at(20), free, rates())


@given(onsets)
def test_a_partner_alone_opens_nothing_of_the_platform(free: list[Onset]) -> None:
    alone = [onset(one.app_key, (one.at_ms - DAY) / 60_000, unit="acme", name=one.breach_id) for one in free]
    assert all(not one.scope.kind.is_platform for one in openings(at(20), alone, rates()))


def cpu_s(apps: int) -> float:
    """What it costs when all apps of a fleet begin at once."""
    free = [
        onset(f"app-{n}", 3, unit=f"p{n % 7_000}", metric=AVAILABILITY, scope=f"https://h{n}.example.com/")
        for n in range(apps)
    ]
    usual = rates(units=7_000)
    begun_s = time.process_time()
    (opening,) = openings(at(6), free, usual)
    took_s = time.process_time() - begun_s
    assert len(opening.onsets) == apps
    return took_s


def test_of_ten_times_as_many_apps_a_hundred_thousand_cost_no_hundred_times() -> None:
    assert cpu_s(100_000) < 50 * cpu_s(10_000)
