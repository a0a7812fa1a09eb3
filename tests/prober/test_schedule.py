"""The timetable, under a clock that is only a number."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from streams.prober.schedule import Schedule, phase_ms
from streams.prober.targets import HealthTarget
from tests.prober.servers import target

MINUTE_MS = 60_000
START_MS = 1_772_460_012_345

targets = st.builds(
    lambda app, path: target(f"https://a.example/{path}", app), st.text("ab", min_size=1), st.text("xy")
)


def schedule_of(urls: list[HealthTarget], interval_ms: int = MINUTE_MS) -> Schedule:
    schedule = Schedule(interval_ms)
    for url in urls:
        schedule.add(url, START_MS)
    return schedule


def test_ten_thousand_urls_lie_evenly_over_the_minute() -> None:
    schedule = schedule_of([target("https://a.example/health", f"app-{number}") for number in range(10_000)])
    seconds: Counter[int] = Counter()
    for second in range(60):
        seconds[second] = len(list(schedule.take(START_MS + 1_000 * (second + 1) - 1)))
    assert sum(seconds.values()) == 10_000
    assert min(seconds.values()) > 10_000 / 60 * 0.7
    assert max(seconds.values()) < 10_000 / 60 * 1.3


def test_urls_of_one_app_have_moments_of_their_own() -> None:
    one, other = target("https://a.example/"), target("https://eu.a.example/")
    assert phase_ms(one, MINUTE_MS) != phase_ms(other, MINUTE_MS)
    assert phase_ms(one, MINUTE_MS) != phase_ms(target(one.url, "com.example.other"), MINUTE_MS)


@given(url=targets, lateness_ms=st.lists(st.integers(0, 59_999), min_size=1, max_size=50))
def test_however_late_each_look_the_moments_never_drift(url: HealthTarget, lateness_ms: list[int]) -> None:
    schedule = schedule_of([url])
    first_ms = schedule.next_ms()
    assert first_ms is not None
    assert 0 <= first_ms - START_MS < MINUTE_MS
    assert first_ms % MINUTE_MS == phase_ms(url, MINUTE_MS)
    for round_, late_ms in enumerate(lateness_ms):
        due_ms = first_ms + round_ * MINUTE_MS
        assert schedule.next_ms() == due_ms
        assert list(schedule.take(due_ms - 1)) == []
        assert list(schedule.take(due_ms + late_ms)) == [(url, due_ms)]


@given(rounds=st.integers(1, 1_000), late_ms=st.integers(0, MINUTE_MS - 1))
def test_rounds_that_went_by_are_left_out(rounds: int, late_ms: int) -> None:
    url = target("https://a.example/")
    schedule = schedule_of([url])
    first_ms = schedule.next_ms()
    assert first_ms is not None
    assert len(list(schedule.take(first_ms + rounds * MINUTE_MS + late_ms))) == 1
    assert schedule.next_ms() == first_ms + (rounds + 1) * MINUTE_MS


def test_the_longest_due_comes_first() -> None:
    schedule = schedule_of([target("https://a.example/", f"app-{number}") for number in range(100)])
    due = [one.due_ms for one in schedule.take(START_MS + MINUTE_MS)]
    assert len(due) == 100
    assert due == sorted(due)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["add", "remove", "take"]), targets, st.integers(0, 100_000)), max_size=100
    )
)
def test_urls_come_and_go_without_a_trace(steps: list[tuple[str, HealthTarget, int]]) -> None:
    """Held against the plain rule: a URL that is there is due at each of its moments since it came."""
    schedule, there, now_ms = Schedule(MINUTE_MS), dict[HealthTarget, int](), START_MS
    for what, url, wait_ms in steps:
        now_ms += wait_ms
        if what == "add":
            schedule.add(url, now_ms)
            there.setdefault(url, now_ms)
        elif what == "remove":
            schedule.remove(url)
            there.pop(url, None)
        else:
            taken = list(schedule.take(now_ms))
            due = {one: first_moment(one, since_ms) for one, since_ms in there.items()}
            wanted = {(one, due_ms) for one, due_ms in due.items() if due_ms <= now_ms}
            assert set(taken) == wanted
            assert len(taken) == len(wanted)
            there |= {one: now_ms + 1 for one, _ in wanted}
        assert set(there) == {one for one in there if one in schedule}
        assert len(schedule) == len(there)


def first_moment(url: HealthTarget, since_ms: int) -> int:
    return since_ms + (phase_ms(url, MINUTE_MS) - since_ms) % MINUTE_MS
