"""When a prober trusts itself: by examples, and against the rule counted anew from all checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.prober.targets import HealthTarget
from streams.prober.trust import DOUBT_SPAN_MS, LEAST_PARTNERS, SLACK_MS, SelfTrust, Trust

INTERVAL_MS = 60_000
SPAN_MS = INTERVAL_MS + SLACK_MS
START_MS = 1_772_460_000_000


def url(number: int, partners: int = 1_000) -> HealthTarget:
    return HealthTarget.model_construct(
        app_key=f"app-{number}", url=f"https://{number}.example/", partner=f"partner-{number % partners}"
    )


def after_a_good_round(urls: Sequence[HealthTarget]) -> tuple[SelfTrust, int]:
    """A prober that has seen all URLs well, evenly over an interval, and the time then."""
    trust = SelfTrust(INTERVAL_MS)
    for number, one in enumerate(urls):
        trust.note(one, START_MS + number * INTERVAL_MS // len(urls), is_good=True)
    return trust, START_MS + INTERVAL_MS


def test_most_urls_of_many_partners_turning_bad_suspend_it_and_their_return_ends_that() -> None:
    urls = [url(number) for number in range(20)]
    trust, now_ms = after_a_good_round(urls)
    states = []
    for number, one in enumerate(urls):
        trust.note(one, now_ms + 3_000 * number, is_good=False)
        states.append(trust.at(now_ms + 3_000 * number))
    assert states[:10].count(Trust.SUSPENDED) == 0
    assert set(states[10:]) == {Trust.SUSPENDED}
    assert trust.suspended_since_ms == now_ms + 30_000
    now_ms += INTERVAL_MS
    for number, one in enumerate(urls):
        trust.note(one, now_ms + 3_000 * number, is_good=True)
        states.append(trust.at(now_ms + 3_000 * number))
    assert states[20:] == [Trust.SUSPENDED] * 9 + [Trust.SURE] * 11


def test_many_urls_of_few_partners_are_their_own_trouble() -> None:
    urls = [url(number, partners=LEAST_PARTNERS - 1) for number in range(40)]
    trust, now_ms = after_a_good_round(urls)
    for number, one in enumerate(urls):
        trust.note(one, now_ms + number, is_good=False)
        assert trust.at(now_ms + number) is Trust.SURE


def test_what_was_never_well_says_nothing_of_the_prober() -> None:
    trust = SelfTrust(INTERVAL_MS)
    for number in range(40):
        trust.note(url(number), START_MS + number, is_good=False)
        assert trust.at(START_MS + number) is Trust.SURE


def test_failures_spread_over_hours_never_suspend_it() -> None:
    urls = [url(number) for number in range(10)]
    trust, now_ms = after_a_good_round(urls)
    for bad in range(10):
        for number, one in enumerate(urls):
            now_ms += INTERVAL_MS // 10
            trust.note(one, now_ms, is_good=number > bad)
            assert trust.at(now_ms) is not Trust.SUSPENDED


def test_a_sudden_end_raises_a_doubt_at_once_long_before_half_of_all_urls_are_seen() -> None:
    urls = [url(number) for number in range(10_000)]
    trust, now_ms = after_a_good_round(urls)
    for number, one in enumerate(urls[:1_700]):
        trust.note(one, now_ms + 6 * number, is_good=False)
        if trust.at(now_ms + 6 * number) is Trust.DOUBTFUL:
            break
    # Of what was seen in the last ten seconds most was well before.
    assert 800 < number < 1_000
    assert trust.at(now_ms + 6 * number + SPAN_MS - 1) is Trust.DOUBTFUL
    assert trust.at(now_ms + 6 * number + SPAN_MS) is Trust.SURE


def test_references_that_all_fail_suspend_it_at_once_and_one_that_answers_ends_that() -> None:
    urls = [url(number) for number in range(3)]
    trust, now_ms = after_a_good_round(urls)
    trust.note_references(all_failed=True)
    assert trust.at(now_ms) is Trust.SUSPENDED
    trust.note_references(all_failed=False)
    assert trust.at(now_ms + 1) is Trust.SURE
    assert trust.suspended_since_ms is None


def test_urls_that_went_to_another_prober_are_forgotten() -> None:
    urls = [url(number) for number in range(20)]
    trust, now_ms = after_a_good_round(urls)
    for one in urls[:10]:
        trust.note(one, now_ms, is_good=False)
    assert trust.at(now_ms) is not Trust.SUSPENDED
    trust.forget(urls[19])
    assert trust.at(now_ms) is Trust.SUSPENDED
    for one in urls[:10]:
        trust.forget(one)
    assert trust.at(now_ms) is Trust.SURE


@dataclass
class Naive:
    """The rule, from all checks there were."""

    checks: list[tuple[HealthTarget, int, bool]]
    references_fail: bool = False
    suspended: bool = False
    doubts_until_ms: int | None = None

    def of(self, one: HealthTarget) -> list[tuple[int, bool]]:
        return [(at_ms, is_good) for target, at_ms, is_good in self.checks if target == one]

    def turned_ms(self, one: HealthTarget) -> int | None:
        """When it turned bad having been well, if it is still bad."""
        turned = None
        checks = self.of(one)
        for (_, before), (at_ms, is_good) in pairwise(checks):
            turned = None if is_good else at_ms if before else turned
        return turned

    def turned_within(self, now_ms: int, span_ms: int) -> list[HealthTarget]:
        times = {one: self.turned_ms(one) for one in self.urls()}
        return [one for one, at_ms in times.items() if at_ms is not None and at_ms > now_ms - span_ms]

    def urls(self) -> set[HealthTarget]:
        return {target for target, _, _ in self.checks}

    def at(self, now_ms: int) -> Trust:
        turned = self.turned_within(now_ms, SPAN_MS)
        if self.suspended:
            bad = [one for one in self.urls() if not self.of(one)[-1][1]]
            self.suspended = self.references_fail or len(bad) > len(self.urls()) / 2
        else:
            many = len({one.of_partner for one in turned}) >= LEAST_PARTNERS
            self.suspended = self.references_fail or (many and len(turned) > len(self.urls()) / 2)
        if self.suspended:
            self.doubts_until_ms = None
            return Trust.SUSPENDED
        if self.doubts_until_ms is None:
            now = self.turned_within(now_ms, DOUBT_SPAN_MS)
            checked = [at_ms for _, at_ms, _ in self.checks if at_ms > now_ms - DOUBT_SPAN_MS]
            if len({one.of_partner for one in now}) >= LEAST_PARTNERS and len(now) > len(checked) / 2:
                self.doubts_until_ms = now_ms + SPAN_MS
        elif now_ms >= self.doubts_until_ms:
            self.doubts_until_ms = None
        return Trust.SURE if self.doubts_until_ms is None else Trust.DOUBTFUL


steps = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 11), st.integers(0, 20_000), st.sampled_from([True, False, False])),
        st.tuples(st.none(), st.integers(0, 20_000), st.booleans()),
    ),
    max_size=80,
)


@given(steps=steps, partners=st.integers(4, 12))
def test_it_is_as_the_rule_says_whatever_is_seen(steps: list[tuple[int | None, int, bool]], partners: int) -> None:
    trust, naive, now_ms = SelfTrust(INTERVAL_MS), Naive([]), START_MS
    for number, wait_ms, flag in steps:
        now_ms += wait_ms
        if number is None:
            trust.note_references(all_failed=flag)
            naive.references_fail = flag
        else:
            trust.note(url(number, partners), now_ms, is_good=flag)
            naive.checks.append((url(number, partners), now_ms, flag))
        assert trust.at(now_ms) is naive.at(now_ms)
