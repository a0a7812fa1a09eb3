"""The ladder against its table, read tick by tick; what can never happen; and the programme's own stories."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.standing.facts import DAY_MS, Act, Breach, Decision, Facts, MissedTarget, Rules, Stage
from streams.standing.ladder import History, Told, history_of, to_tell
from tests.standing import naive

SMALL = Rules(remediation_at=3, period_ms=28, episode_gap_ms=2, targets_every_ms=7)
UNTIL = 150
ticks = st.integers(0, UNTIL)


@st.composite
def breaches(draw: st.DrawFn) -> list[Breach]:
    found = []
    for number, at in enumerate(draw(st.lists(ticks, max_size=10))):
        length = draw(st.none() | st.integers(0, 6))
        excuse = draw(st.none() | st.just("excluded"))
        found.append(Breach(str(number), at, None if length is None else at + length, excuse))
    return found


moments = ticks | st.integers(0, UNTIL // 7).map(lambda week: week * 7)
decisions = st.builds(
    Decision, moments, st.sampled_from((Act.APPROVE_DEMOTION, Act.REJECT_DEMOTION, Act.REINSTATE))
) | (st.builds(Decision, ticks, st.just(Act.OVERRIDE), st.sampled_from(Stage), st.none() | ticks))
decisions |= st.builds(Decision, ticks, st.just(Act.END_OVERRIDE))
missed = st.builds(MissedTarget, st.integers(0, UNTIL // 7).map(lambda week: week * 7))
facts = st.builds(
    Facts,
    breaches(),
    st.lists(decisions, max_size=4, unique_by=lambda one: one.at_ms),
    st.lists(missed, max_size=3),
)


def stages(known: Facts) -> list[Stage]:
    changes = history_of(known, UNTIL, SMALL).changes
    found, stage, left = [], Stage.CLEAR, list(changes)
    for tick in range(UNTIL + 1):
        while left and left[0].at_ms <= tick:
            stage = left.pop(0).stage
        found.append(stage)
    return found


@settings(max_examples=150, deadline=None)
@given(known=facts)
def test_it_stands_where_the_table_says_at_every_tick(known: Facts) -> None:
    assert stages(known) == naive.stages(known, UNTIL, SMALL)


@settings(max_examples=80, deadline=None)
@given(known=facts, seed=st.integers(0, 99), tick=ticks)
def test_it_depends_neither_on_the_order_of_facts_nor_on_later_ones(known: Facts, seed: int, tick: int) -> None:
    rng = random.Random(seed)
    shuffled = replace(
        known,
        breaches=rng.sample(list(known.breaches), len(known.breaches)),
        decisions=rng.sample(list(known.decisions), len(known.decisions)),
        missed=rng.sample(list(known.missed), len(known.missed)),
    )
    assert history_of(shuffled, tick, SMALL) == history_of(known, tick, SMALL)
    assert history_of(known, tick, SMALL).stage is stages(known)[tick]


@settings(max_examples=80, deadline=None)
@given(known=breaches(), late=st.lists(missed, max_size=2), which=st.integers(0, 99))
def test_an_excuse_never_raises_a_stage(known: list[Breach], late: list[MissedTarget], which: int) -> None:
    if not known:
        return
    excused = list(known)
    excused[which % len(known)] = replace(excused[which % len(known)], excuse="an accepted appeal")
    before, after = (stages(Facts(some, missed=late)) for some in (known, excused))
    assert all(lower.height <= higher.height for lower, higher in zip(after, before, strict=True))


# Stories


def breach(day: float, hours: float = 1, excuse: str | None = None) -> Breach:
    at_ms = round(day * DAY_MS)
    return Breach(f"b{day}", at_ms, at_ms + round(hours * 3_600_000), excuse)


def told(history: History) -> list[tuple[float, str, str]]:
    return [(one.at_ms / DAY_MS, one.stage.value, one.reason.value) for one in history.changes]


def at(day: float, *some: Breach, decisions: tuple[Decision, ...] = (), missed: tuple[float, ...] = ()) -> History:
    targets = [MissedTarget(round(when * DAY_MS)) for when in missed]
    return history_of(Facts(some, decisions, targets), round(day * DAY_MS))


def test_one_breach_is_a_notification_and_is_forgotten_after_four_weeks() -> None:
    assert told(at(40, breach(1))) == [(1, "NOTIFIED", "BREACH"), (29, "CLEAR", "TIME")]


def test_three_in_four_weeks_are_remediation_for_exactly_four_weeks() -> None:
    quiet = [(1, "NOTIFIED", "BREACH"), (12, "REMEDIATION", "BREACH"), (40, "CLEAR", "TIME")]
    assert told(at(60, breach(1), breach(5), breach(12))) == quiet
    again = at(60, breach(1), breach(5), breach(12), breach(20))
    assert told(again)[-1] == (40, "DEMOTION_DUE", "TIME")


def test_twenty_urls_down_together_are_one_episode() -> None:
    together = [replace(breach(1), incident_id=str(number)) for number in range(20)]
    history = at(2, *together)
    assert (len(history.episodes), history.stage) == (1, Stage.NOTIFIED)


def test_within_the_hour_is_the_same_episode_and_after_it_another() -> None:
    hour = 1 / 24
    assert len(at(3, breach(1), breach(1 + 2 * hour)).episodes) == 1
    assert len(at(3, breach(1), breach(1 + 2 * hour + 1 / DAY_MS)).episodes) == 2


def test_an_app_that_breaches_for_years_is_judged_as_any_other() -> None:
    some = [breach(number / 8) for number in range(6_000)]
    decisions = tuple(
        Decision(
            number * DAY_MS // 8, Act.OVERRIDE if number % 2 else Act.END_OVERRIDE, Stage.CLEAR if number % 2 else None
        )
        for number in range(6_000)
    )
    history = at(750, *some, decisions=decisions)
    assert (len(history.episodes), history.stage) == (6_000, Stage.CLEAR)
    assert len(history.changes) > 5_000


def test_demotion_needs_a_person_and_so_does_the_way_back() -> None:
    some = (breach(1), breach(5), breach(12), breach(20))
    assert at(300, *some).stage is Stage.DEMOTION_DUE
    demoted = Decision(41 * DAY_MS, Act.APPROVE_DEMOTION)
    assert at(300, *some, decisions=(demoted,)).stage is Stage.DEMOTED
    early, late = (Decision(day * DAY_MS, Act.REINSTATE) for day in (47, 60))
    assert told(at(61, *some, decisions=(demoted, early, late)))[-1] == (60, "CLEAR", "DECISION")


def test_a_target_missed_twice_running_makes_demotion_due() -> None:
    assert told(at(10, breach(1), missed=(3,))) == [
        (1, "NOTIFIED", "BREACH"),
        (3, "DEMOTION_DUE", "TARGET_MISSED"),
    ]


def test_an_override_holds_until_its_end() -> None:
    override = Decision(2 * DAY_MS, Act.OVERRIDE, Stage.CLEAR, 5 * DAY_MS)
    assert told(at(10, breach(1), decisions=(override,))) == [
        (1, "NOTIFIED", "BREACH"),
        (2, "CLEAR", "DECISION"),
        (5, "NOTIFIED", "DECISION"),
    ]


def test_the_first_row_that_holds_is_taken_so_that_what_is_over_is_not_demoted() -> None:
    over = (29.0,)  # at midnight the breach has left the period, and the target is judged
    assert told(at(40, breach(1), missed=over)) == [(1, "NOTIFIED", "BREACH"), (29, "CLEAR", "TIME")]


def test_an_override_ends_when_a_person_says_so() -> None:
    override, end = Decision(2 * DAY_MS, Act.OVERRIDE, Stage.DEMOTED), Decision(3 * DAY_MS, Act.END_OVERRIDE)
    assert told(at(10, breach(1), decisions=(override, end)))[1:] == [
        (2, "DEMOTED", "DECISION"),
        (3, "NOTIFIED", "DECISION"),
    ]


def test_it_says_when_it_may_move_by_itself() -> None:
    assert at(2, breach(1)).next_ms == 29 * DAY_MS
    assert at(13, breach(1), breach(5), breach(12)).next_ms == 29 * DAY_MS
    assert at(35, breach(1), breach(5), breach(12)).next_ms == 40 * DAY_MS
    assert at(60, breach(1)).next_ms is None


FOUR = (breach(1), breach(5), breach(12), breach(20))
APPROVED = (Decision(41 * DAY_MS, Act.APPROVE_DEMOTION),)


def corrected(before: History, after: History, day: float) -> list[tuple[float, str, str]]:
    spoken = Told(before.stage, before.changes, before.is_review_due)
    return [
        (one.at_ms / DAY_MS, one.stage.value, one.reason.value) for one in to_tell(spoken, after, round(day * DAY_MS))
    ]


def excused(some: Breach) -> Breach:
    return replace(some, excuse="exclusion ex-1")


def test_what_follows_what_was_told_is_told_as_it_is() -> None:
    assert corrected(at(10, breach(1)), at(12, breach(1), breach(5), breach(11)), 12) == [(11, "REMEDIATION", "BREACH")]
    assert corrected(at(10, breach(1)), at(30, breach(1)), 30) == [(29, "CLEAR", "TIME")]
    assert corrected(at(10, breach(1)), at(11, breach(1)), 11) == []


def test_a_late_excuse_retracts_what_was_told() -> None:
    one, two, three = breach(1), breach(5), breach(12)
    before = at(20, one, two, three)
    assert corrected(before, at(20, one, excused(two), three), 20) == [(20, "NOTIFIED", "RETRACTED")]
    assert corrected(before, at(20, *map(excused, (one, two, three))), 20) == [(20, "CLEAR", "RETRACTED")]
    assert corrected(at(20, one), at(20, one, breach(3), breach(4)), 20) == [(4, "REMEDIATION", "BREACH")]


def test_a_demotion_that_was_not_due_by_what_is_known_now_is_reviewed_and_stays() -> None:
    before, now = at(50, *FOUR, decisions=APPROVED), at(50, *map(excused, FOUR), decisions=APPROVED)
    assert (before.is_review_due, now.is_review_due, now.stage) == (False, True, Stage.DEMOTED)
    assert corrected(before, now, 50) == [(50, "DEMOTED", "REVIEW_DUE")]
    assert corrected(now, now, 51) == []
    reinstated = (*APPROVED, Decision(52 * DAY_MS, Act.REINSTATE))
    assert corrected(now, at(53, *map(excused, FOUR), decisions=reinstated), 53) == [(52, "CLEAR", "DECISION")]
