"""Boundary by boundary: who joins, who waits, who begins."""

import random
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.common_cause.detector import Judged, Session, judge
from streams.common_cause.numbers import MINUTE_MS, Numbers
from streams.common_cause.onset import Onset
from streams.common_cause.resolution import Presence
from streams.common_cause.scope import ALL, Kind, Scope
from tests.common_cause.build import DAY, WEBHOOK, at, onset, onsets, rates

NUMBERS = Numbers()


class Story:
    """Judges minute after minute, and keeps what became of it."""

    def __init__(self, arrivals: Iterable[Onset]) -> None:
        self.arrivals = list(arrivals)
        self.sessions: dict[str, Session] = {}
        self.members: dict[str, list[Onset]] = {}
        self.opened_at: dict[str, int] = {}
        self.waiting: list[Onset] = []

    def until(self, minute: int) -> "Story":
        learnt = rates()
        for boundary in range(1, minute + 1):
            arrived = [one for one in self.arrivals if at(boundary - 1) < one.at_ms <= at(boundary)]
            self.take(boundary, judge(at(boundary), arrived, self.waiting, list(self.sessions.values()), learnt))
        return self

    def take(self, boundary: int, judged: Judged) -> None:
        self.waiting = judged.waiting
        for name, one in judged.joined:
            self.members[name].append(one)
        for number, opening in enumerate(judged.opened):
            name = f"{boundary}-{number}"
            self.members[name] = list(opening.onsets)
            self.opened_at[name] = boundary
            first = opening.onsets[0].at_ms
            self.sessions[name] = Session(name, opening.scope, first, first)
        for name, session in self.sessions.items():
            latest = max(one.at_ms for one in self.members[name])
            self.sessions[name] = Session(name, session.scope, session.first_ms, latest)


def test_onsets_join_while_a_quarter_of_an_hour_has_not_gone_by() -> None:
    arrivals = [onset(f"app-{n}", 3) for n in range(5)]
    arrivals += [onset("joins", 18), onset("joins-after-it", 33), onset("too-late", 48.5)]
    story = Story(arrivals).until(50)
    (members,) = story.members.values()
    assert [one.app_key for one in members][5:] == ["joins", "joins-after-it"]
    assert [one.app_key for one in story.waiting] == ["too-late"]


def test_what_is_of_another_scope_does_not_join() -> None:
    story = Story([*(onset(f"app-{n}", 3) for n in range(5)), onset("elsewhere", 5, scope="Confluence")]).until(6)
    assert [len(one) for one in story.members.values()] == [5]
    assert [one.app_key for one in story.waiting] == ["elsewhere"]


def test_the_earliest_incident_takes_it() -> None:
    narrow = Scope(Kind.METRIC, WEBHOOK)
    sessions = [Session("later", narrow, at(4), at(9)), Session("earlier", ALL, at(3), at(9))]
    judged = judge(at(10), [onset("app", 10)], [], sessions, rates())
    assert [name for name, _ in judged.joined] == ["earlier"]


def test_gathering_over_minutes() -> None:
    story = Story(onset(f"app-{n}", 2 + 3 * n) for n in range(6)).until(20)
    assert story.opened_at == {"8-0": 8}  # the third
    assert [len(one) for one in story.members.values()] == [6]


def test_the_window_is_open_where_it_begins() -> None:
    together = [onset("a", 1), onset("b", 2), onset("c", 15)]
    assert Story(together).until(16).members
    assert not Story([onset("a", 1), onset("b", 2), onset("c", 16)]).until(30).members


@given(onsets, st.randoms(use_true_random=False))
def test_arrivals_of_a_minute_in_any_order(arrivals: list[Onset], chance: random.Random) -> None:
    shuffled = list(arrivals)
    chance.shuffle(shuffled)
    assert Story(shuffled).until(45).members == Story(arrivals).until(45).members


@given(onsets)
def test_every_onset_is_spent_once_and_lies_in_its_session(arrivals: list[Onset]) -> None:
    story = Story(arrivals).until(45)
    names = [one.breach_id for members in story.members.values() for one in members]
    assert len(names) == len(set(names))
    for name, members in story.members.items():
        assert all(story.sessions[name].scope in one.scopes for one in members)
        times = sorted(one.at_ms for one in members)
        assert all(later - earlier <= NUMBERS.window_ms for earlier, later in pairwise(times))


def test_few_for_half_an_hour_is_over() -> None:
    presence = Presence()
    for minute, breached in enumerate([12, 12, 3, 2, 2, 3, 2]):
        presence = presence.seen(breached, DAY + minute * MINUTE_MS, NUMBERS)
    assert presence.peak == 12
    assert presence.over_ms(NUMBERS) == DAY + 6 * MINUTE_MS + 30 * MINUTE_MS
    assert Presence().seen(3, DAY, NUMBERS).over_ms(NUMBERS) is None


def test_few_is_a_tenth_of_a_large_one() -> None:
    assert Presence().seen(100, DAY, NUMBERS).seen(10, DAY + 1, NUMBERS).over_ms(NUMBERS) is None
    assert Presence().seen(100, DAY, NUMBERS).seen(9, DAY + 1, NUMBERS).quiet_since_ms == DAY + 1
