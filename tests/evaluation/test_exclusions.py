"""Which exclusions act at a moment, by what was on record then."""

from dataclasses import replace

import pytest

from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.windows.hopping import NEVER

WEBHOOK, IFRAME = "webhook-delivery-success-rate", "iframe-load-success-rate"
START_MS = 600_000


def fault(start_ms: int = START_MS, end_ms: int | None = None, app: str | None = None) -> ExclusionRule:
    return ExclusionRule(app, None, is_planned=False, start_ms=start_ms, end_ms=end_ms)


def planned(start_ms: int = START_MS, end_ms: int | None = None) -> ExclusionRule:
    return ExclusionRule(None, None, is_planned=True, start_ms=start_ms, end_ms=end_ms)


def spans(*versions: tuple[ExclusionRule | None, int | None], at_ms: int, app: str = "app") -> list[tuple[int, int]]:
    exclusions = Exclusions()
    for exclusion, known_ms in versions:
        exclusions.add("id", exclusion, known_ms)
    return list(exclusions.known_at(at_ms, WEBHOOK).spans(app, "Jira"))


def test_known_from_its_timestamp_on() -> None:
    assert spans((fault(), 900_000), at_ms=899_999) == []
    assert spans((fault(), 900_000), at_ms=900_000) == [(START_MS, NEVER)]
    assert spans((fault(), None), at_ms=-1) == [(START_MS, NEVER)]


def test_the_latest_version_known_then_is_what_counts() -> None:
    versions = [(fault(), 700_000), (fault(end_ms=800_000), 810_000), (None, 900_000)]
    assert spans(*versions, at_ms=809_999) == [(START_MS, NEVER)]
    assert spans(*versions, at_ms=810_000) == [(START_MS, 800_000)]
    assert spans(*versions, at_ms=900_000) == []


@pytest.mark.parametrize(("announced_ms", "counts"), [(START_MS - 1, True), (START_MS, False), (START_MS + 1, False)])
def test_planned_downtime_needs_notice(announced_ms: int, counts: bool) -> None:
    assert bool(spans((planned(), announced_ms), at_ms=10 * START_MS)) is counts


def test_a_later_end_keeps_the_notice_and_a_new_start_needs_a_new_one() -> None:
    assert spans((planned(), 1_000), (planned(end_ms=700_000), 650_000), at_ms=700_000) == [(START_MS, 700_000)]
    assert spans((planned(700_000), 1_000), (planned(), 650_000), at_ms=700_000) == []
    assert spans((planned(), 1_000), (None, 2_000), (planned(), 650_000), at_ms=700_000) == []


def test_for_one_app_for_one_metric_and_for_all() -> None:
    exclusions = Exclusions()
    exclusions.add("a", fault(1, 2, app="app"), 0)
    exclusions.add("b", fault(3, 4), 0)
    exclusions.add("c", ExclusionRule("app", IFRAME, is_planned=False, start_ms=5, end_ms=6), 0)
    assert sorted(exclusions.known_at(0, WEBHOOK).spans("app", "Jira")) == [(1, 2), (3, 4)]
    assert sorted(exclusions.known_at(0, IFRAME).spans("app", "Jira")) == [(1, 2), (3, 4), (5, 6)]
    assert exclusions.known_at(0, WEBHOOK).spans("other", "Jira") == ((3, 4),)


def test_for_one_scope_of_all_apps_or_of_one() -> None:
    exclusions = Exclusions()
    exclusions.add("a", replace(fault(1, 2), scope="Jira"), 0)
    exclusions.add("b", replace(fault(3, 4, app="app"), scope="Jira"), 0)
    known = exclusions.known_at(0, WEBHOOK)
    assert sorted(known.spans("app", "Jira")) == [(1, 2), (3, 4)]
    assert known.spans("other", "Jira") == ((1, 2),)
    assert known.spans("app", "Confluence") == ()


@pytest.mark.parametrize(
    ("announced_ms", "sent_ms", "counts"),
    [
        (START_MS - 1, START_MS + 5, True),  # told in time, written down late
        (START_MS, START_MS + 5, False),
        (START_MS, START_MS - 1, False),  # what it says itself outweighs when it was sent
        (START_MS - 1, None, True),
    ],
)
def test_what_was_announced_elsewhere_counts_from_then(announced_ms: int, sent_ms: int | None, counts: bool) -> None:
    told = replace(planned(), announced_ms=announced_ms)
    assert bool(spans((told, sent_ms), at_ms=10 * START_MS)) is counts


@pytest.mark.parametrize("at_ms", [1_000, 3_000, 4_999])
def test_what_is_known_says_how_long_that_holds(at_ms: int) -> None:
    exclusions = Exclusions()
    exclusions.add("a", fault(), 1_000)
    exclusions.add("b", fault(), 5_000)
    known = exclusions.known_at(at_ms, WEBHOOK)
    assert (known.from_ms, known.until_ms, known.revision) == (1_000, 5_000, exclusions.revision)


def test_one_that_does_not_count_keeps_no_other_from_it() -> None:
    exclusions = Exclusions()
    exclusions.add("too late", planned(), START_MS)
    exclusions.add("another metric's", replace(fault(1, 2), metric=IFRAME), 0)
    exclusions.add("b", fault(3, 4), 0)
    assert exclusions.known_at(START_MS, WEBHOOK).for_all == [(3, 4)]
