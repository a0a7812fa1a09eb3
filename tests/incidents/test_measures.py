"""Means of how quickly incidents were found, told of and over."""

from streams.incidents.measures import Course, Means, by_app, by_month, by_partner
from tests.model.build import clock_ms

MINUTE_MS = 60_000


def course(
    *apps: tuple[str, str | None], day: str = "", took: tuple[int, int | None, int | None] = (3, 30, 60)
) -> Course:
    start_ms = clock_ms(f"{day} 12:00".strip())
    detect, update, recover = (None if one is None else start_ms + one * MINUTE_MS for one in took)
    assert detect is not None
    return Course(apps, start_ms, detect, update, recover)


def test_each_incident_counts_once_for_each_of_its_apps_and_partners() -> None:
    both = course(("a", "acme"), ("b", "acme"), ("c", None))
    quick = course(("a", "acme"), took=(1, None, None))
    assert by_app([both, quick]) == {
        ("a", "2026-03"): Means(2, 2 * MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS),
        ("b", "2026-03"): Means(1, 3 * MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS),
        ("c", "2026-03"): Means(1, 3 * MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS),
    }
    assert by_partner([both, quick]) == {("acme", "2026-03"): Means(2, 2 * MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS)}


def test_the_month_is_that_of_the_start() -> None:
    found = by_month([course(("a", None)), course(("a", None), day="+40d")])
    assert [(month, means.incidents) for month, means in found.items()] == [("2026-03", 1), ("2026-04", 1)]


def test_nothing_has_no_mean() -> None:
    assert by_month([]) == {}
    (means,) = by_month([course(("a", None), took=(0, None, None))]).values()
    assert means == Means(1, 0.0, None, None)
