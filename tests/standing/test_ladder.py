"""The ladder against its table, read tick by tick; what can never happen; and the programme's own stories."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.standing.facts import DAY_MS, Act, Breach, Decision, Facts, MissedTarget, Rules, Stage
from streams.standing.ladder import ChangeReason, History, correction, history_of
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
missed = st.builds(MissedTarget, st.integers(0, UNTIL // 7).map(lambda week: week * 7))
facts = st.builds(
    Facts,
    breaches(),
    st.lists(decisions, max_size=4, unique_by=lambda one: one.at_ms),
    st.lists(missed, max_size=3),
    st.none() | ticks,
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


@pytest.mark.parametrize(
    ("said", "reason", "stage"),
    [
        pytest.param(Stage.REMEDIATION, ChangeReason.RETRACTED, Stage.NOTIFIED, id="a late excuse"),
        pytest.param(Stage.DEMOTED, ChangeReason.REVIEW_DUE, Stage.DEMOTED, id="never without a person"),
        pytest.param(Stage.CLEAR, ChangeReason.BREACH, Stage.NOTIFIED, id="a late breach"),
    ],
)
def test_what_was_told_is_corrected(said: Stage, reason: ChangeReason, stage: Stage) -> None:
    change = correction(said, at(10, breach(1)), 10 * DAY_MS)
    assert change is not None
    assert (change.stage, change.reason) == (stage, reason)
    assert correction(Stage.NOTIFIED, at(10, breach(1)), 10 * DAY_MS) is None
