"""What an incident is, made of its timeline; what time adds to it, and what a person may not do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.incidents.assessment import due_entries, outcomes_of
from streams.incidents.entry import SYSTEM, Act, Entry, State, Verdict
from streams.incidents.life import Incident, life_of
from streams.incidents.permitted import RefusedError, check
from streams.severity.severity import Severity
from streams.severity.targets import Outcome
from tests.model.build import clock_ms

FOUND = {"title": "Webhooks", "scopeKind": "metric", "scopeName": "webhook", "units": 9, "apps": 12}


def entry(act: Act, at: str, /, **data: object) -> Entry:
    return Entry(act, clock_ms(at), "anna", data=data)


def found(at: str = "12:03", **more: object) -> Entry:
    return entry(Act.FOUND, at, **{**FOUND, "start": clock_ms("12:00"), **more})


def life(*entries: Entry) -> Incident:
    made = life_of("q1TFPuySB3k", entries)
    assert made is not None
    return made


def assessed(*entries: Entry, at: str) -> list[Entry]:
    """The timeline with what time adds by then."""
    timeline = list(entries)
    while added := list(due_entries(life(*timeline), clock_ms(at))):
        timeline += added
    return timeline


def test_it_rises_at_once_and_never_falls_while_it_is_open() -> None:
    timeline = assessed(found(apps=10), at="12:04")
    assert life(*timeline).severity(clock_ms("12:04")) is Severity.SEV3
    timeline = assessed(*timeline, entry(Act.MEASURED, "12:05", good=0, bad=9, start=clock_ms("12:00")), at="12:05")
    timeline = assessed(*timeline, entry(Act.JOINED, "12:06", apps=11), at="12:06")
    assert life(*timeline).severity(clock_ms("12:06")) is Severity.SEV2
    timeline = assessed(*timeline, entry(Act.JOINED, "12:07", apps=4), at="12:07")
    assert life(*timeline).severity(clock_ms("12:07")) is Severity.SEV2


def test_a_persons_decision_replaces_the_votes_until_it_is_taken_back() -> None:
    timeline = assessed(found(apps=200), entry(Act.CHANGED, "12:04", kind="OUTAGE"), at="12:05")
    assert life(*timeline).severity(clock_ms("12:05")) is Severity.SEV1
    lowered = [*timeline, entry(Act.CHANGED, "12:06", severity="SEV3")]
    assert life(*lowered).severity(clock_ms("12:07")) is Severity.SEV3
    back = [*lowered, entry(Act.CHANGED, "12:08", severity=None)]
    assert life(*back).severity(clock_ms("12:08")) is Severity.SEV1


def test_nothing_is_said_to_rise_while_a_persons_decision_holds() -> None:
    timeline = assessed(found(apps=4), entry(Act.CHANGED, "12:04", severity="SEV3"), at="12:05")
    timeline.append(entry(Act.CHANGED, "12:06", users=6_000_000, kind="OUTAGE"))
    assert assessed(*timeline, at="12:07") == timeline
    (rise,) = assessed(*timeline, entry(Act.CHANGED, "12:08", severity=None), at="12:08")[len(timeline) + 1 :]
    assert (rise.act, rise.data) == (Act.SEVERITY, {"severity": "SEV1"})


def test_where_nobody_knows_how_many_the_capability_votes_and_time_does() -> None:
    raised = entry(
        Act.RAISED, "12:00", raisedBy="SUPPORT", title="t", start=clock_ms("12:00"), capability="App UI", kind="OUTAGE"
    )
    assert life(raised).severity(clock_ms("13:59:59")) is Severity.SEV2
    assert life(raised).severity(clock_ms("14:00")) is Severity.SEV1
    known = life(raised, entry(Act.CHANGED, "12:10", users=500))
    assert known.severity(clock_ms("14:00")) is None


def test_targets_are_met_or_missed_and_recorded_once() -> None:
    outage = [found(), entry(Act.CHANGED, "12:03", kind="OUTAGE"), entry(Act.PAGED, "12:04")]
    timeline = assessed(*outage, at="12:03")
    assert outcomes_of(life(*timeline), clock_ms("12:03")) == {
        "investigation": (clock_ms("12:19"), Outcome.PENDING),
        "update": (clock_ms("13:00"), Outcome.PENDING),
    }
    timeline = assessed(*timeline, entry(Act.STATE, "12:19", state="INVESTIGATING"), at="13:05")
    timeline = assessed(*timeline, at="14:00")
    told = [(one.data["target"], one.data["outcome"]) for one in timeline if one.act is Act.TARGET]
    assert told == [("investigation", "MET"), ("update", "MISSED")]
    assert next(one.at_ms for one in timeline if one.data.get("outcome") == "MISSED") == clock_ms("13:00")


def test_when_it_gets_graver_the_investigation_runs_from_then() -> None:
    timeline = assessed(found(apps=10), entry(Act.PAGED, "12:04"), at="12:04")
    timeline = assessed(*timeline, entry(Act.CHANGED, "12:30", severity="SEV1"), at="12:30")
    assert outcomes_of(life(*timeline), clock_ms("12:30"))["investigation"][0] == clock_ms("12:45")


@pytest.mark.parametrize(
    ("begun", "updated", "outcomes"),
    [
        pytest.param("12:19", "13:00", ("MET", "MET"), id="at the last moment"),
        pytest.param("12:19:00.001", "13:00:00.001", ("MISSED", "MISSED"), id="a moment later"),
    ],
)
def test_a_quarter_of_an_hour_from_the_page_and_an_hour_from_the_start_both_inclusive(
    begun: str, updated: str, outcomes: tuple[str, str]
) -> None:
    timeline = [found(), entry(Act.CHANGED, "12:03", severity="SEV2"), entry(Act.PAGED, "12:04")]
    timeline.append(entry(Act.STATE, begun, state="INVESTIGATING"))
    timeline.append(Entry(Act.NOTE, clock_ms(updated), "anna", "We look into it.", is_public=True))
    timeline = assessed(*timeline, at="13:30")
    told = {one.data["target"]: one.data["outcome"] for one in timeline if one.act is Act.TARGET}
    assert (told["investigation"], told["update"]) == outcomes


@pytest.mark.parametrize(
    ("resolved", "who", "outcome"),
    [
        pytest.param("12:10", "anna", "MET", id="in time, by a person"),
        pytest.param("12:30", "anna", "MISSED", id="too late"),
        pytest.param("12:10", SYSTEM, "MISSED", id="by itself: nobody looked into it"),
    ],
)
def test_who_resolves_it_at_once_has_looked_into_it(resolved: str, who: str, outcome: str) -> None:
    timeline = [found(), entry(Act.CHANGED, "12:03", severity="SEV2"), entry(Act.PAGED, "12:04")]
    timeline.append(Entry(Act.STATE, clock_ms(resolved), who, data={"state": "RESOLVED", "endedAt": clock_ms("12:08")}))
    timeline = assessed(*timeline, at="13:30")
    told = {one.data["target"]: one.data["outcome"] for one in timeline if one.act is Act.TARGET}
    assert told["investigation"] == outcome
    assert (life(*timeline).investigated_ms is None) == (who == SYSTEM)


@pytest.mark.parametrize(
    ("zone", "due"),
    [
        pytest.param("UTC", "+1d 12:04", id="what is left of its Monday, and the rest on its Tuesday"),
        pytest.param("Asia/Tokyo", "+1d 08:00", id="its Monday is over: all of its Tuesday"),
        pytest.param("America/New_York", "22:00", id="its Monday has not begun"),
    ],
)
def test_a_minor_one_has_eight_hours_of_business_of_its_own_zone(zone: str, due: str) -> None:
    begun = assessed(found(apps=10), at="12:03")
    timeline = [*begun, entry(Act.PAGED, "12:04"), entry(Act.CHANGED, "12:05", zone=zone)]
    timeline = assessed(*timeline, at="12:05")
    assert life(*timeline).severity(clock_ms("12:05")) is Severity.SEV3
    targets = outcomes_of(life(*timeline), clock_ms("12:05"))
    assert targets == {"investigation": (clock_ms(due), Outcome.PENDING)}


def test_a_person_may_go_back_and_it_is_open_again() -> None:
    over = [
        found(),
        entry(Act.CONFIRMED, "12:05"),
        entry(Act.STATE, "12:40", state="RESOLVED", endedAt=clock_ms("12:20")),
    ]
    assert life(*over).ended_ms == clock_ms("12:20")
    again = life(*over, entry(Act.STATE, "12:45", state="INVESTIGATING"))
    assert (again.is_open, again.ended_ms) == (True, None)


@pytest.mark.parametrize(
    ("entries", "act", "data"),
    [
        ((found(),), Act.STATE, {"state": "INVESTIGATING"}),
        ((found(),), Act.APPROVED, {}),
        ((found(), entry(Act.CONFIRMED, "12:05")), Act.CONFIRMED, {}),
        ((found(), entry(Act.CONFIRMED, "12:05")), Act.STATE, {"state": "CLOSED"}),
        ((found(), entry(Act.CONFIRMED, "12:05")), Act.PIR, {"status": "DRAFT"}),
        ((found(), entry(Act.DISMISSED, "12:05")), Act.REPORTED, {"partner": "acme"}),
        ((found(),), Act.CHANGED, {"zone": "Mars/Base"}),
        ((found(),), Act.CHANGED, {"users": -1}),
    ],
)
def test_what_is_refused(entries: tuple[Entry, ...], act: Act, data: dict[str, object]) -> None:
    with pytest.raises(RefusedError):
        check(life(*entries), act, data)


@given(st.lists(st.sampled_from(State), max_size=8), st.integers(0, 8))
def test_the_same_entries_are_the_same_incident_and_states_follow_the_latest(states: list[State], confirm: int) -> None:
    timeline = [found(), *(entry(Act.STATE, "12:30", state=state) for state in states)]
    timeline.insert(1 + min(confirm, len(states)), entry(Act.CONFIRMED, "12:10"))
    made = life(*timeline)
    assert made == life(*timeline)
    assert made.verdict is Verdict.CONFIRMED
    assert made.state is (states[-1] if states else State.TRIAGE)
    assert (made.ended_ms is None) is made.is_open
